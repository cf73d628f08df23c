import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackRef } from '../engine.port.js';
import { makeWorkFolder, sweepWorkFolders } from './work-folder.js';

const ref: StackRef = {
  organization: 'acme',
  pulumiOrg: 'organization',
  project: 'shop',
  stack: 'D1-network-dev',
  account: '123456789012',
  region: 'us-east-1',
};

describe('a work folder', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'work-folder-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  it('holds a generated project, shares plug-ins and log-in, and leaves nothing', async () => {
    const home = join(root, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'credentials.json'), '{"current":"x"}');
    const program = { folder: '/programs/network', config: { 'network:vpcCidr': '10.0.0.0/16', 'network:n': '[1]' } };
    const folder = await makeWorkFolder(join(root, 'work'), home, ref, program);
    expect(readFileSync(join(folder.path, 'Pulumi.yaml'), 'utf8')).toBe(
      'name: shop\nruntime: nodejs\nmain: /programs/network\n',
    );
    expect(readFileSync(join(folder.path, 'Pulumi.D1-network-dev.yaml'), 'utf8')).toBe(
      'config:\n  network:vpcCidr: 10.0.0.0/16\n  network:n: "[1]"\n',
    );
    expect(realpathSync(join(folder.home, 'plugins'))).toBe(realpathSync(join(home, 'plugins')));
    expect(readFileSync(join(folder.home, 'credentials.json'), 'utf8')).toContain('current');
    await folder.remove();
    expect(existsSync(folder.path)).toBe(false);
    expect(existsSync(join(home, 'plugins'))).toBe(true);
  });

  it('that a dead server left is swept; one that somebody works in is not', async () => {
    const now = new Date();
    const names = { dead: `${2 ** 22 - 1}.a-x`, living: `${process.ppid}.b-x`, fresh: `${2 ** 22 - 1}.c-x` };
    for (const name of Object.values(names)) mkdirSync(join(root, name));
    for (const name of [names.dead, names.living]) utimesSync(join(root, name), 1, 1);
    await sweepWorkFolders(root, new Date(now.getTime() - 60_000));
    expect(Object.values(names).map((name) => existsSync(join(root, name)))).toEqual([false, true, true]);
  });
});
