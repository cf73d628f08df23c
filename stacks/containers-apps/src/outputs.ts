import type { LoadBalancer } from '@pulumi/aws/lb/index.js';
import {
  commonOutputs,
  type ContainersAppsConfig,
  type ContainersAppsOutputs,
  type Context,
  type FargateCluster,
  outputsOf,
} from '../../shared/index.js';
import { version } from './package.json';
import type { Apps } from './services.js';

export interface ContainersAppsResources {
  readonly cluster: FargateCluster;
  readonly loadBalancer: LoadBalancer;
  readonly apps: Apps;
}

export function containersAppsOutputs(
  ctx: Context,
  cfg: ContainersAppsConfig,
  { cluster, loadBalancer, apps: { services, listener } }: ContainersAppsResources,
): ContainersAppsOutputs {
  const serviceNames = outputsOf(services, ({ service }) => service.name);
  return {
    ...commonOutputs(ctx, version),
    publicAlbArn: loadBalancer.arn,
    publicAlbArnSuffix: loadBalancer.arnSuffix,
    publicAlbDnsName: loadBalancer.dnsName,
    publicAlbZoneId: loadBalancer.zoneId,
    httpsListenerArn: listener.arn,
    clusterArn: cluster.cluster.arn,
    clusterName: cluster.cluster.name,
    serviceNames,
    targetGroupArnSuffixes: outputsOf(services, ({ targetGroup }) => targetGroup?.arnSuffix),
    logGroupNames: outputsOf(services, ({ logGroup }) => logGroup.name),
    frontendServiceName: serviceNames['frontend'] ?? '',
    applicationUrl: `https://${cfg.domainName}`,
  };
}
