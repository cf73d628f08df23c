import { hex, upperAlphanumeric } from '../identities.js';
import { flag, json, list, number, object, oneOf, pattern, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  exactlyOneOf,
  type GuardContext,
  needText,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { roleReference } from './iam.js';
import { logGroupReference } from './logs.js';
import { ec2Arn, ec2Id, ec2NotFound, ec2Reference } from './ec2.js';

const GATEWAY_SERVICES = ['s3', 'dynamodb'];
/** Services with an interface endpoint that the sandbox offers: what infrastructure programs commonly ask for. */
const INTERFACE_SERVICES = [
  'autoscaling',
  'cloudformation',
  'ec2',
  'ec2messages',
  'ecr.api',
  'ecr.dkr',
  'ecs',
  'ecs-agent',
  'ecs-telemetry',
  'eks',
  'elasticfilesystem',
  'elasticloadbalancing',
  'events',
  'execute-api',
  'kms',
  'lambda',
  'logs',
  'monitoring',
  'rds',
  's3',
  'secretsmanager',
  'sns',
  'sqs',
  'ssm',
  'ssmmessages',
  'states',
  'sts',
  'xray',
];

export const VPC_ENDPOINT: ResourceSpec = {
  type: 'aws:ec2/vpcEndpoint:VpcEndpoint',
  kind: 'vpce',
  taggable: true,
  seconds: { create: 30, update: 10, delete: 30 },
  inputs: {
    autoAccept: flag(),
    dnsOptions: object({ computed: true }),
    ipAddressType: text({ computed: true, check: oneOf('ipv4', 'ipv6', 'dualstack') }),
    policy: json({ computed: true }),
    privateDnsEnabled: flag({ computed: true }),
    resourceConfigurationArn: text({ replaces: true }),
    routeTableIds: setOf({ computed: true }),
    securityGroupIds: setOf({ computed: true }),
    serviceName: text({ replaces: true }),
    serviceNetworkArn: text({ replaces: true }),
    serviceRegion: text({ computed: true, replaces: true }),
    subnetConfigurations: setOf({ computed: true }),
    subnetIds: setOf({ computed: true }),
    vpcEndpointType: text({
      default: 'Gateway',
      replaces: true,
      check: oneOf('Gateway', 'GatewayLoadBalancer', 'Interface', 'Resource', 'ServiceNetwork'),
    }),
    vpcId: text({ required: true, replaces: true }),
  },
  outputs: [
    'arn',
    'cidrBlocks',
    'dnsEntries',
    'networkInterfaceIds',
    'ownerId',
    'prefixListId',
    'requesterManaged',
    'state',
  ],
  validate: (inputs) => exactlyOneOf(inputs, ['serviceName', 'resourceConfigurationArn', 'serviceNetworkArn']),
  id: ec2Id('vpce'),
  arn: ec2Arn('vpc-endpoint'),
  compute: ({ inputs, id, seed, account, region, refs }) => {
    const isInterface = inputs.vpcEndpointType === 'Interface';
    const service = serviceOf(inputs);
    const subnetIds = textsOf(inputs.subnetIds);
    const dnsName = `${id}-${hex(`${seed}|dns`, 8)}.${service}.${region}.vpce.amazonaws.com`;
    const hostedZoneId = `Z${upperAlphanumeric(`${service}|${region}`, 13)}`;
    return {
      cidrBlocks: isInterface ? [] : ['52.216.0.0/15', '54.231.0.0/16'],
      dnsEntries: isInterface
        ? [
            { dnsName, hostedZoneId },
            ...(inputs.privateDnsEnabled
              ? [{ dnsName: privateName(inputs, region), hostedZoneId: `Z${upperAlphanumeric(seed, 20)}` }]
              : []),
          ]
        : [],
      dnsOptions: inputs.dnsOptions ?? {
        dnsRecordIpType: isInterface ? 'ipv4' : 'service-defined',
        privateDnsOnlyForInboundResolverEndpoint: false,
      },
      ipAddressType: inputs.ipAddressType ?? 'ipv4',
      networkInterfaceIds: subnetIds.map((subnet) => `eni-${hex(`${seed}|${subnet}`)}`),
      ownerId: account,
      policy: inputs.policy ?? ALLOW_ALL,
      prefixListId: isInterface ? '' : `pl-${hex(`${service}|${region}`, 8)}`,
      privateDnsEnabled: inputs.privateDnsEnabled ?? false,
      requesterManaged: false,
      routeTableIds: inputs.routeTableIds ?? [],
      securityGroupIds:
        inputs.securityGroupIds ?? (isInterface ? [refs.vpc?.properties.defaultSecurityGroupId ?? ''] : []),
      serviceRegion: inputs.serviceRegion ?? region,
      state: 'available',
      subnetConfigurations: inputs.subnetConfigurations ?? [],
      subnetIds,
    };
  },
  references: (inputs, { region }) => ({
    vpc: ec2Reference('vpc', region, inputs.vpcId, 'refuse'),
    ...each('routeTable', inputs.routeTableIds, (id) => ec2Reference('rtb', region, id, 'ignore')),
    ...each('subnet', inputs.subnetIds, (id) => ec2Reference('subnet', region, id, 'refuse')),
    ...each('group', inputs.securityGroupIds, (id) => ec2Reference('sg', region, id, 'refuse')),
  }),
  claims: ({ inputs, region }) => [
    ...(inputs.privateDnsEnabled === true
      ? [
          {
            value: claimOf(region, 'private-dns', `${String(inputs.vpcId)}|${String(inputs.serviceName)}`),
            taken: () =>
              new CloudError(
                'InvalidParameter',
                `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${privateName(inputs, region)} in the VPC ${String(inputs.vpcId)}`,
              ),
          },
        ]
      : []),
    ...(inputs.vpcEndpointType === 'Gateway'
      ? textsOf(inputs.routeTableIds).map((table) => ({
          value: claimOf(region, 'endpoint-route', `${table}|${String(inputs.serviceName)}`),
          taken: () =>
            new CloudError(
              'RouteAlreadyExists',
              `route table ${table} already has a route with destination-prefix-list-id pl-${hex(`${serviceOf(inputs)}|${region}`, 8)}`,
            ),
        }))
      : []),
  ],
  guard: (context) => {
    assertService(context);
    if (context.inputs.vpcEndpointType === 'Interface') assertInterface(context);
  },
  notFound: ec2NotFound('vpce'),
};

const ALLOW_ALL = JSON.stringify({
  Version: '2008-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
});

function assertService({ inputs, region }: GuardContext): void {
  const name = textOf(inputs.serviceName);
  if (!name) return;
  const offered = inputs.vpcEndpointType === 'Gateway' ? GATEWAY_SERVICES : INTERFACE_SERVICES;
  if (!offered.some((service) => name === `com.amazonaws.${region}.${service}`)) {
    throw new CloudError('InvalidServiceName', `The Vpc Endpoint Service '${name}' does not exist`);
  }
}

function assertInterface({ inputs, refs }: GuardContext): void {
  const vpc = refs.vpc;
  if (inputs.privateDnsEnabled === true && !(vpc?.properties.enableDnsHostnames && vpc.properties.enableDnsSupport)) {
    throw new CloudError(
      'InvalidParameter',
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${String(inputs.vpcId)}`,
    );
  }
  const zones = new Set<unknown>();
  for (const [name, subnet] of Object.entries(refs)) {
    if (!name.startsWith('subnet') || !subnet) continue;
    if (zones.has(subnet.properties.availabilityZone)) {
      throw new CloudError(
        'DuplicateSubnetsInSameZone',
        `Found another VPC endpoint subnet in the availability zone of ${subnet.id}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.`,
      );
    }
    zones.add(subnet.properties.availabilityZone);
  }
}

function each(
  name: string,
  ids: unknown,
  reference: (id: string) => Reference | undefined,
): Record<string, Reference | undefined> {
  return Object.fromEntries(textsOf(ids).map((id, i) => [`${name}[${i}]`, reference(id)]));
}

function serviceOf(inputs: Properties): string {
  return (textOf(inputs.serviceName) ?? '').replace(/^com\.amazonaws\.[a-z0-9-]+\./, '');
}

function privateName(inputs: Properties, region: string): string {
  const [service = '', api] = serviceOf(inputs).split('.');
  return api ? `${api}.${service}.${region}.amazonaws.com` : `${service}.${region}.amazonaws.com`;
}

const WATCHED = [
  'vpcId',
  'subnetId',
  'eniId',
  'transitGatewayId',
  'transitGatewayAttachmentId',
  'regionalNatGatewayId',
];
const DEFAULT_FORMAT = [
  'version',
  'account-id',
  'interface-id',
  'srcaddr',
  'dstaddr',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'log-status',
]
  .map((field) => `\${${field}}`)
  .join(' ');

export const FLOW_LOG: ResourceSpec = {
  type: 'aws:ec2/flowLog:FlowLog',
  kind: 'fl',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    deliverCrossAccountRole: text({ replaces: true }),
    destinationOptions: object({ replaces: true }),
    eniId: text({ replaces: true }),
    iamRoleArn: text({ replaces: true, check: pattern(/^arn:aws:iam::\d{12}:role\//, 'expected the ARN of a role') }),
    logDestination: text({ computed: true, replaces: true }),
    logDestinationType: text({
      default: 'cloud-watch-logs',
      replaces: true,
      check: oneOf('cloud-watch-logs', 's3', 'kinesis-data-firehose'),
    }),
    logFormat: text({ computed: true, replaces: true }),
    maxAggregationInterval: number({ default: 600, replaces: true, check: oneOf(60, 600) }),
    regionalNatGatewayId: text({ replaces: true }),
    subnetId: text({ replaces: true }),
    tagFieldSpecifications: list({ replaces: true }),
    trafficType: text({ replaces: true, check: oneOf('ACCEPT', 'REJECT', 'ALL') }),
    transitGatewayAttachmentId: text({ replaces: true }),
    transitGatewayId: text({ replaces: true }),
    vpcId: text({ replaces: true }),
  },
  outputs: ['arn'],
  validate: (inputs) => exactlyOneOf(inputs, WATCHED),
  id: ec2Id('fl'),
  arn: ec2Arn('vpc-flow-log'),
  compute: ({ inputs }) => ({
    logDestination: inputs.logDestination ?? '',
    logFormat: inputs.logFormat ?? DEFAULT_FORMAT,
  }),
  references: (inputs, place) => ({
    vpc: ec2Reference('vpc', place.region, inputs.vpcId, 'cascade'),
    subnet: ec2Reference('subnet', place.region, inputs.subnetId, 'cascade'),
    role: roleReference(
      inputs.iamRoleArn,
      'ignore',
      new CloudError('InvalidParameter', 'Access error: unable to assume the given IAM role'),
    ),
    group:
      inputs.logDestinationType === 'cloud-watch-logs'
        ? logGroupReference(inputs.logDestination, place, 'ignore')
        : undefined,
  }),
  claims: ({ inputs, region }) => {
    const watched = WATCHED.map((key) => textOf(inputs[key])).find((id) => id !== undefined) ?? '';
    const taken = (): CloudError =>
      new CloudError(
        'FlowLogAlreadyExists',
        'There is an existing Flow Log with the same configuration and log destination.',
      );
    const value = claimOf(
      region,
      'flow-log',
      `${watched}|${String(inputs.trafficType)}|${String(inputs.logDestination)}`,
    );
    return [{ value, taken }];
  },
  guard: ({ inputs }) => {
    needText(inputs, 'trafficType');
    if (inputs.logDestinationType === 'cloud-watch-logs') needText(inputs, 'iamRoleArn');
    needText(inputs, 'logDestination');
  },
  notFound: ec2NotFound('fl'),
};
