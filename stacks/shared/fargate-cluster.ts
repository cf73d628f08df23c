import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Cluster, ClusterCapacityProviders } from '@pulumi/aws/ecs/index.js';
import { logGroup } from './logs.js';
import type { Context, ServiceSettings } from './types.js';
import { name, opts, tags } from './utils.js';

export interface FargateCluster {
  readonly cluster: Cluster;
  /** Services are made after it: a strategy may name only capacity providers of its cluster. */
  readonly capacityProviders: ClusterCapacityProviders;
  readonly execLogGroup: LogGroup | undefined;
}

/**
 * A cluster of the stack's name for Fargate on demand and on spot capacity, its own providers and none besides (ECS-3).
 * `logKeyArn` encrypts the records of ECS Exec sessions.
 */
export function fargateCluster(ctx: Context, settings: ServiceSettings, logKeyArn: string): FargateCluster {
  const execLogGroup = settings.enableExecuteCommand ? logGroup(ctx, 'exec', logKeyArn) : undefined;
  const cluster = new Cluster(
    'cluster',
    {
      name: name(ctx, ctx.stack, 255),
      settings: [{ name: 'containerInsights', value: settings.enableContainerInsights ? 'enabled' : 'disabled' }],
      configuration: execLogGroup && {
        executeCommandConfiguration: {
          logging: 'OVERRIDE',
          logConfiguration: { cloudWatchLogGroupName: execLogGroup.name, cloudWatchEncryptionEnabled: true },
        },
      },
      tags: tags(ctx, 'cluster'),
    },
    opts(ctx),
  );
  const capacityProviders = new ClusterCapacityProviders(
    'capacity-providers',
    {
      clusterName: cluster.name,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategies: [{ capacityProvider: 'FARGATE', base: 1, weight: 1 }],
    },
    opts(ctx),
  );
  return { cluster, capacityProviders, execLogGroup };
}
