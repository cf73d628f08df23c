import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  type Context,
  input,
  loadContext,
  readServiceSettings,
  type ServicesEcsConfig,
} from '../../shared/index.js';
import { createCluster } from './cluster.js';
import { createLoadBalancer } from './load-balancer.js';
import { servicesEcsOutputs } from './outputs.js';
import { createNamespace } from './service-discovery.js';
import { createServices } from './services.js';

const PRIVATE_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function readConfig(ctx: Context): ServicesEcsConfig {
  const read = input(new pulumi.Config('services-ecs'));
  const apiPort = read.requireNumber('apiPort');
  const repositoryUrls = read.requireMap('repositoryUrls');
  const namespaceName = read.optString('namespaceName') ?? `${ctx.depId}.${ctx.environment}.internal`;

  return {
    vpcId: read.requireString('vpcId', 'network:vpcId'),
    privateSubnetIds: read.requireArray('privateSubnetIds'),
    internalLoadBalancerSecurityGroupId: read.requireString(
      'internalLoadBalancerSecurityGroupId',
      'security:internalLoadBalancerSecurityGroupId',
    ),
    apiSecurityGroupId: read.requireString('apiSecurityGroupId', 'security:apiSecurityGroupId'),
    ecsExecutionRoleArn: read.requireString('ecsExecutionRoleArn', 'security:ecsExecutionRoleArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    repositoryUrls,
    jwtSigningKeyArn: read.optString('jwtSigningKeyArn'),
    logsBucketName: read.optString('logsBucketName'),
    connectionSecretArn: read.optString('connectionSecretArn'),
    databaseAccessPolicyArn: read.optString('databaseAccessPolicyArn'),
    namespaceName: assertMatches(
      'services-ecs:namespaceName',
      namespaceName,
      PRIVATE_NAME,
      'expected a DNS name, like dt3vca0.dev.internal',
    ),
    settings: readServiceSettings(ctx, read, read.optObjects('services'), {
      key: 'services',
      ports: { api: apiPort },
      repositories: Object.keys(repositoryUrls),
      hasDefault: false,
      hasNamespace: true,
    }),
  };
}

const ctx = loadContext('services-ecs');
const cfg = readConfig(ctx);

const cluster = createCluster(ctx, cfg);
const namespace = createNamespace(ctx, cfg);
const front = createLoadBalancer(ctx, cfg);
const services = createServices(ctx, cfg, { cluster, namespace, front });

export = servicesEcsOutputs(ctx, { cluster, namespace, front, services });
