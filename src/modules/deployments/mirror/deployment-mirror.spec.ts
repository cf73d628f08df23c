import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Config } from '../../../shared/config/config.js';
import {
  aManifest,
  anInput,
  aStackTemplate,
  BUILT_IN,
  initialised,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import { DeploymentMirror } from './deployment-mirror.js';

let root: string;
const deployment = {
  deploymentId: 'DT3VCA0',
  organization: 'northwind',
  project: 'shop',
  revision: 1,
  createdBy: 'ada@northwind.example',
  createdAt: new Date('2025-10-09T14:30:00Z'),
};
const folder = (): string => join(root, 'deploy', 'DT3VCA0-northwind-shop');
const mirror = (isOn = true): DeploymentMirror =>
  new DeploymentMirror({ paths: { deploy: join(root, 'deploy') }, runs: { mirror: isOn } } as Config);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mirror-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('writes manifest and configuration files, and a folder for logs (deployments.md 1.5)', async () => {
  const { manifest } = initialised();
  await mirror().create(deployment, manifest, BUILT_IN.stackTemplates);
  expect(readdirSync(folder()).sort()).toEqual(['Deployment_Manifest.yaml', 'config', 'logs']);
  expect(readdirSync(join(folder(), 'config')).sort()).toEqual([
    'dns.dev.yaml',
    'network.dev.yaml',
    'security.dev.yaml',
  ]);
  expect(parse(readFileSync(join(folder(), 'Deployment_Manifest.yaml'), 'utf8'))).toEqual(manifest);
  expect(readdirSync(join(folder(), 'logs'))).toEqual([]);
});

it('follows an edit and removes files of stacks that are gone', async () => {
  await mirror().create(deployment, initialised().manifest, BUILT_IN.stackTemplates);
  const { manifest } = initialised({ stacksDisabled: ['dns'] });
  await mirror().update({ ...deployment, revision: 2 }, manifest, BUILT_IN.stackTemplates);
  expect(readdirSync(join(folder(), 'config')).sort()).toEqual(['network.dev.yaml', 'security.dev.yaml']);
  expect(readFileSync(join(folder(), 'config', 'network.dev.yaml'), 'utf8')).toContain('manifest revision 2');
});

it('writes a log file whole, also where its folder is gone', async () => {
  const text = async function* (): AsyncGenerator<string> {
    yield 'one\n';
    yield 'two\n';
  };
  await mirror().writeLog(deployment, 'init.log', text());
  await mirror().writeLog(deployment, 'init.log', text());
  expect(readdirSync(join(folder(), 'logs'))).toEqual(['init.log']);
  expect(readFileSync(join(folder(), 'logs', 'init.log'), 'utf8')).toBe('one\ntwo\n');
});

it('refuses a folder that is there and leaves it alone', async () => {
  const { manifest } = initialised();
  await mirror().create(deployment, manifest, BUILT_IN.stackTemplates);
  await expect(mirror().create(deployment, manifest, BUILT_IN.stackTemplates)).rejects.toMatchObject({
    code: 'RESOURCE_ALREADY_EXISTS',
    status: 409,
  });
  expect(existsSync(join(folder(), 'Deployment_Manifest.yaml'))).toBe(true);
});

it('never writes a secret', async () => {
  const templates = stackTemplates(aStackTemplate('db', { inputs: { password: anInput({ secret: true }) } }));
  await mirror().create(deployment, aManifest({ db: { config: { password: 'hunter2' } } }), templates);
  for (const file of ['Deployment_Manifest.yaml', 'config/db.dev.yaml']) {
    expect(readFileSync(join(folder(), file), 'utf8')).not.toContain('hunter2');
  }
});

it('can be removed, and writes nothing when it is off', async () => {
  const { manifest } = initialised();
  await mirror(false).create(deployment, manifest, BUILT_IN.stackTemplates);
  expect(existsSync(folder())).toBe(false);
  await mirror().create(deployment, manifest, BUILT_IN.stackTemplates);
  await mirror().remove(deployment);
  expect(existsSync(folder())).toBe(false);
});

it('[7.10] goes to the archive with a deleted deployment, and comes back when that fails', async () => {
  const { manifest } = initialised();
  const archived = join(root, 'deploy', 'archive', 'DT3VCA0-northwind-shop');
  await mirror().create(deployment, manifest, BUILT_IN.stackTemplates);
  await mirror().archive(deployment);
  expect(existsSync(folder())).toBe(false);
  expect(readdirSync(archived).sort()).toEqual(['Deployment_Manifest.yaml', 'config', 'logs']);
  await mirror().restore(deployment);
  expect(existsSync(archived)).toBe(false);
  expect(existsSync(join(folder(), 'Deployment_Manifest.yaml'))).toBe(true);
  await mirror().remove(deployment);
  await expect(mirror().archive(deployment)).resolves.toBeUndefined(); // no folder, nothing to move
});
