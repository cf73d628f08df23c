import { LogMetricFilter } from '@pulumi/aws/cloudwatch/index.js';
import { type Context, type MonitoringConfig, opts } from '../../shared/index.js';
import { type Alarms, createAlarms } from './alarms.js';
import type { AlertTopics } from './topics.js';

export interface LogMetrics {
  /** `{project}/{env}`. */
  readonly namespace: string;
  /** Carries the deployment: two of the same project and environment share the namespace (N5). */
  readonly errorMetric: string;
  readonly alarms: Alarms;
}

/** Counts logged errors of every app and service in one metric, and one alarm over it. */
export function createLogMetrics(ctx: Context, cfg: MonitoringConfig, topics: AlertTopics): LogMetrics {
  const namespace = `${ctx.project}/${ctx.environment}`;
  const errorMetric = `ApplicationErrors-${ctx.depId}`;
  const { errorLogPattern } = cfg;
  const groups = logGroups(cfg);
  if (errorLogPattern === undefined || groups.length === 0) return { namespace, errorMetric, alarms: {} };

  for (const [name, group] of groups) {
    new LogMetricFilter(
      `${name}-errors`,
      {
        logGroupName: group,
        pattern: errorLogPattern,
        metricTransformation: { namespace, name: errorMetric, value: '1', unit: 'Count' },
      },
      opts(ctx),
    );
  }
  const alarms = createAlarms(ctx, topics, {
    'application-errors': {
      description: 'Applications and services log too many errors',
      namespace,
      metric: errorMetric,
      dimensions: {},
      statistic: 'Sum',
      when: '>',
      threshold: cfg.errorLogThreshold,
    },
  });
  return { namespace, errorMetric, alarms };
}

function logGroups(cfg: MonitoringConfig): [string, string][] {
  return [
    ...Object.entries(cfg.appsLogGroups).map(([app, group]): [string, string] => [`app-${app}`, group]),
    ...Object.entries(cfg.ecsLogGroups).map(([service, group]): [string, string] => [`service-${service}`, group]),
  ];
}
