import { ACCOUNT, aNetwork, SandboxRig } from '../../../test/fakes/sandbox-rig.js';

/** HTTP APIs: what API Gateway makes of them, and what it refuses. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });
const BAD = 'BadRequestException';

const anApi = (changes: object = {}) => rig.make('api', 'api', { protocolType: 'HTTP', ...changes });
const jwt = (apiId: string, changes: object = {}) => ({
  apiId,
  authorizerType: 'JWT',
  identitySources: ['$request.header.Authorization'],
  jwtConfiguration: { issuer: 'https://issuer.example.com', audiences: ['web'] },
  ...changes,
});

it('gives an API an id of ten, its addresses and ARNs', async () => {
  const api = await anApi();
  expect(api.id).toMatch(/^[a-z0-9]{10}$/);
  expect(api.outputs).toMatchObject({
    apiEndpoint: `https://${api.id}.execute-api.us-east-1.amazonaws.com`,
    arn: `arn:aws:apigateway:us-east-1::/apis/${api.id}`,
    executionArn: `arn:aws:execute-api:us-east-1:${ACCOUNT}:${api.id}`,
  });
  expect((await rig.diff(api, { ...api.inputs, protocolType: 'WEBSOCKET' })).replaces).toEqual(['protocolType']);
});

it('takes everything inside an API away with it', async () => {
  const api = await anApi();
  const authorizer = await rig.make('authorizer', 'a', jwt(api.id));
  const integration = await rig.make('integration', 'i', {
    apiId: api.id,
    integrationType: 'HTTP_PROXY',
    integrationUri: 'https://example.com',
  });
  const target = `integrations/${integration.id}`;
  const routeKey = 'GET /health';
  await rig.make('apiRoute', 'r', {
    apiId: api.id,
    routeKey,
    target,
    authorizationType: 'JWT',
    authorizerId: authorizer.id,
  });
  await rig.make('apiStage', 's', { apiId: api.id, name: '$default', autoDeploy: true });
  await refused(rig.provider.delete(authorizer), 'ConflictException', 'is referenced in route: GET /health');
  await refused(rig.provider.delete(integration), 'ConflictException', 'is referenced in route: GET /health');
  await rig.provider.delete(api);
  expect(await rig.inventory()).toEqual([]);
});

it('has one route per key, and JWT needs an authorizer', async () => {
  const api = await anApi();
  const route = (routeKey: string, changes: object = {}) =>
    rig.make('apiRoute', routeKey, { apiId: api.id, routeKey, ...changes });
  await route('GET /health');
  await refused(route('GET /health'), 'ConflictException', 'Route with key GET /health already exists for this API');
  await refused(route('health'), BAD, 'not formatted properly');
  await refused(route('GET /a', { authorizationType: 'JWT' }), BAD, 'requires a valid authorizer');
  await refused(route('GET /a', { authorizerId: 'none' }), BAD, 'Invalid authorizer ID');
  await refused(route('GET /a', { target: 'integrations/none' }), BAD, 'Invalid Integration identifier');
  await refused(rig.make('apiRoute', 'x', { apiId: 'none', routeKey: 'GET /' }), 'NotFoundException', 'none');
});

it.each<[string, object, string]>([
  ['no audience', { jwtConfiguration: { issuer: 'https://a.example.com' } }, 'at least one audience'],
  ['no source', { identitySources: [] }, 'exactly one identity source'],
  ['plain HTTP', { jwtConfiguration: { issuer: 'http://a.example.com', audiences: ['w'] } }, 'Invalid issuer'],
  [
    'a user pool that is not there',
    { jwtConfiguration: { issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_none', audiences: ['w'] } },
    'Caught exception when connecting to https://cognito-idp.us-east-1.amazonaws.com/us-east-1_none',
  ],
])('refuses a JWT authorizer with %s', async (_, changes, message) => {
  const api = await anApi();
  await refused(rig.make('authorizer', 'a', jwt(api.id, changes)), BAD, message);
});

it('gives two APIs a stage of the same name, but not one API two', async () => {
  const group = await rig.make('logGroup', 'g', { name: '/access' });
  const stages = [];
  for (const name of ['one', 'two']) {
    const api = await rig.make('api', name, { protocolType: 'HTTP' });
    const accessLogSettings = { destinationArn: group.outputs.arn, format: '{}' };
    stages.push(
      await rig.make('apiStage', name, { apiId: api.id, name: '$default', autoDeploy: true, accessLogSettings }),
    );
    expect(stages.at(-1)?.outputs).toMatchObject({
      arn: `arn:aws:apigateway:us-east-1::/apis/${api.id}/stages/$default`,
      invokeUrl: `https://${api.id}.execute-api.us-east-1.amazonaws.com/`,
    });
  }
  for (const stage of stages) {
    expect(stage.id).toBe('$default');
    expect((await rig.provider.read(stage))?.outputs.apiId).toBe(stage.inputs.apiId);
  }
  const again = { apiId: stages[0]?.inputs.apiId, name: '$default' };
  await refused(rig.make('apiStage', 'three', again), 'ConflictException', 'Stage already exists');
});

it('refuses execution logs of an HTTP API and a log group that does not exist', async () => {
  const { id: apiId } = await anApi();
  const stage = (changes: object) => rig.make('apiStage', 's', { apiId, ...changes });
  await refused(stage({ defaultRouteSettings: { loggingLevel: 'INFO' } }), BAD, 'not supported on protocolType HTTP');
  const destinationArn = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/none`;
  await refused(stage({ accessLogSettings: { destinationArn, format: '{}' } }), 'ResourceNotFoundException');
});

describe('VPC links', () => {
  async function aLink() {
    const { vpc, subnet } = await aNetwork(rig);
    const group = await rig.make('group', 'inside', { vpcId: vpc.id });
    const link = await rig.make('vpcLink', 'link', { subnetIds: [subnet.id], securityGroupIds: [group.id] });
    return { link, subnet, group };
  }
  const through = (apiId: string, connectionId: unknown, integrationUri: string) =>
    rig.make('integration', 'i', {
      apiId,
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'ANY',
      connectionType: 'VPC_LINK',
      connectionId,
      integrationUri,
    });

  it('hold on to subnet and group, and are held by their integrations', async () => {
    const { link, subnet, group } = await aLink();
    expect(link.outputs.arn).toBe(`arn:aws:apigateway:us-east-1::/vpclinks/${link.id}`);
    expect((await rig.diff(link, { ...link.inputs, securityGroupIds: [] })).replaces).toEqual(['securityGroupIds']);
    await refused(rig.provider.delete(subnet), 'DependencyViolation');
    await refused(rig.provider.delete(group), 'DependencyViolation');
    const api = await anApi();
    const service = `arn:aws:servicediscovery:us-east-1:${ACCOUNT}:service/srv-1`;
    const integration = await through(api.id, link.id, service);
    expect(integration.outputs.timeoutMilliseconds).toBe(30_000);
    await refused(rig.provider.delete(link), BAD, `Vpc link '${link.id}', is referenced in`);
    await rig.provider.delete(integration);
    await rig.provider.delete(link);
  });

  it('lead to listeners and services that exist, and to nothing else', async () => {
    const { link } = await aLink();
    const api = await anApi();
    const listener = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener/app/none/0a/0b`;
    await refused(through(api.id, link.id, listener), BAD, 'valid ELB listener ARN');
    await refused(through(api.id, link.id, 'https://example.com'), BAD, 'valid ELB listener ARN');
    await refused(through(api.id, 'none', listener), BAD, 'VpcLink none not found');
    await refused(
      through(api.id, undefined, `arn:aws:servicediscovery:us-east-1:${ACCOUNT}:service/s`),
      BAD,
      'must be set to a valid VpcLink',
    );
  });
});

describe('custom domains', () => {
  async function aCertificate(issued = true) {
    const certificate = await rig.make('certificate', 'c', {
      domainName: 'shop.example.com',
      subjectAlternativeNames: ['*.shop.example.com'],
      validationMethod: 'DNS',
    });
    const zone = await rig.make('zone', 'zone', { name: 'shop.example.com' });
    if (!issued) return certificate.outputs.arn;
    const [proof] = certificate.outputs.domainValidationOptions as [Record<string, string>];
    await rig.make('record', 'proof', {
      zoneId: zone.id,
      name: proof.resourceRecordName,
      type: 'CNAME',
      ttl: 60,
      records: [proof.resourceRecordValue],
    });
    await rig.make('validation', 'v', { certificateArn: certificate.outputs.arn });
    return certificate.outputs.arn;
  }
  const domain = (certificateArn: unknown, domainName = 'api.shop.example.com') =>
    rig.make('domainName', domainName, {
      domainName,
      domainNameConfiguration: { certificateArn, endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' },
    });

  it('have an address of API Gateway, and keep an API while they lead to it', async () => {
    const made = await domain(await aCertificate());
    expect(made.id).toBe('api.shop.example.com');
    expect(made.outputs.domainNameConfiguration).toMatchObject({
      hostedZoneId: 'Z1UJRXOUMOOFQ8',
      targetDomainName: expect.stringMatching(/^d-[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com$/) as string,
    });
    const api = await anApi();
    const mapping = { apiId: api.id, domainName: made.id, stage: '$default' };
    await refused(rig.make('apiMapping', 'm', mapping), BAD, 'Invalid stage identifier');
    const stage = await rig.make('apiStage', 's', { apiId: api.id, name: '$default' });
    const link = await rig.make('apiMapping', 'm', mapping);
    await refused(rig.make('apiMapping', 'n', mapping), 'ConflictException', 'already exists for this domain name');
    await refused(rig.provider.delete(api), BAD, 'remove all base path mappings');
    await refused(rig.provider.delete(stage), 'DependencyViolation');
    for (const one of [link, made, stage, api]) await rig.provider.delete(one);
  });

  it('need an issued certificate that covers them, and are nobody else’s', async () => {
    await refused(domain(await aCertificate(false)), BAD, 'must be issued');
    rig = new SandboxRig();
    const certificate = await aCertificate();
    await refused(domain(certificate, 'api.example.com'), BAD, 'not covered by the provided certificate');
    await refused(domain(certificate, 'a.b.shop.example.com'), BAD, 'not covered');
    await domain(certificate);
    await refused(domain(certificate), BAD, 'already exists');
    const [held] = await rig.inventory({ type: 'aws:acm/certificate:Certificate' });
    if (held) await refused(rig.provider.delete({ ...held, outputs: held.properties }), 'ResourceInUseException');
  });
});

it.each([
  ['api', { protocolType: 'REST' }, 'protocolType: expected one of HTTP, WEBSOCKET'],
  [
    'integration',
    { apiId: 'a', integrationType: 'HTTP_PROXY', timeoutMilliseconds: 49 },
    'timeoutMilliseconds: expected',
  ],
  ['apiStage', { apiId: 'a', name: 'a/b' }, 'name: expected $default or'],
  [
    'domainName',
    { domainName: 'a.b', domainNameConfiguration: {} },
    'domainNameConfiguration: Missing required argument',
  ],
  [
    'domainName',
    {
      domainName: 'a.b',
      domainNameConfiguration: { certificateArn: 'c', endpointType: 'REGIONAL', securityPolicy: 'TLS_1_0' },
    },
    'domainNameConfiguration: expected securityPolicy to be one of TLS_1_2',
  ],
] as const)('%s %j: %s', async (type, news, expected) => {
  expect((await rig.failures(type, news))[0]).toContain(expected);
});

it('refuses credentials from everywhere and WebSocket names for HTTP', async () => {
  await refused(
    anApi({ corsConfiguration: { allowCredentials: true, allowOrigins: ['*'] } }),
    BAD,
    "'*' cannot be used",
  );
  const api = await anApi();
  await refused(
    rig.make('integration', 'i', { apiId: api.id, integrationType: 'AWS' }),
    BAD,
    'only support AWS_PROXY and HTTP_PROXY',
  );
});
