import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { manifestTemplate, templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const ALL = ['ecs', 'eks', 'ec2', 'lambda', 'apigateway', 'efs'];
const run = (workloads: readonly string[] = ALL, overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('security', templateConfig('security', environment, { workloads, ...overrides }));

const workloadsOf = (template: string) =>
  manifestTemplate(template).stacks['security']?.config?.['workloads'] as string[];

test.each([
  ['default', 10, 19, 22, 8, 65],
  ['minimal', 4, 6, 6, 0, 22],
  ['microservices', 6, 10, 10, 2, 34],
  ['data-platform', 5, 7, 8, 0, 26],
])('template %s: %i groups, %i ingress, %i egress rules, %i roles and attachments', async (template, ...expected) => {
  const done = await run(workloadsOf(template));
  const counts = countByType(done);
  const of = (...types: string[]) => types.reduce((sum, type) => sum + (counts[type] ?? 0), 0);
  expect([
    of('aws:ec2/securityGroup:SecurityGroup'),
    of('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule'),
    of('aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule'),
    of('aws:iam/role:Role', 'aws:iam/rolePolicyAttachment:RolePolicyAttachment'),
    done.resources.length,
  ]).toEqual(expected);
  expect([of('aws:kms/key:Key'), of('aws:kms/alias:Alias')]).toEqual([3, 3]);
  expect(done.undefinedOutputs).toEqual([]);
});

/** `group<peer:port` for ingress, `group>peer:port` for egress. */
function rules(done: ProgramRun): string[] {
  const group = (id: unknown) => String(id).replace('-sg-id', '');
  return done.resources
    .filter(({ type }) => type.startsWith('aws:vpc/'))
    .map(({ type, inputs }) => {
      const peer = inputs['cidrIpv4'] ?? group(inputs['referencedSecurityGroupId']);
      const port = inputs['ipProtocol'] === '-1' ? 'all' : inputs['fromPort'];
      return `${group(inputs['securityGroupId'])}${type.includes('Ingress') ? '<' : '>'}${peer}:${port}`;
    })
    .sort();
}

test('the base tiers see each other and nothing else', async () => {
  expect(rules(await run([]))).toEqual([
    'alb<0.0.0.0/0:443',
    'alb<0.0.0.0/0:80',
    'alb>api:8080',
    'alb>web:3000',
    'api<alb:8080',
    'api<web:8080',
    'api>0.0.0.0/0:443',
    'api>database:5432',
    'database<api:5432',
    'web<alb:3000',
    'web>0.0.0.0/0:443',
    'web>api:8080',
  ]);
});

test.each([
  [
    'ecs',
    [
      'api<internal-alb:8080',
      'api>internal-alb:80',
      'internal-alb<api:80',
      'internal-alb<web:80',
      'internal-alb>api:8080',
      'web>internal-alb:80',
    ],
  ],
  ['ec2', ['alb>ec2:3000', 'database<ec2:5432', 'ec2<alb:3000', 'ec2>0.0.0.0/0:443', 'ec2>database:5432']],
  ['lambda', ['database<lambda:5432', 'lambda>0.0.0.0/0:443', 'lambda>database:5432']],
  [
    'eks',
    [
      'database<eks-node:5432',
      'eks-node<eks-node:all',
      'eks-node>0.0.0.0/0:443',
      'eks-node>database:5432',
      'eks-node>eks-node:all',
    ],
  ],
  ['efs', ['api>efs:2049', 'efs<api:2049']],
])('workload %s adds its own rules', async (workload, added) => {
  const base = rules(await run([]));
  expect(rules(await run([workload])).filter((rule) => !base.includes(rule))).toEqual(added);
});

test('with every workload, the pairs between workloads are there too', async () => {
  expect(rules(await run())).toEqual(
    expect.arrayContaining([
      'internal-alb<vpc-link:80',
      'vpc-link>internal-alb:80',
      ...['ec2', 'lambda', 'eks-node'].flatMap((tier) => [`efs<${tier}:2049`, `${tier}>efs:2049`]),
    ]),
  );
});

test('each load balancer block gets a rule per port; without any the public is shut out', async () => {
  const blocks = ['198.51.100.0/24', '203.0.113.0/24'];
  const alb = (all: string[]) => all.filter((rule) => rule.startsWith('alb<'));
  expect(alb(rules(await run([], { albIngressCidrs: blocks })))).toEqual([
    'alb<198.51.100.0/24:443',
    'alb<198.51.100.0/24:80',
    'alb<203.0.113.0/24:443',
    'alb<203.0.113.0/24:80',
  ]);
  expect(alb(rules(await run([], { albIngressCidrs: null })))).toEqual([]);
});

test('rules and outputs speak of the same ports (SEC-1)', async () => {
  const done = await run([], { webPort: 4000, apiPort: 9000, databasePort: 6000 });
  expect(done.outputs).toMatchObject({ webPort: 4000, apiPort: 9000, databasePort: 6000 });
  expect(rules(done)).toEqual(
    expect.arrayContaining(['alb>web:4000', 'web<alb:4000', 'api>database:6000', 'web>api:9000']),
  );
});

test('outputs of workloads that are off are empty', async () => {
  const { outputs } = await run([]);
  expect(outputs).toMatchObject({
    databaseSecurityGroupId: 'database-sg-id',
    internalLoadBalancerSecurityGroupId: '',
    vpcLinkSecurityGroupId: '',
    ec2SecurityGroupId: '',
    lambdaSecurityGroupId: '',
    eksNodeSecurityGroupId: '',
    efsSecurityGroupId: '',
    ecsExecutionRoleArn: '',
    ecsExecutionRoleName: '',
    eksClusterRoleArn: '',
    eksNodeRoleArn: '',
    applicationKeyArn: 'arn:aws:mock:::application-key',
    infrastructureKeyId: 'infrastructure-key-key-id',
  });
});

test('roles trust one service of this account and carry AWS policies only', async () => {
  const done = await run();
  const trust = (name: string) =>
    JSON.parse(String(resource(done, name).inputs['assumeRolePolicy'])).Statement[0] as Record<string, unknown>;
  const ofAccount = { StringEquals: { 'aws:SourceAccount': '111111111111' } };
  expect(trust('ecs-execution-role')).toMatchObject({
    Principal: { Service: 'ecs-tasks.amazonaws.com' },
    Condition: ofAccount,
  });
  expect(trust('eks-cluster-role')).toMatchObject({
    Principal: { Service: 'eks.amazonaws.com' },
    Condition: ofAccount,
  });
  expect(trust('eks-node-role')).toMatchObject({ Principal: { Service: 'ec2.amazonaws.com' } });
  expect(trust('eks-node-role')).not.toHaveProperty('Condition'); // EC2 sends no source account
  const attached = done.resources.filter(({ type }) => type.endsWith(':RolePolicyAttachment'));
  expect(attached.map(({ inputs }) => String(inputs['policyArn']).split('/').at(-1)).sort()).toEqual([
    'AmazonEC2ContainerRegistryReadOnly',
    'AmazonECSTaskExecutionRolePolicy',
    'AmazonEKSClusterPolicy',
    'AmazonEKSWorkerNodePolicy',
    'AmazonEKS_CNI_Policy',
  ]);
});

test.each([
  ['dev', 7],
  ['stage', 14],
  ['prod', 30],
])('keys of %s rotate and wait %i days before they go (B11)', async (environment, days) => {
  const done = await run([], {}, environment);
  for (const use of ['application', 'database', 'infrastructure']) {
    expect(resource(done, `${use}-key`).inputs).toMatchObject({
      enableKeyRotation: true,
      deletionWindowInDays: days,
      customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    });
    expect(resource(done, `${use}-key-alias`).inputs).toEqual({
      name: `alias/web-shop-${environment}-dt3vca0-${use}`,
      targetKeyId: `${use}-key-key-id`,
    });
  }
});

test('each key admits its account and exactly its services (KMS-1)', async () => {
  const done = await run([]);
  const statements = (use: string) =>
    JSON.parse(String(resource(done, `${use}-key`).inputs['policy'])).Statement as {
      Sid: string;
      Principal: Record<string, string>;
      Condition?: Record<string, Record<string, string | string[]>>;
    }[];
  const sids = (use: string) => statements(use).map(({ Sid }) => Sid);
  const via = (use: string) => statements(use)[1]?.Condition?.['StringEquals']?.['kms:ViaService'];

  expect(sids('application')).toEqual([
    'AccountAdministration',
    'UseThroughServices',
    'GrantThroughServices',
    'UseByAutoScaling',
    'GrantByAutoScaling',
  ]);
  expect(via('application')).toEqual(
    ['secretsmanager', 's3', 'elasticfilesystem', 'ecr', 'lambda'].map((one) => `${one}.us-east-1.amazonaws.com`),
  );
  expect(sids('database')).toEqual(['AccountAdministration', 'UseThroughServices', 'GrantThroughServices']);
  expect(via('database')).toEqual(
    ['rds', 'backup', 'secretsmanager', 's3'].map((one) => `${one}.us-east-1.amazonaws.com`),
  );
  expect(sids('infrastructure').slice(3)).toEqual(['UseByLogs', 'PublishByAlarms', 'PublishByEvents']);
  for (const use of ['application', 'database', 'infrastructure']) {
    for (const { Principal, Condition } of statements(use)) {
      expect(JSON.stringify(Principal)).not.toContain(':role/'); // no key waits for a role
      if (Principal['AWS'] === '*')
        expect(Condition?.['StringEquals']).toHaveProperty('kms:CallerAccount', '111111111111');
    }
  }
});

test('a VPC that the network stack does not give is refused with both names (G8)', async () => {
  const { error, resources } = await run([], { vpcId: '' });
  expect(error?.message).toBe(
    'security: vpcId = "" is refused: stack network has switched off vpcId, which security needs',
  );
  expect(resources).toEqual([]);
});

test.each<[string, unknown, string?]>([
  ['vpcId', null],
  ['workloads', null],
  ['workloads', ['fargate']],
  ['workloads', ['apigateway']],
  ['albIngressCidrs', []],
  ['albIngressCidrs', ['10.0.0.1/8']],
  ['albIngressCidrs', Array.from({ length: 21 }, (_, i) => `10.${i}.0.0/16`)],
  ['webPort', 80],
  ['webPort', 65_536],
  ['apiPort', 3000],
  ['databasePort', 8080],
  ['databasePort', null],
  ['enableKeyRotation', false, 'prod'],
  ['keyDeletionWindowDays', 6],
  ['keyDeletionWindowDays', 31],
])('%s = %j is refused before anything is registered', async (key, value, environment = 'dev') => {
  const { error, resources } = await run(ALL, { [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
