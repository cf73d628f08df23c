import { Role, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { assumeRole, type Context, opts, type SecurityConfig, tags } from '../../shared/index.js';

export interface Roles {
  readonly ecsExecution: Role | undefined;
  readonly eksCluster: Role | undefined;
  readonly eksNode: Role | undefined;
}

/** Roles that AWS services themselves run under; workloads bring their own in their stacks. */
export function createRoles(ctx: Context, cfg: SecurityConfig): Roles {
  /** `policies`: logical suffix → path of an AWS-managed policy. */
  const role = (name: string, service: string, policies: Record<string, string>): Role => {
    const created = new Role(
      `${name}-role`,
      { assumeRolePolicy: assumeRole(ctx, service), tags: tags(ctx, `${name}-role`) },
      opts(ctx),
    );
    for (const [suffix, path] of Object.entries(policies)) {
      new RolePolicyAttachment(
        `${name}-${suffix}`,
        { role: created.name, policyArn: `arn:aws:iam::aws:policy/${path}` },
        opts(ctx),
      );
    }
    return created;
  };

  const ecs = cfg.workloads.includes('ecs');
  const eks = cfg.workloads.includes('eks');
  return {
    ecsExecution: ecs
      ? role('ecs-execution', 'ecs-tasks.amazonaws.com', {
          'task-execution': 'service-role/AmazonECSTaskExecutionRolePolicy',
        })
      : undefined,
    eksCluster: eks ? role('eks-cluster', 'eks.amazonaws.com', { cluster: 'AmazonEKSClusterPolicy' }) : undefined,
    eksNode: eks
      ? role('eks-node', 'ec2.amazonaws.com', {
          worker: 'AmazonEKSWorkerNodePolicy',
          cni: 'AmazonEKS_CNI_Policy',
          'registry-read': 'AmazonEC2ContainerRegistryReadOnly',
        })
      : undefined,
  };
}
