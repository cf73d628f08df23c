import type { Context, MonitoringConfig } from '../../shared/index.js';
import { type Alarms, type AlarmSpec, createAlarms } from './alarms.js';
import type { AlertTopics } from './topics.js';

/** Route 53 publishes the status of health checks in this region alone. */
const HEALTH_CHECK_REGION = 'us-east-1';

/** NAT gateways that run out of ports, and what the health checks see from outside. */
export function createNetworkAlarms(ctx: Context, cfg: MonitoringConfig, topics: AlertTopics): Alarms {
  const nat = cfg.natGatewayIds.map((id, index): [string, AlarmSpec] => [
    `nat-port-errors-${index}`,
    {
      description: 'A NAT gateway could not allocate a source port',
      namespace: 'AWS/NATGateway',
      metric: 'ErrorPortAllocation',
      dimensions: { NatGatewayId: id },
      statistic: 'Sum',
      when: '>',
      threshold: 0,
    },
  ]);

  const checks = ctx.region === HEALTH_CHECK_REGION ? healthChecks(cfg) : [];
  const health = checks.map(([name, id]): [string, AlarmSpec] => [
    `health-${name}`,
    {
      description: `The health check of the ${name} endpoint fails`,
      namespace: 'AWS/Route53',
      metric: 'HealthCheckStatus',
      dimensions: { HealthCheckId: id },
      statistic: 'Minimum',
      when: '<',
      threshold: 1,
      critical: true,
      missingIsBreaching: true,
    },
  ]);
  return createAlarms(ctx, topics, Object.fromEntries([...nat, ...health]));
}

/** Name and id of every check that exists. */
export function healthChecks(cfg: MonitoringConfig): [string, string][] {
  return [['primary', cfg.primaryHealthCheckId] as const, ['api', cfg.apiHealthCheckId] as const].flatMap(
    ([name, id]): [string, string][] => (id === undefined ? [] : [[name, id]]),
  );
}
