import type { Manifest } from '../../src/modules/deployments/manifest/manifest.js';
import type { StackInstance } from '../../src/modules/deployments/environments/environment.js';
import { untouchedInstance } from '../../src/modules/deployments/environments/stack-instances.repository.js';
import { type StackTemplate, templateHashOf } from '../../src/modules/templates/stack-template.js';
import { aManifest, anInput, anOutput, aStackTemplate } from '../../test/factories/manifests.js';
import type { Random } from './random.js';

type Values = Record<string, unknown>;
type Json = Record<string, unknown>;

export const ENVIRONMENT = 'dev';
export const KEY = { deploymentId: 'DT3VCA0', environment: ENVIRONMENT, organization: 'northwind' } as const;

/** Everything an edit may touch; plain data, changed in place. */
export interface World {
  readonly names: readonly string[];
  readonly templates: Map<string, StackTemplate>;
  manifest: Manifest;
  /** Program files by stack and path, `shared` among the stacks. */
  readonly code: Map<string, Map<string, string>>;
  readonly ssm: Record<string, string>;
  readonly secrets: Record<string, string>;
  readonly processEnv: Record<string, string>;
  account: string;
  region: string;
  readonly instances: Map<string, StackInstance>;
  readonly sticky: Map<string, Record<string, string>>;
  /** Of the next run alone. */
  overrides: Record<string, Values>;
  failing: Set<string>;
  force: boolean;
}

export function aWorld(random: Random): World {
  const names = ['alpha', 'beta', 'gamma', 'delta', 'omega'].slice(0, 2 + random.below(4));
  const templates = new Map<string, StackTemplate>();
  const code = new Map([['shared', new Map([['text.js', 'shared word 1']])]]);
  for (const [index, name] of names.entries()) {
    templates.set(name, hashed(aTemplate(random, name, names.slice(0, index))));
    const imports = random.chance(0.4) ? "require('../../shared/text.js');" : '';
    code.set(name, new Map([['src/index.js', `${imports} // word 1`]]));
  }
  const blocks = names.map((name) => [
    name,
    {
      dependencies: templates.get(name)?.dependencies ?? [],
      config: random.chance(0.5) ? { label: 'own' } : {},
    },
  ]);
  return {
    names,
    templates,
    manifest: aManifest(Object.fromEntries(blocks) as Record<string, object>, {
      deployment: { tags: { Owner: 'one' } },
      spec: { environments: { dev: { config: { tier: 'small', zone: 'a' } } } },
    }),
    code,
    ssm: { '/app/image': 'v1' },
    secrets: { db: 'pass-1' },
    processEnv: { CLOUD_FLAG: 'on' },
    account: '111111111111',
    region: 'us-east-1',
    instances: new Map(names.map((stack) => [stack, untouchedInstance({ ...KEY, stack })])),
    sticky: new Map(),
    overrides: {},
    failing: new Set(),
    force: false,
  };
}

function aTemplate(random: Random, name: string, before: readonly string[]): StackTemplate {
  const dependencies = random.some(before, 0.5);
  const optionalDependencies = random.some(
    before.filter((each) => !dependencies.includes(each)),
    0.4,
  );
  const optionalInputs = (key: string, value: unknown): object =>
    random.chance(0.4) ? { [key]: anInput({ default: value }) } : {};
  return aStackTemplate(name, {
    dependencies,
    optionalDependencies,
    inputs: {
      size: anInput({ type: 'number', default: 1 }),
      label: anInput({ default: 'first' }),
      options: anInput({ type: 'object', default: { a: { x: 1 }, list: [1, 2] } }),
      password: anInput({ secret: true, default: 'plain-1' }),
      ...optionalInputs('token', 'id-{{RUNTIME:calculate:uuid}}'),
      ...optionalInputs('image', '{{RUNTIME:aws:ssmParameter:/app/image}}'),
      ...optionalInputs('login', 'db:{{SECRET:db}}'),
      ...optionalInputs('tier', '{{ENV:tier}}'),
      ...optionalInputs('flag', '{{RUNTIME:env:CLOUD_FLAG}}'),
      ...optionalInputs('site', 'www.${deployment.domain}'),
      ...Object.fromEntries(
        [...dependencies, ...optionalDependencies].map((each) => [
          `from-${each}`,
          anInput({ default: reading(random, each) }),
        ]),
      ),
    },
    outputs: {
      size: anOutput({ type: 'number' }),
      out: anOutput(),
      info: anOutput({ type: 'object' }),
      hidden: anOutput({ secret: true }),
    },
  });
}

function reading(random: Random, stack: string): string {
  return random.pick([
    `{{RUNTIME:${stack}:out}}`,
    `x-{{RUNTIME:${stack}:info.part}}-y`,
    `{{RUNTIME:${stack}:info.word}}`,
    `\${${stack}.hidden}`,
    `{{RUNTIME:${stack}:size}}`,
  ]);
}

function hashed({ templateHash: _old, ...template }: StackTemplate): StackTemplate {
  return { ...template, templateHash: templateHashOf(template) };
}

/** What an edit does, by name; some change nothing that counts, on purpose. */
const EDITS: Readonly<Record<string, (world: World, random: Random) => void>> = {
  value: (world, random) => setOwn(world, random.pick(world.names), aValue(random)),
  environmentValue: (world, random) => {
    const stack = random.pick(world.names);
    patch(world, ['spec', 'stacks', stack, 'environments', 'dev', 'config'], aValue(random));
  },
  sharedValue: (world, random) => {
    const config = random.pick([{ tier: random.pick(['small', 'big']) }, { size: 1 + random.below(3) }, { zone: 'b' }]);
    patch(world, ['spec', 'environments', 'dev', 'config'], config);
  },
  removeValue: (world, random) => {
    const stack = random.pick(world.names);
    patch(world, ['spec', 'stacks', stack, 'config'], {
      [random.pick(['label', 'size'])]: random.pick([null, undefined]),
    });
  },
  tags: (world, random) => patch(world, ['deployment', 'tags'], { Owner: random.pick(['one', 'two']) }),
  domain: (world, random) =>
    patch(world, ['deployment'], { domain: random.pick(['a.example', 'shop.northwind.example']) }),
  description: (world, random) => patch(world, ['deployment'], { description: String(random.below(9)) }),
  program: (world, random) => edit(world, random.pick(world.names), 'src/index.js', random),
  addFile: (world, random) => files(world, random.pick(world.names)).set(`src/more-${random.below(3)}.js`, 'more'),
  removeFile: (world, random) => files(world, random.pick(world.names)).delete(`src/more-${random.below(3)}.js`),
  renameFile: (world, random) => {
    const own = files(world, random.pick(world.names));
    const [from, to] = random.pick([
      ['src/more-0.js', 'src/more-1.js'],
      ['src/more-1.js', 'src/more-2.js'],
    ] as const);
    const text = own.get(from);
    if (text === undefined) return;
    own.delete(from);
    own.set(to, text);
  },
  sharedFile: (world, random) => edit(world, 'shared', 'text.js', random),
  documentation: (world, random) =>
    files(world, random.pick(world.names)).set('docs/read.md', String(random.below(99))),
  testOfProgram: (world, random) =>
    files(world, random.pick(world.names)).set('src/index.spec.js', String(random.below(99))),
  templateDefault: (world, random) =>
    retemplate(world, random, ({ inputs }) => ({
      inputs: { ...inputs, label: anInput({ default: random.pick(['first', 'second']) }) },
    })),
  templateType: (world, random) =>
    retemplate(world, random, ({ inputs }) => ({
      inputs: { ...inputs, tier: anInput({ default: random.pick(['{{ENV:tier}}', '5']), secret: random.chance(0.5) }) },
    })),
  templateOutput: (world, random) =>
    retemplate(world, random, ({ outputs }) => ({
      outputs: { ...outputs, out: anOutput({ secret: random.chance(0.5) }) },
    })),
  templateWords: (world, random) =>
    retemplate(world, random, () => ({
      displayName: String(random.below(99)),
      estimatedDuration: 60 + random.below(99),
    })),
  dependency: (world, random) => {
    const index = 1 + random.below(world.names.length - 1);
    const [stack, other] = [world.names[index] ?? '', random.pick(world.names.slice(0, index))];
    const template = world.templates.get(stack);
    const declared = template?.dependencies ?? [];
    const added = random.chance(0.5) ? [other] : [];
    patch(world, ['spec', 'stacks', stack], { dependencies: [...new Set([...declared, ...added])] });
  },
  onOrOff: (world, random) => {
    const stack = random.pick(world.names);
    const isNeeded = [...world.templates.values()].some(({ dependencies }) => dependencies.includes(stack));
    if (!isNeeded) patch(world, ['spec', 'stacks', stack], { enabled: random.chance(0.5) });
  },
  parameter: (world, random) => void (world.ssm['/app/image'] = random.pick(['v1', 'v2'])),
  secret: (world, random) => void (world.secrets['db'] = random.pick(['pass-1', 'pass-2'])),
  processVariable: (world, random) => void (world.processEnv['CLOUD_FLAG'] = random.pick(['on', 'off'])),
  account: (world, random) => void (world.account = random.pick(['111111111111', '222222222222'])),
  region: (world, random) => void (world.region = random.pick(['us-east-1', 'eu-west-1'])),
  override: (world, random) => void (world.overrides = { [random.pick(world.names)]: aValue(random) }),
  failure: (world, random) => void world.failing.add(random.pick(world.names)),
  force: (world) => void (world.force = true),
  drift: (world, random) => change(world, random.pick(world.names), { driftDetected: true }),
  destroyed: (world, random) => {
    const stack = random.pick(world.names);
    world.instances.set(stack, { ...untouchedInstance({ ...KEY, stack }), status: 'destroyed', stackVersion: 9 });
    world.sticky.delete(stack);
  },
  otherOrder: (world) => void (world.manifest = reversed(world.manifest) as Manifest),
  nothing: () => undefined,
};

/** @returns its name */
export function editRandomly(world: World, random: Random): string {
  const name = random.pick(Object.keys(EDITS));
  EDITS[name]?.(world, random);
  return name;
}

function aValue(random: Random): Values {
  return random.pick<Values>([
    { size: 1 + random.below(3) },
    { label: random.pick(['first', 'second', 'own', '', '{{ENV:tier}}', '\\{{plain}}']) },
    { options: { a: { x: random.below(3) } } },
    { options: { list: random.pick<unknown>([[1, 2], [2, 1], [], null]) } },
    { options: { a: { x: null }, more: { deep: random.below(2) } } },
    { password: random.pick(['plain-1', 'plain-2', '{{SECRET:db}}']) },
    { undeclared: random.pick<unknown>([true, null, ['{{RUNTIME:env:CLOUD_FLAG}}']]) },
  ]);
}

function setOwn(world: World, stack: string, config: Values): void {
  patch(world, ['spec', 'stacks', stack, 'config'], config);
}

/** Keys are set as they are: what null means is the merge's business. */
function patch(world: World, path: readonly string[], fields: Values): void {
  const root = structuredClone(world.manifest) as unknown as Json;
  let at = root;
  for (const step of path) at = (at[step] ??= {}) as Json;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) delete at[key];
    else at[key] = value;
  }
  world.manifest = root as unknown as Manifest;
}

function retemplate(world: World, random: Random, fields: (template: StackTemplate) => Partial<StackTemplate>): void {
  const name = random.pick(world.names);
  const template = world.templates.get(name);
  if (template) world.templates.set(name, hashed({ ...template, ...fields(template) }));
}

function files(world: World, stack: string): Map<string, string> {
  return world.code.get(stack) ?? new Map<string, string>();
}

/** Another digit in the same place: the file keeps its size. */
function edit(world: World, stack: string, path: string, random: Random): void {
  const own = files(world, stack);
  own.set(path, (own.get(path) ?? '').replace(/\d$/, String(1 + random.below(4))));
}

function change(world: World, stack: string, fields: Partial<StackInstance>): void {
  const instance = world.instances.get(stack);
  if (instance && instance.status === 'deployed') world.instances.set(stack, { ...instance, ...fields });
}

/** The same document with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
