import { Listener, type LoadBalancer } from '@pulumi/aws/lb/index.js';
import { applicationLoadBalancer, type Context, opts, type ServicesEcsConfig, tags } from '../../shared/index.js';

export interface InternalFront {
  readonly loadBalancer: LoadBalancer;
  readonly listener: Listener;
}

/** Plain HTTP between named groups inside the VPC (ECS-2); what no service takes is not found. */
export function createLoadBalancer(ctx: Context, cfg: ServicesEcsConfig): InternalFront {
  const loadBalancer = applicationLoadBalancer(ctx, {
    name: 'private-alb',
    internal: true,
    subnetIds: cfg.privateSubnetIds,
    securityGroupId: cfg.internalLoadBalancerSecurityGroupId,
    logsBucketName: cfg.logsBucketName,
  });
  const listener = new Listener(
    'internal-listener',
    {
      loadBalancerArn: loadBalancer.arn,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [
        {
          type: 'fixed-response',
          fixedResponse: { contentType: 'text/plain', messageBody: 'Not Found', statusCode: '404' },
        },
      ],
      tags: tags(ctx, 'internal-listener'),
    },
    opts(ctx),
  );
  return { loadBalancer, listener };
}
