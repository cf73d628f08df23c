import { Role, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { assumeRole, type Context, type DatabaseConfig, opts, tags } from '../../shared/index.js';

export interface MonitoringRole {
  readonly role: Role;
  /** AWS tries the role when the instance is made: the permission must be there by then. */
  readonly attachment: RolePolicyAttachment;
}

/** Role under which RDS writes enhanced metrics of the operating system. */
export function createMonitoringRole(ctx: Context, cfg: DatabaseConfig): MonitoringRole | undefined {
  if (cfg.monitoringInterval === 0) return undefined;
  const role = new Role(
    'monitoring-role',
    { assumeRolePolicy: assumeRole(ctx, 'monitoring.rds.amazonaws.com'), tags: tags(ctx, 'monitoring-role') },
    opts(ctx),
  );
  const attachment = new RolePolicyAttachment(
    'monitoring-enhanced',
    { role: role.name, policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole' },
    opts(ctx),
  );
  return { role, attachment };
}
