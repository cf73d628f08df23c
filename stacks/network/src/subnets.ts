import { Subnet } from '@pulumi/aws/ec2/index.js';
import { type Context, type NetworkConfig, opts, subnetCidrs, tags } from '../../shared/index.js';
import type { VpcResources } from './vpc.js';

export interface Subnets {
  /** Each list in the order of the availability zones (NET-5). */
  readonly public: readonly Subnet[];
  readonly private: readonly Subnet[];
  readonly database: readonly Subnet[];
}

/** Network number of each tier's first subnet, and the tags that consumers find it by (T5). */
const TIERS = {
  public: { offset: 1, tags: { Tier: 'public', 'kubernetes.io/role/elb': '1' } },
  private: { offset: 10, tags: { Tier: 'private', 'kubernetes.io/role/internal-elb': '1' } },
  database: { offset: 20, tags: { Tier: 'database' } },
};

export function createSubnets(ctx: Context, cfg: NetworkConfig, { vpc }: VpcResources): Subnets {
  const tierOf = (tier: keyof typeof TIERS): Subnet[] => {
    const { offset, tags: tierTags } = TIERS[tier];
    const cidrs = subnetCidrs(cfg.vpcCidr, offset, cfg.azCount);
    return cfg.availabilityZones.map((availabilityZone, i) => {
      const name = `${tier}-subnet-${i}`;
      return new Subnet(
        name,
        {
          vpcId: vpc.id,
          cidrBlock: cidrs[i],
          availabilityZone,
          mapPublicIpOnLaunch: false,
          tags: tags(ctx, name, tierTags),
        },
        opts(ctx),
      );
    });
  };
  return { public: tierOf('public'), private: tierOf('private'), database: tierOf('database') };
}
