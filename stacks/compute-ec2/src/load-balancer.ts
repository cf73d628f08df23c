import { Listener, type LoadBalancer, TargetGroup } from '@pulumi/aws/lb/index.js';
import {
  applicationLoadBalancer,
  type Context,
  type Ec2Config,
  httpsListener,
  opts,
  redirectListener,
  tags,
} from '../../shared/index.js';

export interface Front {
  readonly loadBalancer: LoadBalancer;
  readonly targetGroup: TargetGroup;
  readonly listeners: readonly Listener[];
}

/** TLS 1.2 and later (B3). */
const SSL_POLICY = 'ELBSecurityPolicy-TLS13-1-2-2021-06';

/** What stands before the web tier; nothing without one. Only HTTPS is open to the internet (EC2-4). */
export function createLoadBalancer(ctx: Context, cfg: Ec2Config): Front | undefined {
  if (!cfg.tiers.some(({ name }) => name === 'web')) return undefined;
  const { certificateArn } = cfg;
  const isPublic = certificateArn !== undefined;
  const loadBalancer = applicationLoadBalancer(ctx, {
    name: 'ec2-alb',
    internal: !isPublic,
    subnetIds: isPublic ? cfg.publicSubnetIds : cfg.privateSubnetIds,
    securityGroupId: cfg.loadBalancerSecurityGroupId,
    logsBucketName: cfg.logsBucketName,
  });
  // A group serves one load balancer, and a balancer that turns public or internal is replaced: each kind has a group of its own.
  const targets = isPublic ? 'web-targets' : 'web-internal-targets';
  const targetGroup = new TargetGroup(
    targets,
    {
      vpcId: cfg.vpcId,
      targetType: 'instance',
      protocol: 'HTTP',
      port: cfg.webPort, // the very port that the rules admit (SEC-1)
      healthCheck: { protocol: 'HTTP', path: cfg.healthCheckPath, matcher: '200' },
      tags: tags(ctx, targets),
    },
    opts(ctx),
  );
  const listeners = isPublic
    ? [
        httpsListener(ctx, loadBalancer, {
          name: 'https-listener',
          certificateArn,
          sslPolicy: SSL_POLICY,
          targetGroup,
        }),
        redirectListener(ctx, loadBalancer, 'http-listener'),
      ]
    : [forwardListener(ctx, loadBalancer, targetGroup)];
  return { loadBalancer, targetGroup, listeners };
}

/** Plain HTTP, inside the VPC. */
function forwardListener(ctx: Context, loadBalancer: LoadBalancer, targetGroup: TargetGroup): Listener {
  return new Listener(
    'http-listener',
    {
      loadBalancerArn: loadBalancer.arn,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [{ type: 'forward', targetGroupArn: targetGroup.arn }],
      tags: tags(ctx, 'http-listener'),
    },
    opts(ctx),
  );
}
