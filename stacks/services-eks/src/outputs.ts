import * as pulumi from '@pulumi/pulumi';
import { commonOutputs, type Context, type EksOutputs } from '../../shared/index.js';
import type { ClusterResources } from './cluster.js';
import type { NodeGroups } from './node-groups.js';
import type { ServiceAccounts } from './oidc.js';
import { version } from './package.json';

export interface EksResources {
  readonly cluster: ClusterResources;
  readonly accounts: ServiceAccounts;
  readonly nodes: NodeGroups;
}

export function eksOutputs(ctx: Context, resources: EksResources): EksOutputs {
  const {
    cluster: { cluster },
    accounts,
    nodes,
  } = resources;
  return {
    ...commonOutputs(ctx, version),
    clusterName: cluster.name,
    clusterArn: cluster.arn,
    clusterEndpoint: cluster.endpoint,
    clusterVersion: cluster.version,
    clusterSecurityGroupId: cluster.vpcConfig.clusterSecurityGroupId,
    clusterCertificateAuthority: pulumi.secret(cluster.certificateAuthority.data),
    oidcProviderArn: accounts.provider.arn,
    oidcIssuerUrl: accounts.issuerUrl,
    primaryNodeGroupName: nodes.primary.nodeGroupName,
    primaryNodeGroupArn: nodes.primary.arn,
    spotNodeGroupName: nodes.spot?.nodeGroupName ?? '',
    ebsCsiRoleArn: accounts.ebsCsiRole.arn,
    clusterAutoscalerRoleArn: accounts.autoscalerRole.arn,
  };
}
