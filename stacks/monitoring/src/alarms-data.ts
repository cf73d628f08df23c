import type { Context, MonitoringConfig } from '../../shared/index.js';
import { type Alarms, type AlarmSpec, createAlarms } from './alarms.js';
import type { AlertTopics } from './topics.js';

/** Seconds that the replica may lag: a minute is past what readers of an application put up with. */
const REPLICA_LAG = 60;

/** The database and its replica, each by instance id. */
export function createDataAlarms(ctx: Context, cfg: MonitoringConfig, topics: AlertTopics): Alarms {
  return createAlarms(ctx, topics, { ...primaryAlarms(cfg), ...replicaAlarms(cfg) });
}

function primaryAlarms(cfg: MonitoringConfig): Record<string, AlarmSpec> {
  if (cfg.databaseInstanceId === undefined) return {};
  const rds = { namespace: 'AWS/RDS', dimensions: { DBInstanceIdentifier: cfg.databaseInstanceId } };
  return {
    'database-cpu': {
      ...rds,
      description: 'The database is short of processor time',
      metric: 'CPUUtilization',
      statistic: 'Average',
      when: '>',
      threshold: cfg.cpuThreshold,
    },
    'database-connections': {
      ...rds,
      description: 'The database has too many open connections',
      metric: 'DatabaseConnections',
      statistic: 'Average',
      when: '>',
      threshold: cfg.databaseConnectionsThreshold,
    },
    'database-free-storage': {
      ...rds,
      description: 'The database is running out of storage',
      metric: 'FreeStorageSpace',
      statistic: 'Minimum',
      when: '<',
      threshold: cfg.freeStorageBytes,
    },
  };
}

function replicaAlarms(cfg: MonitoringConfig): Record<string, AlarmSpec> {
  if (cfg.databaseReplicaId === undefined) return {};
  return {
    'database-replica-lag': {
      description: 'The read replica is far behind the primary',
      namespace: 'AWS/RDS',
      metric: 'ReplicaLag',
      dimensions: { DBInstanceIdentifier: cfg.databaseReplicaId },
      statistic: 'Average',
      when: '>',
      threshold: REPLICA_LAG,
    },
  };
}
