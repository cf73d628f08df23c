import { Cluster } from '@pulumi/aws/eks/index.js';
import { type Context, type EksConfig, logGroup, name, NAME_LIMITS, opts, tags } from '../../shared/index.js';

export interface ClusterResources {
  readonly cluster: Cluster;
  /** Known before the cluster is: names of tags and log groups hold it. */
  readonly clusterName: string;
}

/** Minutes (L6); also of the node groups. */
export const TIMEOUT_MINUTES = 40;

export function createCluster(ctx: Context, cfg: EksConfig): ClusterResources {
  const clusterName = name(ctx, 'cluster', NAME_LIMITS.eks);
  // The only group that EKS writes to.
  const log = logGroup(ctx, 'control-plane', cfg.infrastructureKeyArn, `/aws/eks/${clusterName}/cluster`);
  const cluster = new Cluster(
    'cluster',
    {
      name: clusterName,
      version: cfg.kubernetesVersion,
      roleArn: cfg.eksClusterRoleArn,
      vpcConfig: {
        subnetIds: [...cfg.privateSubnetIds],
        endpointPrivateAccess: true,
        endpointPublicAccess: cfg.endpointPublicAccess,
        ...(cfg.endpointPublicAccess ? { publicAccessCidrs: [...cfg.publicAccessCidrs] } : {}),
      },
      // Access is given by entries alone; whoever runs this program gets none for having run it.
      accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
      encryptionConfig: { provider: { keyArn: cfg.infrastructureKeyArn }, resources: ['secrets'] },
      enabledClusterLogTypes: [...cfg.enabledLogTypes],
      deletionProtection: ctx.protectStateful,
      tags: tags(ctx, 'cluster'),
    },
    opts(ctx, { dependsOn: [log], timeoutMinutes: TIMEOUT_MINUTES }),
  );
  return { cluster, clusterName };
}
