import * as pulumi from '@pulumi/pulumi';
import {
  assertFqdn,
  assertMatches,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  type DnsConfig,
  envDomainOf,
  input,
  InvalidInput,
  loadContext,
} from '../../shared/index.js';
import { createCertificate } from './acm.js';
import { createHealthChecks } from './health-checks.js';
import { dnsOutputs } from './outputs.js';
import { createHostedZone } from './route53.js';

const ZONE_ID = /^Z[A-Z0-9]+$/;

function readConfig(ctx: Context): DnsConfig {
  const read = input(new pulumi.Config('dns'));
  const path = (key: 'primaryHealthCheckPath' | 'apiHealthCheckPath', value: string | undefined) =>
    value === undefined ? undefined : assertMatches(`dns:${key}`, value, /^\//, 'must start with /');

  const domain = assertFqdn('dns:domain', read.requireString('domain'));
  const createHostedZone = read.optBool('createHostedZone');
  const hostedZoneId = read.optString('hostedZoneId') ?? '';
  const parentZoneId = read.optString('parentZoneId') ?? '';
  if (hostedZoneId) assertMatches('dns:hostedZoneId', hostedZoneId, ZONE_ID, 'expected a zone id, like Z0123456789ABC');
  if (parentZoneId) assertMatches('dns:parentZoneId', parentZoneId, ZONE_ID, 'expected a zone id, like Z0123456789ABC');
  if (!createHostedZone && !hostedZoneId) {
    throw new InvalidInput('dns:hostedZoneId', undefined, 'expected a string, because createHostedZone is false');
  }
  const healthCheckRegions = read.optArray('healthCheckRegions');
  if (healthCheckRegions) {
    assertThat(
      'dns:healthCheckRegions',
      healthCheckRegions,
      new Set(healthCheckRegions).size >= 3,
      'expected at least 3 regions',
    );
  }
  const threshold = read.optNumber('healthCheckFailureThreshold');
  const interval = read.optNumber('healthCheckIntervalSeconds');

  return {
    envDomain: envDomainOf(ctx.environment, domain),
    createHostedZone,
    hostedZoneId,
    parentZoneId,
    includeWildcard: read.optBool('includeWildcard'),
    waitForCertificateValidation: read.optBool('waitForCertificateValidation'),
    enableHealthChecks: read.optBool('enableHealthChecks'),
    healthCheckRegions,
    primaryHealthCheckPath: path('primaryHealthCheckPath', read.optString('primaryHealthCheckPath')),
    apiHealthCheckPath: path('apiHealthCheckPath', read.optString('apiHealthCheckPath')),
    healthCheckFailureThreshold:
      threshold === undefined ? undefined : assertRange('dns:healthCheckFailureThreshold', threshold, 1, 10),
    healthCheckIntervalSeconds:
      interval === undefined ? undefined : assertOneOf('dns:healthCheckIntervalSeconds', interval, [10, 30]),
    defaultTtl: assertRange('dns:defaultTtl', read.requireNumber('defaultTtl'), 60, 86_400),
  };
}

const ctx = loadContext('dns');
const cfg = readConfig(ctx);

const zone = createHostedZone(ctx, cfg);
const certificate = createCertificate(ctx, cfg, zone);
const healthChecks = createHealthChecks(ctx, cfg);

export = dnsOutputs(ctx, cfg, { zone, certificate, healthChecks });
