import { Policy as ScalingPolicy, Target as ScalingTarget } from '@pulumi/aws/appautoscaling/index.js';
import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Service, TaskDefinition } from '@pulumi/aws/ecs/index.js';
import { Role, RolePolicy, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { type Listener, ListenerRule, TargetGroup } from '@pulumi/aws/lb/index.js';
import { Service as DiscoveryService } from '@pulumi/aws/servicediscovery/index.js';
import * as pulumi from '@pulumi/pulumi';
import type { FargateCluster } from './fargate-cluster.js';
import { logGroup } from './logs.js';
import { assumeRole, policy } from './policies.js';
import type { Context, SecurityTier, ServiceAccess, ServiceSettings, ServiceSpec } from './types.js';
import { name, opts, tags } from './utils.js';

/** What the services of one stack share. */
export interface FargateEnv {
  readonly settings: ServiceSettings;
  readonly cluster: FargateCluster;
  readonly vpcId: string;
  /** Private subnets (stacks.md B7). */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: Readonly<Partial<Record<SecurityTier, string>>>;
  /** Pulls images, writes logs, injects secrets; shared by all services (stacks.md 9.2). */
  readonly executionRoleArn: string;
  readonly logKeyArn: string;
  /** Repository → URL without tag. */
  readonly repositoryUrls: Readonly<Record<string, string>>;
  /** Environment variable → ARN of the secret it holds, for services with that access. */
  readonly secrets: Readonly<Record<ServiceAccess, Readonly<Record<string, string>>>>;
  /** Attached to the task roles of services with access `database`; undefined: there is no database stack. */
  readonly databaseAccessPolicyArn: string | undefined;
  /** The listener whose default action or rule sends requests to the target group; undefined: nothing is balanced. */
  readonly listenerFor?: (targetGroup: TargetGroup) => Listener;
  /** Private namespace of services with `discovery`. */
  readonly namespaceId?: pulumi.Input<string>;
}

export interface FargateService {
  readonly spec: ServiceSpec;
  readonly service: Service;
  readonly logGroup: LogGroup;
  /** Undefined, like `listener`, for a service without port. */
  readonly targetGroup: TargetGroup | undefined;
  readonly listener: Listener | undefined;
  readonly scalingTarget: ScalingTarget;
}

/** Stands in for the tag until the first release: no task runs, so nothing is ever pulled by it. */
const UNRELEASED = 'unreleased';

/** Seconds that a new task may fail health checks. */
const HEALTH_GRACE_SECONDS = 60;

/** Four channels of the agent of ECS Exec; the API knows no resources below them. */
const EXEC_ACTIONS = [
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
];
const EXEC_LOG_ACTIONS = [
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:PutLogEvents',
];

/**
 * One service on Fargate with all that belongs to it (stacks.md 3.1), in this order:
 *
 * 1. log group and task role, so that AWS makes neither by itself;
 * 2. task definition;
 * 3. target group and its place behind the listener: ECS refuses a target group that no listener uses;
 * 4. discovery entry;
 * 5. service, scaling target, scaling policy.
 *
 * Without `settings.imageTag` the same resources exist and no task runs.
 */
export function fargateService(ctx: Context, spec: ServiceSpec, env: FargateEnv): FargateService {
  const { settings } = env;
  const minCapacity = settings.imageTag === undefined ? 0 : spec.minCapacity;

  const logs = logGroup(ctx, spec.name, env.logKeyArn);
  const role = taskRole(ctx, spec, env);
  const task = taskDefinition(ctx, spec, env, logs, role);
  const front = loadBalancing(ctx, spec, env);
  const discovery = spec.discovery ? discoveryEntry(ctx, spec, env) : undefined;

  const service = new Service(
    `${spec.name}-service`,
    {
      name: name(ctx, spec.name, 255),
      cluster: env.cluster.cluster.arn,
      taskDefinition: task.arn,
      desiredCount: minCapacity,
      capacityProviderStrategies: [
        { capacityProvider: 'FARGATE', base: 1, weight: 1 },
        ...(settings.fargateSpotWeight > 0
          ? [{ capacityProvider: 'FARGATE_SPOT', weight: settings.fargateSpotWeight }]
          : []),
      ],
      deploymentCircuitBreaker: { enable: true, rollback: true },
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      waitForSteadyState: true,
      forceNewDeployment: true, // without it the provider replaces the service when the capacity strategy changes
      enableExecuteCommand: settings.enableExecuteCommand,
      networkConfiguration: {
        subnets: [...env.subnetIds],
        securityGroups: [env.securityGroupIds[spec.securityTier]!], // the settings admit only tiers that have a group
        assignPublicIp: false,
      },
      ...(front && {
        loadBalancers: [{ targetGroupArn: front.targetGroup.arn, containerName: spec.name, containerPort: front.port }],
        healthCheckGracePeriodSeconds: HEALTH_GRACE_SECONDS,
      }),
      ...(discovery && { serviceRegistries: { registryArn: discovery.arn } }),
      propagateTags: 'SERVICE',
      enableEcsManagedTags: true,
      tags: tags(ctx, `${spec.name}-service`),
    },
    opts(ctx, {
      timeoutMinutes: 20,
      ignoreChanges: ['desiredCount'],
      dependsOn: [env.cluster.capacityProviders, ...(front ? [front.attachment] : [])],
    }),
  );

  const scalingTarget = scaling(ctx, spec, env, service, minCapacity);
  return {
    spec,
    service,
    logGroup: logs,
    targetGroup: front?.targetGroup,
    listener: front?.listener,
    scalingTarget,
  };
}

/** The identity of the running service. Injected secrets are none of its business: the execution role reads them (APP-4). */
function taskRole(ctx: Context, spec: ServiceSpec, env: FargateEnv): Role {
  const role = new Role(
    `${spec.name}-task-role`,
    { assumeRolePolicy: assumeRole(ctx, 'ecs-tasks.amazonaws.com'), tags: tags(ctx, `${spec.name}-task-role`) },
    opts(ctx),
  );
  const { execLogGroup } = env.cluster;
  if (execLogGroup) {
    new RolePolicy(
      `${spec.name}-exec-policy`,
      {
        role: role.id,
        policy: policy([
          {
            sid: 'ExecChannels',
            actions: EXEC_ACTIONS,
            resources: ['*'],
            wildcardReason: 'ssmmessages has no resource level',
          },
          {
            sid: 'RecordSessions',
            actions: EXEC_LOG_ACTIONS,
            resources: [execLogGroup.arn, pulumi.interpolate`${execLogGroup.arn}:*`],
          },
        ]),
      },
      opts(ctx),
    );
  }
  if (spec.access.includes('database') && env.databaseAccessPolicyArn !== undefined) {
    new RolePolicyAttachment(
      `${spec.name}-database-access`,
      { role: role.name, policyArn: env.databaseAccessPolicyArn },
      opts(ctx),
    );
  }
  return role;
}

function taskDefinition(ctx: Context, spec: ServiceSpec, env: FargateEnv, logs: LogGroup, role: Role): TaskDefinition {
  const environment = {
    APP_ENV: ctx.environment,
    AWS_REGION: ctx.region,
    SERVICE_NAME: spec.name,
    DEPLOYMENT_ID: ctx.deploymentId,
    NODE_ENV: 'production',
  };
  const secrets = Object.assign({}, ...spec.access.map((access) => env.secrets[access])) as Record<string, string>;
  const container = {
    name: spec.name,
    image: `${env.repositoryUrls[spec.repository]}:${env.settings.imageTag ?? UNRELEASED}`,
    essential: true,
    portMappings: spec.port === undefined ? [] : [{ containerPort: spec.port, hostPort: spec.port, protocol: 'tcp' }],
    environment: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
    secrets: Object.entries(secrets).map(([key, valueFrom]) => ({ name: key, valueFrom })),
    ...(env.settings.enableExecuteCommand && { linuxParameters: { initProcessEnabled: true } }),
    logConfiguration: {
      logDriver: 'awslogs',
      options: { 'awslogs-group': logs.name, 'awslogs-region': ctx.region, 'awslogs-stream-prefix': spec.name },
    },
  };
  return new TaskDefinition(
    `${spec.name}-task`,
    {
      family: name(ctx, `${ctx.stack}-${spec.name}`, 255), // unlike service names, families are one list for the whole account
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: String(spec.cpu),
      memory: String(spec.memory),
      executionRoleArn: env.executionRoleArn,
      taskRoleArn: role.arn,
      containerDefinitions: pulumi.jsonStringify([container]),
      tags: tags(ctx, `${spec.name}-task`),
    },
    opts(ctx),
  );
}

interface Front {
  readonly port: number;
  readonly targetGroup: TargetGroup;
  readonly listener: Listener;
  /** What makes the listener use the target group. */
  readonly attachment: pulumi.Resource;
}

function loadBalancing(ctx: Context, spec: ServiceSpec, env: FargateEnv): Front | undefined {
  if (spec.port === undefined || !env.listenerFor) return undefined;
  const targetGroup = new TargetGroup(
    `${spec.name}-tg`,
    {
      targetType: 'ip',
      vpcId: env.vpcId,
      port: spec.port,
      protocol: 'HTTP',
      healthCheck: {
        path: spec.healthCheckPath,
        protocol: 'HTTP',
        healthyThreshold: 2,
        unhealthyThreshold: 3,
        timeout: 5,
        interval: 30,
      },
      tags: tags(ctx, `${spec.name}-tg`),
    },
    opts(ctx),
  );
  const listener = env.listenerFor(targetGroup);
  const rule = spec.default
    ? undefined
    : new ListenerRule(
        `${spec.name}-rule`,
        {
          listenerArn: listener.arn,
          priority: spec.priority,
          conditions: [{ pathPattern: { values: [...spec.pathPatterns] } }],
          actions: [{ type: 'forward', targetGroupArn: targetGroup.arn }],
          tags: tags(ctx, `${spec.name}-rule`),
        },
        opts(ctx),
      );
  return { port: spec.port, targetGroup, listener, attachment: rule ?? listener };
}

/** `<service>.<namespace>` with one address per running task. */
function discoveryEntry(ctx: Context, spec: ServiceSpec, env: FargateEnv): DiscoveryService {
  return new DiscoveryService(
    `${spec.name}-discovery`,
    {
      name: spec.name,
      dnsConfig: {
        namespaceId: env.namespaceId!, // the settings admit discovery only where there is a namespace
        routingPolicy: 'MULTIVALUE',
        dnsRecords: [{ type: 'A', ttl: 10 }], // seconds: callers must not hold on to stopped tasks
      },
      // ECS reports the health of its tasks here. Cloud Map fixes the number at 1, but without it the provider drops the block.
      healthCheckCustomConfig: { failureThreshold: 1 },
      tags: tags(ctx, `${spec.name}-discovery`),
    },
    opts(ctx),
  );
}

function scaling(
  ctx: Context,
  spec: ServiceSpec,
  { settings, cluster }: FargateEnv,
  service: Service,
  minCapacity: number,
): ScalingTarget {
  const target = new ScalingTarget(
    `${spec.name}-scaling`,
    {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: pulumi.interpolate`service/${cluster.cluster.name}/${service.name}`,
      minCapacity,
      maxCapacity: spec.maxCapacity,
      tags: tags(ctx, `${spec.name}-scaling`),
    },
    opts(ctx),
  );
  new ScalingPolicy(
    `${spec.name}-cpu-scaling`,
    {
      policyType: 'TargetTrackingScaling',
      serviceNamespace: target.serviceNamespace,
      scalableDimension: target.scalableDimension,
      resourceId: target.resourceId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue: settings.targetCpuUtilization,
        predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        scaleInCooldown: settings.scaleInCooldown,
        scaleOutCooldown: settings.scaleOutCooldown,
      },
    },
    opts(ctx),
  );
  return target;
}

/** Service → the value that `pick` finds; services without one are left out. */
export function outputsOf(
  services: readonly FargateService[],
  pick: (service: FargateService) => pulumi.Output<string> | undefined,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    services.flatMap((service) => {
      const value = pick(service);
      return value === undefined ? [] : [[service.spec.name, value]];
    }),
  );
}
