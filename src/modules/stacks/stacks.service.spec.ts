import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { templatesRig } from '../../../test/fakes/templates-rig.js';
import { SEES_ALL } from '../templates/templates.service.js';
import { toStackDto, toStackItemDto } from './stack.dto.js';
import type { StacksService } from './stacks.service.js';

let root: string;
let clock = 1_700_000_000;

/** Every write is a new time: a test never waits for the file system's clock. */
function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  clock += 1;
  utimesSync(file, clock, clock);
}

function service(): StacksService {
  return templatesRig({ stacks: join(root, 'stacks'), compiledStacks: join(root, 'dist') }).stacks;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stacks-'));
  write('stacks/network/src/index.ts', 'export {};');
  write('dist/network/src/index.js', 'module.exports = {};');
  write('stacks/shared/tags.ts', 'shared');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('StacksService', () => {
  it('lists the registry with layers, templates and what is on this host', () => {
    const stacks = service();
    expect(stacks.list({}, SEES_ALL)).toHaveLength(16);
    expect(stacks.list({ category: 'network' }, SEES_ALL).map(({ template }) => template.name)).toEqual([
      'dns',
      'network',
      'services-api',
    ]);
    expect(stacks.list({ layer: 2 }, SEES_ALL).map(({ template }) => template.name)).toEqual(['security']);
    expect(stacks.list({ template: 'minimal', search: 'VPC' }, SEES_ALL).map(({ template }) => template.name)).toEqual([
      'network',
    ]);
    expect(stacks.get('network', SEES_ALL)).toMatchObject({
      layer: 1,
      sourceStatus: 'present',
      templates: ['default', 'minimal', 'microservices', 'data-platform'],
    });
    expect(stacks.get('security', SEES_ALL)).toMatchObject({ layer: 2, sourceStatus: 'missing' });
    expect(stacks.get('services-ecr', SEES_ALL).dependents).toEqual(['monitoring', 'services-ecs', 'services-eks']);
    expect(() => stacks.get('ghost', SEES_ALL)).toThrow(expect.objectContaining({ status: 404 }));
  });

  it('shows a stack as api.md 3.5 has it', () => {
    const stacks = service();
    expect(toStackItemDto(stacks.get('security', SEES_ALL))).toMatchObject({
      name: 'security',
      category: 'security',
      dependencies: ['network'],
      layer: 2,
    });
    expect(toStackItemDto(stacks.get('network', SEES_ALL)).outputs).toContain('vpcId');
    const body = toStackDto(stacks.get('network', SEES_ALL), stacks.placeOf('network'));
    expect(body).toMatchObject({
      outputs: { vpcId: { type: 'string', secret: false } },
      configuration: {
        azCount: { type: 'number', required: true, environmentDefaults: { dev: 2, stage: 2, prod: 3 } },
      },
      status: 'active',
      codePath: 'network/src/index.ts',
      documentation: null,
      registeredBy: 'system',
      revision: 1,
    });
  });

  it('discovers folders with a main file, registered or not', () => {
    write('stacks/billing/index.ts', '');
    write('stacks/lone/Pulumi.yaml', 'name: lone');
    write('stacks/lone/program.ts', '');
    write('stacks/notes/readme.md', '');
    write('stacks/.hidden/index.ts', '');
    expect(service().discover()).toEqual([
      { name: 'billing', path: 'billing/index.ts', registered: false },
      { name: 'lone', path: 'lone/program.ts', registered: false },
      { name: 'network', path: 'network/src/index.ts', registered: true },
    ]);
  });

  it('refuses stacks without a program, naming exactly them and the way out', () => {
    const refuse = (): void => service().requirePrograms(['network', 'security', 'dns'], 'minimal');
    expect(refuse).toThrow('stacksEnabled: [network]');
    expect(refuse).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_INVALID_TEMPLATE',
        details: expect.objectContaining({ stacks: ['security', 'dns'] }) as unknown,
      }),
    );
    expect(() => service().requirePrograms(['network'], 'minimal')).not.toThrow();
  });
});

describe('code hash (deployments.md 7.4)', () => {
  it.each<[string, string, string, boolean]>([
    ['a source file', 'stacks/network/src/index.ts', 'export { };', true],
    ['a new file', 'stacks/network/src/vpc.ts', '', true],
    ['the compiled program', 'dist/network/src/index.js', 'other', true],
    ['Pulumi.yaml', 'stacks/network/src/Pulumi.yaml', 'name: network', true],
    ['documentation', 'stacks/network/docs/README.md', 'text', false],
    ['node_modules', 'stacks/network/src/node_modules/x/index.js', 'text', false],
    ['a log', 'stacks/network/src/run.log', 'text', false],
    ['a stack configuration', 'stacks/network/src/Pulumi.dev.yaml', 'text', false],
    ['a test', 'stacks/network/src/index.spec.ts', 'text', false],
    ['shared code it does not import', 'stacks/shared/tags.ts', 'other', false],
  ])('%s', (_what, path, text, changes) => {
    const stacks = service();
    const before = stacks.source('network').codeHash;
    expect(stacks.source('network').codeHash).toBe(before);
    write(path, text);
    expect(stacks.source('network').codeHash !== before).toBe(changes);
    expect(service().source('network').codeHash).toBe(stacks.source('network').codeHash);
  });

  it('follows shared code once a file imports it', () => {
    const stacks = service();
    write('stacks/network/src/index.ts', "import { tags } from '../../shared/index.js';");
    const before = stacks.source('network').codeHash;
    write('stacks/shared/tags.ts', 'other');
    expect(stacks.source('network').codeHash).not.toBe(before);
  });

  it('sees a file that was replaced by another one of the same size and time', () => {
    const stacks = service();
    write('stacks/network/src/index.ts', 'export const a = 1;');
    const before = stacks.source('network').codeHash;
    clock -= 1;
    write('stacks/network/src/index.ts', 'export const a = 2;');
    expect(stacks.source('network').codeHash).not.toBe(before);
  });

  it('is the same when only times change', () => {
    const stacks = service();
    const before = stacks.source('network').codeHash;
    write('stacks/network/src/index.ts', 'export {};');
    expect(stacks.source('network').codeHash).toBe(before);
  });
});
