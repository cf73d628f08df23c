import { Addon } from '@pulumi/aws/eks/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Context, type EksAddon, type EksConfig, opts, tags } from '../../shared/index.js';
import type { ClusterResources } from './cluster.js';
import type { ServiceAccounts } from './oidc.js';

interface AddonSpec {
  readonly name: EksAddon;
  readonly serviceAccountRoleArn?: pulumi.Input<string>;
  readonly dependsOn: pulumi.Resource[];
}

function createAddon(ctx: Context, cfg: EksConfig, { cluster }: ClusterResources, spec: AddonSpec): Addon {
  return new Addon(
    spec.name,
    {
      clusterName: cluster.name,
      addonName: spec.name,
      addonVersion: cfg.addonVersions[spec.name],
      serviceAccountRoleArn: spec.serviceAccountRoleArn,
      resolveConflictsOnCreate: 'OVERWRITE', // takes over what EKS installs into every new cluster
      resolveConflictsOnUpdate: 'PRESERVE',
      tags: tags(ctx, spec.name),
    },
    opts(ctx, { dependsOn: spec.dependsOn }),
  );
}

/** Nodes become ready only where they find a network. */
export function createNetworkAddon(ctx: Context, cfg: EksConfig, cluster: ClusterResources): Addon {
  return createAddon(ctx, cfg, cluster, { name: 'vpc-cni', dependsOn: [] });
}

/** Add-ons whose pods need a node. */
export function createNodeAddons(
  ctx: Context,
  cfg: EksConfig,
  cluster: ClusterResources,
  deps: { readonly nodes: readonly pulumi.Resource[]; readonly accounts: ServiceAccounts },
): void {
  const nodes = [...deps.nodes];
  createAddon(ctx, cfg, cluster, { name: 'kube-proxy', dependsOn: nodes });
  createAddon(ctx, cfg, cluster, { name: 'coredns', dependsOn: nodes });
  createAddon(ctx, cfg, cluster, {
    name: 'aws-ebs-csi-driver',
    serviceAccountRoleArn: deps.accounts.ebsCsiRole.arn,
    dependsOn: [...nodes, deps.accounts.ebsCsiPermission],
  });
}
