import { HealthCheck } from '@pulumi/aws/route53/index.js';
import { type Context, type DnsConfig, opts, tags } from '../../shared/index.js';

export interface HealthChecks {
  readonly primary: HealthCheck | undefined;
  readonly api: HealthCheck | undefined;
}

/** HTTPS checks of the environment's domain and its API, from outside. */
export function createHealthChecks(ctx: Context, cfg: DnsConfig): HealthChecks {
  const check = (name: string, fqdn: string, resourcePath: string | undefined): HealthCheck | undefined =>
    cfg.enableHealthChecks && resourcePath !== undefined
      ? new HealthCheck(
          name,
          {
            type: 'HTTPS',
            fqdn,
            port: 443,
            resourcePath,
            enableSni: true,
            failureThreshold: cfg.healthCheckFailureThreshold,
            requestInterval: cfg.healthCheckIntervalSeconds,
            regions: cfg.healthCheckRegions && [...cfg.healthCheckRegions],
            tags: tags(ctx, name),
          },
          opts(ctx),
        )
      : undefined;

  return {
    primary: check('primary-health', cfg.envDomain, cfg.primaryHealthCheckPath),
    api: check('api-health', `api.${cfg.envDomain}`, cfg.apiHealthCheckPath),
  };
}
