import {
  commonOutputs,
  type Context,
  type FargateService,
  outputsOf,
  type ServicesEcsOutputs,
} from '../../shared/index.js';
import { version } from './package.json';
import type { ServiceSurroundings } from './services.js';

export interface ServicesEcsResources extends ServiceSurroundings {
  readonly services: readonly FargateService[];
}

export function servicesEcsOutputs(ctx: Context, resources: ServicesEcsResources): ServicesEcsOutputs {
  const { cluster, namespace, front, services } = resources;
  return {
    ...commonOutputs(ctx, version),
    clusterArn: cluster.cluster.arn,
    clusterName: cluster.cluster.name,
    internalAlbArn: front.loadBalancer.arn,
    internalAlbArnSuffix: front.loadBalancer.arnSuffix,
    internalAlbDnsName: front.loadBalancer.dnsName,
    internalListenerArn: front.listener.arn,
    namespaceId: namespace.id,
    namespaceName: namespace.name,
    serviceNames: outputsOf(services, ({ service }) => service.name),
    targetGroupArnSuffixes: outputsOf(services, ({ targetGroup }) => targetGroup?.arnSuffix),
    logGroupNames: outputsOf(services, ({ logGroup }) => logGroup.name),
    scalingTargetIds: outputsOf(services, ({ scalingTarget }) => scalingTarget.id),
  };
}
