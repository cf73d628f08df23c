import { stringify } from 'yaml';
import {
  aManifest,
  anInput,
  anOutput,
  aStackTemplate,
  BUILT_IN,
  initialised,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import type { Manifest } from '../manifest/manifest.js';
import type { Values } from '../manifest/merge.js';
import { mergeConfig } from '../manifest/resolve-config.js';
import { dependencyView } from './dependency-view.js';
import { explain, type ExplainedValue } from './explanation.js';
import { SourceLines } from './source-lines.js';

describe('the graph as it is shown (api.md 3.3)', () => {
  it('[6.6-1a] tells edges, layers and statistics, also of an environment that is off', () => {
    const { manifest } = initialised({ template: 'minimal' });
    const view = dependencyView(manifest, BUILT_IN, 'dev');
    expect(view).toMatchObject({
      graph: { dns: [], network: [], security: ['network'] },
      layers: [['dns', 'network'], ['security']],
      implicit: [],
      cycles: [],
      missing: [],
      disabled: [],
      statistics: { totalLayers: 2, largestLayer: 2, averageLayer: 1.5 },
    });
    expect(view.text.split('\n').slice(-2)).toEqual(['Layer 1: dns, network', 'Layer 2: security']);
    const all = initialised({ template: 'microservices' }).manifest;
    expect(dependencyView(all, BUILT_IN, 'prod').layers).toEqual(dependencyView(all, BUILT_IN, 'dev').layers);
  });

  it('tells implicit edges, cycles, and what is missing or switched off', () => {
    const templates = stackTemplates(
      aStackTemplate('network', { outputs: { vpcId: anOutput() } }),
      aStackTemplate('app'),
      aStackTemplate('off'),
    );
    const manifest = aManifest({
      network: {},
      app: { dependencies: ['ghost', 'off'], config: { vpc: '{{RUNTIME:network:vpcId}}' } },
      off: { enabled: false },
    });
    expect(dependencyView(manifest, { stackTemplates: templates }, 'dev')).toMatchObject({
      implicit: [{ from: 'app', to: 'network', placeholder: '{{RUNTIME:network:vpcId}}' }],
      missing: [{ stack: 'app', dependency: 'ghost' }],
      disabled: [{ stack: 'app', dependency: 'off' }],
    });
    const cyclic = aManifest({ network: { dependencies: ['app'] }, app: { dependencies: ['network'] } });
    expect(dependencyView(cyclic, { stackTemplates: templates }, 'dev')).toMatchObject({
      cycles: [['app', 'network', 'app']],
      layers: [],
      statistics: null,
    });
  });
});

describe('where a value comes from (deployments.md 4.1)', () => {
  const template = aStackTemplate('db', {
    inputs: {
      size: anInput({ default: 'small' }),
      gone: anInput({ default: 'x' }),
      tags: anInput({ type: 'object', default: { a: 1 } }),
      password: anInput({ secret: true, default: 'from-template' }),
      host: anInput(),
      id: anInput(),
    },
  });
  const templateText = 'name: db\nparameters:\n  inputs:\n    size:\n      default: small\n';
  const explained = (stack: Values, environment: Values = {}): ReturnType<typeof explain> => {
    const over = { spec: { stacks: { db: stack }, environments: { dev: { config: environment } } } };
    return explainedIn(aManifest({ db: {} }, over));
  };
  const explainedIn = (manifest: Manifest): ReturnType<typeof explain> => {
    const merged = mergeConfig(manifest, template, 'dev');
    const resolved = {
      values: { ...merged.values, host: 'db.example', password: 'hunter2' },
      secretKeys: ['password'],
      resolved: [],
      newSticky: { 'id|{{RUNTIME:calculate:uuid}}': 'made now' },
      unresolved: [],
      filledKeys: [],
      omittedKeys: [],
    };
    const documents = {
      manifest: new SourceLines('Deployment_Manifest.yaml', stringify(manifest, { lineWidth: 0 })),
      template: [new SourceLines('templates/config/db.yaml', templateText)],
    };
    return explain(merged, resolved, documents);
  };
  const valueAt = ({ values }: ReturnType<typeof explain>, path: string): ExplainedValue | undefined =>
    values.find((value) => value.path === path);

  it('names the tier and the line of a default', () => {
    expect(valueAt(explained({}), 'size')).toMatchObject({
      value: 'small',
      tier: '1',
      tierName: 'stack template',
      source: { document: 'templates/config/db.yaml', path: 'parameters.inputs.size.default', line: 5 },
      overridden: [],
    });
  });

  it('names the tier that won and everything it won over, in order', () => {
    const found = explained(
      { config: { size: '2a' }, environments: { dev: { config: { size: '2c' } } } },
      { size: '2b' },
    );
    expect(valueAt(found, 'size')).toMatchObject({
      value: '2c',
      tier: '2c',
      source: { document: 'Deployment_Manifest.yaml', path: 'spec.stacks.db.environments.dev.config.size' },
      overridden: [
        { tier: '1', value: 'small' },
        { tier: '2a', value: '2a' },
        { tier: '2b', value: '2b' },
      ],
    });
    expect(valueAt(found, 'size')?.source.line).toBeGreaterThan(1);
  });

  it('tells leaves of objects apart, facts of the deployment, and what null took away', () => {
    const manifest = aManifest({ db: { config: { tags: { b: 2 } } } });
    const withNull = { ...manifest.spec.stacks['db'], config: { tags: { b: 2 }, gone: null } };
    const found = explainedIn({ ...manifest, spec: { ...manifest.spec, stacks: { db: withNull as never } } });
    expect([valueAt(found, 'tags.a')?.tier, valueAt(found, 'tags.b')?.tier]).toEqual(['1', '2a']);
    expect(valueAt(found, 'domain')).toMatchObject({ tier: 'facts', source: { path: 'deployment.domain' } });
    expect(found.removed).toEqual([expect.objectContaining({ path: 'gone', tier: '2a' })]);
    expect(valueAt(found, 'gone')).toBeUndefined();
  });

  it('shows a placeholder as written, as filled, and what it reads', () => {
    const found = explained({ config: { host: '{{RUNTIME:aws:ssmParameter:/db}}', id: '{{RUNTIME:calculate:uuid}}' } });
    expect(valueAt(found, 'host')).toMatchObject({
      value: 'db.example',
      written: '{{RUNTIME:aws:ssmParameter:/db}}',
      placeholders: [{ reads: 'parameter /db', status: 'resolved' }],
    });
    expect(valueAt(found, 'id')).toMatchObject({
      value: '{{RUNTIME:calculate:uuid}}',
      placeholders: [{ status: 'made at the first deployment' }],
    });
  });

  it('never shows a secret, in no tier', () => {
    const literal = explained({ config: { password: 'hunter2' } });
    expect(valueAt(literal, 'password')).toMatchObject({ value: '***', secret: true, overridden: [{ value: '***' }] });
    const read = explained({ config: { password: '{{RUNTIME:aws:secret:db}}' } });
    expect(valueAt(read, 'password')).toMatchObject({ value: '***', written: '{{RUNTIME:aws:secret:db}}' });
    expect(JSON.stringify([literal, read])).not.toMatch(/hunter2|from-template/);
  });
});

describe('lines of a YAML document', () => {
  const lines = new SourceLines('x', 'a:\n  b.c: 1\n  d: { e: 2 }\nlist: [1]\n');

  it.each([
    ['a', 1],
    ['a.b.c', 2],
    ['a.d.e', 3],
    ['list', 4],
    ['a.none', null],
    ['list.0', null],
  ])('%s stands in line %j', (path, line) => {
    expect(lines.lineOf(path)).toBe(line);
  });
});
