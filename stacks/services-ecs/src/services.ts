import type { PrivateDnsNamespace } from '@pulumi/aws/servicediscovery/index.js';
import {
  type Context,
  type FargateCluster,
  type FargateService,
  fargateService,
  type ServicesEcsConfig,
} from '../../shared/index.js';
import type { InternalFront } from './load-balancer.js';

export interface ServiceSurroundings {
  readonly cluster: FargateCluster;
  readonly namespace: PrivateDnsNamespace;
  readonly front: InternalFront;
}

export function createServices(
  ctx: Context,
  cfg: ServicesEcsConfig,
  { cluster, namespace, front }: ServiceSurroundings,
): readonly FargateService[] {
  return cfg.settings.services.map((spec) =>
    fargateService(ctx, spec, {
      settings: cfg.settings,
      cluster,
      vpcId: cfg.vpcId,
      subnetIds: cfg.privateSubnetIds,
      securityGroupIds: { api: cfg.apiSecurityGroupId },
      executionRoleArn: cfg.ecsExecutionRoleArn,
      logKeyArn: cfg.infrastructureKeyArn,
      repositoryUrls: cfg.repositoryUrls,
      secrets: {
        secrets: cfg.jwtSigningKeyArn === undefined ? {} : { JWT_SIGNING_KEY: cfg.jwtSigningKeyArn },
        database: cfg.connectionSecretArn === undefined ? {} : { DATABASE_CONNECTION: cfg.connectionSecretArn },
      },
      databaseAccessPolicyArn: cfg.databaseAccessPolicyArn,
      listenerFor: () => front.listener,
      namespaceId: namespace.id,
    }),
  );
}
