import type { Listener, LoadBalancer, TargetGroup } from '@pulumi/aws/lb/index.js';
import {
  type ContainersAppsConfig,
  type Context,
  type FargateCluster,
  type FargateEnv,
  type FargateService,
  fargateService,
  httpsListener,
} from '../../shared/index.js';

export interface Apps {
  /** In the order of the configuration. */
  readonly services: readonly FargateService[];
  readonly listener: Listener;
}

/** The default app first: its target group is what the HTTPS listener needs, and the listener what the others need. */
export function createServices(
  ctx: Context,
  cfg: ContainersAppsConfig,
  { cluster, loadBalancer }: { readonly cluster: FargateCluster; readonly loadBalancer: LoadBalancer },
): Apps {
  const env = (listenerFor: (targetGroup: TargetGroup) => Listener): FargateEnv => ({
    settings: cfg.settings,
    cluster,
    vpcId: cfg.vpcId,
    subnetIds: cfg.privateSubnetIds,
    securityGroupIds: { web: cfg.webSecurityGroupId, api: cfg.apiSecurityGroupId },
    executionRoleArn: cfg.ecsExecutionRoleArn,
    logKeyArn: cfg.infrastructureKeyArn,
    repositoryUrls: cfg.repositoryUrls,
    secrets: {
      secrets: { JWT_SIGNING_KEY: cfg.jwtSigningKeyArn, SESSION_SECRET: cfg.sessionSecretArn },
      database: cfg.connectionSecretArn === undefined ? {} : { DATABASE_CONNECTION: cfg.connectionSecretArn },
    },
    databaseAccessPolicyArn: cfg.databaseAccessPolicyArn,
    listenerFor,
  });

  const { services } = cfg.settings;
  const main = fargateService(
    ctx,
    services.find((app) => app.default)!, // the settings admit exactly one
    env((targetGroup) =>
      httpsListener(ctx, loadBalancer, {
        name: 'https-listener',
        certificateArn: cfg.certificateArn,
        sslPolicy: cfg.sslPolicy,
        targetGroup,
      }),
    ),
  );
  const listener = main.listener!; // a default app has a port
  return {
    services: services.map((app) =>
      app.default
        ? main
        : fargateService(
            ctx,
            app,
            env(() => listener),
          ),
    ),
    listener,
  };
}
