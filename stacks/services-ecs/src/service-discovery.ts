import { PrivateDnsNamespace } from '@pulumi/aws/servicediscovery/index.js';
import { type Context, opts, type ServicesEcsConfig, tags } from '../../shared/index.js';

/** The names of the services, known inside the VPC alone. */
export function createNamespace(ctx: Context, cfg: ServicesEcsConfig): PrivateDnsNamespace {
  return new PrivateDnsNamespace(
    'namespace',
    {
      name: cfg.namespaceName,
      vpc: cfg.vpcId,
      description: `Services of ${ctx.deploymentId} ${ctx.environment}`,
      tags: tags(ctx, 'namespace'),
    },
    opts(ctx),
  );
}
