import type { Context, MonitoringConfig } from '../../shared/index.js';
import { type Alarms, type AlarmSpec, createAlarms } from './alarms.js';
import type { AlertTopics } from './topics.js';

type Specs = Record<string, AlarmSpec>;

/** Containers, the Kubernetes control plane, EC2 tiers, functions and their queues. */
export function createComputeAlarms(ctx: Context, cfg: MonitoringConfig, topics: AlertTopics): Alarms {
  const { appsClusterName, appsAlbArnSuffix, ecsClusterName, ec2AlbArnSuffix, ec2TargetGroup } = cfg;
  return createAlarms(ctx, topics, {
    ...(appsClusterName === undefined ? {} : usage(cfg, 'app', appsClusterName, cfg.appsServiceNames)),
    ...(appsAlbArnSuffix === undefined
      ? {}
      : targets(cfg.appsTargetGroups, appsAlbArnSuffix, (app) => `app-${app}-unhealthy`)),
    ...(ecsClusterName === undefined ? {} : usage(cfg, 'service', ecsClusterName, cfg.ecsServiceNames)),
    ...kubernetes(cfg),
    ...tiers(cfg),
    ...(ec2AlbArnSuffix === undefined || ec2TargetGroup === undefined
      ? {}
      : targets({ web: ec2TargetGroup }, ec2AlbArnSuffix, (tier) => `tier-${tier}-unhealthy`)),
    ...functions(cfg),
    ...queues(cfg),
  });
}

/** Processor and memory of each service of a cluster. */
function usage(
  cfg: MonitoringConfig,
  kind: 'app' | 'service',
  cluster: string,
  services: Readonly<Record<string, string>>,
): Specs {
  const specs: Specs = {};
  for (const [key, service] of Object.entries(services)) {
    const ecs = {
      namespace: 'AWS/ECS',
      dimensions: { ClusterName: cluster, ServiceName: service },
      statistic: 'Average',
      when: '>',
    } as const;
    specs[`${kind}-${key}-cpu`] = {
      ...ecs,
      description: `Tasks of ${key} are short of processor time`,
      metric: 'CPUUtilization',
      threshold: cfg.cpuThreshold,
    };
    specs[`${kind}-${key}-memory`] = {
      ...ecs,
      description: `Tasks of ${key} are short of memory`,
      metric: 'MemoryUtilization',
      threshold: cfg.memoryThreshold,
    };
  }
  return specs;
}

/** A target that fails its health check. A service of zero tasks has none, and so does not alarm (MON-2). */
function targets(groups: Readonly<Record<string, string>>, alb: string, nameOf: (key: string) => string): Specs {
  return Object.fromEntries(
    Object.entries(groups).map(([key, group]): [string, AlarmSpec] => [
      nameOf(key),
      {
        description: `A target of ${key} fails its health check`,
        namespace: 'AWS/ApplicationELB',
        metric: 'UnHealthyHostCount',
        dimensions: { TargetGroup: group, LoadBalancer: alb },
        statistic: 'Maximum',
        when: '>=',
        threshold: 1,
      },
    ]),
  );
}

function kubernetes(cfg: MonitoringConfig): Specs {
  if (cfg.eksClusterName === undefined) return {};
  return {
    'kubernetes-api-5xx': {
      description: 'The Kubernetes API server answers with server errors',
      namespace: 'AWS/EKS',
      metric: 'apiserver_request_total_5XX',
      dimensions: { ClusterName: cfg.eksClusterName },
      statistic: 'Sum',
      when: '>',
      threshold: cfg.http5xxThreshold,
    },
  };
}

function tiers(cfg: MonitoringConfig): Specs {
  return Object.fromEntries(
    Object.entries(cfg.asgNames).map(([tier, group]): [string, AlarmSpec] => [
      `tier-${tier}-cpu`,
      {
        description: `Instances of tier ${tier} are short of processor time`,
        namespace: 'AWS/EC2',
        metric: 'CPUUtilization',
        dimensions: { AutoScalingGroupName: group },
        statistic: 'Average',
        when: '>',
        threshold: cfg.cpuThreshold,
      },
    ]),
  );
}

/** A function that fails in two periods running: a single failure is what retries are for. */
function functions(cfg: MonitoringConfig): Specs {
  return Object.fromEntries(
    Object.entries(cfg.lambdaFunctionNames).map(([key, functionName]): [string, AlarmSpec] => [
      `function-${key}-errors`,
      {
        description: `Function ${key} keeps failing`,
        namespace: 'AWS/Lambda',
        metric: 'Errors',
        dimensions: { FunctionName: functionName },
        statistic: 'Sum',
        when: '>=',
        threshold: 1,
      },
    ]),
  );
}

function queues(cfg: MonitoringConfig): Specs {
  const specs: Specs = {};
  if (cfg.taskDlqName !== undefined) {
    specs['dead-letters'] = {
      description: 'Tasks failed for good and wait in the dead-letter queue',
      namespace: 'AWS/SQS',
      metric: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: cfg.taskDlqName },
      statistic: 'Maximum',
      when: '>',
      threshold: 0,
      critical: true,
    };
  }
  if (cfg.taskQueueName !== undefined) {
    specs['task-queue-age'] = {
      description: 'Tasks wait too long',
      namespace: 'AWS/SQS',
      metric: 'ApproximateAgeOfOldestMessage',
      dimensions: { QueueName: cfg.taskQueueName },
      statistic: 'Maximum',
      when: '>',
      threshold: cfg.queueAgeSeconds,
    };
  }
  return specs;
}
