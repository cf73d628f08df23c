import { aManifest, anInput, aStackTemplate, stackTemplates } from '../../../../test/factories/manifests.js';
import { autoFix } from './auto-fix.js';
import type { Values } from './merge.js';
import { validateManifest } from './validation.js';

const templates = stackTemplates(
  aStackTemplate('network'),
  aStackTemplate('app', {
    dependencies: ['network'],
    inputs: {
      port: anInput({ type: 'number' }),
      isPublic: anInput({ type: 'boolean' }),
      pin: anInput({ type: 'number', secret: true }),
      text: anInput(),
    },
  }),
);
const base = aManifest({ network: {}, app: { dependencies: ['network'] } });
const app = (block: Values): unknown =>
  aManifest({ network: {}, app: { dependencies: ['network'] } }, { spec: { stacks: { app: block } } });
const lines = (given: unknown): string[] =>
  autoFix(given, templates).fixes.map((fix) => `${fix.ruleId} ${fix.message}`);

describe('auto-fix (deployments.md 8.7)', () => {
  it.each<[string, unknown, string]>([
    ['SCH-001', { ...base, version: undefined }, 'version: (none) → "3.1"'],
    [
      'SCH-001',
      aManifest({ network: {} }, { spec: { environments: { dev: { enabled: null } } } }),
      'environments.dev.enabled: (none) → true',
    ],
    ['SCH-001', app({ dependencies: null }), 'stacks.app.dependencies: (none) → ["network"]'],
    [
      'SCH-001',
      aManifest({ network: {} }, { deployment: { pulumiOrg: null } }),
      'deployment.pulumiOrg: (none) → "northwind"',
    ],
    [
      'SCH-004',
      app({ environments: { dev: { enabled: 'false' } } }),
      'stacks.app.environments.dev.enabled: "false" → false',
    ],
    ['SCH-011', app({ priority: '20' }), 'stacks.app.priority: "20" → 20'],
    ['SCH-012', app({ layer: '2' }), 'stacks.app.layer: "2" → 2'],
    ['DEP-005', app({ dependencies: [] }), 'stacks.app.dependencies: [] → ["network"]'],
    ['CFG-002', app({ config: { port: ' 80 ' } }), 'stacks.app.config.port: " 80 " → 80'],
    [
      'CFG-002',
      app({ environments: { dev: { config: { isPublic: 'true' } } } }),
      'stacks.app.environments.dev.config.isPublic: "true" → true',
    ],
    [
      'CFG-002',
      aManifest(
        { network: {}, app: { dependencies: ['network'] } },
        { spec: { environments: { dev: { config: { port: '8' } } } } },
      ),
      'environments.dev.config.port: "8" → 8',
    ],
    ['CFG-002', app({ config: { pin: '1234' } }), 'stacks.app.config.pin: *** → ***'],
    [
      'PH-W01',
      app({ config: { text: 'a {{network.id}} \\{{network.id}}' } }),
      'stacks.app.config.text: "a {{network.id}} \\\\{{network.id}}" → "a {{RUNTIME:network:id}} \\\\{{network.id}}"',
    ],
    [
      'PH-W01',
      app({ config: { list: [{ at: '{{env.name}}' }] } }),
      'stacks.app.config.list: [{"at":"{{env.name}}"}] → [{"at":"${env.name}"}]',
    ],
  ])('[%s] is repaired: %#', (ruleId, given, message) => {
    expect(lines(given)).toEqual([`${ruleId} ${message}`]);
  });

  it('[SCH-009] renames staging everywhere, but not over a stage that is there', () => {
    const staging = { enabled: false, account: '222222222222', region: 'us-east-1' };
    const given = aManifest(
      { network: {} },
      { spec: { environments: { staging }, stacks: { network: { environments: { staging: { enabled: false } } } } } },
    );
    const { document, fixes } = autoFix(given, templates);
    expect(fixes.map((fix) => fix.location)).toEqual(['environments.staging', 'stacks.network.environments.staging']);
    expect(validateManifest(document, { stackTemplates: templates })).toMatchObject({
      valid: true,
      manifest: { spec: { environments: { stage: staging } } },
    });
    const both = aManifest({ network: {} }, { spec: { environments: { staging, stage: staging } } });
    expect(lines(both)).toEqual([]);
  });

  it('brings older shapes into the canonical one', () => {
    const { spec, ...rest } = base;
    const { document, fixes } = autoFix({ ...rest, ...spec }, templates);
    expect(fixes).toEqual([expect.objectContaining({ ruleId: 'SCH-004', location: '' })]);
    expect(document).toEqual(base);
  });

  it.each<[string, unknown]>([
    ['a sound manifest', base],
    ['text that is no number', app({ config: { port: '80a', isPublic: 'yes' } })],
    ['a placeholder where a number is declared', app({ config: { port: '{{ENV:port}}' } })],
    ['a cycle', aManifest({ network: { dependencies: ['app'] }, app: { dependencies: ['network'] } })],
    ['a disabled stack without its dependencies', app({ enabled: false, dependencies: [] })],
    ['no document', 'text'],
  ])('leaves %s as it is', (_case, given) => {
    const { document, fixes } = autoFix(given, templates);
    expect(fixes).toEqual([]);
    expect(document).toEqual(given);
  });

  it('does not touch what it is given', () => {
    const given = app({ priority: '20' });
    const copy = structuredClone(given);
    autoFix(given, templates);
    expect(given).toEqual(copy);
  });
});
