import { uuid } from '../identities.js';
import { flag, list, number, object, oneOf, pattern, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
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
import { ec2Reference } from './ec2.js';
import { balancersOf, targetGroupReference } from './elb.js';
import { launchTemplateReference } from './instances.js';

/** Source of quotas: "Quotas for Amazon EC2 Auto Scaling" of its user guide, defaults. */
const GROUPS_PER_REGION = 500;
const POLICIES_PER_GROUP = 50;

const invalid = (message: string): CloudError => new CloudError('ValidationError', message);

/** Instances themselves are not simulated: a group has what it asks for, at once. */
export const AUTO_SCALING_GROUP: ResourceSpec = {
  type: 'aws:autoscaling/group:Group',
  kind: 'asg',
  seconds: { create: 45, update: 5, delete: 60 },
  autoName: { maxLength: 255 },
  inputs: {
    availabilityZoneDistribution: object({ computed: true }),
    availabilityZones: setOf({ computed: true }),
    capacityRebalance: flag(),
    capacityReservationSpecification: object({ computed: true }),
    context: text(),
    defaultCooldown: number({ computed: true }),
    defaultInstanceWarmup: number(),
    desiredCapacity: number({ computed: true }),
    desiredCapacityType: text({ check: oneOf('units', 'vcpu', 'memory-mib') }),
    enabledMetrics: setOf(),
    forceDelete: flag({ default: false }),
    forceDeleteWarmPool: flag({ default: false }),
    healthCheckGracePeriod: number({ default: 300 }),
    healthCheckType: text({ computed: true }),
    ignoreFailedScalingActivities: flag({ default: false }),
    initialLifecycleHooks: setOf({ replaces: true }),
    instanceLifecyclePolicy: object(),
    instanceMaintenancePolicy: object(),
    instanceRefresh: object({ check: refresh }),
    launchConfiguration: text(),
    launchTemplate: object({ computed: true }),
    loadBalancers: setOf({ computed: true }),
    maxInstanceLifetime: number(),
    maxSize: number({ required: true }),
    metricsGranularity: text({ default: '1Minute' }),
    minElbCapacity: number(),
    minSize: number({ required: true }),
    mixedInstancesPolicy: object({ computed: true }),
    name: text({ computed: true, replaces: true, check: pattern(/^[^\n:]{1,255}$/, 'expected 1 to 255 characters') }),
    namePrefix: text({ computed: true, replaces: true }),
    placementGroup: text(),
    protectFromScaleIn: flag({ default: false }),
    serviceLinkedRoleArn: text({ computed: true }),
    suspendedProcesses: setOf(),
    tags: setOf({ check: groupTags }),
    targetGroupArns: setOf({ computed: true }),
    terminationPolicies: list(),
    trafficSources: setOf({ computed: true }),
    vpcZoneIdentifiers: setOf({ computed: true }),
    waitForCapacityTimeout: text({ default: '10m' }),
    waitForElbCapacity: number(),
    warmPool: object(),
  },
  outputs: ['arn', 'predictedCapacity', 'warmPoolSize'],
  validate: (inputs) => exactlyOneOf(inputs, ['launchConfiguration', 'launchTemplate', 'mixedInstancesPolicy']),
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, seed, id }) =>
    `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:${uuid(seed)}:autoScalingGroupName/${id}`,
  compute: ({ inputs, refs, account }) => {
    const [least, most] = [Number(inputs.minSize), Number(inputs.maxSize)];
    const wanted = typeof inputs.desiredCapacity === 'number' ? inputs.desiredCapacity : least;
    const zones = Object.entries(refs).flatMap(([name, subnet]) =>
      name.startsWith('subnet[') && subnet ? [String(subnet.properties.availabilityZone)] : [],
    );
    return {
      availabilityZoneDistribution: inputs.availabilityZoneDistribution ?? {
        capacityDistributionStrategy: 'balanced-best-effort',
      },
      availabilityZones: inputs.availabilityZones ?? [...new Set(zones)].sort(),
      capacityReservationSpecification: inputs.capacityReservationSpecification ?? {
        capacityReservationPreference: 'default',
      },
      defaultCooldown: inputs.defaultCooldown ?? 300,
      desiredCapacity: Math.min(Math.max(wanted, least), most), // new bounds move it
      healthCheckType: inputs.healthCheckType ?? 'EC2',
      launchTemplate: inputs.launchTemplate && {
        version: '$Default',
        ...(inputs.launchTemplate as Properties),
        id: refs.template?.id,
        name: refs.template?.properties.name,
      },
      loadBalancers: inputs.loadBalancers ?? [],
      namePrefix: inputs.namePrefix ?? '',
      predictedCapacity: 0,
      serviceLinkedRoleArn:
        inputs.serviceLinkedRoleArn ??
        `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
      targetGroupArns: inputs.targetGroupArns ?? [],
      trafficSources: inputs.trafficSources ?? [],
      vpcZoneIdentifiers: inputs.vpcZoneIdentifiers ?? [],
      warmPoolSize: 0,
    };
  },
  references: (inputs, place) => ({
    template: withMessage(
      launchTemplateReference(inputs.launchTemplate, place, 'ignore'),
      'You must use a valid fully-formed launch template. The specified launch template does not exist.',
    ),
    ...Object.fromEntries(
      textsOf(inputs.vpcZoneIdentifiers).map((id, i) => [
        `subnet[${i}]`,
        withMessage(
          ec2Reference('subnet', place.region, id, 'refuse'), // its instances sit there
          `The subnet ID '${id}' does not exist`,
        ),
      ]),
    ),
    ...Object.fromEntries(
      textsOf(inputs.targetGroupArns).map((arn, i) => [
        `target[${i}]`,
        targetGroupReference(arn, place.region, 'ignore', invalid('Provided Target Groups may not be valid')),
      ]),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'asg', String(inputs.name)),
      taken: () =>
        new CloudError(
          'AlreadyExists',
          `AutoScalingGroup by this name already exists - A group with the name ${String(inputs.name)} already exists`,
        ),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: GROUPS_PER_REGION,
      query: { type: 'aws:autoscaling/group:Group', region },
      error: new CloudError('LimitExceeded', `You have exceeded the limit of ${GROUPS_PER_REGION} groups`),
    },
  ],
  guard: async (context) => {
    await assertSizes(context);
    await assertStartable(context);
    await assertBalanced(context);
  },
  notFound: (name) => invalid(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`),
};

export const GROUP_POLICY: ResourceSpec = {
  type: 'aws:autoscaling/policy:Policy',
  kind: 'asg-policy',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    adjustmentType: text({ check: oneOf('ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity') }),
    autoscalingGroupName: text({ required: true, replaces: true }),
    cooldown: number(),
    enabled: flag({ default: true }),
    estimatedInstanceWarmup: number(),
    metricAggregationType: text({ computed: true, check: oneOf('Minimum', 'Maximum', 'Average') }),
    minAdjustmentMagnitude: number(),
    name: text({ computed: true, replaces: true, check: pattern(/^.{1,255}$/, 'expected 1 to 255 characters') }),
    policyType: text({
      default: 'SimpleScaling',
      check: oneOf('SimpleScaling', 'StepScaling', 'TargetTrackingScaling', 'PredictiveScaling'),
    }),
    predictiveScalingConfiguration: object(),
    scalingAdjustment: number(),
    stepAdjustments: setOf(),
    targetTrackingConfiguration: object(),
  },
  outputs: ['arn'],
  validate: policyFailures,
  idScope: ({ autoscalingGroupName }) => String(autoscalingGroupName),
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, seed, inputs, id }) =>
    `arn:aws:autoscaling:${region}:${account}:scalingPolicy:${uuid(seed)}:autoScalingGroupName/${String(inputs.autoscalingGroupName)}:policyName/${id}`,
  compute: ({ inputs }) => ({ metricAggregationType: inputs.metricAggregationType ?? '' }),
  references: ({ autoscalingGroupName }, { region }): Record<string, Reference> => {
    const name = String(autoscalingGroupName);
    return {
      group: { claim: claimOf(region, 'asg', name), onDelete: 'cascade', missing: AUTO_SCALING_GROUP.notFound(name) },
    };
  },
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'asg-policy-name', `${String(inputs.autoscalingGroupName)}|${String(inputs.name)}`),
      taken: () => noPolicy(String(inputs.name)),
      overwrites: true, // a second one of the name takes its place, as in AWS
    },
  ],
  quotas: ({ autoscalingGroupName }, { region }) => [
    {
      limit: POLICIES_PER_GROUP,
      query: {
        type: 'aws:autoscaling/policy:Policy',
        region,
        ref: claimOf(region, 'asg', String(autoscalingGroupName)),
      },
      error: new CloudError('LimitExceeded', `You have exceeded the limit of ${POLICIES_PER_GROUP} policies`),
    },
  ],
  notFound: noPolicy,
};

function noPolicy(name: string): CloudError {
  return invalid(`Policy not found - Policy ${name} not found`);
}

function withMessage(reference: Reference | undefined, message: string): Reference | undefined {
  return reference && { ...reference, missing: invalid(message) };
}

/** Bounds in order; a desired capacity that the program changed must lie between them. */
async function assertSizes({ inputs, cloud, self }: GuardContext): Promise<void> {
  const [least, most] = [Number(inputs.minSize), Number(inputs.maxSize)];
  if (most < least) {
    throw invalid(`Max bound, ${most}, must be greater than or equal to min bound, ${least}`);
  }
  const wanted = inputs.desiredCapacity;
  const [current] = self ? await cloud.findByClaims([self]) : [];
  if (typeof wanted !== 'number' || current?.inputs.desiredCapacity === wanted) return;
  if (wanted < least || wanted > most) {
    throw invalid(`Desired capacity:${wanted} must be between the specified min size:${least} and max size:${most}`);
  }
}

/** What AWS tries before it accepts a template: image, type, profile, and groups in the network of the subnets. */
async function assertStartable({ refs, inputs, region, cloud }: GuardContext): Promise<void> {
  const template = refs.template?.properties;
  if (!template) return;
  const unusable = (why: string): CloudError => invalid(`You must use a valid fully-formed launch template. ${why}`);
  if (!textOf(template.imageId)) throw unusable('The request must contain the parameter ImageId');
  if (!textOf(template.instanceType) && !template.instanceRequirements) {
    throw unusable('The request must contain the parameter InstanceType');
  }
  const profile = template.iamInstanceProfile as Properties | undefined;
  const name = textOf(profile?.name) ?? textOf(profile?.arn)?.split('/').pop();
  if (name && (await cloud.findByClaims([claimOf('global', 'iam-instance-profile', name)])).length === 0) {
    throw unusable(
      `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
    );
  }
  const [subnet = ''] = textsOf(inputs.vpcZoneIdentifiers);
  const home = refs['subnet[0]']?.inputs.vpcId;
  for (const id of textsOf(template.vpcSecurityGroupIds)) {
    const [group] = await cloud.findByClaims([claimOf(region, 'sg', id)]);
    if (!group) throw unusable(`The security group '${id}' does not exist`);
    const vpc = textOf(group.inputs.vpcId);
    if (vpc && home && vpc !== home) {
      throw unusable(`Security group ${id} and subnet ${subnet} belong to different networks.`);
    }
  }
}

/** With the health checks of a load balancer, instances that none asks never become healthy. */
async function assertBalanced({ inputs, region, cloud }: GuardContext): Promise<void> {
  if (inputs.waitForElbCapacity === undefined && inputs.minElbCapacity === undefined) return;
  for (const arn of textsOf(inputs.targetGroupArns)) {
    if ((await balancersOf(cloud, arn, region)).length > 0) continue;
    throw new CloudError(
      'TimeoutError',
      `waiting for Auto Scaling Group (${String(inputs.name)}) capacity satisfied: timeout: no load balancer sends requests to ${arn}`,
    );
  }
}

function refresh({ strategy, preferences }: Properties): string | undefined {
  if (strategy !== 'Rolling') return `expected strategy to be Rolling, got ${String(strategy)}`;
  const least = (preferences as Properties | undefined)?.minHealthyPercentage;
  return typeof least === 'number' && (least < 0 || least > 100)
    ? `expected preferences.minHealthyPercentage to be in the range (0 - 100), got ${least}`
    : undefined;
}

function groupTags(tags: unknown[]): string | undefined {
  const isComplete = (tags as Properties[]).every(
    ({ key, value, propagateAtLaunch }) =>
      typeof key === 'string' && typeof value === 'string' && typeof propagateAtLaunch === 'boolean',
  );
  return isComplete ? undefined : 'every tag needs key, value and propagateAtLaunch';
}

function policyFailures(inputs: Properties): CheckFailure[] {
  const needed: Readonly<Record<string, string>> = {
    SimpleScaling: 'scalingAdjustment',
    StepScaling: 'stepAdjustments',
    TargetTrackingScaling: 'targetTrackingConfiguration',
    PredictiveScaling: 'predictiveScalingConfiguration',
  };
  const property = needed[String(inputs.policyType)];
  return property && inputs[property] === undefined
    ? [{ property, reason: `"${property}" is required with policyType ${String(inputs.policyType)}` }]
    : [];
}
