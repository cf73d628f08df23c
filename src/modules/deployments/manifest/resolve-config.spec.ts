import { aManifest, aStackTemplate, anInput, BUILT_IN, initialised } from '../../../../test/factories/manifests.js';
import { mergeDeep } from './merge.js';
import { mergeConfig, originOf } from './resolve-config.js';

describe('merge semantics (deployments.md 4.2)', () => {
  it.each([
    ['object + object', { a: { x: 1 } }, { a: { y: 2 } }, { a: { x: 1, y: 2 } }],
    ['array', { a: [1, 2, 3] }, { a: [9] }, { a: [9] }],
    ['scalar of another type', { a: 1 }, { a: 'x' }, { a: 'x' }],
    ['object over scalar', { a: 1 }, { a: { x: 1 } }, { a: { x: 1 } }],
    ['scalar over object', { a: { x: 1 } }, { a: 1 }, { a: 1 }],
    ['null', { a: 1, b: 2 }, { a: null }, { b: 2 }],
    [
      'null inside',
      { tags: { a: 1, b: { x: 1 } } },
      { tags: { a: null, b: { y: 2 } } },
      { tags: { b: { x: 1, y: 2 } } },
    ],
    ['null where nothing is', {}, { a: { b: null } }, { a: {} }],
    ['empty object', { a: { x: 1 } }, { a: {} }, { a: { x: 1 } }],
    ['empty array', { a: [1] }, { a: [] }, { a: [] }],
    ['absent key', { a: 1 }, {}, { a: 1 }],
  ])('[4.2] %s', (_case, base, over, expected) => {
    const frozen = structuredClone(base);
    expect(mergeDeep(base, over)).toEqual(expected);
    expect(base).toEqual(frozen);
  });
});

describe('tiers (deployments.md 4.1)', () => {
  const template = aStackTemplate('db', {
    inputs: {
      size: anInput({ default: 'tier1', environmentDefaults: { prod: 'tier1-prod' } }),
      tags: anInput({ type: 'object', default: { a: 1, b: { x: 1 } } }),
      level: anInput({ default: 'low' }),
    },
    config: { extra: 'template' },
    environments: { prod: { config: { extra: 'template-prod' } } },
  });
  const environments = { prod: { enabled: true, account: '333333333333', region: 'us-west-2' } };

  it.each([
    ['1: default', {}, 'dev', 'tier1', '1', 'stackTemplates.db.parameters.inputs.size.default'],
    [
      '1: default of the environment',
      {},
      'prod',
      'tier1-prod',
      '1',
      'stackTemplates.db.parameters.inputs.size.environmentDefaults.prod',
    ],
    ['2a', { spec: { stacks: { db: { config: { size: '2a' } } } } }, 'prod', '2a', '2a', 'stacks.db.config.size'],
    [
      '2b over 2a',
      { spec: { stacks: { db: { config: { size: '2a' } } }, environments: { prod: { config: { size: '2b' } } } } },
      'prod',
      '2b',
      '2b',
      'environments.prod.config.size',
    ],
    [
      '2c over 2b',
      {
        spec: {
          environments: { prod: { config: { size: '2b' } } },
          stacks: { db: { environments: { prod: { config: { size: '2c' } } } } },
        },
      },
      'prod',
      '2c',
      '2c',
      'stacks.db.environments.prod.config.size',
    ],
  ] as const)('%s', (_tier, over, environment, value, tier, location) => {
    const manifest = aManifest({ db: {} }, mergeDeep({ spec: { environments } }, over));
    const merged = mergeConfig(manifest, template, environment);
    expect(merged.values['size']).toBe(value);
    expect(originOf(merged, 'size')).toEqual({ tier, location });
  });

  it('2d wins over all and is told as such', () => {
    const manifest = aManifest({ db: { environments: { dev: { config: { size: '2c' } } } } });
    const merged = mergeConfig(manifest, template, 'dev', { size: '2d' });
    expect(merged.values['size']).toBe('2d');
    expect(originOf(merged, 'size')).toEqual({ tier: '2d', location: 'overrides.db.size' });
  });

  it('reads the template’s own values below the manifest', () => {
    const manifest = aManifest({ db: {} }, { spec: { environments } });
    expect(mergeConfig(manifest, template, 'dev').values['extra']).toBe('template');
    expect(mergeConfig(manifest, template, 'prod').values['extra']).toBe('template-prod');
  });

  it('2b reaches declared and present keys only', () => {
    const over = { spec: { environments: { dev: { config: { level: 'high', extra: 'seen', unknown: 1 } } } } };
    const { values } = mergeConfig(aManifest({ db: {} }, over), template, 'dev');
    expect(values).toMatchObject({ level: 'high', extra: 'seen' });
    expect(values).not.toHaveProperty('unknown');
  });

  it('null removes a key without falling back, and a higher tier may set it again', () => {
    const manifest = aManifest({ db: {} });
    const removed = { ...manifest.spec.stacks['db'], config: { size: null, tags: { a: null } } };
    const changed = { ...manifest, spec: { ...manifest.spec, stacks: { db: removed } } } as typeof manifest;
    const merged = mergeConfig(changed, template, 'dev');
    expect(merged.values).not.toHaveProperty('size');
    expect(merged.values['tags']).toEqual({ b: { x: 1 } });
    expect(mergeConfig(changed, template, 'dev', { size: 'again' }).values['size']).toBe('again');
  });

  it('keeps the tier of every leaf', () => {
    const manifest = aManifest({ db: { config: { tags: { b: { y: 2 } } } } });
    const { origins } = mergeConfig(manifest, template, 'dev');
    expect(origins.get('tags.b.x')?.tier).toBe('1');
    expect(origins.get('tags.b.y')).toEqual({ tier: '2a', location: 'stacks.db.config.tags.b.y' });
  });

  it('never lets a tier change whom a stack belongs to', () => {
    const manifest = aManifest({ db: { config: { deploymentId: 'DEVIL00', region: 'eu-west-1' } } });
    const { values } = mergeConfig(manifest, template, 'dev', { accountId: '999999999999' });
    expect(values).toMatchObject({ deploymentId: 'DT3VCA0', region: 'us-east-1', accountId: '111111111111' });
  });
});

describe('facts and common inputs (stacks.md 1.1)', () => {
  it('gives a stack the facts of its deployment and environment', () => {
    const { manifest } = initialised({ template: 'microservices', tags: { purpose: 'trial', Stack: 'mine' } });
    const network = BUILT_IN.stackTemplates.get('network');
    const prod = mergeConfig(manifest, network as never, 'prod').values;
    expect(prod).toMatchObject({
      deploymentId: 'DT3VCA0',
      organization: 'northwind',
      project: 'shop',
      environment: 'prod',
      accountId: '333333333333',
      domain: 'shop.northwind.example',
      team: 'infrastructure',
      costCenter: 'engineering',
      protectStateful: true,
      logRetentionDays: 90,
      extraTags: { purpose: 'trial' }, // a tag that every resource has is not repeated
    });
    expect([prod['region'], prod['secondaryRegion']]).toEqual(['us-west-2', 'us-east-1']);
    const dev = mergeConfig(manifest, network as never, 'dev').values;
    expect([dev['region'], dev['secondaryRegion']]).toEqual(['us-east-1', 'us-west-2']);
  });

  it('G3: leaves out what is bound to an optional dependency that is not enabled', () => {
    const template = aStackTemplate('app', {
      optionalDependencies: ['cache'],
      inputs: { cacheUrl: anInput({ default: 'redis://{{RUNTIME:cache:host}}' }), hosts: anInput({ type: 'array' }) },
    });
    const app = { config: { hosts: ['a.example', '${cache.host}'] } };
    const on = mergeConfig(aManifest({ app, cache: {} }), template, 'dev');
    expect(on.values).toMatchObject({
      cacheUrl: 'redis://{{RUNTIME:cache:host}}',
      hosts: ['a.example', '${cache.host}'],
    });
    const off = mergeConfig(aManifest({ app, cache: { environments: { dev: { enabled: false } } } }), template, 'dev');
    expect(off.values).not.toHaveProperty('cacheUrl');
    expect(off.values['hosts']).toEqual(['a.example']);
    expect(off.omitted).toEqual(['cacheUrl', 'hosts[1]']);
  });
});
