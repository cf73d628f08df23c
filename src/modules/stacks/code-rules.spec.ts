import { aStackTemplate, anInput, BUILT_IN } from '../../../test/factories/manifests.js';
import { templatesRig } from '../../../test/fakes/templates-rig.js';
import { type CodeParameters, readCodeParameters } from './code-parameters.js';
import { codeFindings, type CodeContext, compareCode } from './code-rules.js';

const read = (text: string, more: Readonly<Record<string, string>> = {}): CodeParameters => {
  const files = Object.entries(more).map(([path, code]) => ({ path, text: code }));
  return readCodeParameters({
    main: { path: 'x/src/index.ts', text },
    own: files.filter(({ path }) => !path.startsWith('shared')),
    shared: files.filter(({ path }) => path.startsWith('shared')),
  });
};
const CONFIG = 'const config = new pulumi.Config();\n';

describe('inputs of a program (deployments.md 12.1)', () => {
  it.each<[string, object]>([
    ['config.require("x")', { type: 'string', required: true, secret: false }],
    ["config.get('x')", { type: 'string', required: false }],
    ['config.requireNumber("x")', { type: 'number', required: true }],
    ['config.getBoolean("x")', { type: 'boolean', required: false }],
    ['config.requireObject<Tags>("x")', { type: 'object', required: true }],
    ['config.getObject<string[]>("x")', { type: 'array', required: false }],
    ['config.requireObject<Array<{ a: string }>>("x")', { type: 'array', required: true }],
    ['config.requireSecret("x")', { type: 'string', required: true, secret: true }],
    ['config.getSecretNumber("x")', { type: 'number', required: false, secret: true }],
    ['config.get("x", "blue")', { default: 'blue' }],
    ['config.getNumber("x") ?? 30;', { default: 30 }],
    ['config.getBoolean("x") || true;', { default: true }],
    ['config.get("x") ?? other;', { type: 'string' }],
    ['config.require("x"); // where it runs', { description: 'where it runs' }],
    ['read.requireString(\n  "x",\n  "network:x",\n)', { type: 'string', required: true }],
    ['read.optObjects("x")', { type: 'array', required: false }],
    ['read.requireMap("x")', { type: 'object', required: true }],
  ])('%s', (code, expected) => {
    const { inputs } = read(`${CONFIG}const read = input(new pulumi.Config('x'));\nconst a = ${code}\n`);
    expect(inputs).toMatchObject([{ name: 'x', ...expected }]);
    if (!('default' in expected)) expect(inputs[0]).not.toHaveProperty('default');
  });

  it('counts a name once, and only real reads', () => {
    const { inputs } = read(
      `${CONFIG}config.require('a');\nconfig.getNumber('a');\n// config.require('b')\nconst map = new Map();\nmap.get('c');\nconst t = "config.require('d')";\n`,
    );
    expect(inputs).toMatchObject([{ name: 'a', required: true, type: 'string' }]);
  });

  it('counts what called functions of shared read, and no others', () => {
    const shared = `
      export function loadContext(stack: string) { const read = input(new pulumi.Config(stack)); return inner(read); }
      function inner(read: InputReader) { return read.requireString('region'); }
      export function never(read: InputReader) { return read.optNumber('cpu'); }`;
    const { inputs } = read(`import { loadContext } from '../../shared/index.js';\nloadContext('x');\nnever();`, {
      'shared/state.ts': shared,
    });
    expect(inputs.map(({ name }) => name)).toEqual(['region']);
  });
});

describe('outputs of a program (deployments.md 12.1)', () => {
  it.each<[string, string, string | null]>([
    ['a call', 'vpc.id', null],
    ['a mapped list', 'subnets.map((s) => s.id)', 'array'],
    ['a list', '[a, b]', 'array'],
    ['an object', '{ a: 1 }', 'object'],
    ['a number', '42', 'number'],
    ['a flag', 'true', 'boolean'],
    ['a text', '`x-${y}`', 'string'],
  ])('%s', (_what, code, type) => {
    expect(read(`export const out = ${code};\nexport let other = 1;`).outputs).toMatchObject([
      { name: 'out', type },
      { name: 'other' },
    ]);
  });

  it('follows an export through functions, spreads and other files', () => {
    const { outputs, unclear } = read(`export = outputs(ctx, { vpc });`, {
      'x/src/outputs.ts': `export function outputs(ctx: Context, { vpc }: { vpc: Vpc }): Outputs {
        return { ...common(ctx), vpcId: vpc.id, key: pulumi.secret(vpc.key), ips: vpc.ips.map((ip) => { return ip; }), short };
      }`,
      'shared/utils.ts': `export function common(ctx: Context): Common { return { stackName: ctx.stack, __exists: true }; }`,
    });
    expect(outputs.map(({ name, secret }) => (secret ? `${name}!` : name))).toEqual([
      'stackName',
      '__exists',
      'vpcId',
      'key!',
      'ips',
      'short',
    ]);
    expect(unclear).toEqual([]);
  });

  it('says what it could not follow', () => {
    expect(read('export = somewhere.else();').unclear).toEqual(['x/src/index.ts: somewhere.else();']);
  });
});

describe('stack source and code rules (deployments.md 8.3)', () => {
  const template = aStackTemplate('x', {
    inputs: { size: anInput({ type: 'number', required: true }) },
    outputs: { id: { type: 'string', secret: false } },
  });
  const yaml = 'name: x\nruntime: nodejs\ndescription: An example\n';
  const context = (more: {
    readonly code?: string;
    readonly pulumiYaml?: string | null;
    readonly files?: Partial<CodeContext['files']>;
    readonly template?: CodeContext['template'];
  }): CodeContext => ({
    stack: 'x',
    template: more.template === undefined ? template : more.template,
    files: {
      hasFolder: true,
      program: { main: { path: '', text: '' }, own: [], shared: [] },
      pulumiYaml: more.pulumiYaml === undefined ? yaml : more.pulumiYaml,
      stackYaml: null,
      hasPackageJson: true,
      hasTsconfig: true,
      ...more.files,
    },
    code: read(`${CONFIG}${more.code ?? "config.requireNumber('size');\nexport const id = vpc.id;"}`),
  });
  const GOOD = "config.requireNumber('size');\nexport const id = vpc.id;\n";
  const optional = (more: object) => ({
    template: { ...template, inputs: { size: anInput({ type: 'number', ...more }) } },
  });

  it.each<[string, string, Parameters<typeof context>[0], string, string]>([
    ['COD-001', 'no main file', { files: { program: null } }, 'HIGH', 'HIGH'],
    ['COD-001', 'no folder', { files: { program: null, hasFolder: false } }, 'HIGH', 'HIGH'],
    ['COD-002', 'no Pulumi.yaml', { pulumiYaml: null }, 'HIGH', 'HIGH'],
    ['COD-002', 'another name', { pulumiYaml: yaml.replace('name: x', 'name: y') }, 'HIGH', 'HIGH'],
    ['COD-002', 'another runtime', { pulumiYaml: yaml.replace('nodejs', 'python') }, 'HIGH', 'HIGH'],
    ['COD-002', 'no description', { pulumiYaml: 'name: x\nruntime: { name: nodejs }\n' }, 'HIGH', 'HIGH'],
    ['COD-003', 'configuration', { pulumiYaml: `${yaml}config: {}\n` }, 'LOW', 'HIGH'],
    ['COD-003', 'a main entry', { pulumiYaml: `${yaml}main: src\n` }, 'LOW', 'HIGH'],
    ['COD-004', 'no package.json', { files: { hasPackageJson: false } }, 'LOW', 'HIGH'],
    ['COD-004', 'no tsconfig.json', { files: { hasTsconfig: false } }, 'LOW', 'HIGH'],
    ['COD-R1', 'an input that is not declared', { code: `${GOOD}config.get('more');` }, 'HIGH', 'HIGH'],
    ['COD-R2', 'an input that is not used', { code: 'export const id = vpc.id;' }, 'LOW', 'HIGH'],
    ['COD-R3', 'an output that is not exported', { code: "config.requireNumber('size');" }, 'HIGH', 'HIGH'],
    ['COD-R4', 'an output that is not declared', { code: `${GOOD}export const more = 1;` }, 'LOW', 'HIGH'],
    ['COD-R5', 'another input type', { code: GOOD.replace('Number', '') }, 'LOW', 'LOW'],
    ['COD-R5', 'another output type', { code: GOOD.replace('vpc.id', '[vpc.id]') }, 'LOW', 'LOW'],
    ['COD-R6', 'an optional input without default', optional({ required: false }), 'LOW', 'LOW'],
    ['COD-R7', 'a secret read of a plain input', { code: GOOD.replace('Number', 'SecretNumber') }, 'LOW', 'LOW'],
    ['COD-R7', 'a secret output', { code: GOOD.replace('vpc.id', 'pulumi.secret(vpc.id)') }, 'LOW', 'LOW'],
    ['COD-R8', 'no registration', { template: null }, 'HIGH', 'HIGH'],
  ])('[%s] %s', (rule, _what, given, normal, strict) => {
    expect(codeFindings(context(given), false).map((found) => [found.ruleId, found.severity])).toEqual([
      [rule, normal],
    ]);
    expect(codeFindings(context(given), true).map((found) => [found.ruleId, found.severity])).toEqual([[rule, strict]]);
  });

  it('[COD-R6] is content with an optional input that has a default everywhere', () => {
    expect(codeFindings(context(optional({ required: false, default: 3 })), true)).toEqual([]);
  });

  it('compares template and program', () => {
    const code = read(`${CONFIG}config.require('size');\nconfig.get('more');`);
    expect(compareCode(template, code)).toEqual({
      missingInTemplate: ['input:more'],
      missingInCode: ['output:id'],
      typeMismatches: [{ location: 'input:size', code: 'string', template: 'number' }],
      matches: [],
      synchronized: false,
    });
  });

  const { stacks } = templatesRig();
  it.each([...BUILT_IN.stackTemplates.keys()])(
    '[COD-R1] [COD-R2] [COD-R3] [COD-R4] the program of %s and its template say the same, also in strict mode',
    (name) => {
      expect(stacks.codeFindings(name, true)).toEqual([]);
      expect(stacks.compare(name)?.synchronized).toBe(true);
    },
  );
});
