import { aStackTemplate, anInput, anOutput, BUILT_IN, stackTemplates } from '../../../test/factories/manifests.js';
import { applyRules } from './finding.js';
import { REGISTRY_RULES } from './registry-rules.js';
import { readStackTemplate } from './stack-template.document.js';

const common = {
  inputs: { region: anInput({ required: true }), domain: anInput() },
  outputs: { stackName: anOutput() },
};
const read = (document: unknown, strict = false) => readStackTemplate(document, common, strict);
const written = (more: Record<string, unknown> = {}, inputs: Record<string, unknown> = {}) => ({
  name: 'cache',
  dependencies: ['network'],
  parameters: { inputs },
  ...more,
});

describe('stack template rules (deployments.md 8.2)', () => {
  it.each<[string, unknown]>([
    ['STK-001', { dependencies: [] }],
    ['STK-002', written({ dependencies: 'network' })],
    ['STK-002', written({ dependencies: ['cache'] })],
    ['STK-002', written({ optionalDependencies: ['network'] })],
    ['STK-002', written({ dependencies: ['*', 'network'] })],
    ['STK-003', written({ priority: 0 })],
    ['STK-003', written({ priority: 1.5 })],
    ['STK-004', written({}, { size: 'string' })],
    ['STK-004', written({ colour: 'red' })],
    ['STK-005', written({}, { size: { type: 'text' } })],
    ['STK-006', written({}, { size: { required: 'yes' } })],
    ['STK-006', written({ parameters: { outputs: { url: { type: 'string', endpoint: 'yes' } } } })],
    ['STK-006', written({ parameters: { outputs: { url: { type: 'string', endpoint: true, secret: true } } } })],
    ['STK-006', written({ parameters: { outputs: { url: { type: 'array', endpoint: true } } } })],
    ['STK-008', written({}, { size: { type: 'number', default: 'x' } })],
    ['STK-008', written({}, { size: { type: 'number', maximum: 3, environmentDefaults: { prod: 4 } } })],
    ['STK-008', written({}, { size: { pattern: '(' } })],
    ['STK-009', written({ name: 'Cache' })],
    ['STK-009', written({ name: 'register-all' })],
    ['STK-009', written({ name: 'a'.repeat(41) })],
  ])('[%s] refuses %j', (rule, document) => {
    const { template, findings } = read(document);
    expect(template).toBeUndefined();
    const severity = rule === 'STK-001' ? 'CRITICAL' : 'HIGH'; // deployments.md 8.2
    expect(findings.map((finding) => [finding.ruleId, finding.severity])).toEqual([[rule, severity]]);
  });

  it('[9.1] an endpoint is flagged without making the template another one', () => {
    const outputs = (flag: object): unknown =>
      written({ parameters: { outputs: { url: { type: 'string', ...flag } } } });
    const [plain, flagged, secret] = [{}, { endpoint: true }, { secret: true }].map(
      (flag) => read(outputs(flag)).template,
    );
    expect(flagged?.outputs['url']).toMatchObject({ endpoint: true });
    expect(flagged?.templateHash).toBe(plain?.templateHash);
    expect(secret?.templateHash).not.toBe(plain?.templateHash);
  });

  it('[STK-007] holds in strict mode', () => {
    const document = written({ parameters: { inputs: { a: { type: 'string' } }, outputs: { b: {} } } });
    expect(read(document).findings).toEqual([]);
    expect(read(document, true).findings.map(({ ruleId, message }) => [ruleId, message])).toEqual([
      ['STK-007', 'a does not declare required'],
      ['STK-007', 'b does not declare type'],
    ]);
  });

  it('lets defaults wait for placeholders and template variables', () => {
    const inputs = {
      port: { type: 'number', default: '{{RUNTIME:network:port}}' },
      mail: { pattern: '@', default: '{{USER_EMAIL}}' },
    };
    expect(read(written({}, inputs)).findings).toEqual([]);
  });

  it('puts the common inputs and outputs under the own ones', () => {
    const { template } = read(written({}, { domain: { required: true } }));
    expect(template).toMatchObject({ displayName: 'Cache', priority: 100, critical: true, estimatedDuration: 180 });
    expect(template?.inputs).toMatchObject({ region: { required: true }, domain: { required: true } });
    expect(Object.keys(template?.outputs ?? {})).toEqual(['stackName']);
  });

  it('has a hash that estimates and titles do not change', () => {
    const hash = (more: Record<string, unknown>, inputs = {}) => read(written(more, inputs)).template?.templateHash;
    expect(hash({ estimatedDuration: 5, displayName: 'X' })).toBe(hash({}));
    expect(hash({}, { a: { default: 1, type: 'number' } })).not.toBe(hash({}));
  });
});

describe('registry rules', () => {
  const network = aStackTemplate('network', { outputs: { vpcId: anOutput() } });
  const reading = (text: string, more = {}) =>
    aStackTemplate('app', { inputs: { x: anInput({ default: text }) }, ...more });
  const rules = (...all: Parameters<typeof stackTemplates>) =>
    applyRules(REGISTRY_RULES, stackTemplates(...all)).map(({ ruleId, message }) => `${ruleId} ${message}`);

  it.each([
    [
      '[STK-010] an unknown dependency',
      [aStackTemplate('app', { dependencies: ['ghost'] })],
      ['STK-010 stack ghost is not registered'],
    ],
    [
      '[STK-010] an unknown optional one',
      [aStackTemplate('app', { optionalDependencies: ['ghost'] })],
      ['STK-010 stack ghost is not registered'],
    ],
    [
      '[STK-010] G4: a placeholder outside the dependencies',
      [network, reading('{{RUNTIME:network:vpcId}}')],
      ['STK-010 {{RUNTIME:network:vpcId}} reads network, which is no dependency of app'],
    ],
    [
      '[STK-010] G4: an output that is not declared',
      [network, reading('{{RUNTIME:network:nope}}', { dependencies: ['network'] })],
      ['STK-010 {{RUNTIME:network:nope}} reads nope, which network does not declare'],
    ],
    [
      '[STK-010] not a declared placeholder',
      [network, reading('{{RUNTIME:network:vpcId}}', { optionalDependencies: ['network'] })],
      [],
    ],
    [
      '[STK-011] a cycle through an optional dependency',
      [aStackTemplate('a', { dependencies: ['b'] }), aStackTemplate('b', { optionalDependencies: ['a'] })],
      ['STK-011 dependency cycle a → b → a'],
    ],
  ])('%s', (_case, all, expected) => {
    expect(rules(...all)).toEqual(expected);
  });
});

it('the built-in registry has 16 stacks with the priorities, dependencies and counts of stacks.md 6 and 7', () => {
  const { stackTemplates: registry } = BUILT_IN;
  expect(registry.size).toBe(16);
  expect([...registry.keys()].slice(0, 3)).toEqual(['dns', 'network', 'security']);
  const edges = (list: 'dependencies' | 'optionalDependencies') =>
    [...registry.values()].reduce((sum, template) => sum + template[list].length, 0);
  expect([edges('dependencies'), edges('optionalDependencies')]).toEqual([32, 26]);
  expect([...registry.values()].reduce((sum, template) => sum + template.estimatedDuration, 0)).toBe(4950);
});
