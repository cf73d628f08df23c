import type { Context, MonitoringConfig } from '../../shared/index.js';
import { type Alarms, type AlarmSpec, createAlarms } from './alarms.js';
import type { AlertTopics } from './topics.js';

type Specs = Record<string, AlarmSpec>;

/** What callers notice: server errors and slow answers of the load balancers and the HTTP API. */
export function createApiAlarms(ctx: Context, cfg: MonitoringConfig, topics: AlertTopics): Alarms {
  return createAlarms(ctx, topics, { ...publicBalancer(cfg), ...internalBalancer(cfg), ...httpApi(cfg) });
}

function publicBalancer(cfg: MonitoringConfig): Specs {
  if (cfg.appsAlbArnSuffix === undefined) return {};
  return {
    'apps-5xx': serverErrors('Applications answer with server errors', cfg.appsAlbArnSuffix, cfg),
    'apps-latency': {
      description: 'Applications answer slowly',
      namespace: 'AWS/ApplicationELB',
      metric: 'TargetResponseTime',
      dimensions: { LoadBalancer: cfg.appsAlbArnSuffix },
      statistic: 'p95',
      when: '>',
      threshold: cfg.responseTimeSeconds,
    },
  };
}

function internalBalancer(cfg: MonitoringConfig): Specs {
  if (cfg.ecsAlbArnSuffix === undefined) return {};
  return { 'services-5xx': serverErrors('Services answer with server errors', cfg.ecsAlbArnSuffix, cfg) };
}

/** Errors of the targets: those of the balancer itself also count callers of a service that has no tasks yet. */
function serverErrors(description: string, balancer: string, cfg: MonitoringConfig): AlarmSpec {
  return {
    description,
    namespace: 'AWS/ApplicationELB',
    metric: 'HTTPCode_Target_5XX_Count',
    dimensions: { LoadBalancer: balancer },
    statistic: 'Sum',
    when: '>',
    threshold: cfg.http5xxThreshold,
  };
}

function httpApi(cfg: MonitoringConfig): Specs {
  if (cfg.apiId === undefined) return {};
  const api = { namespace: 'AWS/ApiGateway', dimensions: { ApiId: cfg.apiId }, when: '>' } as const;
  return {
    'api-5xx': {
      ...api,
      description: 'The API answers with server errors',
      metric: '5xx',
      statistic: 'Sum',
      threshold: cfg.http5xxThreshold,
    },
    'api-latency': {
      ...api,
      description: 'The API answers slowly',
      metric: 'Latency',
      statistic: 'p95',
      threshold: cfg.responseTimeSeconds === undefined ? undefined : cfg.responseTimeSeconds * 1000, // in milliseconds
    },
  };
}
