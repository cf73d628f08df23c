import { parseCidr } from '../cidr.js';
import { flag, length, number, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, exactlyOneOf, type ResourceSpec, textOf } from '../resource-spec.js';
import { dependencyViolation, ec2Arn, ec2Id, ec2NotFound, ec2Reference } from './ec2.js';

/** Source of quotas: "Amazon VPC quotas" of the VPC user guide, defaults; 60 in and 60 out. */
const GROUPS_PER_REGION = 2500;
const RULES_PER_GROUP = 60;

export const SECURITY_GROUP: ResourceSpec = {
  type: 'aws:ec2/securityGroup:SecurityGroup',
  kind: 'sg',
  taggable: true,
  seconds: { create: 3, update: 1, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    description: text({ default: 'Managed by Pulumi', replaces: true, check: length(0, 255) }),
    egress: setOf({ computed: true }),
    ingress: setOf({ computed: true }),
    name: text({ computed: true, replaces: true, check: groupName }),
    namePrefix: text({ computed: true, replaces: true, check: length(0, 229) }),
    revokeRulesOnDelete: flag({ default: false }),
    vpcId: text({ computed: true, replaces: true }),
  },
  outputs: ['arn', 'ownerId'],
  id: ec2Id('sg'),
  arn: ec2Arn('security-group'),
  compute: ({ inputs, account }) => ({
    egress: inputs.egress ?? [],
    ingress: inputs.ingress ?? [],
    namePrefix: inputs.namePrefix ?? '',
    ownerId: account,
  }),
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'refuse') }),
  claims: ({ inputs, region }) => {
    const [name, vpc] = [String(inputs.name), String(inputs.vpcId)];
    const taken = (): CloudError =>
      new CloudError('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpc}'`);
    return [{ value: claimOf(region, 'sg-name', `${vpc}|${name}`), taken }];
  },
  quotas: (_inputs, { region }) => [
    {
      limit: GROUPS_PER_REGION,
      query: { type: 'aws:ec2/securityGroup:SecurityGroup', region },
      error: new CloudError('SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.'),
    },
  ],
  guard: ({ inputs }) => {
    if (!textOf(inputs.vpcId)) throw new CloudError('VPCIdNotSpecified', 'No default VPC for this user');
  },
  notFound: ec2NotFound('sg'),
  inUse: ({ id }) => dependencyViolation(`resource ${id} has a dependent object`),
};

export const INGRESS_RULE = rule('Ingress');
export const EGRESS_RULE = rule('Egress');

const PEERS = ['cidrIpv4', 'cidrIpv6', 'prefixListId', 'referencedSecurityGroupId'] as const;

function rule(direction: 'Ingress' | 'Egress'): ResourceSpec {
  const type = `aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`;
  return {
    type,
    kind: 'sgr',
    taggable: true,
    seconds: { create: 1, update: 1, delete: 1 },
    inputs: {
      cidrIpv4: text({
        check: (value) => (parseCidr(value) ? undefined : `"${value}" is not a valid IPv4 CIDR block`),
      }),
      cidrIpv6: text({ check: pattern(/^[0-9a-fA-F:]+\/\d{1,3}$/, 'expected an IPv6 CIDR block') }),
      description: text({ check: length(0, 255) }),
      fromPort: number({ check: range(-1, 65535) }),
      ipProtocol: text({ required: true }),
      prefixListId: text(),
      referencedSecurityGroupId: text(),
      securityGroupId: text({ required: true, replaces: true }),
      toPort: number({ check: range(-1, 65535) }),
    },
    outputs: ['arn', 'securityGroupRuleId'],
    validate: (inputs) => [...exactlyOneOf(inputs, PEERS), ...portFailures(inputs)],
    id: ec2Id('sgr'),
    arn: ec2Arn('security-group-rule'),
    compute: ({ id }) => ({ securityGroupRuleId: id }),
    references: (inputs, { region }) => ({
      group: ec2Reference('sg', region, inputs.securityGroupId, 'cascade'),
      peer:
        inputs.referencedSecurityGroupId === inputs.securityGroupId
          ? undefined
          : ec2Reference('sg', region, inputs.referencedSecurityGroupId, 'refuse'),
    }),
    claims: ({ inputs, region }) => [
      {
        value: claimOf(region, 'sg-rule', `${direction}|${String(inputs.securityGroupId)}|${meaningOf(inputs)}`),
        taken: () =>
          new CloudError(
            'InvalidPermission.Duplicate',
            `the specified rule "peer: ${peerOf(inputs)}, ${protocolName(inputs)}, ALLOW" already exists`,
          ),
      },
    ],
    quotas: ({ securityGroupId }, { region }) => [
      {
        limit: RULES_PER_GROUP,
        query: { type, region, ref: claimOf(region, 'sg', String(securityGroupId)) },
        error: new CloudError(
          'RulesPerSecurityGroupLimitExceeded',
          'The maximum number of rules per security group has been reached.',
        ),
      },
    ],
    guard: ({ refs }) => {
      if (refs.peer && vpcOfGroup(refs.peer) !== vpcOfGroup(refs.group)) {
        throw new CloudError(
          'InvalidGroup.NotFound',
          'You have specified two resources that belong to different networks.',
        );
      }
    },
    notFound: ec2NotFound('sgr'),
  };
}

/** A group of its own, or the default group, which is part of its VPC. */
function vpcOfGroup(group: { readonly id: string; readonly inputs: Properties } | undefined): string | undefined {
  return textOf(group?.inputs.vpcId) ?? group?.id;
}

function groupName(value: string): string | undefined {
  if (value === 'default') return 'Cannot use reserved security group name: default';
  if (value.startsWith('sg-')) return 'may not begin with "sg-"';
  return length(1, 255)(value);
}

function portFailures(inputs: Properties): CheckFailure[] {
  const { ipProtocol, fromPort, toPort } = inputs;
  if (ipProtocol === '-1') {
    return ['fromPort', 'toPort']
      .filter((key) => inputs[key] !== undefined)
      .map((property) => ({ property, reason: `"${property}" may not be given with ipProtocol -1 (all)` }));
  }
  if (typeof fromPort === 'number' && typeof toPort === 'number' && fromPort > toPort && toPort !== -1) {
    return [{ property: 'toPort', reason: `"toPort" ${toPort} is lower than "fromPort" ${fromPort}` }];
  }
  if ((ipProtocol === 'tcp' || ipProtocol === 'udp') && (fromPort === undefined || toPort === undefined)) {
    const property = fromPort === undefined ? 'fromPort' : 'toPort';
    return [{ property, reason: `"${property}" is required with ipProtocol ${ipProtocol}` }];
  }
  return [];
}

function peerOf(inputs: Properties): string {
  return PEERS.map((key) => textOf(inputs[key])).find((value) => value !== undefined) ?? '';
}

function meaningOf(inputs: Properties): string {
  return [inputs.ipProtocol, inputs.fromPort ?? -1, inputs.toPort ?? -1, peerOf(inputs)].map(String).join('|');
}

function protocolName(inputs: Properties): string {
  if (inputs.ipProtocol === '-1') return 'ALL';
  return `${String(inputs.ipProtocol).toUpperCase()}, from port: ${String(inputs.fromPort)}, to port: ${String(inputs.toPort)}`;
}
