import { Eip, NatGateway } from '@pulumi/aws/ec2/index.js';
import { type Context, type NatMode, type NetworkConfig, opts, tags } from '../../shared/index.js';
import type { Subnets } from './subnets.js';
import type { VpcResources } from './vpc.js';

export interface NatGateways {
  /** Empty, one, or one per availability zone; gateway i stands in public subnet i (NET-3). */
  readonly gateways: readonly NatGateway[];
  readonly addresses: readonly Eip[];
}

const countOf = (mode: NatMode, azCount: number): number => ({ none: 0, single: 1, perAz: azCount })[mode];

export function createNatGateways(
  ctx: Context,
  cfg: NetworkConfig,
  { internetGateway }: VpcResources,
  subnets: Subnets,
): NatGateways {
  const homes = subnets.public.slice(0, countOf(cfg.natGateways, cfg.azCount));
  const addresses = homes.map(
    (_, i) =>
      new Eip(
        `nat-eip-${i}`,
        { domain: 'vpc', tags: tags(ctx, `nat-eip-${i}`) },
        opts(ctx, { dependsOn: [internetGateway] }),
      ),
  );
  const gateways = homes.map(
    (subnet, i) =>
      new NatGateway(
        `nat-${i}`,
        { allocationId: addresses[i]?.allocationId, subnetId: subnet.id, tags: tags(ctx, `nat-${i}`) },
        opts(ctx, { dependsOn: [internetGateway], timeoutMinutes: 15 }),
      ),
  );
  return { gateways, addresses };
}
