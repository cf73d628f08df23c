import { createHash } from 'node:crypto';
import { AccessEntry, AccessPolicyAssociation } from '@pulumi/aws/eks/index.js';
import { type Context, type EksConfig, opts, tags } from '../../shared/index.js';
import type { ClusterResources } from './cluster.js';

const CLUSTER_ADMIN = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy';

/** Administrators of the cluster. */
export function createAdminAccess(ctx: Context, cfg: EksConfig, { cluster }: ClusterResources): void {
  for (const principalArn of cfg.adminPrincipalArns) {
    // By the role and not by its place in the list: a role removed from the middle must not move the others.
    const logical = `admin-${createHash('sha256').update(principalArn).digest('hex').slice(0, 8)}`;
    const entry = new AccessEntry(
      logical,
      { clusterName: cluster.name, principalArn, type: 'STANDARD', tags: tags(ctx, logical) },
      opts(ctx),
    );
    new AccessPolicyAssociation(
      `${logical}-policy`,
      { clusterName: cluster.name, principalArn, policyArn: CLUSTER_ADMIN, accessScope: { type: 'cluster' } },
      opts(ctx, { dependsOn: [entry] }),
    );
  }
}
