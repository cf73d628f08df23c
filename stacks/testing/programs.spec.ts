import { countByType, ProgramHost, type ProgramRun, type Registered } from './program-host';
import { commonTemplate, manifestTemplate, STACK_NAMES, stackTemplate, templateConfig } from './template-config';

/** X2, X4, X5 and X11 of stacks.md 15, over every program; X1 is in counts.spec.ts, X3 in validation.spec.ts, X10 in sources.spec.ts. */

const ENVIRONMENTS = ['dev', 'stage', 'prod'];
const RUNS = STACK_NAMES.flatMap((stack) => ENVIRONMENTS.map((environment) => [stack, environment] as const));

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
}, 120_000);
afterAll(() => host.close());

describe.each(RUNS)('%s in %s, with the values of the default template', (stack, environment) => {
  const run = () => runOf(stack, environment);

  test('X2: exports exactly the declared outputs, none undefined', () => {
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

  test('X4: tags every taggable resource', () => {
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

  test('X5: protects exactly the stateful set where the environment asks for it', () => {
    const stateful = run().resources.filter(
      ({ type, name }) =>
        STATEFUL.includes(type) || (type === 'aws:s3/bucket:Bucket' && STATEFUL_BUCKETS.includes(name)),
    );
    const isProtected = run().resources.filter(({ protect }) => protect);
    expect(isProtected.map(({ name }) => name)).toEqual(environment === 'prod' ? stateful.map(({ name }) => name) : []);
  });

  test('X4: opens nothing to the internet but the public load balancer on 80 and 443, and no shell port at all (B1)', () => {
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

  test('X4: writes policies without a bare wildcard action, and trust for services alone', () => {
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

  test('X1: survives a preview, in which nothing is known yet', async () => {
    const preview = await host.run(stack, templateConfig(stack, environment, defaultsOf(stack)), true);
    expect(preview.error).toBeUndefined();
    expect(countByType(preview)).toEqual(countByType(run()));
  });
});

test('X4: extra tags reach every taggable resource; a missing team leaves its tag out', async () => {
  const run = await host.run('network', templateConfig('network', 'dev', { team: null, extraTags: { Owner: 'ops' } }));
  for (const { inputs } of run.resources.filter(({ type }) => !UNTAGGABLE.test(type))) {
    expect(inputs['tags']).toHaveProperty('Owner', 'ops');
    expect(inputs['tags']).not.toHaveProperty('Team');
  }
});
