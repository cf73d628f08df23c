import * as pulumi from '@pulumi/pulumi';
import {
  type ApiConfig,
  assertFqdn,
  assertMatches,
  assertRange,
  assertThat,
  type Context,
  type CustomDomain,
  envDomainOf,
  input,
  type InputReader,
  loadContext,
} from '../../shared/index.js';
import { createApi } from './api.js';
import { createAuthorizer } from './authorizer.js';
import { createCustomDomain } from './custom-domain.js';
import { createRouting } from './integration.js';
import { apiOutputs } from './outputs.js';
import { createStage } from './stage.js';

const ROUTE_KEY = /^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[A-Za-z0-9._~/{}+-]*$/;
const SECURE_ORIGIN = /^https:\/\/[a-z0-9.-]+(:\d+)?$/;
const LOCAL_ORIGIN = /^http:\/\/localhost(:\d+)?$/;

function routeKeys(key: 'protectedRoutes' | 'publicRoutes', routes: readonly string[] = []): readonly string[] {
  for (const route of routes) {
    assertMatches(`services-api:${key}`, route, ROUTE_KEY, 'expected a method and a path, like GET /health');
  }
  return assertThat(`services-api:${key}`, routes, new Set(routes).size === routes.length, 'each route once');
}

function corsOrigins(ctx: Context, domain: string, given: readonly string[] | undefined): readonly string[] {
  const isDev = ctx.environment === 'dev';
  for (const origin of given ?? []) {
    const isAllowed = SECURE_ORIGIN.test(origin) || (isDev && LOCAL_ORIGIN.test(origin));
    const rule = 'expected https origins without *; in dev also http://localhost';
    assertThat('services-api:corsAllowedOrigins', origin, isAllowed, rule);
  }
  const own = [`https://${domain}`, `https://www.${domain}`];
  return given ?? (isDev ? [...own, 'http://localhost:3000'] : own);
}

/** All three or none; a zone whose certificate covers no subdomain leaves the API where AWS puts it, and says so. */
function customDomain(read: InputReader): CustomDomain | undefined {
  const hostedZoneId = read.optString('hostedZoneId');
  const certificateArn = read.optString('certificateArn');
  const domainName = read.optString('domainName');
  if (hostedZoneId === undefined || domainName === undefined) return undefined;
  if (certificateArn === undefined) {
    void pulumi.log.warn('stack dns has switched off wildcardCertificateArn: services-api keeps its default endpoint');
    return undefined;
  }
  return { name: `api.${assertFqdn('services-api:domainName', domainName)}`, hostedZoneId, certificateArn };
}

function readConfig(ctx: Context): ApiConfig {
  const read = input(new pulumi.Config('services-api'));
  const within = (key: string, value: number | undefined, minimum: number, maximum: number) =>
    value === undefined ? undefined : assertRange(`services-api:${key}`, value, minimum, maximum);

  const domain = envDomainOf(ctx.environment, assertFqdn('services-api:domain', read.requireString('domain')));
  const privateSubnetIds = read.requireArray('privateSubnetIds');
  const { length } = privateSubnetIds;
  assertThat('services-api:privateSubnetIds', privateSubnetIds, length > 0, 'expected at least one subnet');
  const protectedRoutes = routeKeys('protectedRoutes', read.optArray('protectedRoutes'));
  const publicRoutes = routeKeys('publicRoutes', read.optArray('publicRoutes'));
  const both = publicRoutes.find((route) => protectedRoutes.includes(route));
  assertThat('services-api:publicRoutes', publicRoutes, both === undefined, `${both} is among protectedRoutes too`);

  return {
    privateSubnetIds,
    vpcLinkSecurityGroupId: read.requireString('vpcLinkSecurityGroupId', 'security:vpcLinkSecurityGroupId'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    userPoolIssuerUrl: read.requireString('userPoolIssuerUrl', 'authentication:userPoolIssuerUrl'),
    webClientId: read.requireString('webClientId', 'authentication:webClientId'),
    mobileClientId: read.requireString('mobileClientId', 'authentication:mobileClientId'),
    internalListenerArn: read.requireString('internalListenerArn', 'services-ecs:internalListenerArn'),
    customDomain: customDomain(read),
    protectedRoutes,
    publicRoutes,
    corsAllowedOrigins: corsOrigins(ctx, domain, read.optArray('corsAllowedOrigins')),
    corsMaxAgeSeconds: within('corsMaxAgeSeconds', read.optNumber('corsMaxAgeSeconds'), 0, 86_400),
    throttleRate: within('throttleRate', read.optNumber('throttleRate'), 1, 10_000),
    throttleBurst: within('throttleBurst', read.optNumber('throttleBurst'), 1, 5000),
    integrationTimeoutMs: within('integrationTimeoutMs', read.optNumber('integrationTimeoutMs'), 50, 30_000),
  };
}

const ctx = loadContext('services-api');
const cfg = readConfig(ctx);

const api = createApi(ctx, cfg);
const authorizer = createAuthorizer(ctx, cfg, api);
const routing = createRouting(ctx, cfg, api, authorizer);
const stage = createStage(ctx, cfg, api);
const domain = createCustomDomain(ctx, cfg, api, stage);

export = apiOutputs(ctx, { api, authorizer, routing, stage, domain });
