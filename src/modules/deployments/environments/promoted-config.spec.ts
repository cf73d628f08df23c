import { aManifest, anInput, aStackTemplate, stackTemplates } from '../../../../test/factories/manifests.js';
import type { Manifest, ManifestStack } from '../manifest/manifest.js';
import type { Values } from '../manifest/merge.js';
import { difference, promote, promotionDiff, promotionOverrides, provenHash } from './promoted-config.js';

const templates = stackTemplates(
  aStackTemplate('web', {
    inputs: {
      size: anInput({ default: 's' }),
      zones: anInput({ type: 'array' }),
      tags: anInput({ type: 'object' }),
      cidr: anInput({ environmentDefaults: { dev: 'd', stage: 's' } }),
      password: anInput({ secret: true }),
      logLevel: anInput(),
    },
  }),
);
const PLACES = {
  environments: {
    dev: { enabled: true, account: '111111111111', region: 'us-east-1' },
    stage: { enabled: true, account: '222222222222', region: 'eu-west-1' },
  },
};

/** @param dev, stage own values of the stack there */
function manifestWith(parts: { shared?: Values; dev?: Values; stage?: Values; places?: Values } = {}): Manifest {
  const environments = {
    ...(parts.dev ? { dev: { config: parts.dev } } : {}),
    ...(parts.stage ? { stage: { config: parts.stage } } : {}),
  };
  const block: Partial<ManifestStack> = { config: parts.shared ?? {}, environments };
  return aManifest({ web: block }, { spec: parts.places ? { environments: parts.places } : PLACES });
}
const content = (manifest: Manifest, overrides: Record<string, Values> = {}) => ({ manifest, overrides });
const promoted = (proven: Manifest, current = proven, base: Manifest | null = null, overrides = {}) =>
  promote({
    from: 'dev',
    to: 'stage',
    proven: content(proven, overrides),
    base: base && content(base),
    current,
    stackTemplates: templates,
  });
const ownOf = (manifest: Manifest): unknown => manifest.spec.stacks['web']?.environments?.stage?.config;

describe('what a promotion makes of a manifest', () => {
  it.each<[string, Values, Values, Values | null, Values]>([
    ['takes over what stage says nothing about', { size: 'm' }, {}, null, { size: 'm' }],
    ['leaves what stage says itself', { size: 'm' }, { size: 'l' }, null, { size: 'l' }],
    ['merges objects by key', { tags: { a: 1, b: 1 } }, { tags: { b: 2 } }, null, { tags: { a: 1, b: 2 } }],
    ['leaves what the stack template says about stage', { cidr: 'x' }, {}, null, {}],
    ['lets follow what the last promotion brought', { size: 'l' }, { size: 'm' }, { size: 'm' }, { size: 'l' }],
    ['keeps what was set in stage since then', { size: 'l' }, { size: 'xl' }, { size: 'm' }, { size: 'xl' }],
    ['takes away what dev has no longer', {}, { size: 'm' }, { size: 'm' }, {}],
    ['does not bring back what stage took away', { size: 'm' }, {}, { size: 'm' }, {}],
    [
      'moves names of the region',
      { zones: ['us-east-1', 'us-east-1a'] },
      {},
      null,
      { zones: ['eu-west-1', 'us-east-1a'] },
    ],
  ])('[9.3] %s', (_name, dev, stage, base, expected) => {
    const result = promoted(manifestWith({ dev, stage }), undefined, base && manifestWith({ dev: base }));
    expect(ownOf(result.manifest)).toEqual(expected);
    expect(result.overrides).toEqual({});
    expect(result.stacks).toEqual(['web']);
  });

  it('[9.3] takes over values of the whole environment for keys that the stack declares, facts of the place apart', () => {
    const places = {
      dev: { ...PLACES.environments.dev, config: { logLevel: 'debug', other: 1, secondaryRegion: 'us-west-2' } },
      stage: { ...PLACES.environments.stage },
    };
    expect(ownOf(promoted(manifestWith({ places })).manifest)).toEqual({ logLevel: 'debug' });
    const told = { ...places, stage: { ...places.stage, config: { logLevel: 'info' } } };
    expect(ownOf(promoted(manifestWith({ places: told })).manifest)).toBeUndefined();
  });

  it('[9.3] runs shared values as they were proven, without keeping them', () => {
    const proven = manifestWith({ shared: { size: 'm', tags: { a: 1 } } });
    const current = manifestWith({ shared: { size: 'l', tags: { a: 1, b: 2 }, logLevel: 'debug' } });
    const result = promoted(proven, current);
    expect(result.manifest).toBe(current);
    expect(result.overrides).toEqual({ web: { size: 'm', tags: { b: null }, logLevel: null } });
    const own = manifestWith({ shared: { size: 'l' }, stage: { size: 'xl' } });
    expect(promoted(manifestWith({ shared: { size: 'm' } }), own).overrides).toEqual({});
  });

  it('[9.3] counts overrides of the proven run as part of it', () => {
    expect(promoted(manifestWith(), undefined, null, { web: { size: 'xl' } }).overrides).toEqual({
      web: { size: 'xl' },
    });
  });

  it('[9.3] leaves out what takes no part in the target', () => {
    const proven = manifestWith();
    const off = aManifest({ web: { environments: { stage: { enabled: false } } } }, { spec: PLACES });
    expect(promoted(proven, off)).toMatchObject({ stacks: [], leftOut: ['web'] });
  });

  it('[9.3] hashes what all environments share and nothing else', () => {
    const hash = (manifest: Manifest, code = 'c1', overrides = {}): string =>
      provenHash(content(manifest, overrides), 'dev', templates, { web: code });
    const first = hash(manifestWith({ shared: { size: 'm' } }));
    expect(hash(manifestWith({ shared: { size: 'm' }, dev: { size: 'l' } }))).toBe(first);
    expect(hash(manifestWith({ shared: { size: 'l' } }))).not.toBe(first);
    expect(hash(manifestWith({ shared: { size: 'l' } }), 'c1', { web: { size: 'm' } })).toBe(first);
    expect(hash(manifestWith({ shared: { size: 'm' } }), 'c2')).not.toBe(first);
  });

  it('[9.3] tells every value of the target that changes, never a secret', () => {
    const before = content(manifestWith({ stage: { password: 'old', size: 'm' } }));
    const after = content(manifestWith({ stage: { password: 'new', tags: { a: 1 } } }));
    expect(promotionDiff(before, after, 'stage', ['web'], templates)).toEqual([
      { stack: 'web', key: 'password', from: '***', to: '***' },
      { stack: 'web', key: 'size', from: 'm', to: 's' },
      { stack: 'web', key: 'tags', from: null, to: { a: 1 } },
    ]);
    expect(promotionOverrides(before, after, 'stage', ['web'], templates)).toEqual({
      web: { password: 'new', size: 's', tags: { a: 1 } },
    });
  });

  it.each<[Values, Values, Values]>([
    [{ a: 1 }, { a: 1 }, {}],
    [{ a: 1 }, { a: 2, b: 3 }, { a: 2, b: 3 }],
    [{ a: { x: 1, y: 2 } }, { a: { x: 1 } }, { a: { y: null } }],
    [{ a: { x: 1 } }, { a: [1] }, { a: [1] }],
    [{ a: [1, 2] }, {}, { a: null }],
  ])('the difference of %j and %j is %j', (base, wanted, expected) => {
    expect(difference(base, wanted)).toEqual(expected);
  });
});
