import { commonOutputs, type Context, type DnsConfig, type DnsOutputs } from '../../shared/index.js';
import type { IssuedCertificate } from './acm.js';
import type { HealthChecks } from './health-checks.js';
import { version } from './package.json';
import type { HostedZone } from './route53.js';

export interface DnsResources {
  readonly zone: HostedZone;
  readonly certificate: IssuedCertificate;
  readonly healthChecks: HealthChecks;
}

export function dnsOutputs(ctx: Context, cfg: DnsConfig, resources: DnsResources): DnsOutputs {
  const { zone, certificate, healthChecks } = resources;
  return {
    ...commonOutputs(ctx, version),
    hostedZoneId: zone.zoneId,
    hostedZoneName: zone.name,
    domainName: cfg.envDomain,
    nameServers: cfg.createHostedZone ? zone.nameServers : [],
    primaryCertificateArn: certificate.arn,
    wildcardCertificateArn: cfg.includeWildcard ? certificate.arn : '',
    primaryHealthCheckId: healthChecks.primary?.id ?? '',
    apiHealthCheckId: healthChecks.api?.id ?? '',
  };
}
