import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const DNS = { domainName: 'dev.shop.example.com', hostedZoneId: 'Z0ZONE', certificateArn: 'arn:aws:acm:::certificate' };
const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('containers-apps', templateConfig('containers-apps', environment, { ...DNS, ...overrides }));

const FRONTEND = { name: 'frontend', repository: 'frontend', securityTier: 'web', port: 3000, default: true };
const BACKEND = {
  name: 'backend',
  repository: 'backend',
  securityTier: 'api',
  port: 8080,
  pathPatterns: ['/api/*'],
  priority: 200,
};
const names = (done: ProgramRun) => done.resources.map(({ name }) => name);
const container = (done: ProgramRun, name: string) =>
  JSON.parse(String(resource(done, `${name}-task`).inputs['containerDefinitions']))[0] as Record<string, unknown>;

test.each([
  ['dev', { 'aws:cloudwatch/logGroup:LogGroup': 3, 'aws:iam/rolePolicy:RolePolicy': 2 }],
  [
    'stage',
    {
      'aws:cloudwatch/logGroup:LogGroup': 2,
      'aws:wafv2/webAcl:WebAcl': 1,
      'aws:wafv2/webAclAssociation:WebAclAssociation': 1,
    },
  ],
  [
    'prod',
    {
      'aws:cloudwatch/logGroup:LogGroup': 2,
      'aws:wafv2/webAcl:WebAcl': 1,
      'aws:wafv2/webAclAssociation:WebAclAssociation': 1,
    },
  ],
])('%s has the counts of the specification per type', async (environment, counts) => {
  expect(countByType(await run({}, environment))).toEqual({
    'aws:ecs/cluster:Cluster': 1,
    'aws:ecs/clusterCapacityProviders:ClusterCapacityProviders': 1,
    'aws:lb/loadBalancer:LoadBalancer': 1,
    'aws:lb/listener:Listener': 2,
    'aws:lb/listenerRule:ListenerRule': 1,
    'aws:lb/targetGroup:TargetGroup': 2,
    'aws:iam/role:Role': 2,
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 1,
    'aws:ecs/taskDefinition:TaskDefinition': 2,
    'aws:ecs/service:Service': 2,
    'aws:appautoscaling/target:Target': 2,
    'aws:appautoscaling/policy:Policy': 2,
    'aws:route53/record:Record': 2,
    ...counts,
  });
});

test('the load balancer is public, its tasks are not (B7)', async () => {
  const done = await run({ publicSubnetIds: ['subnet-pub'], privateSubnetIds: ['subnet-priv'] });
  expect(resource(done, 'public-alb').inputs).toMatchObject({
    internal: false,
    subnets: ['subnet-pub'],
    dropInvalidHeaderFields: true,
    idleTimeout: 60,
  });
  for (const app of ['frontend', 'backend']) {
    expect(resource(done, `${app}-service`).inputs['networkConfiguration']).toMatchObject({
      subnets: ['subnet-priv'],
      assignPublicIp: false,
    });
  }
});

test('HTTP is redirected, HTTPS ends with TLS 1.2 or later at the default app (B3)', async () => {
  const done = await run();
  expect(resource(done, 'http-listener').inputs).toMatchObject({
    port: 80,
    defaultActions: [{ type: 'redirect', redirect: { port: '443', protocol: 'HTTPS', statusCode: 'HTTP_301' } }],
  });
  expect(resource(done, 'https-listener').inputs).toMatchObject({
    port: 443,
    protocol: 'HTTPS',
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificateArn: DNS.certificateArn,
    defaultActions: [{ type: 'forward', targetGroupArn: 'arn:aws:mock:::frontend-tg' }],
  });
  expect(resource(done, 'backend-rule').inputs).toMatchObject({
    listenerArn: 'arn:aws:mock:::https-listener',
    priority: 200,
    conditions: [{ pathPattern: { values: ['/api/*'] } }],
  });
  expect(resource(done, 'frontend-service').dependencies).toContain('https-listener');
  expect(resource(done, 'backend-service').dependencies).toContain('backend-rule');
});

test('target ports are what security admits to the tier (APP-1)', async () => {
  const done = await run({ webSecurityGroupId: 'sg-web', apiSecurityGroupId: 'sg-api' });
  const of = (app: string) => [
    resource(done, `${app}-tg`).inputs['port'],
    (resource(done, `${app}-service`).inputs['networkConfiguration'] as Record<string, unknown>)['securityGroups'],
  ];
  expect(of('frontend')).toEqual([3000, ['sg-web']]);
  expect(of('backend')).toEqual([8080, ['sg-api']]);
});

test('an image is its repository with the one tag (APP-2)', async () => {
  const done = await run({ imageTag: 'dev-4f2a' });
  expect(container(done, 'backend')['image']).toMatch(/\/backend:dev-4f2a$/);
  expect(container(done, 'frontend')['image']).toMatch(/\/frontend:dev-4f2a$/);
});

test('access logs go to the logs bucket under the name of the stack, when there is one (APP-3)', async () => {
  expect(resource(await run(), 'public-alb').inputs['accessLogs']).toEqual({
    bucket: 'stub',
    prefix: 'containers-apps',
    enabled: true,
  });
  expect(resource(await run({ logsBucketName: null }), 'public-alb').inputs).not.toHaveProperty('accessLogs');
});

test('the database policy goes on the task role, secrets are injected by the execution role (APP-4)', async () => {
  const done = await run({ databaseAccessPolicyArn: 'arn:aws:iam::111111111111:policy/db', jwtSigningKeyArn: 'jwt' });
  expect(resource(done, 'backend-database-access').inputs).toEqual({
    role: 'backend-task-role-1234567',
    policyArn: 'arn:aws:iam::111111111111:policy/db',
  });
  expect(names(done)).not.toContain('frontend-database-access');
  expect(resource(done, 'backend-task').inputs['executionRoleArn']).toBe('stub');
  expect(container(done, 'frontend')['secrets']).toEqual([
    { name: 'JWT_SIGNING_KEY', valueFrom: 'jwt' },
    { name: 'SESSION_SECRET', valueFrom: 'stub' },
  ]);
  const without = await run({ databaseAccessPolicyArn: null, connectionSecretArn: null });
  expect(without.resources).toHaveLength(25);
  expect(container(without, 'backend')['secrets']).toHaveLength(2);
});

test('apex and www lead to the load balancer, as long as it is healthy', async () => {
  const done = await run();
  for (const [record, name] of [
    ['apex-record', 'dev.shop.example.com'],
    ['www-record', 'www.dev.shop.example.com'],
  ] as const) {
    expect(resource(done, record).inputs).toMatchObject({
      zoneId: 'Z0ZONE',
      name,
      type: 'A',
      aliases: [{ name: 'public-alb.elb.example.com', zoneId: 'Z0BALANCER', evaluateTargetHealth: true }],
    });
  }
});

test('the web ACL blocks who asks too often and knows the managed groups', async () => {
  const done = await run({}, 'prod');
  const rules = resource(done, 'web-acl').inputs['rules'] as Record<string, unknown>[];
  expect(rules[0]).toMatchObject({
    action: { block: {} },
    statement: { rateBasedStatement: { limit: 2000, aggregateKeyType: 'IP', evaluationWindowSec: 300 } },
  });
  expect(rules.slice(1).map(({ name }) => name)).toEqual([
    'AWSManagedRulesCommonRuleSet',
    'AWSManagedRulesKnownBadInputsRuleSet',
  ]);
  expect(resource(done, 'web-acl').inputs).toMatchObject({ scope: 'REGIONAL' });
  expect(resource(done, 'web-acl-association').inputs['resourceArn']).toBe('arn:aws:mock:::public-alb');
});

test('an app without port is only run', async () => {
  const worker = { name: 'worker', repository: 'backend', securityTier: 'api' };
  const done = await run({ apps: [worker, FRONTEND] });
  expect(
    names(done)
      .filter((name) => name.startsWith('worker-'))
      .sort(),
  ).toEqual(
    ['cpu-scaling', 'exec-policy', 'group', 'scaling', 'service', 'task', 'task-role'].map((end) => `worker-${end}`),
  );
  expect(resource(done, 'worker-service').inputs).not.toHaveProperty('healthCheckGracePeriodSeconds');
  expect(done.outputs).toMatchObject({
    serviceNames: { worker: 'web-shop-dev-worker-dt3vca0' },
    targetGroupArnSuffixes: { frontend: 'targetgroup/frontend-tg/0b' },
  });
});

test('outputs name the address, the load balancer and every app', async () => {
  expect((await run()).outputs).toMatchObject({
    publicAlbArnSuffix: 'app/public-alb/0a',
    publicAlbZoneId: 'Z0BALANCER',
    clusterName: 'web-shop-dev-containers-apps-dt3vca0',
    serviceNames: { frontend: 'web-shop-dev-frontend-dt3vca0', backend: 'web-shop-dev-backend-dt3vca0' },
    targetGroupArnSuffixes: { backend: 'targetgroup/backend-tg/0b' },
    frontendServiceName: 'web-shop-dev-frontend-dt3vca0',
    applicationUrl: 'https://dev.shop.example.com',
  });
  const other = await run({ apps: [{ ...FRONTEND, name: 'site' }] });
  expect(other.outputs['frontendServiceName']).toBe('');
});

test('a certificate that dns does not make is refused with both names (G8)', async () => {
  const { error } = await run({ certificateArn: '' });
  expect(error?.message).toContain('stack dns has switched off wildcardCertificateArn, which containers-apps needs');
});

test.each<[string, unknown, string?]>([
  ['vpcId', null],
  ['publicSubnetIds', null],
  ['loadBalancerSecurityGroupId', ''],
  ['webPort', null],
  ['jwtSigningKeyArn', ''],
  ['sessionSecretArn', null],
  ['hostedZoneId', ''],
  ['domainName', 'localhost'],
  ['apps', null],
  ['apps', [FRONTEND, { ...FRONTEND, name: 'other' }]],
  ['apps', [BACKEND]],
  ['apps', [{ ...FRONTEND, repository: 'api' }]],
  ['apps', [FRONTEND, BACKEND, { ...BACKEND, name: 'other' }]],
  ['apps', [{ ...FRONTEND, port: 8080 }]],
  ['apps', [{ ...FRONTEND, port: undefined }]],
  ['apps', [{ ...FRONTEND, discovery: true }]],
  ['memory', 8192],
  ['maxCapacity', 0],
  ['enableExecuteCommand', true, 'prod'],
  ['wafRateLimit', 99],
  ['wafRateLimit', null, 'prod'],
  ['idleTimeoutSeconds', 4001],
  ['sslPolicy', 'ELBSecurityPolicy-2016-08'],
  ['sslPolicy', null],
])('%s = %j is refused before anything is registered', async (key, value, environment = 'dev') => {
  const { error, resources } = await run({ [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
