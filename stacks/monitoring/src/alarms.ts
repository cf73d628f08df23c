import { MetricAlarm } from '@pulumi/aws/cloudwatch/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Context, opts, tags } from '../../shared/index.js';
import type { AlertTopics } from './topics.js';

/** Seconds of one period, and how many must breach in a row (MON-4). */
const PERIOD = 300;
const EVALUATION_PERIODS = 2;

const COMPARISONS = {
  '>': 'GreaterThanThreshold',
  '>=': 'GreaterThanOrEqualToThreshold',
  '<': 'LessThanThreshold',
} as const;

export interface AlarmSpec {
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  /** A percentile like `p95`, or one of CloudWatch's plain statistics. */
  readonly statistic: 'Average' | 'Sum' | 'Maximum' | 'Minimum' | 'p95';
  readonly when: keyof typeof COMPARISONS;
  /** Undefined: no such alarm. */
  readonly threshold: number | undefined;
  /** Goes to the critical topic instead of alerts. */
  readonly critical?: boolean;
  /** No data is bad news; otherwise it is none (MON-2). */
  readonly missingIsBreaching?: boolean;
}

/** Alarm (its logical name) → alarm. */
export type Alarms = Readonly<Record<string, MetricAlarm>>;

/** One alarm per entry that has its threshold, each with an action, and outside dev also with one when all is well again (MON-1). */
export function createAlarms(ctx: Context, topics: AlertTopics, specs: Readonly<Record<string, AlarmSpec>>): Alarms {
  const alarms: Record<string, MetricAlarm> = {};
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.threshold === undefined) continue;
    const actions = [spec.critical ? topics.critical.arn : topics.alerts.arn];
    alarms[name] = new MetricAlarm(
      name,
      {
        alarmDescription: spec.description,
        namespace: spec.namespace,
        metricName: spec.metric,
        dimensions: spec.dimensions,
        ...(spec.statistic === 'p95' ? { extendedStatistic: spec.statistic } : { statistic: spec.statistic }),
        comparisonOperator: COMPARISONS[spec.when],
        threshold: spec.threshold,
        period: PERIOD,
        evaluationPeriods: EVALUATION_PERIODS,
        treatMissingData: spec.missingIsBreaching ? 'breaching' : 'notBreaching',
        alarmActions: actions,
        okActions: ctx.environment === 'dev' ? [] : actions,
        tags: tags(ctx, name),
      },
      opts(ctx),
    );
  }
  return alarms;
}
