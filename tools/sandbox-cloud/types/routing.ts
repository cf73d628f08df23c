import { crc32 } from 'node:zlib';
import { setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  exactlyOneOf,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
} from '../resource-spec.js';
import { dependencyViolation, ec2Arn, ec2Id, ec2NotFound, ec2Reference } from './ec2.js';

/** Source of quotas: "Amazon VPC quotas" of the VPC user guide, defaults. */
const TABLES_PER_VPC = 200;
const ROUTES_PER_TABLE = 50;

export const ROUTE_TABLE: ResourceSpec = {
  type: 'aws:ec2/routeTable:RouteTable',
  kind: 'rtb',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    propagatingVgws: setOf({ computed: true }),
    routes: setOf({ computed: true }),
    vpcId: text({ required: true, replaces: true }),
  },
  outputs: ['arn', 'ownerId'],
  id: ec2Id('rtb'),
  arn: ec2Arn('route-table'),
  compute: ({ inputs, account }) => ({
    ownerId: account,
    propagatingVgws: inputs.propagatingVgws ?? [],
    routes: inputs.routes ?? [],
  }),
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'refuse') }),
  quotas: ({ vpcId }, { region }) => [
    {
      limit: TABLES_PER_VPC,
      query: { type: 'aws:ec2/routeTable:RouteTable', region, ref: claimOf(region, 'vpc', String(vpcId)) },
      error: new CloudError('RouteTableLimitExceeded', 'The maximum number of route tables has been reached.'),
    },
  ],
  notFound: ec2NotFound('rtb'),
  inUse: ({ id }) => dependencyViolation(`The routeTable '${id}' has dependencies and cannot be deleted.`),
};

const DESTINATIONS = ['destinationCidrBlock', 'destinationIpv6CidrBlock', 'destinationPrefixListId'] as const;
const TARGETS = [
  'carrierGatewayId',
  'coreNetworkArn',
  'egressOnlyGatewayId',
  'gatewayId',
  'localGatewayId',
  'natGatewayId',
  'networkInterfaceId',
  'odbNetworkArn',
  'transitGatewayId',
  'vpcEndpointId',
  'vpcPeeringConnectionId',
] as const;

export const ROUTE: ResourceSpec = {
  type: 'aws:ec2/route:Route',
  kind: 'route',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    ...Object.fromEntries(DESTINATIONS.map((key) => [key, text({ replaces: true })])),
    ...Object.fromEntries(TARGETS.map((key) => [key, text()])),
    routeTableId: text({ required: true, replaces: true }),
  },
  outputs: ['instanceId', 'instanceOwnerId', 'origin', 'state'],
  validate: (inputs) => [...exactlyOneOf(inputs, DESTINATIONS), ...exactlyOneOf(inputs, TARGETS)],
  id: ({ inputs }) => `r-${needText(inputs, 'routeTableId')}${crc32(destinationOf(inputs))}`, // as the real provider does
  compute: () => ({ instanceId: '', instanceOwnerId: '', origin: 'CreateRoute', state: 'active' }),
  references: (inputs, { region }) => ({
    routeTable: ec2Reference('rtb', region, inputs.routeTableId, 'cascade'),
    internetGateway: gatewayReference(inputs, region),
    natGateway: natReference(inputs, region),
    vpcEndpoint: ec2Reference('vpce', region, inputs.vpcEndpointId, 'ignore'),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'route', `r-${String(inputs.routeTableId)}${crc32(destinationOf(inputs))}`),
      taken: () =>
        new CloudError('RouteAlreadyExists', `The route identified by ${destinationOf(inputs)} already exists.`),
    },
  ],
  quotas: ({ routeTableId }, { region }) => [
    {
      limit: ROUTES_PER_TABLE,
      query: { type: 'aws:ec2/route:Route', region, ref: claimOf(region, 'rtb', String(routeTableId)) },
      error: new CloudError('RouteLimitExceeded', 'The maximum number of routes has been reached.'),
    },
  ],
  guard: async ({ inputs, refs, region, cloud }) => {
    const table = needText(inputs, 'routeTableId');
    const vpc = vpcOfTable(refs.routeTable);
    const differ = (what: string, id: unknown): CloudError =>
      new CloudError(
        'InvalidParameterValue',
        `route table ${table} and ${what} ${String(id)} belong to different networks`,
      );
    if (refs.internetGateway && refs.internetGateway.inputs.vpcId !== vpc) {
      throw differ('network gateway', inputs.gatewayId);
    }
    if (refs.natGateway) {
      const subnetId = String(refs.natGateway.inputs.subnetId);
      const [subnet] = await cloud.findByClaims([claimOf(region, 'subnet', subnetId)]);
      if (subnet && subnet.inputs.vpcId !== vpc) throw differ('NAT gateway', inputs.natGatewayId);
    }
  },
  notFound: ec2NotFound('route'),
};

export const ROUTE_TABLE_ASSOCIATION: ResourceSpec = {
  type: 'aws:ec2/routeTableAssociation:RouteTableAssociation',
  kind: 'rtbassoc',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    gatewayId: text({ replaces: true }),
    routeTableId: text({ required: true }),
    subnetId: text({ replaces: true }),
  },
  outputs: [],
  validate: (inputs) => exactlyOneOf(inputs, ['subnetId', 'gatewayId']),
  id: ec2Id('rtbassoc'),
  compute: () => ({}),
  references: (inputs, { region }) => ({
    routeTable: ec2Reference('rtb', region, inputs.routeTableId, 'refuse'),
    subnet: ec2Reference('subnet', region, inputs.subnetId, 'cascade'),
    gateway: ec2Reference('igw', region, inputs.gatewayId, 'cascade'),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'route-table-of', textOf(inputs.subnetId) ?? String(inputs.gatewayId)),
      taken: () =>
        new CloudError(
          'Resource.AlreadyAssociated',
          `the specified association for route table ${String(inputs.routeTableId)} conflicts with an existing association`,
        ),
    },
  ],
  guard: ({ inputs, refs }) => {
    if (refs.subnet && refs.subnet.inputs.vpcId !== vpcOfTable(refs.routeTable)) {
      throw new CloudError(
        'InvalidParameterValue',
        `Route table ${String(inputs.routeTableId)} and subnet ${String(inputs.subnetId)} belong to different networks`,
      );
    }
  },
  notFound: ec2NotFound('rtbassoc'),
};

/** A table of its own, or the main table, which is part of its VPC. */
function vpcOfTable(table: { readonly id: string; readonly inputs: Properties } | undefined): string | undefined {
  return textOf(table?.inputs.vpcId) ?? table?.id;
}

function destinationOf(inputs: Properties): string {
  return DESTINATIONS.map((key) => textOf(inputs[key])).find((value) => value !== undefined) ?? '';
}

function gatewayReference({ gatewayId }: Properties, region: Place['region']): Reference | undefined {
  const reference = String(gatewayId).startsWith('vgw-') ? undefined : ec2Reference('igw', region, gatewayId, 'ignore');
  const missing = new CloudError('InvalidGatewayID.NotFound', `The gateway ID '${String(gatewayId)}' does not exist`);
  return gatewayId === 'local' ? undefined : reference && { ...reference, missing };
}

function natReference({ natGatewayId }: Properties, region: Place['region']): Reference | undefined {
  const reference = ec2Reference('nat', region, natGatewayId, 'ignore');
  const missing = new CloudError(
    'InvalidNatGatewayID.NotFound',
    `The natGateway ID '${String(natGatewayId)}' does not exist`,
  );
  return reference && { ...reference, missing };
}
