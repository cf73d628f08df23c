import { contains, overlap, parseCidr } from '../cidr.js';
import { hex } from '../identities.js';
import { flag, list, number, oneOf, text } from '../inputs.js';
import { CloudError } from '../provider.port.js';
import { zoneId, zonesOf } from '../regions.js';
import { claimOf, type GuardContext, needText, type ResourceSpec, textOf } from '../resource-spec.js';
import { dependencyViolation, ec2Arn, ec2Id, ec2NotFound, ec2Reference } from './ec2.js';

const MIN_PREFIX = 16;
const MAX_PREFIX = 28;

const isCidr = (value: string): string | undefined =>
  parseCidr(value) ? undefined : `"${value}" is not a valid IPv4 CIDR block`;

/** Source of quotas: "Amazon VPC quotas" of the VPC user guide, defaults. */
const VPCS_PER_REGION = 5;
const GATEWAYS_PER_REGION = 5;
const SUBNETS_PER_VPC = 200;

export const VPC: ResourceSpec = {
  type: 'aws:ec2/vpc:Vpc',
  kind: 'vpc',
  taggable: true,
  seconds: { create: 12, update: 11, delete: 1 },
  inputs: {
    assignGeneratedIpv6CidrBlock: flag(),
    cidrBlock: text({ computed: true, replaces: true, check: isCidr }),
    enableDnsHostnames: flag({ computed: true }),
    enableDnsSupport: flag({ default: true }),
    enableNetworkAddressUsageMetrics: flag({ computed: true }),
    instanceTenancy: text({ default: 'default', check: oneOf('default', 'dedicated') }),
    ipv4IpamPoolId: text({ replaces: true }),
    ipv4NetmaskLength: number({ replaces: true }),
    ipv6CidrBlock: text({ computed: true }),
    ipv6CidrBlockNetworkBorderGroup: text({ computed: true }),
    ipv6IpamPoolId: text(),
    ipv6NetmaskLength: number(),
  },
  outputs: [
    'arn',
    'defaultNetworkAclId',
    'defaultRouteTableId',
    'defaultSecurityGroupId',
    'dhcpOptionsId',
    'ipv6AssociationId',
    'mainRouteTableId',
    'ownerId',
  ],
  validate: (inputs) =>
    inputs.cidrBlock === undefined && inputs.ipv4IpamPoolId === undefined
      ? [{ property: 'cidrBlock', reason: 'one of cidrBlock, ipv4IpamPoolId must be specified' }]
      : [],
  id: ec2Id('vpc'),
  arn: ec2Arn('vpc'),
  compute: ({ inputs, seed, account, region }) => {
    const mainRouteTableId = `rtb-${hex(`${seed}|main`)}`;
    return {
      assignGeneratedIpv6CidrBlock: inputs.assignGeneratedIpv6CidrBlock ?? false,
      enableDnsHostnames: inputs.enableDnsHostnames ?? false,
      enableNetworkAddressUsageMetrics: inputs.enableNetworkAddressUsageMetrics ?? false,
      defaultNetworkAclId: `acl-${hex(`${seed}|default`)}`,
      defaultRouteTableId: mainRouteTableId,
      defaultSecurityGroupId: defaultGroupId(seed),
      dhcpOptionsId: `dopt-${hex(`${account}|${region}`)}`, // one default set per account and region
      ipv6AssociationId: inputs.assignGeneratedIpv6CidrBlock ? `vpc-cidr-assoc-${hex(`${seed}|ipv6`)}` : '',
      ipv6CidrBlock: inputs.ipv6CidrBlock ?? (inputs.assignGeneratedIpv6CidrBlock ? ipv6Block(seed) : ''),
      ipv6CidrBlockNetworkBorderGroup:
        inputs.ipv6CidrBlockNetworkBorderGroup ?? (inputs.assignGeneratedIpv6CidrBlock ? region : ''),
      mainRouteTableId,
      ownerId: account,
    };
  },
  implicitClaims: ({ region, seed }) => [
    claimOf(region, 'sg', defaultGroupId(seed)),
    claimOf(region, 'rtb', `rtb-${hex(`${seed}|main`)}`),
    claimOf(region, 'acl', `acl-${hex(`${seed}|default`)}`),
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: VPCS_PER_REGION,
      query: { type: 'aws:ec2/vpc:Vpc', region },
      error: new CloudError('VpcLimitExceeded', 'The maximum number of VPCs has been reached.'),
    },
  ],
  guard: ({ inputs }) => {
    const block = textOf(inputs.cidrBlock);
    const cidr = block ? parseCidr(block) : null;
    if (cidr && (cidr.prefix < MIN_PREFIX || cidr.prefix > MAX_PREFIX)) {
      throw new CloudError('InvalidVpc.Range', `The CIDR '${block}' is invalid.`);
    }
  },
  notFound: ec2NotFound('vpc'),
  inUse: ({ id }) => dependencyViolation(`The vpc '${id}' has dependencies and cannot be deleted.`),
};

/** Adopts the group that came with the VPC; deleting it only lets go of it. */
export const DEFAULT_SECURITY_GROUP: ResourceSpec = {
  type: 'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup',
  kind: 'default-sg',
  taggable: true,
  seconds: { create: 2, delete: 0 },
  inputs: {
    egress: list({ computed: true, set: true }),
    ingress: list({ computed: true, set: true }),
    revokeRulesOnDelete: flag({ default: false }),
    vpcId: text({ computed: true, replaces: true }),
  },
  outputs: ['arn', 'description', 'name', 'namePrefix', 'ownerId'],
  id: ({ refs, seed }) => String(refs.vpc?.properties.defaultSecurityGroupId ?? `sg-${hex(seed)}`),
  arn: ec2Arn('security-group'),
  compute: ({ inputs, account }) => ({
    description: 'default VPC security group',
    egress: inputs.egress ?? [],
    ingress: inputs.ingress ?? [],
    name: 'default',
    namePrefix: '',
    ownerId: account,
  }),
  validate: ({ vpcId }) =>
    vpcId === undefined
      ? [{ property: 'vpcId', reason: 'the account has no default VPC: vpcId must be specified' }]
      : [],
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'default-sg-of-vpc', String(inputs.vpcId)),
      taken: () => ec2NotFound('sg')(''),
      overwrites: true,
    },
  ],
  notFound: ec2NotFound('sg'),
};

export const INTERNET_GATEWAY: ResourceSpec = {
  type: 'aws:ec2/internetGateway:InternetGateway',
  kind: 'igw',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: { vpcId: text({ computed: true }) },
  outputs: ['arn', 'ownerId'],
  id: ec2Id('igw'),
  arn: ec2Arn('internet-gateway'),
  compute: ({ inputs, account }) => ({ vpcId: inputs.vpcId ?? '', ownerId: account }),
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'refuse') }),
  claims: ({ inputs, region }) => {
    const vpcId = textOf(inputs.vpcId);
    if (!vpcId) return [];
    const taken = (): CloudError =>
      new CloudError('InvalidParameterValue', `Network ${vpcId} already has an internet gateway attached`);
    return [{ value: claimOf(region, 'igw-of-vpc', vpcId), taken }];
  },
  quotas: (_inputs, { region }) => [
    {
      limit: GATEWAYS_PER_REGION,
      query: { type: 'aws:ec2/internetGateway:InternetGateway', region },
      error: new CloudError(
        'InternetGatewayLimitExceeded',
        'The maximum number of internet gateways has been reached.',
      ),
    },
  ],
  // A gateway that moves to another VPC is not held back: the program's own replacement of the old VPC follows at once.
  guardDelete: async ({ inputs, region }, cloud) => {
    const vpcId = textOf(inputs.vpcId);
    if (!vpcId) return;
    const subnets = await cloud.find({ type: 'aws:ec2/subnet:Subnet', ref: claimOf(region, 'vpc', vpcId) });
    const homes = new Set(subnets.map((subnet) => subnet.id));
    const gateways = await cloud.find({ type: 'aws:ec2/natGateway:NatGateway', region });
    if (gateways.some((nat) => nat.inputs.connectivityType === 'public' && homes.has(String(nat.inputs.subnetId)))) {
      throw dependencyViolation(
        `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
      );
    }
  },
  notFound: ec2NotFound('igw'),
};

export const SUBNET: ResourceSpec = {
  type: 'aws:ec2/subnet:Subnet',
  kind: 'subnet',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    assignIpv6AddressOnCreation: flag({ default: false }),
    availabilityZone: text({ computed: true, replaces: true }),
    availabilityZoneId: text({ computed: true, replaces: true }),
    cidrBlock: text({ replaces: true, check: isCidr }),
    customerOwnedIpv4Pool: text(),
    enableDns64: flag({ default: false }),
    enableLniAtDeviceIndex: number(),
    enableResourceNameDnsARecordOnLaunch: flag({ default: false }),
    enableResourceNameDnsAaaaRecordOnLaunch: flag({ default: false }),
    ipv4IpamPoolId: text({ replaces: true }),
    ipv4NetmaskLength: number({ replaces: true }),
    ipv6CidrBlock: text({ computed: true }),
    ipv6IpamPoolId: text({ replaces: true }),
    ipv6Native: flag({ default: false, replaces: true }),
    ipv6NetmaskLength: number({ replaces: true }),
    mapCustomerOwnedIpOnLaunch: flag(),
    mapPublicIpOnLaunch: flag({ default: false }),
    outpostArn: text({ replaces: true }),
    privateDnsHostnameTypeOnLaunch: text({ computed: true, check: oneOf('ip-name', 'resource-name') }),
    vpcId: text({ required: true, replaces: true }),
  },
  outputs: ['arn', 'ipv6CidrBlockAssociationId', 'ownerId'],
  id: ec2Id('subnet'),
  arn: ec2Arn('subnet'),
  compute: ({ inputs, account, region }) => {
    const availabilityZone =
      textOf(inputs.availabilityZone) ??
      zonesOf(region).find((zone) => zoneId(zone) === inputs.availabilityZoneId) ??
      `${region}a`;
    return {
      availabilityZone,
      availabilityZoneId: zoneId(availabilityZone),
      ipv6CidrBlock: inputs.ipv6CidrBlock ?? '',
      ipv6CidrBlockAssociationId: '',
      ownerId: account,
      privateDnsHostnameTypeOnLaunch: inputs.privateDnsHostnameTypeOnLaunch ?? 'ip-name',
    };
  },
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'refuse') }),
  claims: ({ inputs, region }) => {
    const cidr = textOf(inputs.cidrBlock);
    const taken = (): CloudError => subnetConflict(cidr ?? '');
    return cidr ? [{ value: claimOf(region, 'subnet-cidr', `${String(inputs.vpcId)}|${cidr}`), taken }] : [];
  },
  quotas: ({ vpcId }, { region }) => [
    {
      limit: SUBNETS_PER_VPC,
      query: { type: 'aws:ec2/subnet:Subnet', region, ref: claimOf(region, 'vpc', String(vpcId)) },
      error: new CloudError('SubnetLimitExceeded', 'The maximum number of subnets has been reached.'),
    },
  ],
  guard: async (context) => {
    assertZone(context);
    await assertSubnetRange(context);
  },
  notFound: ec2NotFound('subnet'),
  inUse: ({ id }) => dependencyViolation(`The subnet '${id}' has dependencies and cannot be deleted.`),
};

function assertZone({ inputs, region }: GuardContext): void {
  const zone = textOf(inputs.availabilityZone);
  const zones = zonesOf(region);
  if (zone && !zones.includes(zone)) {
    throw new CloudError(
      'InvalidParameterValue',
      `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(', ')}.`,
    );
  }
}

async function assertSubnetRange({ inputs, refs, region, cloud, self }: GuardContext): Promise<void> {
  const block = textOf(inputs.cidrBlock);
  const cidr = block ? parseCidr(block) : null;
  if (!block || !cidr) return;
  const network = parseCidr(textOf(refs.vpc?.inputs.cidrBlock) ?? '');
  if (cidr.prefix < MIN_PREFIX || cidr.prefix > MAX_PREFIX || (network && !contains(network, cidr))) {
    throw new CloudError('InvalidSubnet.Range', `The CIDR '${block}' is invalid.`);
  }
  const neighbours = await cloud.find({
    type: 'aws:ec2/subnet:Subnet',
    region,
    ref: claimOf(region, 'vpc', needText(inputs, 'vpcId')),
  });
  const isTaken = neighbours.some((neighbour) => {
    const other = parseCidr(textOf(neighbour.inputs.cidrBlock) ?? '');
    return neighbour.key !== self && other && overlap(other, cidr);
  });
  if (isTaken) throw subnetConflict(block);
}

function subnetConflict(cidr: string): CloudError {
  return new CloudError('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
}

function defaultGroupId(vpcSeed: string): string {
  return `sg-${hex(`${vpcSeed}|default`)}`;
}

function ipv6Block(seed: string): string {
  return `2600:1f18:${hex(`${seed}|ipv6`, 4)}:${hex(`${seed}|ipv6-net`, 2)}00::/56`;
}
