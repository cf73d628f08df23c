import { SubnetGroup } from '@pulumi/aws/rds/index.js';
import { type Context, type DatabaseConfig, opts, rdsName, tags } from '../../shared/index.js';

/** Where the instances may stand: the database tier alone (B6). */
export function createSubnetGroup(ctx: Context, cfg: DatabaseConfig): SubnetGroup {
  return new SubnetGroup(
    'subnet-group',
    {
      name: rdsName(ctx, 'database'),
      description: 'Database subnets',
      subnetIds: [...cfg.databaseSubnetIds],
      tags: tags(ctx, 'subnet-group'),
    },
    opts(ctx),
  );
}
