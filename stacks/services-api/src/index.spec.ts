import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const DNS = { hostedZoneId: 'Z0ZONE', certificateArn: 'arn:certificate', domainName: 'dev.shop.example.com' };
const NO_DNS = { hostedZoneId: null, certificateArn: null, domainName: null };

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('services-api', templateConfig('services-api', environment, { ...DNS, ...overrides }));
/** In the order of their keys: which is registered first depends on what the authorizer has to say. */
const routes = (done: ProgramRun) =>
  done.resources
    .filter(({ type }) => type.endsWith(':Route'))
    .sort((a, b) => String(a.inputs['routeKey']).localeCompare(String(b.inputs['routeKey'])));

const BASE = {
  'aws:apigatewayv2/api:Api': 1,
  'aws:apigatewayv2/authorizer:Authorizer': 1,
  'aws:apigatewayv2/vpcLink:VpcLink': 1,
  'aws:apigatewayv2/integration:Integration': 1,
  'aws:apigatewayv2/route:Route': 2,
  'aws:cloudwatch/logGroup:LogGroup': 1,
  'aws:apigatewayv2/stage:Stage': 1,
};
const DOMAIN = {
  'aws:apigatewayv2/domainName:DomainName': 1,
  'aws:apigatewayv2/apiMapping:ApiMapping': 1,
  'aws:route53/record:Record': 1,
};

test.each(['dev', 'stage', 'prod'])('%s has 11 resources, 8 without dns', async (environment) => {
  expect(countByType(await run({}, environment))).toEqual({ ...BASE, ...DOMAIN });
  const alone = await run(NO_DNS, environment);
  expect(countByType(alone)).toEqual(BASE);
  expect(alone.undefinedOutputs).toEqual([]);
});

test('every route but the public ones needs a token of the user pool (API-1)', async () => {
  const done = await run({
    userPoolIssuerUrl: 'https://issuer.example.com/pool',
    webClientId: 'web',
    mobileClientId: 'mobile',
    protectedRoutes: ['ANY /api/{proxy+}', 'GET /admin'],
  });
  expect(resource(done, 'authorizer').inputs).toMatchObject({
    apiId: 'api-id',
    authorizerType: 'JWT',
    identitySources: ['$request.header.Authorization'],
    jwtConfiguration: { issuer: 'https://issuer.example.com/pool', audiences: ['web', 'mobile'] },
  });
  expect(
    routes(done).map(({ inputs }) => [inputs['routeKey'], inputs['authorizationType'], inputs['authorizerId']]),
  ).toEqual([
    ['ANY /api/{proxy+}', 'JWT', 'authorizer-id'],
    ['GET /admin', 'JWT', 'authorizer-id'],
    ['GET /health', 'NONE', undefined],
  ]);
  for (const { inputs } of routes(done)) expect(inputs['target']).toBe('integrations/integration-id');
});

test('the name of a route follows from its key alone', async () => {
  const names = async (publicRoutes: string[]) => routes(await run({ publicRoutes })).map(({ name }) => name);
  const [proxy, health] = await names(['GET /health']);
  expect(health).toMatch(/^route-get-health-[0-9a-f]{6}$/);
  const more = await names(['GET /a/b', 'GET /health', 'GET /a-b']);
  expect(more).toEqual(expect.arrayContaining([proxy, health]));
  const alike = more.filter((name) => name.startsWith('route-get-a-b-'));
  expect(new Set(alike).size).toBe(2);
});

test('there is one API, of one type, that leads through the VPC link to the internal listener (API-2)', async () => {
  const done = await run({
    privateSubnetIds: ['subnet-a', 'subnet-b'],
    vpcLinkSecurityGroupId: 'sg-1',
    internalListenerArn: 'arn:listener',
  });
  expect(resource(done, 'api').inputs).toMatchObject({ protocolType: 'HTTP' });
  expect(resource(done, 'vpc-link').inputs).toMatchObject({
    subnetIds: ['subnet-a', 'subnet-b'],
    securityGroupIds: ['sg-1'],
  });
  expect(resource(done, 'integration').inputs).toMatchObject({
    integrationType: 'HTTP_PROXY',
    integrationMethod: 'ANY',
    integrationUri: 'arn:listener',
    connectionType: 'VPC_LINK',
    connectionId: 'vpc-link-id',
    payloadFormatVersion: '1.0',
    timeoutMilliseconds: 29_000,
  });
});

test.each([
  ['dev', ['https://dev.shop.example.com', 'https://www.dev.shop.example.com', 'http://localhost:3000']],
  ['stage', ['https://stage.shop.example.com', 'https://www.stage.shop.example.com']],
  ['prod', ['https://shop.example.com', 'https://www.shop.example.com']],
])('browsers of %s may call from its own pages', async (environment, allowOrigins) => {
  const { corsConfiguration } = resource(await run({}, environment), 'api').inputs;
  expect(corsConfiguration).toMatchObject({ allowOrigins, maxAge: 86_400 });
});

test('given origins take the place of the own ones; none at all turns CORS off', async () => {
  const origins = ['https://app.example.org', 'http://localhost:8080'];
  const { corsConfiguration } = resource(await run({ corsAllowedOrigins: origins }), 'api').inputs;
  expect(corsConfiguration).toMatchObject({ allowOrigins: origins });
  expect(resource(await run({ corsAllowedOrigins: [] }), 'api').inputs).not.toHaveProperty('corsConfiguration');
});

test.each([
  ['dev', 1000, 2000],
  ['stage', 750, 1500],
  ['prod', 500, 1000],
])(
  'the stage of %s takes %i requests a second, %i at once, and every change by itself',
  async (environment, rate, burst) => {
    const { inputs } = resource(await run({}, environment), 'stage');
    expect(inputs).toMatchObject({ name: '$default', autoDeploy: true });
    expect(inputs['defaultRouteSettings']).toEqual({ throttlingRateLimit: rate, throttlingBurstLimit: burst });
  },
);

test('access logs say who, what and how long, never with which token (API-3)', async () => {
  const done = await run({ infrastructureKeyArn: 'arn:key' });
  const { format, destinationArn } = resource(done, 'stage').inputs['accessLogSettings'] as Record<string, string>;
  expect(destinationArn).toBe('arn:aws:mock:::access-group');
  expect(JSON.parse(format ?? '')).toMatchObject({
    requestId: '$context.requestId',
    route: '$context.routeKey',
    status: '$context.status',
    latencyMs: '$context.responseLatency',
    error: '$context.error.message',
    sourceIp: '$context.identity.sourceIp',
  });
  expect(format).not.toMatch(/authoriz|header|token|claims/i);
  expect(resource(done, 'access-group').inputs).toMatchObject({
    name: '/cloud/dt3vca0/dev/services-api/access',
    kmsKeyId: 'arn:key',
  });
});

test('with a zone the API has its own name over TLS 1.2 and closes the default endpoint', async () => {
  const done = await run();
  expect(resource(done, 'api').inputs['disableExecuteApiEndpoint']).toBe(true);
  expect(resource(done, 'domain').inputs).toMatchObject({
    domainName: 'api.dev.shop.example.com',
    domainNameConfiguration: { certificateArn: 'arn:certificate', endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' },
  });
  expect(resource(done, 'mapping').inputs).toEqual({ apiId: 'api-id', domainName: 'domain-id', stage: 'stage-id' });
  expect(resource(done, 'api-record').inputs).toMatchObject({
    zoneId: 'Z0ZONE',
    name: 'api.dev.shop.example.com',
    type: 'A',
    aliases: [{ name: 'd-1.example.net', zoneId: 'Z0GATEWAY', evaluateTargetHealth: false }],
  });
  expect(done.outputs).toMatchObject({
    customDomainName: 'api.dev.shop.example.com',
    apiUrl: 'https://api.dev.shop.example.com',
    apiEndpoint: 'https://api-1.example.com',
    stageName: '$default',
    vpcLinkId: 'vpc-link-id',
    authorizerId: 'authorizer-id',
    accessLogGroupName: '/cloud/dt3vca0/dev/services-api/access',
  });
});

test('without a zone callers use the default endpoint', async () => {
  const done = await run(NO_DNS);
  expect(resource(done, 'api').inputs['disableExecuteApiEndpoint']).toBe(false);
  expect(done.outputs).toMatchObject({ customDomainName: '', apiUrl: 'https://api-1.example.com' });
  expect(done.warnings).toEqual([]);
});

test('a zone without a wildcard certificate changes nothing, and says so', async () => {
  const done = await run({ certificateArn: '' });
  expect(countByType(done)).toEqual(BASE);
  expect(done.warnings).toEqual([expect.stringContaining('wildcardCertificateArn')]);
});

test.each<[string, unknown, string?]>([
  ['domain', null],
  ['domain', 'localhost'],
  ['privateSubnetIds', null],
  ['privateSubnetIds', []],
  ['vpcLinkSecurityGroupId', ''],
  ['infrastructureKeyArn', null],
  ['userPoolIssuerUrl', null],
  ['webClientId', null],
  ['mobileClientId', null],
  ['internalListenerArn', null],
  ['domainName', 'localhost'],
  ['protectedRoutes', ['/api']],
  ['protectedRoutes', ['FETCH /api']],
  ['protectedRoutes', ['$default']],
  ['publicRoutes', ['$default']],
  ['publicRoutes', ['GET /health', 'GET /health']],
  ['publicRoutes', ['ANY /api/{proxy+}']],
  ['corsAllowedOrigins', ['*']],
  ['corsAllowedOrigins', ['https://*.example.com']],
  ['corsAllowedOrigins', ['http://example.com']],
  ['corsAllowedOrigins', ['http://localhost:3000'], 'stage'],
  ['corsMaxAgeSeconds', 86_401],
  ['throttleRate', 0],
  ['throttleRate', 10_001],
  ['throttleBurst', 5001],
  ['integrationTimeoutMs', 49],
  ['integrationTimeoutMs', 30_001],
])('%s = %j is refused before anything is registered', async (key, value, environment = 'dev') => {
  const { error, resources } = await run({ [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
