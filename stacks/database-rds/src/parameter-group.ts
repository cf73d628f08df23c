import { ParameterGroup } from '@pulumi/aws/rds/index.js';
import { type Context, type DatabaseConfig, opts, rdsName, tags } from '../../shared/index.js';

const IMMEDIATE = 'immediate';

/** Settings of the server. The major version is part of the name: the group of the next one exists beside that of the last. */
export function createParameterGroup(ctx: Context, cfg: DatabaseConfig): ParameterGroup {
  const { logMinDurationMs } = cfg;
  return new ParameterGroup(
    'parameter-group',
    {
      name: rdsName(ctx, `postgres${cfg.engineMajor}`),
      family: `postgres${cfg.engineMajor}`,
      description: `PostgreSQL ${cfg.engineMajor}: TLS only, statement statistics, slow statements`,
      parameters: [
        // A library is loaded when the server starts, so AWS takes it at the next reboot only.
        { name: 'shared_preload_libraries', value: 'pg_stat_statements', applyMethod: 'pending-reboot' },
        { name: 'log_statement', value: 'ddl', applyMethod: IMMEDIATE },
        ...(logMinDurationMs === undefined
          ? []
          : [{ name: 'log_min_duration_statement', value: String(logMinDurationMs), applyMethod: IMMEDIATE }]),
        { name: 'log_connections', value: '1', applyMethod: IMMEDIATE },
        { name: 'log_disconnections', value: '1', applyMethod: IMMEDIATE },
        { name: 'log_lock_waits', value: '1', applyMethod: IMMEDIATE },
        { name: 'rds.force_ssl', value: '1', applyMethod: IMMEDIATE },
      ],
      tags: tags(ctx, 'parameter-group'),
    },
    opts(ctx),
  );
}
