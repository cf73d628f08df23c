import { numberFrom } from '../identities.js';
import { flag, json, list, map, number, object, oneOf, parseJson, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type CloudView,
  type GuardContext,
  type IdContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { ec2Reference } from './ec2.js';
import { balancersOf, targetGroupReference } from './elb.js';
import { roleReference } from './iam.js';
import { discoveryReference } from './service-discovery.js';

const CLUSTER_TYPE = 'aws:ecs/cluster:Cluster';
const PROVIDERS_TYPE = 'aws:ecs/clusterCapacityProviders:ClusterCapacityProviders';
const TASK_TYPE = 'aws:ecs/taskDefinition:TaskDefinition';
const SERVICE_TYPE = 'aws:ecs/service:Service';

/** Source of quotas: "Amazon ECS service quotas" of the ECS developer guide, defaults. */
const CLUSTERS_PER_REGION = 10_000;
const SERVICES_PER_CLUSTER = 5000;

const NAME = pattern(/^[A-Za-z0-9_-]{1,255}$/, 'expected 1 to 255 of the characters A-Z a-z 0-9 _ -');
const ecsArn = ({ region, account }: Place, resource: string): string => `arn:aws:ecs:${region}:${account}:${resource}`;

/** Creating a cluster of a name that exists answers the existing one, as in AWS. */
export const CLUSTER: ResourceSpec = {
  type: CLUSTER_TYPE,
  kind: 'ecs-cluster',
  taggable: true,
  seconds: { create: 11, update: 2, delete: 11 },
  autoName: { maxLength: 255 },
  inputs: {
    configuration: object(),
    name: text({ computed: true, replaces: true, check: NAME }),
    serviceConnectDefaults: object(),
    settings: setOf({ computed: true }),
  },
  outputs: ['arn'],
  id: (context) => ecsArn(context, `cluster/${needText(context.inputs, 'name')}`),
  arn: ({ id }) => id,
  compute: ({ inputs }) => ({
    settings: inputs.settings ?? [{ name: 'containerInsights', value: 'disabled' }],
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'ecs-cluster-name', String(inputs.name)),
      taken: () => noCluster(),
      overwrites: true,
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: CLUSTERS_PER_REGION,
      query: { type: CLUSTER_TYPE, region },
      error: new CloudError('LimitExceededException', 'The maximum number of clusters has been reached.'),
    },
  ],
  notFound: noCluster,
  inUse: () =>
    new CloudError('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.'),
};

export const CLUSTER_CAPACITY_PROVIDERS: ResourceSpec = {
  type: PROVIDERS_TYPE,
  kind: 'ecs-cluster-providers',
  seconds: { create: 11, update: 11, delete: 11 },
  inputs: {
    capacityProviders: setOf(),
    clusterName: text({ required: true, replaces: true, check: NAME }),
    defaultCapacityProviderStrategies: setOf(),
  },
  outputs: [],
  id: ({ inputs }) => needText(inputs, 'clusterName'),
  compute: () => ({}),
  references: ({ clusterName }, place) => ({ cluster: clusterReference(clusterName, place, 'cascade') }),
  guard: ({ inputs }) => {
    const known = textsOf(inputs.capacityProviders);
    const missing = known.find((name) => !['FARGATE', 'FARGATE_SPOT'].includes(name));
    if (missing) {
      throw new CloudError(
        'InvalidParameterException',
        `The specified capacity provider '${missing}' was not found. Specify a valid name or ARN and try again.`,
      );
    }
    const stray = providersOf(inputs.defaultCapacityProviderStrategies).find((name) => !known.includes(name));
    if (stray) throw notAssociated();
  },
  guardDelete: async ({ id, region, account }, cloud) => {
    const reference = clusterReference(id, { region, account }, 'ignore');
    const services = await cloud.find({ type: SERVICE_TYPE, region, ref: reference?.claim ?? '' });
    if (services.some(({ inputs }) => providersOf(inputs.capacityProviderStrategies).length > 0)) {
      throw new CloudError(
        'ResourceInUseException',
        'The specified capacity provider is in use and cannot be removed.',
      );
    }
  },
  notFound: noCluster,
};

/** Every change registers the next revision; revisions are never used again. */
export const TASK_DEFINITION: ResourceSpec = {
  type: TASK_TYPE,
  kind: 'task-definition',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    containerDefinitions: json({ required: true, replaces: true }),
    cpu: text({ replaces: true }),
    enableFaultInjection: flag({ computed: true, replaces: true }),
    ephemeralStorage: object({ replaces: true }),
    executionRoleArn: text({ replaces: true }),
    family: text({ required: true, replaces: true, check: NAME }),
    ipcMode: text({ replaces: true, check: oneOf('host', 'none', 'task') }),
    memory: text({ replaces: true }),
    networkMode: text({ computed: true, replaces: true, check: oneOf('awsvpc', 'bridge', 'host', 'none') }),
    pidMode: text({ replaces: true, check: oneOf('host', 'task') }),
    placementConstraints: setOf({ replaces: true }),
    proxyConfiguration: object({ replaces: true }),
    requiresCompatibilities: setOf({ replaces: true }),
    runtimePlatform: object({ replaces: true }),
    skipDestroy: flag({ default: false }),
    taskRoleArn: text({ replaces: true }),
    trackLatest: flag({ default: false }),
    volumes: setOf({ replaces: true }),
  },
  outputs: ['arn', 'arnWithoutRevision', 'revision'],
  id: (context) => ecsArn(context, `task-definition/${needText(context.inputs, 'family')}:${revisionOf(context)}`),
  arn: ({ id }) => id,
  compute: (context) => ({
    arnWithoutRevision: context.id.replace(/:\d+$/, ''),
    enableFaultInjection: context.inputs.enableFaultInjection ?? false,
    networkMode: context.inputs.networkMode ?? 'bridge',
    revision: revisionOf(context),
  }),
  references: ({ executionRoleArn, taskRoleArn }) => ({
    executionRole: roleReference(executionRoleArn, 'ignore', invalidRole()),
    taskRole: roleReference(taskRoleArn, 'ignore', invalidRole()),
  }),
  guard: ({ inputs }) => {
    const problem = containerProblem(inputs) ?? fargateProblem(inputs);
    if (problem) throw new CloudError('ClientException', problem);
  },
  isRetained: ({ skipDestroy }) => skipDestroy === true,
  notFound: () => new CloudError('ClientException', 'Unable to describe task definition.'),
};

export const ECS_SERVICE: ResourceSpec = {
  type: SERVICE_TYPE,
  kind: 'ecs-service-arn',
  taggable: true,
  seconds: { create: 90, update: 90, delete: 30 },
  autoName: { maxLength: 255 },
  inputs: {
    alarms: object(),
    availabilityZoneRebalancing: text({ computed: true, check: oneOf('ENABLED', 'DISABLED') }),
    capacityProviderStrategies: setOf(),
    cluster: text({ computed: true, replaces: true }),
    deploymentCircuitBreaker: object(),
    deploymentConfiguration: object({ computed: true }),
    deploymentController: object(),
    deploymentMaximumPercent: number({ default: 200 }),
    deploymentMinimumHealthyPercent: number({ default: 100 }),
    desiredCount: number({ check: range(0, 5000) }),
    enableEcsManagedTags: flag({ default: false }),
    enableExecuteCommand: flag({ default: false }),
    forceDelete: flag({ default: false }),
    forceNewDeployment: flag({ default: false }),
    healthCheckGracePeriodSeconds: number({ check: range(0, 2_147_483_647) }),
    iamRole: text({ computed: true, replaces: true }),
    launchType: text({ computed: true, replaces: true, check: oneOf('EC2', 'EXTERNAL', 'FARGATE') }),
    loadBalancers: setOf(),
    name: text({ computed: true, replaces: true, check: NAME }),
    networkConfiguration: object(),
    orderedPlacementStrategies: list(),
    placementConstraints: setOf(),
    platformVersion: text({ computed: true }),
    propagateTags: text({ check: oneOf('SERVICE', 'TASK_DEFINITION', 'NONE') }),
    schedulingStrategy: text({ default: 'REPLICA', replaces: true, check: oneOf('REPLICA', 'DAEMON') }),
    serviceConnectConfiguration: object(),
    serviceRegistries: object(),
    sigintRollback: flag(),
    taskDefinition: text(),
    triggers: map({ computed: true }),
    volumeConfiguration: object(),
    vpcLatticeConfigurations: setOf(),
    waitForSteadyState: flag({ default: false }),
  },
  outputs: ['arn'],
  validate: serviceFailures,
  // The provider changes the strategy in place only where a new deployment is forced and there was and stays one.
  replacesToo: (olds, news) => {
    const [before, after] = [olds, news].map((inputs) => providersOf(inputs.capacityProviderStrategies).length);
    return news.forceNewDeployment === true && before && after ? [] : ['capacityProviderStrategies'];
  },
  id: (context) =>
    ecsArn(context, `service/${clusterName(context.inputs.cluster)}/${needText(context.inputs, 'name')}`),
  arn: ({ id }) => id,
  compute: (context) => {
    const { inputs, account } = context;
    const isFargate = inputs.launchType === 'FARGATE' || providersOf(inputs.capacityProviderStrategies).length > 0;
    return {
      availabilityZoneRebalancing: inputs.availabilityZoneRebalancing ?? 'ENABLED',
      cluster: inputs.cluster ?? ecsArn(context, 'cluster/default'),
      deploymentConfiguration: inputs.deploymentConfiguration ?? { bakeTimeInMinutes: '0', strategy: 'ROLLING' },
      iamRole: inputs.iamRole ?? `arn:aws:iam::${account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
      launchType: inputs.launchType ?? (isFargate ? '' : 'EC2'),
      platformVersion: inputs.platformVersion ?? (isFargate ? 'LATEST' : ''),
      triggers: inputs.triggers ?? {},
    };
  },
  references: (inputs, place) => ({
    cluster: clusterReference(inputs.cluster ?? 'default', place, 'refuse'),
    taskDefinition: taskDefinitionReference(inputs.taskDefinition, place),
    discovery: discoveryReference((inputs.serviceRegistries as Properties | undefined)?.registryArn, place, 'refuse'),
    ...networkReferences(inputs, place),
    ...numbered(
      'target',
      targetGroupsOf(inputs).flatMap(
        ({ targetGroupArn }) =>
          targetGroupReference(
            targetGroupArn,
            place.region,
            'ignore',
            new CloudError(
              'InvalidParameterException',
              `The target group with targetGroupArn ${String(targetGroupArn)} does not exist.`,
            ),
          ) ?? [],
      ),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'ecs-service', `${clusterName(inputs.cluster)}/${String(inputs.name)}`),
      taken: () => new CloudError('InvalidParameterException', 'Creation of service was not idempotent.'),
    },
  ],
  quotas: ({ cluster }, place) => [
    {
      limit: SERVICES_PER_CLUSTER,
      query: {
        type: SERVICE_TYPE,
        region: place.region,
        ref: clusterReference(cluster ?? 'default', place, 'refuse')?.claim ?? '',
      },
      error: new CloudError('LimitExceededException', 'The maximum number of services per cluster has been reached.'),
    },
  ],
  guard: assertServiceFits,
  notFound: () => new CloudError('ServiceNotFoundException', 'Service not found.'),
};

/** A cluster by name or ARN. */
export function clusterReference(
  cluster: unknown,
  place: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(cluster);
  return value === undefined
    ? undefined
    : { claim: claimOf(place.region, 'ecs-cluster-name', clusterName(value)), onDelete, missing: noCluster() };
}

/** `<cluster>/<service>`, as App Auto Scaling names a service. */
export function ecsServiceReference(
  path: string,
  place: Place,
  onDelete: Reference['onDelete'],
  missing: CloudError,
): Reference {
  return { claim: claimOf(place.region, 'ecs-service', path), onDelete, missing };
}

function clusterName(cluster: unknown): string {
  return (textOf(cluster) ?? 'default').split('/').pop() ?? '';
}

/** By ARN or `family:revision`; a running service outlives the definition it was started from. */
function taskDefinitionReference(definition: unknown, place: Place): Reference | undefined {
  const value = textOf(definition);
  if (value === undefined) return undefined;
  const arn = value.startsWith('arn:') ? value : ecsArn(place, `task-definition/${value}`);
  return {
    claim: claimOf(place.region, 'task-definition', arn),
    onDelete: 'ignore',
    missing: new CloudError('ClientException', 'TaskDefinition not found.'),
  };
}

function networkReferences(inputs: Properties, { region }: Place): Record<string, Reference> {
  const { subnets, securityGroups } = (inputs.networkConfiguration ?? {}) as Properties;
  const invalid = (what: string, id: string): CloudError =>
    new CloudError('InvalidParameterException', `Error retrieving ${what} information for [${id}]: it does not exist`);
  return {
    ...numbered(
      'subnet',
      textsOf(subnets).map((id) => ({
        ...ec2Reference('subnet', region, id, 'refuse')!,
        missing: invalid('subnet', id),
      })),
    ),
    ...numbered(
      'group',
      textsOf(securityGroups).map((id) => ({
        ...ec2Reference('sg', region, id, 'refuse')!,
        missing: invalid('security group', id),
      })),
    ),
  };
}

function numbered(stem: string, references: readonly Reference[]): Record<string, Reference> {
  return Object.fromEntries(references.map((reference, i) => [`${stem}${i}`, reference]));
}

function providersOf(strategies: unknown): string[] {
  return ((strategies ?? []) as Properties[]).map(({ capacityProvider }) => String(capacityProvider));
}

function targetGroupsOf({ loadBalancers }: Properties): Properties[] {
  return ((loadBalancers ?? []) as Properties[]).filter(({ targetGroupArn }) => textOf(targetGroupArn) !== undefined);
}

/**
 * How often the resource was created: the number at the end of its seed (`<urn><count>`). Any other seed stands for a revision
 * that does not exist, a different one for each.
 */
function revisionOf({ seed, name }: Pick<IdContext, 'seed' | 'name'>): number {
  const end = seed.lastIndexOf(`::${name}`) + 2 + name.length;
  return seed.startsWith('urn:') ? Number(seed.slice(end)) : numberFrom(seed, 1_000_000);
}

interface ContainerDefinition {
  readonly name?: unknown;
  readonly image?: unknown;
  readonly portMappings?: readonly { readonly containerPort?: unknown }[];
  readonly secrets?: readonly unknown[];
  readonly logConfiguration?: { readonly logDriver?: unknown };
}

function containersOf(inputs: Properties): ContainerDefinition[] {
  const containers = parseJson(String(inputs.containerDefinitions));
  return Array.isArray(containers) ? (containers as ContainerDefinition[]) : [];
}

function containerProblem(inputs: Properties): string | undefined {
  const containers = containersOf(inputs);
  if (containers.length === 0) return 'Task definition does not have any container definitions.';
  if (containers.some(({ name, image }) => !name || !image))
    return 'Container.name and Container.image should not be null or empty.';
  const names = containers.map(({ name }) => String(name));
  return new Set(names).size < names.length ? 'Container.name contains duplicate container names.' : undefined;
}

/** Memory in MiB that each number of CPU units can have. Source: "Task CPU and memory" of the ECS developer guide. */
function isFargateSize(cpu: number, memory: number): boolean {
  if (cpu === 256) return [512, 1024, 2048].includes(memory);
  const steps: Readonly<Record<number, readonly [number, number, number]>> = {
    512: [1024, 4096, 1024],
    1024: [2048, 8192, 1024],
    2048: [4096, 16_384, 1024],
    4096: [8192, 30_720, 1024],
    8192: [16_384, 61_440, 4096],
    16_384: [32_768, 122_880, 8192],
  };
  const [from = 0, to = -1, by = 1] = steps[cpu] ?? [];
  return memory >= from && memory <= to && (memory - from) % by === 0;
}

function fargateProblem(inputs: Properties): string | undefined {
  if (!textsOf(inputs.requiresCompatibilities).includes('FARGATE')) return undefined;
  if (inputs.networkMode !== 'awsvpc') return 'Fargate only supports network mode ‘awsvpc’.';
  const [cpu, memory] = [inputs.cpu, inputs.memory].map((value) => Number(textOf(value) ?? NaN));
  if (!isFargateSize(cpu ?? NaN, memory ?? NaN)) {
    return `No Fargate configuration exists for given values: ${String(inputs.cpu)} CPU, ${String(inputs.memory)} memory. See the Amazon ECS documentation for the valid values.`;
  }
  const containers = containersOf(inputs);
  if (textOf(inputs.executionRoleArn) === undefined) {
    if (containers.some(({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs')) {
      return 'Fargate requires task definition to have execution role ARN to support log driver awslogs.';
    }
    if (containers.some(({ secrets = [] }) => secrets.length > 0)) {
      return 'When you are specifying container secrets, you must also specify a value for ‘executionRoleArn’.';
    }
  }
  return undefined;
}

function serviceFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (inputs.taskDefinition === undefined && inputs.deploymentController === undefined) {
    failures.push({
      property: 'taskDefinition',
      reason: '"taskDefinition" is required with the deployment controller ECS',
    });
  }
  return failures;
}

async function assertServiceFits(context: GuardContext): Promise<void> {
  const { inputs, refs, region, cloud } = context;
  const refuse = (message: string): never => {
    throw new CloudError('InvalidParameterException', message);
  };
  const providers = providersOf(inputs.capacityProviderStrategies);
  if (textOf(inputs.launchType) && providers.length > 0) {
    refuse('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  }
  if (providers.length > 0) await assertAssociated(cloud, region, clusterName(inputs.cluster), providers);

  const targets = targetGroupsOf(inputs);
  if (inputs.healthCheckGracePeriodSeconds !== undefined && ((inputs.loadBalancers ?? []) as []).length === 0) {
    refuse('Health check grace period is only valid for services configured to use load balancers');
  }
  const task = refs['taskDefinition'];
  if (!task) return;
  const isAwsvpc = task.properties.networkMode === 'awsvpc';
  if (isAwsvpc && textsOf((inputs.networkConfiguration as Properties | undefined)?.subnets).length === 0) {
    refuse('Network Configuration must be provided when networkMode ‘awsvpc’ is specified.');
  }
  if (inputs.enableExecuteCommand === true && textOf(task.inputs.taskRoleArn) === undefined) {
    refuse(
      "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.",
    );
  }
  const containers = containersOf(task.inputs);
  for (const [i, { targetGroupArn, containerName, containerPort }] of targets.entries()) {
    const container = containers.find(({ name }) => name === containerName);
    if (!container) refuse(`The container ${String(containerName)} does not exist in the task definition.`);
    if (!container?.portMappings?.some((mapping) => mapping.containerPort === containerPort)) {
      refuse(`The container ${String(containerName)} did not have a container port ${String(containerPort)} defined.`);
    }
    const targetType = refs[`target${i}`]?.inputs.targetType;
    if (isAwsvpc && targetType !== 'ip') {
      refuse(
        `The provided target group ${String(targetGroupArn)} has target type ${String(targetType)}, which is incompatible with the awsvpc network mode specified in the task definition.`,
      );
    }
    if ((await balancersOf(cloud, String(targetGroupArn), region)).length === 0) {
      refuse(
        `The target group with targetGroupArn ${String(targetGroupArn)} does not have an associated load balancer.`,
      );
    }
  }
}

async function assertAssociated(
  cloud: CloudView,
  region: string,
  cluster: string,
  providers: readonly string[],
): Promise<void> {
  const [association] = await cloud.find({ type: PROVIDERS_TYPE, region, id: cluster });
  const associated = textsOf(association?.properties.capacityProviders);
  if (providers.some((name) => !associated.includes(name))) throw notAssociated();
}

function notAssociated(): CloudError {
  return new CloudError(
    'InvalidParameterException',
    'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.',
  );
}

function invalidRole(): CloudError {
  return new CloudError('ClientException', 'Role is not valid');
}

function noCluster(): CloudError {
  return new CloudError('ClusterNotFoundException', 'Cluster not found.');
}
