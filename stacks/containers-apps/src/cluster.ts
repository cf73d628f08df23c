import { type ContainersAppsConfig, type Context, type FargateCluster, fargateCluster } from '../../shared/index.js';

export const createCluster = (ctx: Context, cfg: ContainersAppsConfig): FargateCluster =>
  fargateCluster(ctx, cfg.settings, cfg.infrastructureKeyArn);
