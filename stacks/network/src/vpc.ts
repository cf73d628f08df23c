import { DefaultSecurityGroup, InternetGateway, Vpc } from '@pulumi/aws/ec2/index.js';
import { type Context, type NetworkConfig, opts, tags } from '../../shared/index.js';

export interface VpcResources {
  readonly vpc: Vpc;
  readonly internetGateway: InternetGateway;
}

export function createVpc(ctx: Context, cfg: NetworkConfig): VpcResources {
  const vpc = new Vpc(
    'vpc',
    {
      cidrBlock: cfg.vpcCidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      enableNetworkAddressUsageMetrics: true,
      tags: tags(ctx, 'vpc'),
    },
    opts(ctx),
  );
  // Taking the default group over removes every rule in it (B8); rules named here would be put back.
  new DefaultSecurityGroup('default-sg', { vpcId: vpc.id, tags: tags(ctx, 'default-sg') }, opts(ctx));
  const internetGateway = new InternetGateway('igw', { vpcId: vpc.id, tags: tags(ctx, 'igw') }, opts(ctx));
  return { vpc, internetGateway };
}
