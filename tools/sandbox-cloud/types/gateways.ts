import { hex, numberFrom } from '../identities.js';
import { list, number, oneOf, setOf, text } from '../inputs.js';
import { CloudError } from '../provider.port.js';
import { claimOf, needText, type ResourceSpec, textOf } from '../resource-spec.js';
import { addressIn, ec2Arn, ec2Id, ec2NotFound, ec2Reference } from './ec2.js';

/** Source of quotas: "Amazon VPC quotas" of the VPC user guide, defaults. */
const ADDRESSES_PER_REGION = 5;
const GATEWAYS_PER_ZONE = 5;

export const EIP: ResourceSpec = {
  type: 'aws:ec2/eip:Eip',
  kind: 'eipalloc',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    address: text({ replaces: true }),
    associateWithPrivateIp: text(),
    customerOwnedIpv4Pool: text({ replaces: true }),
    domain: text({ computed: true, replaces: true, check: oneOf('vpc', 'standard') }),
    instance: text({ computed: true }),
    ipamPoolId: text({ computed: true, replaces: true }),
    networkBorderGroup: text({ computed: true, replaces: true }),
    networkInterface: text({ computed: true }),
    publicIpv4Pool: text({ computed: true, replaces: true }),
  },
  outputs: [
    'allocationId',
    'arn',
    'associationId',
    'carrierIp',
    'customerOwnedIp',
    'privateDns',
    'privateIp',
    'ptrRecord',
    'publicDns',
    'publicIp',
  ],
  id: ec2Id('eipalloc'),
  arn: ec2Arn('elastic-ip'),
  compute: ({ inputs, id, seed, region }) => {
    const publicIp = `52.${numberFrom(`${seed}|b`, 256)}.${numberFrom(`${seed}|c`, 256)}.${numberFrom(`${seed}|d`, 254) + 1}`;
    const suffix = region === 'us-east-1' ? 'compute-1.amazonaws.com' : `${region}.compute.amazonaws.com`;
    return {
      allocationId: id,
      associationId: '',
      carrierIp: '',
      customerOwnedIp: '',
      domain: inputs.domain ?? 'vpc',
      instance: inputs.instance ?? '',
      ipamPoolId: inputs.ipamPoolId ?? '',
      networkBorderGroup: inputs.networkBorderGroup ?? region,
      networkInterface: inputs.networkInterface ?? '',
      privateDns: '',
      privateIp: '',
      ptrRecord: '',
      publicDns: `ec2-${publicIp.replaceAll('.', '-')}.${suffix}`,
      publicIp,
      publicIpv4Pool: inputs.publicIpv4Pool ?? 'amazon',
    };
  },
  quotas: (_inputs, { region }) => [
    {
      limit: ADDRESSES_PER_REGION,
      query: { type: 'aws:ec2/eip:Eip', region },
      error: new CloudError('AddressLimitExceeded', 'The maximum number of addresses has been reached.'),
    },
  ],
  notFound: ec2NotFound('eipalloc'),
  inUse: ({ properties }) =>
    new CloudError('InvalidIPAddress.InUse', `Address ${String(properties.publicIp)} is in use.`),
};

export const NAT_GATEWAY: ResourceSpec = {
  type: 'aws:ec2/natGateway:NatGateway',
  kind: 'nat',
  taggable: true,
  seconds: { create: 95, update: 1, delete: 55 },
  inputs: {
    allocationId: text({ computed: true, replaces: true }),
    availabilityMode: text({ computed: true, replaces: true, check: oneOf('zonal', 'regional') }),
    availabilityZoneAddresses: setOf({ computed: true }),
    connectivityType: text({ default: 'public', replaces: true, check: oneOf('public', 'private') }),
    privateIp: text({ computed: true, replaces: true }),
    secondaryAllocationIds: setOf(),
    secondaryPrivateIpAddressCount: number({ computed: true }),
    secondaryPrivateIpAddresses: list({ computed: true, set: true }),
    subnetId: text({ replaces: true }),
    vpcId: text({ computed: true, replaces: true }),
  },
  outputs: [
    'associationId',
    'autoProvisionZones',
    'autoScalingIps',
    'networkInterfaceId',
    'publicIp',
    'regionalNatGatewayAddresses',
    'regionalNatGatewayAutoMode',
    'routeTableId',
  ],
  validate: (inputs) => {
    const isPublic = inputs.connectivityType === 'public';
    const failures = [];
    if (inputs.availabilityMode === 'regional') {
      failures.push({ property: 'availabilityMode', reason: 'regional NAT gateways are not in the sandbox' });
    }
    if (inputs.subnetId === undefined)
      failures.push({ property: 'subnetId', reason: 'Missing required argument "subnetId"' });
    if (isPublic && inputs.allocationId === undefined) {
      failures.push({ property: 'allocationId', reason: '"allocationId" is required when connectivityType is public' });
    }
    if (inputs.connectivityType === 'private' && inputs.allocationId !== undefined) {
      failures.push({
        property: 'allocationId',
        reason: '"allocationId" is not supported with connectivityType private',
      });
    }
    return failures;
  },
  id: ec2Id('nat'),
  compute: ({ inputs, refs, seed }) => {
    const privateIp = addressIn(refs.subnet, `${seed}|ip`);
    return {
      allocationId: inputs.allocationId ?? '',
      associationId: refs.address ? `eipassoc-${hex(`${seed}|association`)}` : '',
      autoProvisionZones: '',
      autoScalingIps: '',
      availabilityMode: inputs.availabilityMode ?? 'zonal',
      availabilityZoneAddresses: inputs.availabilityZoneAddresses ?? [],
      networkInterfaceId: `eni-${hex(`${seed}|interface`)}`,
      privateIp: inputs.privateIp ?? privateIp,
      publicIp: refs.address?.properties.publicIp ?? '',
      regionalNatGatewayAddresses: [],
      regionalNatGatewayAutoMode: '',
      routeTableId: '',
      secondaryPrivateIpAddressCount: inputs.secondaryPrivateIpAddressCount ?? 0,
      secondaryPrivateIpAddresses: inputs.secondaryPrivateIpAddresses ?? [],
      vpcId: refs.subnet?.inputs.vpcId ?? '',
    };
  },
  references: (inputs, { region }) => ({
    subnet: ec2Reference('subnet', region, inputs.subnetId, 'refuse'),
    address: ec2Reference('eipalloc', region, inputs.allocationId, 'refuse'),
  }),
  claims: ({ inputs, region }) => {
    const address = textOf(inputs.allocationId);
    if (!address) return [];
    const taken = (): CloudError =>
      new CloudError('Resource.AlreadyAssociated', `Elastic IP address [${address}] is already associated`);
    return [{ value: claimOf(region, 'association-of-address', address), taken }];
  },
  guard: async ({ inputs, refs, region, cloud, self }) => {
    const vpc = String(refs.subnet?.inputs.vpcId);
    const isPublic = inputs.connectivityType === 'public';
    if (isPublic && (await cloud.findByClaims([claimOf(region, 'igw-of-vpc', vpc)])).length === 0) {
      throw new CloudError('Gateway.NotAttached', `Network ${vpc} has no Internet gateway attached`);
    }
    const zone = refs.subnet?.properties.availabilityZone;
    const gateways = await cloud.find({ type: 'aws:ec2/natGateway:NatGateway', region });
    const subnets = await cloud.findByClaims(
      gateways
        .filter(({ key }) => key !== self)
        .map((nat) => claimOf(region, 'subnet', needText(nat.inputs, 'subnetId'))),
    );
    const inZone = new Set(subnets.filter((subnet) => subnet.properties.availabilityZone === zone).map(({ id }) => id));
    if (gateways.filter((nat) => inZone.has(String(nat.inputs.subnetId))).length >= GATEWAYS_PER_ZONE) {
      throw new CloudError(
        'NatGatewayLimitExceeded',
        `The maximum number of NAT gateways has been reached for availability zone ${String(zone)}.`,
      );
    }
  },
  notFound: ec2NotFound('nat'),
};
