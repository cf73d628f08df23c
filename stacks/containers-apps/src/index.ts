import * as pulumi from '@pulumi/pulumi';
import {
  assertFqdn,
  assertMatches,
  assertRange,
  type ContainersAppsConfig,
  type Context,
  input,
  InvalidInput,
  loadContext,
  readServiceSettings,
} from '../../shared/index.js';
import { createCluster } from './cluster.js';
import { createRecords } from './dns-records.js';
import { createLoadBalancer } from './load-balancer.js';
import { containersAppsOutputs } from './outputs.js';
import { createServices } from './services.js';
import { createWebAcl } from './waf.js';

/** Policies of a load balancer that admit TLS 1.2 and later only (B3). */
const TLS_12 = /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-[A-Za-z0-9-]+$/;

function readConfig(ctx: Context): ContainersAppsConfig {
  const read = input(new pulumi.Config('containers-apps'));
  const ports = { web: read.requireNumber('webPort'), api: read.requireNumber('apiPort') };
  const repositoryUrls = read.requireMap('repositoryUrls');
  const settings = readServiceSettings(ctx, read, read.optObjects('apps'), {
    key: 'apps',
    ports,
    repositories: Object.keys(repositoryUrls),
    hasDefault: true,
    hasNamespace: false,
  });

  const enableWaf = read.optBool('enableWaf');
  const rateLimit = read.optNumber('wafRateLimit');
  if (rateLimit !== undefined) assertRange('containers-apps:wafRateLimit', rateLimit, 100, 2_000_000_000);
  if (enableWaf && rateLimit === undefined) {
    throw new InvalidInput('containers-apps:wafRateLimit', undefined, 'expected a number, because enableWaf is true');
  }
  const idle = read.optNumber('idleTimeoutSeconds');

  return {
    vpcId: read.requireString('vpcId', 'network:vpcId'),
    publicSubnetIds: read.requireArray('publicSubnetIds'),
    privateSubnetIds: read.requireArray('privateSubnetIds'),
    loadBalancerSecurityGroupId: read.requireString(
      'loadBalancerSecurityGroupId',
      'security:loadBalancerSecurityGroupId',
    ),
    webSecurityGroupId: read.requireString('webSecurityGroupId', 'security:webSecurityGroupId'),
    apiSecurityGroupId: read.requireString('apiSecurityGroupId', 'security:apiSecurityGroupId'),
    ecsExecutionRoleArn: read.requireString('ecsExecutionRoleArn', 'security:ecsExecutionRoleArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    jwtSigningKeyArn: read.requireString('jwtSigningKeyArn', 'secrets:jwtSigningKeyArn'),
    sessionSecretArn: read.requireString('sessionSecretArn', 'secrets:sessionSecretArn'),
    hostedZoneId: read.requireString('hostedZoneId', 'dns:hostedZoneId'),
    domainName: assertFqdn('containers-apps:domainName', read.requireString('domainName', 'dns:domainName')),
    certificateArn: read.requireString('certificateArn', 'dns:wildcardCertificateArn'),
    repositoryUrls,
    logsBucketName: read.optString('logsBucketName'),
    connectionSecretArn: read.optString('connectionSecretArn'),
    databaseAccessPolicyArn: read.optString('databaseAccessPolicyArn'),
    settings,
    enableWaf,
    wafRateLimit: rateLimit,
    idleTimeoutSeconds:
      idle === undefined ? undefined : assertRange('containers-apps:idleTimeoutSeconds', idle, 1, 4000),
    sslPolicy: assertMatches(
      'containers-apps:sslPolicy',
      read.requireString('sslPolicy'),
      TLS_12,
      'expected a policy of TLS 1.2 or later, like ELBSecurityPolicy-TLS13-1-2-2021-06',
    ),
  };
}

const ctx = loadContext('containers-apps');
const cfg = readConfig(ctx);

const cluster = createCluster(ctx, cfg);
const loadBalancer = createLoadBalancer(ctx, cfg);
const apps = createServices(ctx, cfg, { cluster, loadBalancer });
createRecords(ctx, cfg, loadBalancer);
createWebAcl(ctx, cfg, loadBalancer);

export = containersAppsOutputs(ctx, cfg, { cluster, loadBalancer, apps });
