import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { countByType, ProgramHost, type ProgramRun, type Registered } from './program-host';
import { commonTemplate, manifestTemplate, STACK_NAMES, stackTemplate, templateConfig } from './template-config';

/** X1, X2, X4, X5 and X10 of stacks.md 15, over every stack that has a program. */

const STACKS = join(__dirname, '..');
const PROGRAMS = STACK_NAMES.filter((stack) => existsSync(join(STACKS, stack, 'src', 'index.ts')));
const ENVIRONMENTS = ['dev', 'stage', 'prod'];
const RUNS = PROGRAMS.flatMap((stack) => ENVIRONMENTS.map((environment) => [stack, environment] as const));

/** stacks.md 11, template `default`. */
const TOTALS: Record<string, readonly number[]> = {
  dns: [5, 7, 7],
  network: [29, 35, 47],
  security: [65, 65, 65],
  secrets: [12, 12, 12],
  authentication: [10, 10, 10],
  storage: [36, 47, 48],
  'database-rds': [8, 10, 11],
  'containers-images': [8, 8, 8],
  'containers-apps': [26, 25, 25],
  'services-ecr': [16, 16, 16],
  'services-ecs': [25, 22, 22],
  'services-eks': [13, 13, 13],
  'services-api': [11, 11, 11],
  'compute-ec2': [27, 27, 27],
  'compute-lambda': [28, 28, 28],
  monitoring: [40, 42, 45],
};

/** Types that AWS cannot tag, of those the programs use; the bucket's settings and what is no AWS resource among them. */
const UNTAGGABLE = new RegExp(
  `:(${[
    'autoscaling/policy:Policy|LifecyclePolicy|ClusterCapacityProviders|appautoscaling/policy:Policy|WebAclAssociation',
    'RegistryScanningConfiguration|ReplicationConfiguration',
    'Record|CertificateValidation|Route|RouteTableAssociation|RolePolicy|RolePolicyAttachment|Alias',
    'RandomPassword|SecretVersion|SecretRotation',
    'Bucket[A-Z]\\w+|BackupPolicy|MountTarget|Selection',
    'TopicPolicy|TopicSubscription|EventTarget|Permission|Dashboard|LogMetricFilter',
    'Authorizer|Integration|ApiMapping',
    'UserPoolDomain|UserPoolClient|UserGroup|IdentityProvider|IdentityPoolRoleAttachment',
  ].join('|')})$`,
);

/** The stateful set L1, as type tokens. */
const STATEFUL = [
  'aws:route53/zone:Zone',
  'aws:kms/key:Key',
  'aws:ecr/repository:Repository',
  'aws:efs/fileSystem:FileSystem',
  'aws:backup/vault:Vault',
  'aws:cognito/userPool:UserPool',
  'aws:rds/instance:Instance',
];
/** Of the buckets only these; the others hold what can be made again. */
const STATEFUL_BUCKETS = ['primary-bucket', 'backups-bucket', 'lake-bucket'];

/** Auto Scaling groups list their tags, with what each passes on. */
function tagsOf(inputs: Registered['inputs']): unknown {
  const tags = inputs['tags'] as Record<string, string> | { key: string; value: string }[] | undefined;
  return Array.isArray(tags) ? Object.fromEntries(tags.map(({ key, value }) => [key, value])) : tags;
}

let host: ProgramHost;
const runs = new Map<string, ProgramRun>();
const defaultsOf = (stack: string) => manifestTemplate('default').stacks[stack]?.config ?? {};
const runOf = (stack: string, environment: string): ProgramRun => runs.get(`${stack}/${environment}`) as ProgramRun;

beforeAll(async () => {
  host = new ProgramHost();
  for (const [stack, environment] of RUNS) {
    runs.set(`${stack}/${environment}`, await host.run(stack, templateConfig(stack, environment, defaultsOf(stack))));
  }
}, 30_000);
afterAll(() => host.close());

describe.each(RUNS)('%s in %s, with the values of the default template', (stack, environment) => {
  const run = () => runOf(stack, environment);

  test('declares as many resources as the specification counts, each name once', () => {
    expect(run().error).toBeUndefined();
    expect(run().resources).toHaveLength(TOTALS[stack]?.[ENVIRONMENTS.indexOf(environment)] ?? -1);
    expect(new Set(run().resources.map(({ type, name }) => `${type} ${name}`)).size).toBe(run().resources.length);
    if (environment === 'dev') expect(stackTemplate(stack).estimatedResources).toBe(run().resources.length);
  });

  test('exports exactly the declared outputs, none undefined', () => {
    const declared = [commonTemplate(), stackTemplate(stack)].flatMap(({ parameters }) =>
      Object.entries(parameters.outputs),
    );
    expect(Object.keys(run().outputs).sort()).toEqual(declared.map(([name]) => name).sort());
    expect(run().undefinedOutputs).toEqual([]);
    const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);
    for (const [name, { type }] of declared) expect([name, typeOf(run().outputs[name])]).toEqual([name, type]);
    expect(run().outputs).toMatchObject({
      stackName: stack,
      stackEnvironment: environment,
      stackDeploymentId: 'DT3VCA0',
      stackVersion: stackTemplate(stack).version,
      __exists: true,
    });
  });

  test('tags every taggable resource', () => {
    for (const { type, name, inputs } of run().resources.filter((one) => !UNTAGGABLE.test(one.type))) {
      expect([type, name, tagsOf(inputs)]).toEqual([
        type,
        name,
        expect.objectContaining({
          Name: expect.stringContaining(name),
          Project: 'web-shop',
          Organization: 'Northwind Labs',
          Environment: environment,
          DeploymentId: 'DT3VCA0',
          Stack: stack,
          ManagedBy: 'pulumi',
          Team: 'infrastructure',
          CostCenter: 'engineering',
        }),
      ]);
    }
  });

  test('protects exactly the stateful set where the environment asks for it', () => {
    const stateful = run().resources.filter(
      ({ type, name }) =>
        STATEFUL.includes(type) || (type === 'aws:s3/bucket:Bucket' && STATEFUL_BUCKETS.includes(name)),
    );
    const isProtected = run().resources.filter(({ protect }) => protect);
    expect(isProtected.map(({ name }) => name)).toEqual(environment === 'prod' ? stateful.map(({ name }) => name) : []);
  });

  test('opens nothing to the internet but the public load balancer on 80 and 443, and no shell port at all (B1)', () => {
    const rules = run().resources.filter(({ type }) => /SecurityGroup(In|E)gressRule$/.test(type));
    const isOpen = ({ inputs }: Registered) => inputs['cidrIpv4'] === '0.0.0.0/0' || inputs['cidrIpv6'] === '::/0';
    for (const rule of rules) {
      expect([22, 3389]).not.toContain(rule.inputs['fromPort']);
      expect(rule.inputs['fromPort']).toBe(rule.inputs['toPort']);
      if (!isOpen(rule)) continue;
      const isIngress = rule.type.includes('Ingress');
      expect(isIngress ? [80, 443] : [443]).toContain(rule.inputs['fromPort']);
      if (isIngress) expect(rule.inputs['securityGroupId']).toBe('alb-sg-id');
    }
    for (const { inputs } of run().resources.filter(({ type }) => type.endsWith('ecurityGroup'))) {
      expect(inputs).not.toHaveProperty('ingress');
      expect(inputs).not.toHaveProperty('egress');
    }
  });

  test('writes policies without a bare wildcard action, and trust for services alone', () => {
    for (const { type, name, inputs } of run().resources) {
      for (const key of ['policy', 'assumeRolePolicy']) {
        if (typeof inputs[key] !== 'string' || type === 'aws:ecr/lifecyclePolicy:LifecyclePolicy') continue;
        const document = JSON.parse(inputs[key]) as {
          Statement: { Sid: string; Effect: string; Action: string[] }[];
        };
        for (const { Sid, Action } of document.Statement.filter(({ Effect }) => Effect === 'Allow')) {
          const wild = Action.filter((action) => action.includes('*'));
          expect([name, Sid, wild]).toEqual([name, Sid, Sid === 'AccountAdministration' ? ['kms:*'] : []]);
        }
        if (key === 'assumeRolePolicy') expect(type).toBe('aws:iam/role:Role');
      }
    }
  });

  test('survives a preview, in which nothing is known yet', async () => {
    const preview = await host.run(stack, templateConfig(stack, environment, defaultsOf(stack)), true);
    expect(preview.error).toBeUndefined();
    expect(countByType(preview)).toEqual(countByType(run()));
  });
});

describe('common keys', () => {
  const COMMON = commonTemplate().parameters.inputs;
  const required = Object.entries(COMMON).filter(([, { required: isRequired }]) => isRequired);

  test.each(required.map(([key]) => key))('a run without %s is refused before anything is registered', async (key) => {
    const run = await host.run('network', templateConfig('network', 'dev', { [key]: null }));
    expect(run.error?.message).toBe(`network: ${key} is missing: expected a string`);
    expect(run.resources).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['deploymentId', 'X3VCA0', 'expected D and 5 to 9'],
    ['organization', 'x'.repeat(101), 'at most 100 characters'],
    ['project', '!!!', 'at least one letter'],
    ['environment', 'staging', 'expected one of dev, stage, prod'],
    ['region', 'us-east', 'expected an AWS region'],
    ['secondaryRegion', 'us-east-1', 'must differ from region'],
    ['accountId', '1234', '12 digits'],
    ['domain', 'localhost', 'at least two labels'],
    ['team', 'x'.repeat(65), 'at most 64 characters'],
    ['costCenter', 'x'.repeat(65), 'at most 64 characters'],
    ['protectStateful', 'yes', 'expected one of true, false'],
    ['logRetentionDays', 8, 'expected one of 1, 3, 5'],
    ['logRetentionDays', 'many', 'expected a number'],
    ['extraTags', { Stack: 'mine' }, 'Stack is a tag of every resource'],
    ['extraTags', { name: 'mine' }, 'name is a tag of every resource'],
    ['extraTags', ['a'], 'expected an object of strings'],
    ['extraTags', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`t${i}`, 'x'])), 'at most 20 tags'],
    ['extraTags', '{', 'expected JSON'],
  ])('%s = %j is refused before anything is registered', async (key, value, rule) => {
    const run = await host.run('network', templateConfig('network', 'dev', { [key]: value }));
    expect(run.error).toMatchObject({ name: 'InvalidInput', key });
    expect(run.error?.message).toContain(`network: ${key} = `);
    expect(run.error?.message).toContain(rule);
    expect(run.resources).toEqual([]);
  });

  test('extra tags reach every taggable resource; a missing team leaves its tag out', async () => {
    const run = await host.run(
      'network',
      templateConfig('network', 'dev', { team: null, extraTags: { Owner: 'ops' } }),
    );
    for (const { inputs } of run.resources.filter(({ type }) => !UNTAGGABLE.test(type))) {
      expect(inputs['tags']).toHaveProperty('Owner', 'ops');
      expect(inputs['tags']).not.toHaveProperty('Team');
    }
  });
});

describe.each(PROGRAMS)('sources of %s', (stack) => {
  const root = join(STACKS, stack, 'src');
  const sources = readdirSync(root)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
  const all = sources.map(([, text]) => text).join('\n');
  const index = sources.find(([file]) => file === 'index.ts')?.[1] ?? '';
  const shared = ['state.ts', ...(all.includes('readServiceSettings') ? ['service-settings.ts'] : [])]
    .map((file) => readFileSync(join(STACKS, 'shared', file), 'utf8'))
    .join('\n');

  test('chain no promises, read no other stack, print nothing, stringify no output', () => {
    expect(all).not.toMatch(
      /\.then\(|\bawait\b|StackReference|\bconsole\.(log|info|warn|error|debug)\b|JSON\.stringify|process\.env/,
    );
  });

  test('pass no argument that provider v7 has deprecated', () => {
    expect(all).not.toMatch(/managedPolicyArns|inlinePolicies|\bvpc: true|BucketV2|isEnabled/);
  });

  test('import one AWS service at a time: the whole SDK costs 300 modules', () => {
    expect(all).not.toMatch(/from '@pulumi\/aws'/);
  });

  test('keep resources out of index.ts, and index.ts short', () => {
    expect(index).not.toMatch(/\bnew (?!pulumi\.Config|InvalidInput|Set)/);
    expect(index.split('\n').length).toBeLessThanOrEqual(121); // 120 lines and the closing line feed
  });

  test('register nothing inside apply', () => {
    for (const [, text] of sources) expect(text).not.toMatch(/\.apply\([^)]*\bnew /);
  });

  test('have a Pulumi.yaml of exactly three keys, and a package with the allowed providers only', () => {
    const yaml = parse(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')) as Record<string, unknown>;
    expect(yaml).toEqual({ name: stack, runtime: 'nodejs', description: stackTemplate(stack).description });
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      private: true,
      type: 'commonjs',
      version: stackTemplate(stack).version,
    });
    expect(manifest['dependencies']).toEqual({
      '@pulumi/aws': '^7',
      '@pulumi/pulumi': '^3',
      ...(stack === 'secrets' && { '@pulumi/random': '^4' }),
    });
    expect(existsSync(join(root, 'tsconfig.json'))).toBe(true);
    expect(existsSync(join(STACKS, stack, 'docs', 'README.md'))).toBe(true);
  });

  test('read exactly the inputs that the templates declare', () => {
    const read = [...`${all}\n${shared}`.matchAll(/\bread\s*\.(?:require|opt)[A-Z][a-z]+\(\s*'(\w+)'/g)].map(
      ([, key]) => key,
    );
    const declared = { ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs };
    expect([...new Set(read)].sort()).toEqual(Object.keys(declared).sort());
  });

  test('read an input as the type that the template declares', () => {
    const READER = { String: 'string', Number: 'number', Bool: 'boolean', Array: 'array', Map: 'object' } as const;
    const calls = all.matchAll(/\bread\s*\.(require|opt)(String|Number|Bool|Array|Map)\(\s*'(\w+)'/g);
    for (const [, , kind, key] of calls) {
      const input = stackTemplate(stack).parameters.inputs[key ?? ''];
      expect([key, input?.type]).toEqual([key, READER[kind as keyof typeof READER]]);
    }
  });
});
