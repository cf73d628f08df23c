import { uuid } from '../identities.js';
import { number, object, oneOf, pattern, range, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec } from '../resource-spec.js';
import { ecsServiceReference } from './ecs.js';

/** What App Auto Scaling scales, as one text: namespace, resource, dimension. */
const scalableOf = ({ serviceNamespace, resourceId, scalableDimension }: Properties): string =>
  [serviceNamespace, resourceId, scalableDimension].map(String).join('|');

const NAMESPACES = [
  'appstream',
  'cassandra',
  'comprehend',
  'custom-resource',
  'dynamodb',
  'ec2',
  'ecs',
  'elasticache',
  'elasticmapreduce',
  'kafka',
  'lambda',
  'neptune',
  'rds',
  'sagemaker',
  'workspaces',
];
const RESOURCE_ID = pattern(/^\S{1,1600}$/, 'expected a resource, like service/cluster/name');

/** Registering again changes what is registered, as in AWS. */
export const SCALING_TARGET: ResourceSpec = {
  type: 'aws:appautoscaling/target:Target',
  kind: 'scaling-target',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    maxCapacity: number({ required: true, check: range(0, 2_147_483_647) }),
    minCapacity: number({ required: true, check: range(0, 2_147_483_647) }),
    resourceId: text({ required: true, replaces: true, check: RESOURCE_ID }),
    roleArn: text({ computed: true }),
    scalableDimension: text({ required: true, replaces: true }),
    serviceNamespace: text({ required: true, replaces: true, check: oneOf(...NAMESPACES) }),
    suspendedState: object({ computed: true }),
  },
  outputs: ['arn'],
  id: ({ inputs }) => needText(inputs, 'resourceId'),
  arn: ({ region, account, seed }) =>
    `arn:aws:application-autoscaling:${region}:${account}:scalable-target/${uuid(seed).replaceAll('-', '').slice(0, 24)}`,
  compute: ({ inputs, account }) => ({
    roleArn: inputs.roleArn ?? serviceRole(account, String(inputs.serviceNamespace)),
    suspendedState: inputs.suspendedState ?? {
      dynamicScalingInSuspended: false,
      dynamicScalingOutSuspended: false,
      scheduledScalingSuspended: false,
    },
  }),
  references: ({ serviceNamespace, resourceId }, place) => ({
    service:
      serviceNamespace === 'ecs'
        ? ecsServiceReference(
            String(resourceId).replace(/^service\//, ''),
            place,
            'ignore',
            new CloudError('ValidationException', `ECS service doesn't exist: ${String(resourceId)}`),
          )
        : undefined,
  }),
  claims: ({ inputs, region }) => [
    { value: claimOf(region, 'scalable', scalableOf(inputs)), taken: () => noTarget(inputs), overwrites: true },
  ],
  guard: ({ inputs }) => {
    if (Number(inputs.minCapacity) > Number(inputs.maxCapacity)) {
      throw new CloudError('ValidationException', 'Maximum capacity cannot be less than minimum capacity');
    }
  },
  notFound: (id) => new CloudError('ObjectNotFoundException', `No scalable target found for resource ID: ${id}`),
};

export const SCALING_POLICY: ResourceSpec = {
  type: 'aws:appautoscaling/policy:Policy',
  kind: 'scaling-policy',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    name: text({ computed: true, replaces: true, check: pattern(/^.{1,255}$/, 'expected 1 to 255 characters') }),
    policyType: text({
      default: 'StepScaling',
      check: oneOf('StepScaling', 'TargetTrackingScaling', 'PredictiveScaling'),
    }),
    predictiveScalingPolicyConfiguration: object(),
    resourceId: text({ required: true, replaces: true, check: RESOURCE_ID }),
    scalableDimension: text({ required: true, replaces: true }),
    serviceNamespace: text({ required: true, replaces: true, check: oneOf(...NAMESPACES) }),
    stepScalingPolicyConfiguration: object(),
    targetTrackingScalingPolicyConfiguration: object(),
  },
  outputs: ['alarmArns', 'arn'],
  validate: policyFailures,
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, seed, inputs }) =>
    `arn:aws:autoscaling:${region}:${account}:scalingPolicy:${uuid(seed)}:resource/${String(inputs.serviceNamespace)}/${String(inputs.resourceId)}:policyName/${String(inputs.name)}`,
  compute: ({ inputs, region, account, seed }) => ({
    alarmArns:
      inputs.policyType === 'TargetTrackingScaling'
        ? ['AlarmHigh', 'AlarmLow'].map(
            (alarm) =>
              `arn:aws:cloudwatch:${region}:${account}:alarm:TargetTracking-${String(inputs.resourceId)}-${alarm}-${uuid(`${seed}|${alarm}`)}`,
          )
        : [],
  }),
  references: (inputs, { region }): Record<string, Reference> => ({
    target: { claim: claimOf(region, 'scalable', scalableOf(inputs)), onDelete: 'cascade', missing: noTarget(inputs) },
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'scaling-policy-name', `${scalableOf(inputs)}|${String(inputs.name)}`),
      taken: () => noTarget(inputs),
      overwrites: true,
    },
  ],
  notFound: (id) => new CloudError('ObjectNotFoundException', `No scaling policy found for name: ${id}`),
};

const CONFIGURATIONS: Readonly<Record<string, string>> = {
  StepScaling: 'stepScalingPolicyConfiguration',
  TargetTrackingScaling: 'targetTrackingScalingPolicyConfiguration',
  PredictiveScaling: 'predictiveScalingPolicyConfiguration',
};

function policyFailures(inputs: Properties): CheckFailure[] {
  const property = CONFIGURATIONS[String(inputs.policyType)];
  return property !== undefined && inputs[property] === undefined
    ? [{ property, reason: `"${property}" is required with policyType ${String(inputs.policyType)}` }]
    : [];
}

function serviceRole(account: Place['account'], namespace: string): string {
  const suffix = namespace === 'ecs' ? 'ECSService' : namespace;
  return `arn:aws:iam::${account}:role/aws-service-role/${namespace}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_${suffix}`;
}

function noTarget(inputs: Properties): CloudError {
  const [namespace, resource, dimension] = scalableOf(inputs).split('|');
  return new CloudError(
    'ObjectNotFoundException',
    `No scalable target registered for service namespace: ${namespace}, resource ID: ${resource}, scalable dimension: ${dimension}`,
  );
}
