import { hex } from '../identities.js';
import { flag, length, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { certificateReference } from './acm.js';
import { ec2Reference } from './ec2.js';
import { logGroupReference } from './logs.js';

/** Source of quotas: "Quotas for configuring and running an HTTP API" of the API Gateway developer guide, defaults. */
const APIS_PER_REGION = 600;
const ROUTES_PER_API = 300;
const INTEGRATIONS_PER_API = 300;
const AUTHORIZERS_PER_API = 10;
const STAGES_PER_API = 10;
const VPC_LINKS_PER_REGION = 10;
const DOMAINS_PER_REGION = 120;
/** Milliseconds; WebSocket APIs wait a second less. */
const LONGEST_HTTP_TIMEOUT = 30_000;
const LONGEST_WEBSOCKET_TIMEOUT = 29_000;

const API_TYPE = 'aws:apigatewayv2/api:Api';

/** Lower-case letters and digits. */
const shortId =
  (length: number) =>
  ({ seed }: { seed: string }): string =>
    BigInt(`0x${hex(`${seed}|id`, 24)}`)
      .toString(36)
      .slice(-length);

const arnUnder =
  (path: string) =>
  ({ region, id }: { region: string; id: string }): string =>
    `arn:aws:apigateway:${region}::/${path}/${id}`;

export const API: ResourceSpec = {
  type: API_TYPE,
  kind: 'api',
  taggable: true,
  seconds: { create: 2, update: 2, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    apiKeySelectionExpression: text({
      default: '$request.header.x-api-key',
      check: oneOf('$context.authorizer.usageIdentifierKey', '$request.header.x-api-key'),
    }),
    body: text(),
    corsConfiguration: object(),
    credentialsArn: text(),
    description: text({ check: length(0, 1024) }),
    disableExecuteApiEndpoint: flag(),
    failOnWarnings: flag(),
    ipAddressType: text({ computed: true, check: oneOf('ipv4', 'dualstack') }),
    name: text({ computed: true, check: length(1, 128) }),
    protocolType: text({ required: true, replaces: true, check: oneOf('HTTP', 'WEBSOCKET') }),
    routeKey: text(),
    routeSelectionExpression: text({ default: '$request.method $request.path' }),
    target: text(),
    version: text({ check: length(1, 64) }),
  },
  outputs: ['apiEndpoint', 'arn', 'executionArn'],
  id: shortId(10),
  arn: arnUnder('apis'),
  compute: ({ inputs, id, region, account }) => ({
    apiEndpoint: `${inputs.protocolType === 'HTTP' ? 'https' : 'wss'}://${id}.execute-api.${region}.amazonaws.com`,
    executionArn: `arn:aws:execute-api:${region}:${account}:${id}`,
    ipAddressType: inputs.ipAddressType ?? 'ipv4',
  }),
  quotas: (_inputs, { region }) => [
    {
      limit: APIS_PER_REGION,
      query: { type: API_TYPE, region },
      error: new CloudError('TooManyRequestsException', `APIs per region limit of ${APIS_PER_REGION} exceeded`),
    },
  ],
  guard: ({ inputs }) => {
    const { allowCredentials, allowOrigins } = (inputs.corsConfiguration ?? {}) as Properties;
    if (inputs.corsConfiguration !== undefined && inputs.protocolType !== 'HTTP') {
      throw badRequest('CORS configuration is only supported for HTTP APIs');
    }
    if (allowCredentials === true && textsOf(allowOrigins).includes('*')) {
      throw badRequest("Value of allow-origins '*' cannot be used when allow-credentials is set to true");
    }
  },
  notFound: noApi,
  inUse: () =>
    badRequest('Deleting API failed. Please remove all base path mappings related to the API in your domains.'),
};

export const AUTHORIZER: ResourceSpec = {
  type: 'aws:apigatewayv2/authorizer:Authorizer',
  kind: 'api-authorizer',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    apiId: text({ required: true, replaces: true }),
    authorizerCredentialsArn: text(),
    authorizerPayloadFormatVersion: text({ check: oneOf('1.0', '2.0') }),
    authorizerResultTtlInSeconds: number({ computed: true, check: range(0, 3600) }),
    authorizerType: text({ required: true, check: oneOf('JWT', 'REQUEST') }),
    authorizerUri: text(),
    enableSimpleResponses: flag(),
    identitySources: setOf(),
    jwtConfiguration: object(),
    name: text({ computed: true, check: length(1, 128) }),
  },
  outputs: [],
  id: shortId(6),
  compute: ({ inputs }) => ({ authorizerResultTtlInSeconds: inputs.authorizerResultTtlInSeconds ?? 0 }),
  references: ({ apiId }, place) => ({ api: apiReference(apiId, place) }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'api-authorizer-name', `${String(inputs.apiId)}|${String(inputs.name)}`),
      taken: () => badRequest('Authorizer name must be unique. Authorizer names already exists in this API'),
    },
  ],
  quotas: perApi('aws:apigatewayv2/authorizer:Authorizer', AUTHORIZERS_PER_API, 'Authorizers'),
  guard: assertAuthorizer,
  notFound: () => notFound('Invalid Authorizer identifier specified'),
  inUse: ({ id }, referrer) =>
    new CloudError(
      'ConflictException',
      `Cannot delete authorizer '${id}', is referenced in route: ${String(referrer.inputs.routeKey)}`,
    ),
};

export const VPC_LINK: ResourceSpec = {
  type: 'aws:apigatewayv2/vpcLink:VpcLink',
  kind: 'vpc-link',
  taggable: true,
  seconds: { create: 120, update: 1, delete: 60 },
  autoName: { maxLength: 128 },
  inputs: {
    name: text({ computed: true, check: length(1, 128) }),
    securityGroupIds: setOf({ required: true, replaces: true }),
    subnetIds: setOf({ required: true, replaces: true }),
  },
  outputs: ['arn'],
  id: shortId(6),
  arn: arnUnder('vpclinks'),
  compute: () => ({}),
  references: ({ subnetIds, securityGroupIds }, { region }) => {
    const many = (kind: 'subnet' | 'sg', ids: unknown): [string, Reference | undefined][] =>
      textsOf(ids).map((id, index) => [`${kind}${index}`, ec2Reference(kind, region, id, 'refuse')]);
    return Object.fromEntries([...many('subnet', subnetIds), ...many('sg', securityGroupIds)]);
  },
  quotas: (_inputs, { region }) => [
    {
      limit: VPC_LINKS_PER_REGION,
      query: { type: 'aws:apigatewayv2/vpcLink:VpcLink', region },
      error: new CloudError('LimitExceededException', `VPC links limit of ${VPC_LINKS_PER_REGION} exceeded`),
    },
  ],
  guard: ({ inputs, refs }) => {
    if (textsOf(inputs.subnetIds).length === 0) throw badRequest('VPC link needs at least one subnet');
    const vpcs = new Set(Object.values(refs).flatMap((one) => (one ? [textOf(one.inputs.vpcId) ?? one.id] : [])));
    if (vpcs.size > 1) throw badRequest('Subnets and security groups of a VPC link must be in the same VPC');
  },
  notFound: () => notFound('Invalid VpcLink identifier specified'),
  inUse: ({ id }, referrer) =>
    badRequest(
      `Cannot delete vpc link. Vpc link '${id}', is referenced in [${String(referrer.inputs.apiId)}:${referrer.id}] in format of [ApiId:IntegrationId]`,
    ),
};

export const INTEGRATION: ResourceSpec = {
  type: 'aws:apigatewayv2/integration:Integration',
  kind: 'api-integration',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    apiId: text({ required: true, replaces: true }),
    connectionId: text({ check: length(1, 1024) }),
    connectionType: text({ default: 'INTERNET', check: oneOf('INTERNET', 'VPC_LINK') }),
    contentHandlingStrategy: text({ check: oneOf('CONVERT_TO_BINARY', 'CONVERT_TO_TEXT') }),
    credentialsArn: text(),
    description: text(),
    integrationMethod: text({
      check: oneOf('ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'),
    }),
    integrationSubtype: text({ replaces: true, check: length(1, 128) }),
    integrationType: text({
      required: true,
      replaces: true,
      check: oneOf('AWS', 'HTTP', 'MOCK', 'HTTP_PROXY', 'AWS_PROXY'),
    }),
    integrationUri: text(),
    passthroughBehavior: text({ check: oneOf('WHEN_NO_MATCH', 'NEVER', 'WHEN_NO_TEMPLATES') }),
    payloadFormatVersion: text({ default: '1.0', check: oneOf('1.0', '2.0') }),
    requestParameters: object(),
    requestTemplates: object(),
    responseParameters: setOf(),
    templateSelectionExpression: text(),
    timeoutMilliseconds: number({ computed: true, check: range(50, LONGEST_HTTP_TIMEOUT) }),
    tlsConfig: object(),
  },
  outputs: ['integrationResponseSelectionExpression'],
  id: shortId(7),
  compute: ({ inputs, refs }) => ({
    integrationResponseSelectionExpression: '',
    timeoutMilliseconds: inputs.timeoutMilliseconds ?? longestTimeout(refs.api?.inputs),
  }),
  references: ({ apiId, connectionId, connectionType, integrationUri }, place) => ({
    api: apiReference(apiId, place),
    ...(connectionType === 'VPC_LINK' && {
      link: vpcLinkReference(connectionId, place),
      listener: privateTarget(integrationUri, place),
    }),
  }),
  quotas: perApi('aws:apigatewayv2/integration:Integration', INTEGRATIONS_PER_API, 'Integrations'),
  guard: assertIntegration,
  notFound: () => notFound('Invalid Integration identifier specified'),
  inUse: ({ id }, referrer) =>
    new CloudError(
      'ConflictException',
      `Cannot delete Integration '${id}', is referenced in route: ${String(referrer.inputs.routeKey)}`,
    ),
};

const METHODS = ['ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

export const API_ROUTE: ResourceSpec = {
  type: 'aws:apigatewayv2/route:Route',
  kind: 'api-route',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    apiId: text({ required: true, replaces: true }),
    apiKeyRequired: flag({ default: false }),
    authorizationScopes: setOf(),
    authorizationType: text({ default: 'NONE', check: oneOf('NONE', 'AWS_IAM', 'CUSTOM', 'JWT') }),
    authorizerId: text(),
    modelSelectionExpression: text(),
    operationName: text({ check: length(1, 64) }),
    requestModels: object(),
    requestParameters: setOf(),
    routeKey: text({ required: true }),
    routeResponseSelectionExpression: text(),
    target: text(),
  },
  outputs: [],
  id: shortId(7),
  compute: () => ({}),
  references: ({ apiId, authorizerId, target }, place) => ({
    api: apiReference(apiId, place),
    authorizer: innerReference('api-authorizer', authorizerId, place, 'Invalid authorizer ID specified.'),
    integration: innerReference(
      'api-integration',
      textOf(target)?.replace(/^integrations\//, ''),
      place,
      'Invalid Integration identifier specified',
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'api-route-key', `${String(inputs.apiId)}|${String(inputs.routeKey)}`),
      taken: () =>
        new CloudError('ConflictException', `Route with key ${String(inputs.routeKey)} already exists for this API`),
    },
  ],
  quotas: perApi('aws:apigatewayv2/route:Route', ROUTES_PER_API, 'Routes'),
  guard: ({ inputs, refs }) => {
    const key = needText(inputs, 'routeKey');
    if (refs.api?.inputs.protocolType === 'HTTP') {
      const [method = '', path = ''] = key.split(' ');
      if (key !== '$default' && !(METHODS.includes(method) && path.startsWith('/'))) {
        throw badRequest(
          'The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
        );
      }
    }
    if (['JWT', 'CUSTOM'].includes(String(inputs.authorizationType)) && !refs.authorizer) {
      throw badRequest(
        'Invalid authorizer ID specified. Setting the authorization type to CUSTOM or JWT requires a valid authorizer.',
      );
    }
  },
  notFound: () => notFound('Invalid Route identifier specified'),
};

export const STAGE: ResourceSpec = {
  type: 'aws:apigatewayv2/stage:Stage',
  kind: 'api-stage',
  taggable: true,
  seconds: { create: 2, update: 2, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    accessLogSettings: object(),
    apiId: text({ required: true, replaces: true }),
    autoDeploy: flag({ default: false }),
    clientCertificateId: text(),
    defaultRouteSettings: object(),
    deploymentId: text({ computed: true }),
    description: text({ check: length(0, 1024) }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^(\$default|[-a-zA-Z0-9_]{1,128})$/, 'expected $default or 1 to 128 of A-Z a-z 0-9 - _'),
    }),
    routeSettings: setOf(),
    stageVariables: object(),
  },
  outputs: ['arn', 'executionArn', 'invokeUrl'],
  id: ({ inputs }) => needText(inputs, 'name'),
  idScope: ({ apiId }) => String(apiId),
  arn: ({ region, inputs, id }) => `arn:aws:apigateway:${region}::/apis/${String(inputs.apiId)}/stages/${id}`,
  compute: ({ inputs, id, seed, region, refs, account }) => {
    const endpoint = textOf(refs.api?.properties.apiEndpoint) ?? '';
    return {
      deploymentId:
        inputs.deploymentId ?? (inputs.autoDeploy === true ? shortId(6)({ seed: `${seed}|deployment` }) : ''),
      executionArn: `arn:aws:execute-api:${region}:${account}:${String(inputs.apiId)}/${id}`,
      invokeUrl: `${endpoint}/${id === '$default' ? '' : id}`,
    };
  },
  references: ({ apiId, accessLogSettings }, place) => ({
    api: apiReference(apiId, place),
    logs: logGroupReference((accessLogSettings as Properties | undefined)?.destinationArn, place, 'ignore'),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'api-stage-name', `${String(inputs.apiId)}|${String(inputs.name)}`),
      taken: () => new CloudError('ConflictException', 'Stage already exists'),
    },
  ],
  quotas: perApi('aws:apigatewayv2/stage:Stage', STAGES_PER_API, 'Stages'),
  guard: ({ inputs, refs }) => {
    const { loggingLevel } = (inputs.defaultRouteSettings ?? {}) as Properties;
    if (refs.api?.inputs.protocolType === 'HTTP' && loggingLevel !== undefined) {
      throw badRequest('Execution logs are not supported on protocolType HTTP');
    }
    if (refs.api?.inputs.protocolType !== 'HTTP' && inputs.name === '$default') {
      throw badRequest('Stage name only allows a-zA-Z0-9_-');
    }
  },
  notFound: () => notFound('Invalid stage identifier specified'),
};

/** Where clients reach regional endpoints: the zone of API Gateway itself, per region. Source: "API Gateway endpoints". */
const REGIONAL_ZONES: Readonly<Record<string, string>> = {
  'us-east-1': 'Z1UJRXOUMOOFQ8',
  'us-east-2': 'ZOJJZC49E0EPZ',
  'us-west-1': 'Z2MUQ32089INYE',
  'us-west-2': 'Z2OJLYMUO9EFXC',
  'eu-west-1': 'ZLY8HYME6SFDD',
  'eu-central-1': 'Z1U9ULNL0V5AJ3',
};

export const DOMAIN_NAME: ResourceSpec = {
  type: 'aws:apigatewayv2/domainName:DomainName',
  kind: 'api-domain',
  taggable: true,
  seconds: { create: 12, update: 30, delete: 2 },
  inputs: {
    domainName: text({ required: true, replaces: true, check: length(1, 512) }),
    domainNameConfiguration: object({ required: true, check: domainConfiguration }),
    mutualTlsAuthentication: object(),
    routingMode: text({
      computed: true,
      check: oneOf('API_MAPPING_ONLY', 'ROUTING_RULE_ONLY', 'ROUTING_RULE_THEN_API_MAPPING'),
    }),
  },
  outputs: ['apiMappingSelectionExpression', 'arn'],
  id: ({ inputs }) => needText(inputs, 'domainName'),
  arn: arnUnder('domainnames'),
  compute: ({ inputs, region, seed }) => ({
    apiMappingSelectionExpression: '$request.basepath',
    domainNameConfiguration: {
      ipAddressType: 'ipv4',
      ownershipVerificationCertificateArn: '',
      ...(inputs.domainNameConfiguration as Properties),
      hostedZoneId: REGIONAL_ZONES[region] ?? `Z${hex(region, 13).toUpperCase()}`,
      targetDomainName: `d-${shortId(10)({ seed })}.execute-api.${region}.amazonaws.com`,
    },
    routingMode: inputs.routingMode ?? 'API_MAPPING_ONLY',
  }),
  references: ({ domainNameConfiguration }, { region }) => ({
    certificate: certificateReference(
      (domainNameConfiguration as Properties | undefined)?.certificateArn,
      region,
      'refuse',
    ),
  }),
  claims: ({ inputs }) => [
    {
      value: claimOf('global', 'api-domain-name', String(inputs.domainName)),
      taken: () => badRequest('The domain name you provided already exists.'),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: DOMAINS_PER_REGION,
      query: { type: 'aws:apigatewayv2/domainName:DomainName', region },
      error: new CloudError('LimitExceededException', `Domain names limit of ${DOMAINS_PER_REGION} exceeded`),
    },
  ],
  guard: ({ inputs, refs }) => {
    const { certificate } = refs;
    const domain = needText(inputs, 'domainName');
    if (certificate?.properties.status !== 'ISSUED') {
      throw badRequest(`The certificate provided must be issued: ${certificate?.arn ?? ''}`);
    }
    const names = [
      textOf(certificate.properties.domainName) ?? '',
      ...textsOf(certificate.properties.subjectAlternativeNames),
    ];
    if (!names.some((name) => covers(name, domain))) {
      throw badRequest(`The domain name to be created is not covered by the provided certificate: ${domain}`);
    }
  },
  notFound: () => notFound('Invalid domain name identifier specified'),
};

export const API_MAPPING: ResourceSpec = {
  type: 'aws:apigatewayv2/apiMapping:ApiMapping',
  kind: 'api-mapping',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    apiId: text({ required: true, replaces: true }),
    apiMappingKey: text(),
    domainName: text({ required: true, replaces: true }),
    stage: text({ required: true }),
  },
  outputs: [],
  id: shortId(6),
  compute: () => ({}),
  references: ({ apiId, domainName, stage }, place) => ({
    api: apiReference(apiId, place, 'refuse'),
    domain: domainReference(domainName, place),
    stage: stageReference(apiId, stage, place),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'api-mapping-key', `${String(inputs.domainName)}|${String(inputs.apiMappingKey ?? '')}`),
      taken: () => new CloudError('ConflictException', 'ApiMapping key already exists for this domain name'),
    },
  ],
  notFound: () => notFound('Invalid ApiMapping identifier specified'),
};

function badRequest(message: string): CloudError {
  return new CloudError('BadRequestException', message);
}

function notFound(message: string): CloudError {
  return new CloudError('NotFoundException', message);
}

function noApi(id: string): CloudError {
  return notFound(`Invalid API identifier specified ${id}`);
}

function apiReference(
  id: unknown,
  { region }: Place,
  onDelete: Reference['onDelete'] = 'cascade',
): Reference | undefined {
  const value = textOf(id);
  return value === undefined ? undefined : { claim: claimOf(region, 'api', value), onDelete, missing: noApi(value) };
}

/** Something inside the same API that may not go while it is needed. */
function innerReference(kind: string, id: unknown, { region }: Place, message: string): Reference | undefined {
  const value = textOf(id);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, kind, value), onDelete: 'refuse', missing: badRequest(message) };
}

function vpcLinkReference(id: unknown, { region }: Place): Reference | undefined {
  const value = textOf(id);
  return value === undefined
    ? undefined
    : {
        claim: claimOf(region, 'vpc-link', value),
        onDelete: 'refuse',
        missing: badRequest(`VpcLink ${value} not found`),
      };
}

/** The listener behind a VPC link. API Gateway looks at it once and does not keep it from being deleted. */
function privateTarget(uri: unknown, { region }: Place): Reference | undefined {
  const arn = textOf(uri);
  if (arn === undefined || !arn.startsWith('arn:aws:elasticloadbalancing:')) return undefined;
  return { claim: claimOf(region, 'listener', arn), onDelete: 'ignore', missing: invalidTarget() };
}

function invalidTarget(): CloudError {
  return badRequest(
    'For VpcLink, integration uri should be a valid ELB listener ARN or a valid Cloud Map service ARN.',
  );
}

function domainReference(name: unknown, { region }: Place): Reference | undefined {
  const value = textOf(name);
  return value === undefined
    ? undefined
    : {
        claim: claimOf(region, 'api-domain', value),
        onDelete: 'cascade',
        missing: notFound('Invalid domain name identifier specified'),
      };
}

function stageReference(apiId: unknown, stage: unknown, { region }: Place): Reference | undefined {
  return textOf(apiId) === undefined || textOf(stage) === undefined
    ? undefined
    : {
        claim: claimOf(region, 'api-stage-name', `${String(apiId)}|${String(stage)}`),
        onDelete: 'refuse',
        missing: badRequest('Invalid stage identifier specified'),
      };
}

function perApi(type: string, limit: number, what: string): NonNullable<ResourceSpec['quotas']> {
  return ({ apiId }, { region }) => [
    {
      limit,
      query: { type, region, ref: claimOf(region, 'api', String(apiId)) },
      error: new CloudError('LimitExceededException', `${what} per API limit of ${limit} exceeded`),
    },
  ];
}

function longestTimeout(api: Properties | undefined): number {
  return api?.protocolType === 'WEBSOCKET' ? LONGEST_WEBSOCKET_TIMEOUT : LONGEST_HTTP_TIMEOUT;
}

/** API Gateway reads the issuer's public keys: a user pool that is not there is no issuer. */
async function assertAuthorizer({ inputs, refs, cloud }: GuardContext): Promise<void> {
  if (inputs.authorizerType !== 'JWT') {
    if (textOf(inputs.authorizerUri) === undefined)
      throw badRequest('AuthorizerUri is required for REQUEST authorizers');
    return;
  }
  if (refs.api?.inputs.protocolType !== 'HTTP') throw badRequest('JWT authorizers are only supported for HTTP APIs');
  const { issuer, audiences } = (inputs.jwtConfiguration ?? {}) as Properties;
  if (textsOf(audiences).length === 0) throw badRequest('JWT authorizers must contain at least one audience');
  if (textsOf(inputs.identitySources).length !== 1) {
    throw badRequest('JWT authorizers must have exactly one identity source');
  }
  const address = textOf(issuer) ?? '';
  if (!address.startsWith('https://')) throw badRequest(`Invalid issuer: ${address}. Issuer must be an https address`);
  const [, pool] = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/([^/]+)$/.exec(address) ?? [];
  if (pool === undefined) return;
  const pools = await cloud.find({ type: 'aws:cognito/userPool:UserPool', id: pool });
  if (pools.length === 0) {
    throw badRequest(
      `Caught exception when connecting to ${address}/.well-known/openid-configuration for issuer ${address}. Please try again later. Error: Invalid issuer: ${address}`,
    );
  }
}

function assertIntegration({ inputs, refs }: GuardContext): void {
  const isHttp = refs.api?.inputs.protocolType === 'HTTP';
  if (isHttp && !['HTTP_PROXY', 'AWS_PROXY'].includes(String(inputs.integrationType))) {
    throw badRequest('HTTP APIs only support AWS_PROXY and HTTP_PROXY integration types');
  }
  if (Number(inputs.timeoutMilliseconds ?? 0) > longestTimeout(refs.api?.inputs)) {
    throw badRequest(`Timeout should be between 50 ms and ${longestTimeout(refs.api?.inputs)} ms`);
  }
  if (inputs.connectionType !== 'VPC_LINK') return;
  if (!refs.link) throw badRequest('ConnectionId must be set to a valid VpcLink for connectionType VPC_LINK');
  if (isHttp && !/^arn:aws:(elasticloadbalancing|servicediscovery):/.test(textOf(inputs.integrationUri) ?? '')) {
    throw invalidTarget();
  }
}

function domainConfiguration(value: Properties): string | undefined {
  const missing = ['certificateArn', 'endpointType', 'securityPolicy'].find((key) => textOf(value[key]) === undefined);
  if (missing) return `Missing required argument "${missing}"`;
  if (value.endpointType !== 'REGIONAL')
    return `expected endpointType to be one of REGIONAL, got ${String(value.endpointType)}`;
  return value.securityPolicy === 'TLS_1_2'
    ? undefined
    : `expected securityPolicy to be one of TLS_1_2, got ${String(value.securityPolicy)}`;
}

/** A wildcard stands for one label. */
function covers(certified: string, domain: string): boolean {
  return certified === domain || (certified.startsWith('*.') && domain.replace(/^[^.]+/, '*') === certified);
}
