import {
  aManifest,
  anInput,
  anOutput,
  aStackTemplate,
  BUILT_IN,
  findingsOf as allFindingsOf,
  initialised,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import type { StackTemplate } from '../../templates/stack-template.js';
import type { ManifestStack } from './manifest.js';
import type { Values } from './merge.js';
import { stackGraph } from './manifest-context.js';
import { manifestRefusal, validateManifest } from './validation.js';

/** Code and severity of every rule (deployments.md 8.4). */
const CATALOGUE: Readonly<Record<string, readonly [string, string]>> = {
  'SYN-001': ['MANIFEST_SYNTAX', 'CRITICAL'],
  'SYN-002': ['MANIFEST_SECTION_MISSING', 'CRITICAL'],
  'SYN-003': ['MANIFEST_NOT_FOUND', 'CRITICAL'],
  'SCH-001': ['VALIDATION_REQUIRED_FIELD', 'CRITICAL'],
  'SCH-002': ['UNSUPPORTED_VERSION', 'CRITICAL'],
  'SCH-003': ['INVALID_DEPLOYMENT_ID', 'CRITICAL'],
  'SCH-004': ['VALIDATION_INVALID_FORMAT', 'CRITICAL'],
  'SCH-005': ['INVALID_ACCOUNT_ID', 'CRITICAL'],
  'SCH-006': ['INVALID_REGION', 'CRITICAL'],
  'SCH-007': ['INVALID_TIMESTAMP', 'HIGH'],
  'SCH-008': ['UNKNOWN_TEMPLATE', 'HIGH'],
  'SCH-009': ['INVALID_ENVIRONMENT_NAME', 'CRITICAL'],
  'SCH-010': ['DEV_REQUIRED', 'CRITICAL'],
  'SCH-011': ['INVALID_PRIORITY', 'CRITICAL'],
  'SCH-012': ['INVALID_LAYER', 'HIGH'],
  'SCH-013': ['UNKNOWN_STACK', 'CRITICAL'],
  'SCH-W01': ['UNKNOWN_KEY', 'LOW'],
  'DEP-001': ['MISSING_DEPENDENCY', 'CRITICAL'],
  'DEP-002': ['DISABLED_DEPENDENCY', 'CRITICAL'],
  'DEP-003': ['DEPENDENCY_DISABLED_IN_ENV', 'CRITICAL'],
  'DEP-004': ['CIRCULAR_DEPENDENCY', 'CRITICAL'],
  'DEP-005': ['TEMPLATE_DEPENDENCY_MISMATCH', 'HIGH'],
  'DEP-007': ['LAYER_TOO_LOW', 'HIGH'],
  'DEP-012': ['INVALID_WILDCARD', 'HIGH'],
  'DEP-W01': ['IMPLICIT_DEPENDENCY', 'LOW'],
  'DEP-W02': ['EXTRA_DEPENDENCY', 'LOW'],
  'DEP-W03': ['ISOLATED_STACK', 'LOW'],
  'CFG-001': ['REQUIRED_PARAMETER', 'HIGH'],
  'CFG-002': ['PARAMETER_TYPE', 'HIGH'],
  'CFG-003': ['PARAMETER_CONSTRAINT', 'HIGH'],
  'CFG-004': ['CIDR_INVALID', 'HIGH'],
  'CFG-W01': ['UNDECLARED_PARAMETER', 'LOW'],
  'CFG-W02': ['DEFAULT_USED', 'LOW'],
  'CFG-W03': ['LITERAL_SECRET', 'LOW'],
  'CFG-W04': ['CIDR_OVERLAP', 'LOW'],
  'PH-001': ['PLACEHOLDER_SYNTAX', 'HIGH'],
  'PH-002': ['PLACEHOLDER_PARAMS', 'HIGH'],
  'PH-003': ['PLACEHOLDER_UNKNOWN_STACK', 'HIGH'],
  'PH-004': ['PLACEHOLDER_UNKNOWN_OUTPUT', 'HIGH'],
  'PH-005': ['PLACEHOLDER_SELF_REFERENCE', 'HIGH'],
  'PH-006': ['PLACEHOLDER_LOOP', 'HIGH'],
  'PH-007': ['PLACEHOLDER_UNKNOWN_ENV_KEY', 'HIGH'],
  'PH-008': ['PLACEHOLDER_TYPE', 'MEDIUM'],
  'PH-W01': ['PLACEHOLDER_DEPRECATED', 'LOW'],
  'ENV-W01': ['SHARED_PROD_ACCOUNT', 'LOW'],
  'POL-W01': ['MONITORING_DISABLED_IN_PROD', 'LOW'],
  'POL-W02': ['MULTI_AZ_OFF_IN_PROD', 'LOW'],
  'POL-W03': ['STACK_DISABLED_IN_ENV', 'LOW'],
  'PH-010': ['PLACEHOLDER_RESOLUTION', 'HIGH'],
  'PH-011': ['PLACEHOLDER_RESOLUTION', 'HIGH'],
  'PH-012': ['PLACEHOLDER_RESOLUTION', 'HIGH'],
  'PH-013': ['PLACEHOLDER_RESOLUTION', 'HIGH'],
  'PH-014': ['PLACEHOLDER_RESOLUTION', 'HIGH'],
};

/** Whatever is found has the code and severity of its rule. */
const findingsOf: typeof allFindingsOf = (...given) => {
  const found = allFindingsOf(...given);
  for (const { ruleId, code, severity } of found)
    expect([ruleId, code, severity]).toEqual([ruleId, ...(CATALOGUE[ruleId] ?? [code, severity])]);
  return found;
};

type Graph = Readonly<
  Record<string, { hard?: string[]; optional?: string[]; priority?: number } & Partial<ManifestStack>>
>;

/** Stacks with the same dependencies in template and manifest; `dependencies` overrides those of the manifest. */
const graphOf = (graph: Graph) => {
  const templates = Object.entries(graph).map(([name, { hard = [], optional = [], priority = 100 }]) =>
    aStackTemplate(name, { dependencies: hard, optionalDependencies: optional, priority }),
  );
  const stacks = Object.fromEntries(
    Object.entries(graph).map(([name, { hard = [], optional: _o, ...block }]) => [
      name,
      { dependencies: hard, ...block },
    ]),
  );
  return { manifest: aManifest(stacks), options: { stackTemplates: stackTemplates(...templates) } };
};
const ids = (given: unknown, templates: readonly StackTemplate[] = [], more = {}): string[] =>
  findingsOf(given, { stackTemplates: stackTemplates(...templates), ...more }).map((finding) => finding.ruleId);

describe('syntax and schema (deployments.md 8.4)', () => {
  const base = aManifest({ a: {} });
  const changed = (over: Values): unknown => aManifest({ a: {} }, over);

  it.each([
    ['SYN-001', 'a: 1\na: 2\n', ''],
    ['SYN-001', 'a: !!js/function x\n', ''],
    ['SYN-001', '{"a": ', ''],
    ['SYN-003', null, ''],
    ['SYN-002', { spec: base.spec }, 'deployment'],
    ['SYN-002', { deployment: base.deployment, spec: { stacks: {} } }, 'environments'],
    ['SCH-001', changed({ deployment: { domain: null } }), 'deployment.domain'],
    ['SCH-001', changed({ spec: { environments: { dev: { account: null } } } }), 'environments.dev.account'],
    ['SCH-002', changed({ version: '2.3' }), 'version'],
    ['SCH-003', changed({ deployment: { id: 'X1' } }), 'deployment.id'],
    ['SCH-004', changed({ spec: { stacks: { a: { dependencies: 'network' } } } }), 'stacks.a.dependencies'],
    ['SCH-004', changed({ spec: { stacks: { a: null } } }), 'stacks'],
    ['SCH-005', changed({ spec: { environments: { dev: { account: '12' } } } }), 'environments.dev.account'],
    ['SCH-006', changed({ spec: { environments: { dev: { region: 'mars-1' } } } }), 'environments.dev.region'],
    ['SCH-007', changed({ deployment: { createdAt: 'yesterday' } }), 'deployment.createdAt'],
    ['SCH-009', changed({ spec: { environments: { staging: base.spec.environments.dev } } }), 'environments.staging'],
    ['SCH-009', changed({ spec: { stacks: { a: { environments: { qa: {} } } } } }), 'stacks.a.environments.qa'],
    ['SCH-010', changed({ spec: { environments: { dev: { enabled: false } } } }), 'environments.dev'],
    ['SCH-010', changed({ spec: { environments: { dev: null } } }), 'environments.dev'],
    ['SCH-011', changed({ spec: { stacks: { a: { priority: 1000 } } } }), 'stacks.a.priority'],
    ['SCH-011', changed({ spec: { stacks: { a: { priority: 0 } } } }), 'stacks.a.priority'],
    ['SCH-011', changed({ spec: { stacks: { a: { priority: 1.5 } } } }), 'stacks.a.priority'],
    ['SCH-012', changed({ spec: { stacks: { a: { layer: 11 } } } }), 'stacks.a.layer'],
    ['SCH-012', changed({ spec: { stacks: { a: { layer: 0 } } } }), 'stacks.a.layer'],
    ['SCH-005', changed({ spec: { environments: { dev: { account: '1234567890123' } } } }), 'environments.dev.account'],
    ['SCH-005', changed({ spec: { environments: { dev: { account: '12345678901x' } } } }), 'environments.dev.account'],
    ['SCH-013', changed({ spec: { stacks: { ghost: { enabled: true, dependencies: [] } } } }), 'stacks.ghost'],
    ['SCH-W01', changed({ deployment: { nickname: 'x' } }), 'deployment.nickname'],
  ])('[%s] is found in %j at %s', (rule, given, location) => {
    const found = findingsOf(given, { stackTemplates: stackTemplates(aStackTemplate('a')) }, rule);
    expect(found.map((finding) => finding.location)).toContain(location);
  });

  it.each([
    ['SCH-011', { priority: 1 }],
    ['SCH-011', { priority: 999 }],
    ['SCH-012', { layer: 1 }],
    ['SCH-012', { layer: 10 }],
  ])('[%s] has nothing to say about %j', (rule, block) => {
    const given = changed({ spec: { stacks: { a: block } } });
    expect(findingsOf(given, { stackTemplates: stackTemplates(aStackTemplate('a')) }, rule)).toEqual([]);
  });

  it('[SYN-001] tells line and column', () => {
    expect(findingsOf('a: 1\na: 2\n', { stackTemplates: new Map() })[0]?.details).toEqual({ line: 2, column: 1 });
  });

  it('[SCH-008] [SCH-003] [SCH-004] [COD-001] look at the surroundings', () => {
    const more = {
      deploymentId: 'DOTHER1',
      maxStacks: 0,
      isKnownTemplate: () => false,
      isProgramPresent: () => false,
    };
    const given = changed({ deployment: { template: 'gone' } });
    expect(ids(given, [aStackTemplate('a')], more)).toEqual(['SCH-003', 'SCH-004', 'SCH-008', 'COD-001']);
    expect(ids(given, [aStackTemplate('a')])).not.toContain('SCH-008');
  });

  it('a level with errors stops the following ones', () => {
    const broken = aManifest({ a: { dependencies: ['ghost'], config: { x: '{{BAD:1}}' } } });
    const options = { stackTemplates: stackTemplates(aStackTemplate('a')) };
    expect(validateManifest(broken, options)).toMatchObject({ valid: false, level: 'dependencies' });
    expect(validateManifest(broken, { ...options, level: 'schema' })).toMatchObject({ valid: true, level: 'schema' });
  });
});

describe('dependencies (deployments.md 6)', () => {
  const net = { network: {}, security: { hard: ['network'] } };

  it.each<[string, Graph, string, string]>([
    ['[DEP-001][6.6-13]', { app: { hard: [], dependencies: ['ghost'] } }, 'app', 'unknown stack ghost'],
    [
      '[DEP-002][6.6-12]',
      { network: {}, security: { enabled: false }, database: { hard: ['network', 'security'] } },
      'database',
      'is disabled',
    ],
    [
      '[DEP-003]',
      { network: { environments: { dev: { enabled: false } } }, app: { hard: ['network'] } },
      'app',
      'disabled in dev',
    ],
    ['[DEP-005]', { network: {}, app: { hard: ['network'], dependencies: [] } }, 'app', 'lacks dependency network'],
    ['[DEP-007][6.6-14]', { network: { layer: 1 }, security: { hard: ['network'], layer: 1 } }, 'security', 'layer 2'],
    ['[DEP-012]', { ...net, app: { dependencies: ['*', 'network'] } }, 'app', 'mixes'],
    ['[DEP-W02]', { ...net, app: { dependencies: ['network'] } }, 'app', 'in this manifest only'],
    ['[DEP-W03]', { ...net, app: {} }, 'app', 'no dependents'],
  ])('%s is found in %j on %s: %s', (ids, graph, stack, text) => {
    const { manifest, options } = graphOf(graph);
    expect(findingsOf(manifest, options, ids.slice(1, ids.indexOf(']')))).toEqual([
      expect.objectContaining({ stack, message: expect.stringContaining(text) as string }),
    ]);
  });

  it.each<[string, Graph]>([
    ['disabled stacks with bad dependencies', { app: { enabled: false, dependencies: ['ghost'], hard: ['ghost'] } }],
    ['an optional dependency that is absent', { network: {}, app: { hard: ['network'], optional: ['cache'] } }],
    ['a declared layer above the calculated one [6.6-14]', { network: {}, app: { hard: ['network'], layer: 5 } }],
  ])('has nothing to say about %s', (_case, graph) => {
    const { manifest, options } = graphOf(graph);
    expect(findingsOf(manifest, options).filter((finding) => finding.ruleId.startsWith('DEP'))).toEqual([]);
  });

  it.each<[Graph, string[]]>([
    [
      { 'compute-ec2': { hard: ['security'] }, security: { hard: ['network'] }, network: { hard: ['compute-ec2'] } },
      ['compute-ec2 → security → network → compute-ec2'],
    ],
    [{ network: { hard: ['network'] } }, ['network → network']],
    [
      { a: { hard: ['b'] }, b: { hard: ['c'] }, c: { hard: ['a'] }, x: { hard: ['y'] }, y: { hard: ['x'] } },
      ['a → b → c → a', 'x → y → x'],
    ],
    [{ a: { hard: ['b', 'd'] }, b: { hard: ['c'] }, c: { hard: ['a'] }, d: { hard: ['c'] } }, ['a → b → c → a']],
  ])('[DEP-004] finds every cycle of %j', (graph, cycles) => {
    const { manifest, options } = graphOf(graph);
    const found = findingsOf(manifest, options, 'DEP-004');
    expect(found.map((finding) => (finding.details['cycle'] as string[]).join(' → '))).toEqual(cycles);
  });

  it('[DEP-W01] [6.6-15] a placeholder adds the edge, and a cycle through it names the implicit edges', () => {
    const templates = stackTemplates(
      aStackTemplate('network', { outputs: { vpcId: anOutput() } }),
      aStackTemplate('security', { outputs: { id: anOutput() } }),
    );
    const reading = { config: { vpcId: '{{RUNTIME:network:vpcId}}' } };
    const manifest = aManifest({ network: {}, security: reading });
    expect(stackGraph(manifest, templates, 'dev').layers).toEqual([['network'], ['security']]);
    expect(findingsOf(manifest, { stackTemplates: templates }, 'DEP-W01')).toEqual([
      expect.objectContaining({ stack: 'security', location: 'stacks.security.config.vpcId' }),
    ]);
    const cyclic = aManifest({ network: { config: { id: '${security.id}' } }, security: reading });
    expect(findingsOf(cyclic, { stackTemplates: templates }, 'DEP-004')[0]?.details).toEqual({
      cycle: ['network', 'security', 'network'],
      affectedStacks: ['network', 'security'],
      implicitEdges: [
        { from: 'network', to: 'security' },
        { from: 'security', to: 'network' },
      ],
    });
  });

  it('[6.6-17] optional dependencies order where they are enabled', () => {
    const graph = { network: {}, cache: { hard: ['network'] }, app: { hard: ['network'], optional: ['cache'] } };
    const on = graphOf(graph);
    expect(stackGraph(on.manifest, on.options.stackTemplates, 'dev').layers).toEqual([['network'], ['cache'], ['app']]);
    const off = graphOf({ ...graph, cache: { hard: ['network'], enabled: false } });
    expect(stackGraph(off.manifest, off.options.stackTemplates, 'dev').layers).toEqual([['network'], ['app']]);
  });
});

describe('configuration (deployments.md 4.3)', () => {
  const template = aStackTemplate('db', {
    inputs: {
      name: anInput({ required: true }),
      port: anInput({ type: 'number', minimum: 1, maximum: 10 }),
      mode: anInput({ allowedValues: ['a', 'b'] }),
      code: anInput({ pattern: '^x' }),
      list: anInput({ type: 'array', minimum: 1, maximum: 2 }),
      password: anInput({ secret: true, pattern: '^[0-9]+$' }),
      vpcCidr: anInput(),
      size: anInput({ required: true, default: 'small' }),
    },
  });
  const find = (config: Values, rule: string) =>
    findingsOf(
      aManifest({ db: { config: { name: 'n', ...config } } }),
      { stackTemplates: stackTemplates(template) },
      rule,
    );

  it.each([
    ['CFG-001', { name: null }, 'stacks.db.config.name'],
    ['CFG-002', { port: '5' }, 'stacks.db.config.port'],
    ['CFG-003', { port: 11 }, 'stacks.db.config.port'],
    ['CFG-003', { port: 0 }, 'stacks.db.config.port'],
    ['CFG-003', { mode: 'c' }, 'stacks.db.config.mode'],
    ['CFG-003', { code: 'y' }, 'stacks.db.config.code'],
    ['CFG-003', { list: [1, 2, 3] }, 'stacks.db.config.list'],
    ['CFG-003', { region: 'eu-west-1' }, 'stacks.db.config.region'],
    ['CFG-004', { vpcCidr: '10.0.0.0/33' }, 'stacks.db.config.vpcCidr'],
    ['CFG-W01', { typo: 1 }, 'stacks.db.config.typo'],
    ['CFG-W02', {}, 'stackTemplates.db.parameters.inputs.size.default'],
    ['CFG-W03', { password: '123' }, 'stacks.db.config.password'],
    ['TPL-010', { code: '{{LEFT_OVER}}' }, 'stacks.db.config.code'],
  ])('[%s] is found in %j', (rule, config, location) => {
    expect(find(config, rule).map((finding) => finding.location)).toEqual([location]);
  });

  it.each([
    ['CFG-002', { port: '{{RUNTIME:env:CLOUD_PORT}}' }],
    ['CFG-003', { mode: '${aws.region.current}' }],
    ['CFG-004', { vpcCidr: '{{ENV:cidr}}' }],
    ['CFG-W03', { password: '{{SECRET:prod/db}}' }],
  ])('[%s] waits for placeholders: %j', (rule, config) => {
    expect(find(config, rule)).toEqual([]);
  });

  it('never shows a secret in a finding', () => {
    expect(JSON.stringify(find({ password: 'hunter2' }, 'CFG-003'))).not.toContain('hunter2');
  });

  it('[CFG-W04] [ENV-W01] environments that share what they should not', () => {
    const account = '111111111111';
    const { manifest } = initialised({
      template: 'microservices',
      accounts: { dev: account },
      overrides: { stacks: { network: { config: { vpcCidr: '10.9.0.0/16' } } } },
    });
    const found = findingsOf(manifest, BUILT_IN);
    expect(found.filter(({ ruleId }) => ruleId === 'CFG-W04').map(({ details }) => details['environments'])).toEqual([
      ['dev', 'stage'],
      ['dev', 'prod'],
    ]);
    expect(found.find(({ ruleId }) => ruleId === 'ENV-W01')?.details).toEqual({
      account,
      sharedWith: ['dev', 'stage'],
    });
  });

  it('[POL-W01] [POL-W02] [POL-W03] advise on prod and on switched-off stacks', () => {
    const { manifest } = initialised({
      template: 'data-platform',
      overrides: {
        environments: { prod: { enabled: true } },
        stacks: {
          'database-rds': { environments: { prod: { config: { multiAz: false } } } },
          monitoring: { environments: { prod: { enabled: false } } },
        },
      },
    });
    const policies = findingsOf(manifest, BUILT_IN).filter(({ ruleId }) => ruleId.startsWith('POL'));
    expect(policies.map(({ ruleId, environment }) => [ruleId, environment])).toEqual([
      ['POL-W01', 'prod'],
      ['POL-W02', 'prod'],
      ['POL-W03', 'prod'],
    ]);
  });

  it('looks at disabled environments only when they are enabled', () => {
    const prod = { account: '333333333333', region: 'us-west-2', config: { port: 'x' } };
    const given = (enabled: boolean) =>
      aManifest({ db: { config: { name: 'n' } } }, { spec: { environments: { prod: { ...prod, enabled } } } });
    const options = { stackTemplates: stackTemplates(template) };
    expect(findingsOf(given(false), options, 'CFG-002')).toEqual([]);
    expect(findingsOf(given(true), options, 'CFG-002')).toHaveLength(1);
  });
});

describe('placeholders on save (deployments.md 8.4)', () => {
  const templates = stackTemplates(
    aStackTemplate('network', { outputs: { vpcId: anOutput(), ids: anOutput({ type: 'array' }) } }),
    aStackTemplate('app', { dependencies: ['network'], inputs: { n: anInput({ type: 'number' }) } }),
    aStackTemplate('off'),
  );
  const find = (config: Values, rule: string, environment: Values = {}) =>
    findingsOf(
      aManifest(
        { network: {}, app: { dependencies: ['network'], config }, off: { enabled: false } },
        { spec: { environments: { dev: { config: environment } } } },
      ),
      { stackTemplates: templates, processVariables: new Set(['CLOUD_A']) },
      rule,
    );

  it.each<[string, Values, Values?]>([
    ['PH-001', { x: '{{BAD:network:vpcId}}' }],
    ['PH-002', { x: '{{RUNTIME:aws:nonsense:1}}' }],
    ['PH-003', { x: '{{RUNTIME:ghost:id}}' }],
    ['PH-003', { x: 'id=${off.id}' }],
    ['PH-004', { x: { deep: ['{{RUNTIME:network:nope}}'] } }],
    ['PH-005', { x: '{{RUNTIME:app:self}}' }],
    ['PH-006', { x: '{{ENV:a}}' }, { a: '{{ENV:b}}', b: '{{ENV:a}}' }],
    [
      'PH-006',
      {},
      { a: '{{ENV:b}}', b: '{{ENV:c}}', c: '{{ENV:d}}', d: '{{ENV:e}}', e: '{{ENV:f}}', f: '{{ENV:g}}', g: '' },
    ],
    ['PH-007', { x: '{{ENV:nothing}}' }],
    ['PH-007', { x: '{{RUNTIME:env:HOME}}' }],
    ['PH-008', { n: '{{RUNTIME:network:vpcId}}' }],
    ['PH-W01', { x: '{{network.vpcId}}' }],
  ])('[%s] is found in %j', (rule, config, environment = {}) => {
    expect(find(config, rule, environment)).toHaveLength(1);
  });

  it.each<[string, Values, Values?]>([
    ['PH-004', { x: '{{RUNTIME:network:ids.0}}' }],
    ['PH-006', { x: '{{ENV:a}}' }, { a: '{{ENV:b}}', b: 'end' }],
    ['PH-007', { x: '{{ENV:a.b}} {{RUNTIME:env:CLOUD_A}}' }, { a: { b: 1 } }],
    ['PH-001', { x: 'literal ${word} and \\{{RUNTIME:x' }],
  ])('[%s] has nothing to say about %j', (rule, config, environment = {}) => {
    expect(find(config, rule, environment)).toEqual([]);
  });

  it('points at the place in the document', () => {
    expect(find({ x: { deep: ['{{RUNTIME:network:nope}}'] } }, 'PH-004')[0]).toMatchObject({
      location: 'stacks.app.config.x.deep',
      details: { placeholder: '{{RUNTIME:network:nope}}', path: 'x.deep[0]' },
    });
  });
});

describe('refusal (spec README 50)', () => {
  const finding = (ruleId: string) => ({
    ruleId,
    code: 'X',
    severity: 'CRITICAL' as const,
    message: ruleId,
    location: '',
    details: { cycle: ['a', 'a'] },
    remediation: '',
  });

  it.each([
    [['DEP-004', 'DEP-004'], 'VALIDATION_CIRCULAR_DEPENDENCY'],
    [['DEP-001', 'DEP-003'], 'VALIDATION_MISSING_DEPENDENCY'],
    [['PH-003', 'PH-005'], 'VALIDATION_UNRESOLVABLE_PLACEHOLDER'],
    [['SCH-013'], 'VALIDATION_INVALID_TEMPLATE'],
    [['DEP-004', 'DEP-001'], 'MANIFEST_INVALID'],
    [['DEP-005'], 'MANIFEST_INVALID'],
    [['CFG-001', 'PH-001'], 'MANIFEST_INVALID'],
  ])('%j is %s', (rules, code) => {
    const refusal = manifestRefusal(rules.map(finding));
    expect(refusal).toMatchObject({ code, status: 422, details: { errors: rules.map((ruleId) => ({ ruleId })) } });
  });

  it('is none for warnings', () => {
    expect(manifestRefusal([{ ...finding('DEP-W01'), severity: 'LOW' }])).toBeNull();
  });
});
