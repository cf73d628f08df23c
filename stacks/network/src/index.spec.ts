import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (environment = 'dev', overrides: Record<string, unknown> = {}) =>
  host.run('network', templateConfig('network', environment, overrides));

const ofType = (done: ProgramRun, type: string) => done.resources.filter((one) => one.type.endsWith(`:${type}`));

test.each([
  ['dev', { Subnet: 6, RouteTable: 4, Route: 3, RouteTableAssociation: 6, Eip: 1, NatGateway: 1, VpcEndpoint: 1 }],
  ['stage', { Subnet: 6, Eip: 1, NatGateway: 1, VpcEndpoint: 5, SecurityGroup: 1, SecurityGroupIngressRule: 1 }],
  ['prod', { Subnet: 9, RouteTable: 5, Route: 4, RouteTableAssociation: 9, Eip: 3, NatGateway: 3, VpcEndpoint: 5 }],
])('%s has the counts of the specification per type', async (environment, counts) => {
  const byType = Object.fromEntries(
    Object.entries(countByType(await run(environment))).map(([type, count]) => [type.split(':').at(-1), count]),
  );
  expect(byType).toMatchObject({
    Vpc: 1,
    DefaultSecurityGroup: 1,
    InternetGateway: 1,
    LogGroup: 1,
    Role: 1,
    RolePolicy: 1,
    FlowLog: 1,
    ...counts,
  });
});

test('every block derives from vpcCidr, in the order of the sorted zones (NET-1, NET-2, NET-5)', async () => {
  const done = await run('prod', { vpcCidr: '10.64.0.0/16' });
  const blocks = ofType(done, 'Subnet').map(({ name, inputs }) => [
    name,
    inputs['cidrBlock'],
    inputs['availabilityZone'],
  ]);
  expect(blocks.sort()).toEqual([
    ['database-subnet-0', '10.64.20.0/24', 'us-east-1a'],
    ['database-subnet-1', '10.64.21.0/24', 'us-east-1b'],
    ['database-subnet-2', '10.64.22.0/24', 'us-east-1c'],
    ['private-subnet-0', '10.64.10.0/24', 'us-east-1a'],
    ['private-subnet-1', '10.64.11.0/24', 'us-east-1b'],
    ['private-subnet-2', '10.64.12.0/24', 'us-east-1c'],
    ['public-subnet-0', '10.64.1.0/24', 'us-east-1a'],
    ['public-subnet-1', '10.64.2.0/24', 'us-east-1b'],
    ['public-subnet-2', '10.64.3.0/24', 'us-east-1c'],
  ]);
  expect(done.outputs).toMatchObject({
    vpcCidrBlock: '10.64.0.0/16',
    availabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
    privateSubnetIds: ['private-subnet-0-id', 'private-subnet-1-id', 'private-subnet-2-id'],
  });
});

test('subnets carry their tier and hand out no public address (T5, B7)', async () => {
  for (const { name, inputs } of ofType(await run(), 'Subnet')) {
    const [tier] = name.split('-');
    expect(inputs).toMatchObject({ mapPublicIpOnLaunch: false, tags: { Tier: tier } });
    const role = { public: 'kubernetes.io/role/elb', private: 'kubernetes.io/role/internal-elb' }[tier ?? ''];
    expect(Object.keys(inputs['tags'] as object).filter((key) => key.startsWith('kubernetes'))).toEqual(
      role ? [role] : [],
    );
  }
});

test.each([
  ['none', [], []],
  ['single', ['nat-0'], ['nat-0-id', 'nat-0-id', 'nat-0-id']],
  ['perAz', ['nat-0', 'nat-1', 'nat-2'], ['nat-0-id', 'nat-1-id', 'nat-2-id']],
])(
  'natGateways %s: gateway i in public subnet i, private tables alone point to it (NET-3)',
  async (mode, nats, ways) => {
    const done = await run('prod', { natGateways: mode });
    const gateways = ofType(done, 'NatGateway');
    expect(gateways.map(({ name }) => name).sort()).toEqual(nats);
    for (const { name, inputs, dependencies, timeouts } of gateways) {
      expect(inputs['subnetId']).toBe(name.replace('nat', 'public-subnet') + '-id');
      expect(dependencies).toContain('igw');
      expect(timeouts).toMatchObject({ create: '15m', delete: '15m' });
    }
    const routes = ofType(done, 'Route').filter(({ name }) => name !== 'public-default-route');
    expect(routes.map(({ inputs }) => inputs['natGatewayId']).sort()).toEqual(ways);
    expect(routes.every(({ inputs }) => String(inputs['routeTableId']).startsWith('private-rt-'))).toBe(true);
    expect(resource(done, 'public-default-route').inputs).toMatchObject({
      routeTableId: 'public-rt-id',
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: 'igw-id',
    });
    expect(done.outputs['natGatewayIds']).toHaveLength(nats.length);
    expect(done.outputs['natGatewayIps']).toHaveLength(nats.length);
  },
);

test('losing every way out is a warning that names the stacks concerned (NET-4)', async () => {
  const { warnings } = await run('dev', { natGateways: 'none', interfaceEndpoints: ['ecr.api', 'logs'] });
  expect(warnings).toEqual([expect.stringContaining('lacks ecr.dkr, secretsmanager: containers-apps, services-ecs')]);
  expect((await run('stage', { natGateways: 'none' })).warnings).toEqual([]);
  expect((await run('dev')).warnings).toEqual([]);
});

test('endpoints: S3 at the private and database tables, services in the private subnets behind their own group', async () => {
  const done = await run('stage');
  expect(resource(done, 's3-endpoint').inputs).toMatchObject({
    serviceName: 'com.amazonaws.us-east-1.s3',
    vpcEndpointType: 'Gateway',
    routeTableIds: ['private-rt-0-id', 'private-rt-1-id', 'database-rt-id'],
  });
  expect(resource(done, 'ecr-api-endpoint').inputs).toMatchObject({
    serviceName: 'com.amazonaws.us-east-1.ecr.api',
    vpcEndpointType: 'Interface',
    subnetIds: ['private-subnet-0-id', 'private-subnet-1-id'],
    securityGroupIds: ['endpoint-sg-id'],
    privateDnsEnabled: true,
  });
  expect(resource(done, 'endpoint-ingress-443').inputs).toMatchObject({ fromPort: 443, cidrIpv4: '10.1.0.0/16' });
  expect(done.outputs['interfaceEndpointIds']).toEqual({
    'ecr.api': 'ecr-api-endpoint-id',
    'ecr.dkr': 'ecr-dkr-endpoint-id',
    secretsmanager: 'secretsmanager-endpoint-id',
    logs: 'logs-endpoint-id',
  });
});

test('flow logs go to a group with retention, by a role that may write nowhere else', async () => {
  const done = await run('stage');
  expect(resource(done, 'flow-log-group').inputs).toMatchObject({
    name: '/cloud/dt3vca0/stage/network/flow-log',
    retentionInDays: 30,
  });
  const policy = JSON.parse(String(resource(done, 'flow-log-policy').inputs['policy']));
  expect(policy.Statement[0].Resource).toEqual(['arn:aws:mock:::flow-log-group', 'arn:aws:mock:::flow-log-group:*']);
  const trust = JSON.parse(String(resource(done, 'flow-log-role').inputs['assumeRolePolicy']));
  expect(trust.Statement).toEqual([
    {
      Sid: 'AssumeRole',
      Effect: 'Allow',
      Principal: { Service: 'vpc-flow-logs.amazonaws.com' },
      Action: ['sts:AssumeRole'],
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    },
  ]);
});

test('with the required inputs alone, every optional feature is off and its output empty', async () => {
  const optional = [
    'natGateways',
    'enableFlowLogs',
    'flowLogTrafficType',
    'enableVpcEndpoints',
    'interfaceEndpoints',
    'logRetentionDays',
    'protectStateful',
    'extraTags',
    'domain',
    'secondaryRegion',
  ];
  const done = await run('dev', Object.fromEntries(optional.map((key) => [key, null])));
  expect(done.error).toBeUndefined();
  expect(done.undefinedOutputs).toEqual([]);
  expect(done.outputs).toMatchObject({
    natGatewayIds: [],
    natGatewayIps: [],
    s3VpcEndpointId: '',
    interfaceEndpointIds: {},
    endpointSecurityGroupId: '',
    flowLogsLogGroupName: '',
  });
});

test.each<[string, unknown, string?, Record<string, unknown>?]>([
  ['vpcCidr', null],
  ['vpcCidr', '10.0.0.0'],
  ['vpcCidr', '10.0.0.1/16'],
  ['vpcCidr', '10.0.0.0/15'],
  ['vpcCidr', '10.0.0.0/21'],
  ['vpcCidr', '11.0.0.0/16'],
  ['vpcCidr', '172.32.0.0/16'],
  ['azCount', null],
  ['azCount', 1],
  ['azCount', 4],
  ['azCount', 2.5],
  ['availabilityZoneNames', null],
  ['availabilityZoneNames', ['us-east-1a', 'us-east-1a']],
  ['availabilityZoneNames', 'us-east-1a'],
  ['natGateways', 'many'],
  ['enableFlowLogs', false, 'prod'],
  ['flowLogTrafficType', 'SOME'],
  ['flowLogTrafficType', null],
  ['interfaceEndpoints', ['s3']],
  ['interfaceEndpoints', ['logs', 'logs']],
])('%s = %j is refused before anything is registered', async (key, value, environment = 'dev') => {
  const { error, resources } = await run(environment, { [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(error?.message).toMatch(new RegExp(`^network: ${key} (=|is missing)`));
  expect(resources).toEqual([]);
});
