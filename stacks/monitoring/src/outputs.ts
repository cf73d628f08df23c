import type { Dashboard } from '@pulumi/aws/cloudwatch/index.js';
import * as pulumi from '@pulumi/pulumi';
import { commonOutputs, type Context, type MonitoringOutputs } from '../../shared/index.js';
import type { Alarms } from './alarms.js';
import type { LogMetrics } from './log-metrics.js';
import { version } from './package.json';
import type { AlertTopics } from './topics.js';

export interface MonitoringResources {
  readonly topics: AlertTopics;
  readonly alarms: Alarms;
  readonly logs: LogMetrics;
  readonly dashboard: Dashboard;
}

export function monitoringOutputs(ctx: Context, resources: MonitoringResources): MonitoringOutputs {
  const { topics, alarms, logs, dashboard } = resources;
  const consoleUrl = `https://${ctx.region}.console.aws.amazon.com/cloudwatch/home?region=${ctx.region}`;
  return {
    ...commonOutputs(ctx, version),
    alertsTopicArn: topics.alerts.arn,
    criticalTopicArn: topics.critical.arn,
    dashboardName: dashboard.dashboardName,
    dashboardUrl: pulumi.interpolate`${consoleUrl}#dashboards/dashboard/${dashboard.dashboardName}`,
    alarmArns: Object.fromEntries(Object.entries(alarms).map(([name, alarm]) => [name, alarm.arn])),
    metricNamespace: logs.namespace,
  };
}
