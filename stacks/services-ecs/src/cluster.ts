import { type Context, type FargateCluster, fargateCluster, type ServicesEcsConfig } from '../../shared/index.js';

export const createCluster = (ctx: Context, cfg: ServicesEcsConfig): FargateCluster =>
  fargateCluster(ctx, cfg.settings, cfg.infrastructureKeyArn);
