import { BUILT_IN, initialised } from '../../test/factories/manifests.js';
import { validateManifest } from '../../src/modules/deployments/manifest/validation.js';
import { commonTemplate, type InputSpec, manifestTemplate, STACK_NAMES, stackTemplate } from './template-config';

/** Templates against the tables of stacks.md 6 to 8 and 11, and rule G4. */

const MANIFESTS: Record<string, { layers: string[][]; environments: string[]; resources: number }> = {
  default: {
    layers: [
      ['dns', 'network'],
      ['security'],
      ['secrets', 'storage', 'containers-images', 'services-ecr'],
      ['authentication', 'database-rds', 'services-eks'],
      ['containers-apps', 'services-ecs', 'compute-ec2', 'compute-lambda'],
      ['services-api'],
      ['monitoring'],
    ],
    environments: ['dev', 'stage', 'prod'],
    resources: 359,
  },
  minimal: { layers: [['dns', 'network'], ['security']], environments: ['dev'], resources: 56 },
  microservices: {
    layers: [
      ['network'],
      ['security'],
      ['secrets', 'containers-images', 'services-ecr'],
      ['authentication', 'services-ecs'],
      ['services-api'],
    ],
    environments: ['dev', 'stage', 'prod'],
    resources: 140,
  },
  'data-platform': {
    layers: [['network'], ['security'], ['secrets', 'storage'], ['database-rds'], ['compute-lambda'], ['monitoring']],
    environments: ['dev', 'stage', 'prod'],
    resources: 164,
  },
};

const matches = (type: InputSpec['type'], value: unknown): boolean =>
  type === 'array'
    ? Array.isArray(value)
    : type === 'object'
      ? typeof value === 'object' && value !== null && !Array.isArray(value)
      : typeof value === type;

/** What `minimum` and `maximum` count: a number's value, else characters or entries. */
const sizeOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' || Array.isArray(value)
      ? value.length
      : Object.keys(value as object).length;

/** Whole values and text inside arrays and objects. */
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : [];

const PLACEHOLDER = /\{\{RUNTIME:([a-z0-9-]+):(\w+)\}\}/g;

test('X6: all sixteen stacks are described', () => {
  expect(STACK_NAMES).toHaveLength(16);
});

test('X6: the graph has the 32 hard and 26 optional edges of the specification', () => {
  const all = STACK_NAMES.map(stackTemplate);
  expect(all.flatMap(({ dependencies }) => dependencies)).toHaveLength(32);
  expect(all.flatMap(({ optionalDependencies }) => optionalDependencies)).toHaveLength(26);
  for (const { name, priority, dependencies, optionalDependencies } of all) {
    for (const needed of [...dependencies, ...optionalDependencies]) {
      expect(needed).not.toBe(name);
      expect(stackTemplate(needed).priority).toBeLessThanOrEqual(priority);
    }
  }
});

describe.each(STACK_NAMES)('%s', (stack) => {
  const template = stackTemplate(stack);
  const inputs = Object.entries({ ...commonTemplate().parameters.inputs, ...template.parameters.inputs });

  test('is named after its file', () => {
    expect(template.name).toBe(stack);
  });

  test('its defaults satisfy type and constraints', () => {
    for (const [key, spec] of inputs) {
      for (const value of [spec.default, ...Object.values(spec.environmentDefaults ?? {})]) {
        if (value === undefined) continue;
        if (typeof value === 'string' && value.startsWith('{{')) continue; // checked once it is resolved
        expect([key, value, matches(spec.type, value)]).toEqual([key, value, true]);
        if (spec.allowedValues) expect(spec.allowedValues).toContain(value);
        if (spec.pattern) expect(value).toMatch(new RegExp(spec.pattern));
        expect(sizeOf(value)).toBeGreaterThanOrEqual(spec.minimum ?? -Infinity);
        expect(sizeOf(value)).toBeLessThanOrEqual(spec.maximum ?? Infinity);
      }
      if (spec.environmentDefaults) expect(Object.keys(spec.environmentDefaults)).toEqual(['dev', 'stage', 'prod']);
    }
  });

  test('X6: its placeholders name declared dependencies and outputs they have, of the same type (G4)', () => {
    for (const [key, spec] of inputs) {
      for (const text of texts(spec.default)) {
        for (const [whole, producer = '', output = ''] of text.matchAll(PLACEHOLDER)) {
          if (producer === 'aws') continue;
          const isOptional = template.optionalDependencies.includes(producer);
          expect([...template.dependencies, ...template.optionalDependencies]).toContain(producer);
          const declared = stackTemplate(producer).parameters.outputs[output];
          expect([key, whole, declared !== undefined]).toEqual([key, whole, true]);
          if (whole !== spec.default) continue;
          expect([key, declared?.type]).toEqual([key, spec.type]);
          expect([key, spec.required]).toEqual([key, !isOptional]);
        }
      }
    }
  });
});

describe.each(Object.keys(MANIFESTS))('manifest template %s', (name) => {
  const expected = MANIFESTS[name];
  const manifest = manifestTemplate(name);
  const enabled = Object.keys(manifest.stacks);

  test('X6: has its environments, dev alone enabled', () => {
    expect(Object.keys(manifest.environments)).toEqual(expected?.environments);
    for (const [environment, { enabled: isOn }] of Object.entries(manifest.environments)) {
      expect([environment, isOn]).toEqual([environment, environment === 'dev']);
    }
    expect(manifest.estimatedResources).toBe(expected?.resources);
  });

  test('X6: repeats dependencies and priorities of its stacks, closed under hard dependencies', () => {
    for (const [stack, block] of Object.entries(manifest.stacks)) {
      const { dependencies, priority } = stackTemplate(stack);
      expect(block).toMatchObject({ enabled: true, dependencies, priority });
      for (const needed of dependencies) expect(enabled).toContain(needed);
      const inputs = { ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs };
      for (const [key, value] of Object.entries(block.config ?? {})) {
        expect([stack, key, matches(inputs[key]?.type ?? 'string', value)]).toEqual([stack, key, true]);
      }
    }
  });

  test('X6: has the layers of the specification', () => {
    const layerOf = (stack: string): number => {
      const { dependencies, optionalDependencies } = stackTemplate(stack);
      const needed = [...dependencies, ...optionalDependencies].filter((one) => enabled.includes(one));
      return 1 + Math.max(0, ...needed.map(layerOf));
    };
    const layers = expected?.layers.map((_, i) => enabled.filter((stack) => layerOf(stack) === i + 1).sort());
    expect(layers).toEqual(expected?.layers.map((layer) => [...layer].sort()));
  });

  test('X6: renders into a manifest without findings that block', () => {
    const { manifest } = initialised({ template: name });
    const { errors, info } = validateManifest(manifest, { stackTemplates: BUILT_IN.stackTemplates });
    expect(errors).toEqual([]);
    expect(info.layers.map((layer) => [...layer].sort())).toEqual(expected?.layers.map((layer) => [...layer].sort()));
  });

  test.each(enabled)('X6: without %s it is refused by name (G2) or has a plan', (stack) => {
    const { manifest } = initialised({ template: name });
    const stacks = structuredClone(manifest.spec.stacks) as Record<string, { enabled: boolean }>;
    if (stacks[stack]) stacks[stack].enabled = false;
    const changed = { ...manifest, spec: { ...manifest.spec, stacks } };
    const { errors, info } = validateManifest(changed, { stackTemplates: BUILT_IN.stackTemplates });

    const dependents = enabled.filter((other) => stackTemplate(other).dependencies.includes(stack));
    const refusals = errors.map(({ ruleId, message }) => `${ruleId} ${message}`);
    expect(refusals.sort()).toEqual(
      dependents.map((other) => `DEP-002 ${other} needs ${stack}, which is disabled`).sort(),
    );
    if (dependents.length === 0) {
      expect(info.layers.flat().sort()).toEqual(enabled.filter((other) => other !== stack).sort());
    }
  });
});
