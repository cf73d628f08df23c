import type { LoadBalancer } from '@pulumi/aws/lb/index.js';
import {
  applicationLoadBalancer,
  type ContainersAppsConfig,
  type Context,
  redirectListener,
} from '../../shared/index.js';

/** The public load balancer; whoever comes over HTTP is sent to HTTPS. Its HTTPS listener is made with the default app. */
export function createLoadBalancer(ctx: Context, cfg: ContainersAppsConfig): LoadBalancer {
  const loadBalancer = applicationLoadBalancer(ctx, {
    name: 'public-alb',
    internal: false,
    subnetIds: cfg.publicSubnetIds,
    securityGroupId: cfg.loadBalancerSecurityGroupId,
    logsBucketName: cfg.logsBucketName,
    idleTimeoutSeconds: cfg.idleTimeoutSeconds,
  });
  redirectListener(ctx, loadBalancer, 'http-listener');
  return loadBalancer;
}
