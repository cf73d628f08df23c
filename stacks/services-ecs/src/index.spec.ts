import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('services-ecs', templateConfig('services-ecs', environment, overrides));

const API = { name: 'api', repository: 'api', securityTier: 'api' };
const ROUTED = { ...API, port: 8080, pathPatterns: ['/api/*'], priority: 100 };
const NO_DATABASE = { connectionSecretArn: null, databaseAccessPolicyArn: null };

const names = (done: ProgramRun) => done.resources.map(({ name }) => name);
const statements = (done: ProgramRun, name: string) =>
  JSON.parse(String(resource(done, name).inputs['policy'])).Statement as Record<string, unknown>[];
const container = (done: ProgramRun, name: string) =>
  JSON.parse(String(resource(done, `${name}-task`).inputs['containerDefinitions']))[0] as Record<string, unknown>;

test.each([
  ['dev', { 'aws:cloudwatch/logGroup:LogGroup': 3, 'aws:iam/rolePolicy:RolePolicy': 2 }],
  ['stage', { 'aws:cloudwatch/logGroup:LogGroup': 2 }],
  ['prod', { 'aws:cloudwatch/logGroup:LogGroup': 2 }],
])('%s has the counts of the specification per type', async (environment, counts) => {
  expect(countByType(await run({}, environment))).toEqual({
    'aws:ecs/cluster:Cluster': 1,
    'aws:ecs/clusterCapacityProviders:ClusterCapacityProviders': 1,
    'aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace': 1,
    'aws:lb/loadBalancer:LoadBalancer': 1,
    'aws:lb/listener:Listener': 1,
    'aws:iam/role:Role': 2,
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 2,
    'aws:ecs/taskDefinition:TaskDefinition': 2,
    'aws:lb/targetGroup:TargetGroup': 1,
    'aws:lb/listenerRule:ListenerRule': 1,
    'aws:servicediscovery/service:Service': 1,
    'aws:ecs/service:Service': 2,
    'aws:appautoscaling/target:Target': 2,
    'aws:appautoscaling/policy:Policy': 2,
    ...counts,
  });
});

test('template microservices, which has no database: nothing is attached, nothing of it injected', async () => {
  for (const [environment, total] of [
    ['dev', 23],
    ['stage', 20],
    ['prod', 20],
  ] as const) {
    const done = await run({ ...NO_DATABASE, logsBucketName: null }, environment);
    expect(done.resources).toHaveLength(total);
    expect(container(done, 'api')['secrets']).toEqual([{ name: 'JWT_SIGNING_KEY', valueFrom: 'stub' }]);
    expect(resource(done, 'private-alb').inputs).not.toHaveProperty('accessLogs');
  }
});

test('nothing is reachable from the internet (ECS-1, B7)', async () => {
  const done = await run();
  expect(resource(done, 'private-alb').inputs).toMatchObject({ internal: true, dropInvalidHeaderFields: true });
  for (const name of ['api', 'worker']) {
    expect(resource(done, `${name}-service`).inputs['networkConfiguration']).toMatchObject({ assignPublicIp: false });
  }
});

test('the internal listener speaks HTTP and finds nothing but the services (ECS-2)', async () => {
  const done = await run();
  expect(resource(done, 'internal-listener').inputs).toMatchObject({
    port: 80,
    protocol: 'HTTP',
    defaultActions: [{ type: 'fixed-response', fixedResponse: { statusCode: '404' } }],
  });
  expect(resource(done, 'api-rule').inputs).toMatchObject({
    priority: 100,
    conditions: [{ pathPattern: { values: ['/api/*', '/health'] } }],
    actions: [{ type: 'forward', targetGroupArn: 'arn:aws:mock:::api-tg' }],
  });
});

test('capacity is Fargate, on demand first, spot beside it outside prod (ECS-3)', async () => {
  const done = await run();
  expect(resource(done, 'capacity-providers').inputs['capacityProviders']).toEqual(['FARGATE', 'FARGATE_SPOT']);
  const strategies = async (environment: string) =>
    resource(await run({}, environment), 'api-service').inputs['capacityProviderStrategies'];
  const onDemand = { capacityProvider: 'FARGATE', base: 1, weight: 1 };
  expect(await strategies('dev')).toEqual([onDemand, { capacityProvider: 'FARGATE_SPOT', weight: 3 }]);
  expect(await strategies('prod')).toEqual([onDemand]);
  for (const { inputs } of done.resources) expect(inputs).not.toHaveProperty('launchType');
});

test('images come from services-ecr alone (ECS-4)', async () => {
  const done = await run({ imageTag: '1.4.0' });
  expect(container(done, 'worker')['image']).toMatch(/\/services\/worker:1\.4\.0$/);
});

describe('the bundle of a service (3.1)', () => {
  test('rolls out whole, rolls back by itself and waits until it is steady', async () => {
    const service = resource(await run(), 'api-service');
    expect(service.inputs).toMatchObject({
      name: 'web-shop-dev-api-dt3vca0',
      deploymentCircuitBreaker: { enable: true, rollback: true },
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      waitForSteadyState: true,
      forceNewDeployment: true,
      healthCheckGracePeriodSeconds: 60,
      propagateTags: 'SERVICE',
      enableEcsManagedTags: true,
    });
    expect(service.timeouts).toEqual({ create: '20m', update: '20m', delete: '20m' });
    expect(service.ignoreChanges).toEqual(['desiredCount']);
    expect(service.dependencies).toEqual(expect.arrayContaining(['api-rule', 'capacity-providers']));
  });

  test('its target group knows tasks by address and asks for their health', async () => {
    expect(resource(await run(), 'api-tg').inputs).toMatchObject({
      targetType: 'ip',
      port: 8080,
      healthCheck: { path: '/health', healthyThreshold: 2, unhealthyThreshold: 3, timeout: 5, interval: 30 },
    });
  });

  test('without an image tag the same resources exist and no task runs', async () => {
    const [before, after] = [await run(), await run({ imageTag: '1.0.0' })];
    expect(names(before).sort()).toEqual(names(after).sort());
    expect(resource(before, 'api-service').inputs['desiredCount']).toBe(0);
    expect(resource(before, 'api-scaling').inputs).toMatchObject({ minCapacity: 0, maxCapacity: 3 });
    expect(container(before, 'api')['image']).not.toMatch(/:latest$|[^:]{1}:$/);
    expect(resource(after, 'api-service').inputs['desiredCount']).toBe(1);
    expect(resource(after, 'api-scaling').inputs).toMatchObject({ minCapacity: 1 });
  });

  test('a task is told where it runs, and its secrets by ARN (B4)', async () => {
    const done = await run();
    expect(resource(done, 'api-task').inputs).toMatchObject({
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      taskRoleArn: 'arn:aws:mock:::api-task-role',
    });
    expect(container(done, 'api')).toMatchObject({
      environment: [
        { name: 'APP_ENV', value: 'dev' },
        { name: 'AWS_REGION', value: 'us-east-1' },
        { name: 'SERVICE_NAME', value: 'api' },
        { name: 'DEPLOYMENT_ID', value: 'DT3VCA0' },
        { name: 'NODE_ENV', value: 'production' },
      ],
      secrets: [
        { name: 'JWT_SIGNING_KEY', valueFrom: 'stub' },
        { name: 'DATABASE_CONNECTION', valueFrom: 'stub' },
      ],
      logConfiguration: { options: { 'awslogs-group': '/cloud/dt3vca0/dev/services-ecs/api' } },
    });
  });

  test('each service has a role of its own, pinned to the account; only database services reach the database', async () => {
    const services = [
      { ...API, access: ['database'] },
      { ...API, name: 'quiet' },
    ];
    const done = await run({ services });
    expect(JSON.parse(String(resource(done, 'quiet-task-role').inputs['assumeRolePolicy'])).Statement).toMatchObject([
      {
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
      },
    ]);
    expect(names(done)).toContain('api-database-access');
    expect(names(done)).not.toContain('quiet-database-access');
    expect(container(done, 'quiet')['secrets']).toEqual([]);
  });

  test('a shell is opened through ECS Exec, recorded in an encrypted group, and not in prod', async () => {
    const done = await run();
    expect(statements(done, 'api-exec-policy')).toMatchObject([
      { Action: expect.arrayContaining(['ssmmessages:OpenDataChannel']) },
      { Resource: ['arn:aws:mock:::exec-group', 'arn:aws:mock:::exec-group:*'] },
    ]);
    expect(resource(done, 'exec-group').inputs).toMatchObject({ kmsKeyId: 'stub' });
    expect(resource(done, 'cluster').inputs['configuration']).toMatchObject({
      executeCommandConfiguration: {
        logConfiguration: { cloudWatchLogGroupName: '/cloud/dt3vca0/dev/services-ecs/exec' },
      },
    });
    expect(container(done, 'api')['linuxParameters']).toEqual({ initProcessEnabled: true });
    expect(names(await run({}, 'prod')).filter((name) => name.includes('exec'))).toEqual([]);
  });

  test('scales on its processor load between its bounds', async () => {
    expect(resource(await run(), 'api-cpu-scaling').inputs).toMatchObject({
      policyType: 'TargetTrackingScaling',
      resourceId: 'service/web-shop-dev-services-ecs-dt3vca0/web-shop-dev-api-dt3vca0',
      targetTrackingScalingPolicyConfiguration: {
        targetValue: 70,
        scaleInCooldown: 300,
        scaleOutCooldown: 60,
        predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    });
  });

  test('an entry may have sizes of its own', async () => {
    const own = { ...API, cpu: 1024, memory: 4096, minCapacity: 4, maxCapacity: 8 };
    const done = await run({ services: [own], imageTag: 'v1' });
    expect(resource(done, 'api-task').inputs).toMatchObject({ cpu: '1024', memory: '4096' });
    expect(resource(done, 'api-scaling').inputs).toMatchObject({ minCapacity: 4, maxCapacity: 8 });
  });

  test('others find it by name only when it asks for that', async () => {
    const done = await run();
    expect(resource(done, 'api-discovery').inputs).toMatchObject({
      name: 'api',
      dnsConfig: { namespaceId: 'namespace-id', dnsRecords: [{ type: 'A', ttl: 10 }] },
      healthCheckCustomConfig: { failureThreshold: 1 },
    });
    expect(resource(done, 'api-service').inputs['serviceRegistries']).toEqual({
      registryArn: 'arn:aws:mock:::api-discovery',
    });
    expect(names(done)).not.toContain('worker-discovery');
  });
});

test.each([
  ['dev', false, 'disabled'],
  ['prod', true, 'enabled'],
])('in %s the balancer is protected: %s, insights are %s (L2)', async (environment, isProtected, insights) => {
  const done = await run({}, environment);
  expect(resource(done, 'private-alb').inputs).toMatchObject({
    enableDeletionProtection: isProtected,
    accessLogs: { bucket: 'stub', prefix: 'services-ecs', enabled: true },
  });
  expect(resource(done, 'cluster').inputs['settings']).toEqual([{ name: 'containerInsights', value: insights }]);
});

test('outputs name every service, target groups only where there are some', async () => {
  const { outputs } = await run({ jwtSigningKeyArn: null, ...NO_DATABASE });
  expect(outputs).toMatchObject({
    clusterName: 'web-shop-dev-services-ecs-dt3vca0',
    internalListenerArn: 'arn:aws:mock:::internal-listener',
    namespaceName: 'dt3vca0.dev.internal',
    serviceNames: { api: 'web-shop-dev-api-dt3vca0', worker: 'web-shop-dev-worker-dt3vca0' },
    targetGroupArnSuffixes: { api: 'targetgroup/api-tg/0b' },
    logGroupNames: { worker: '/cloud/dt3vca0/dev/services-ecs/worker' },
    scalingTargetIds: { api: 'api-scaling-id' },
  });
  expect((await run({ services: null })).outputs).toMatchObject({ serviceNames: {}, targetGroupArnSuffixes: {} });
});

test('a group that security has switched off is named with its workload (G8)', async () => {
  const { error } = await run({ internalLoadBalancerSecurityGroupId: '' });
  expect(error?.message).toContain('stack security has switched off internalLoadBalancerSecurityGroupId');
});

test.each<[string, unknown, string?]>([
  ['vpcId', ''],
  ['privateSubnetIds', null],
  ['apiPort', null],
  ['ecsExecutionRoleArn', ''],
  ['infrastructureKeyArn', null],
  ['repositoryUrls', null],
  ['repositoryUrls', { api: 1 }],
  ['namespaceName', 'Not A Name'],
  ['imageTag', 'no tag'],
  ['cpu', 300],
  ['cpu', null],
  ['memory', 4096],
  ['memory', null],
  ['minCapacity', -1],
  ['minCapacity', null],
  ['maxCapacity', 0],
  ['maxCapacity', 101],
  ['targetCpuUtilization', 9],
  ['targetCpuUtilization', null],
  ['scaleInCooldown', 3601],
  ['scaleOutCooldown', -1],
  ['fargateSpotWeight', 11],
  ['enableExecuteCommand', true, 'prod'],
])('%s = %j is refused before anything is registered', async (key, value, environment = 'dev') => {
  const { error, resources } = await run({ [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['no list', 'api', 'expected JSON'],
  ['a list of names', ['api'], 'expected an array of objects'],
  ['an unknown field', [{ ...API, image: 'x' }], 'unknown: image'],
  ['no name', [{ ...API, name: undefined }], 'name: expected kebab-case'],
  ['a long name', [{ ...API, name: 'a'.repeat(21) }], 'name: expected kebab-case'],
  ['the same name twice', [API, API], 'each name once'],
  ['the same priority twice', [ROUTED, { ...ROUTED, name: 'b' }], 'each priority once'],
  ['a foreign repository', [{ ...API, repository: 'frontend' }], 'repository: expected one of api, worker'],
  ['a tier without group here', [{ ...API, securityTier: 'web' }], 'expected one of api'],
  ['another port', [{ ...ROUTED, port: 9000 }], 'security admits 8080 to the tier api'],
  ['no path', [{ ...ROUTED, pathPatterns: [] }], 'pathPatterns: expected 1 to 5'],
  ['a path without slash', [{ ...ROUTED, pathPatterns: ['api'] }], 'begin with /'],
  ['no priority', [{ ...ROUTED, priority: undefined }], 'priority: expected a whole number'],
  ['a priority too high', [{ ...ROUTED, priority: 50_001 }], 'priority: expected a whole number'],
  ['a path without port', [{ ...API, pathPatterns: ['/x'] }], 'not reached by a rule'],
  ['a health path without port', [{ ...API, healthCheckPath: '/x' }], 'healthCheckPath: needs a port'],
  ['a default', [{ ...API, port: 8080, default: true }], 'has no default service'],
  ['an unknown access', [{ ...API, access: ['bucket'] }], 'access: expected database, secrets'],
  ['a flag as text', [{ ...API, discovery: 'yes' }], 'discovery: expected a boolean'],
  ['more than the most', [{ ...API, minCapacity: 4, maxCapacity: 3 }], 'min ≤ max'],
])('services with %s are refused', async (_, services, rule) => {
  const { error, resources } = await run({ services });
  expect(error).toMatchObject({ name: 'InvalidInput', key: 'services' });
  expect(error?.message).toContain(rule);
  expect(resources).toEqual([]);
});
