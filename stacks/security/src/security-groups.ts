import { SecurityGroup } from '@pulumi/aws/ec2/index.js';
import { type Context, opts, type SecurityConfig, tags, type Workload } from '../../shared/index.js';

interface GroupSpec {
  readonly description: string;
  /** Absent: the group always exists. */
  readonly workload?: Workload;
}

/** One group per tier (stacks.md 10.3). */
export const GROUPS = {
  alb: { description: 'Public load balancers' },
  web: { description: 'Web tier' },
  api: { description: 'API tier' },
  database: { description: 'Databases' },
  'internal-alb': { description: 'Internal load balancer', workload: 'ecs' },
  'vpc-link': { description: 'API Gateway VPC link', workload: 'apigateway' },
  ec2: { description: 'EC2 instances', workload: 'ec2' },
  lambda: { description: 'Functions inside the VPC', workload: 'lambda' },
  'eks-node': { description: 'Kubernetes nodes', workload: 'eks' },
  efs: { description: 'Shared file system', workload: 'efs' },
} as const satisfies Record<string, GroupSpec>;

export type Tier = keyof typeof GROUPS;
export type SecurityGroups = Readonly<Partial<Record<Tier, SecurityGroup>>>;

export function createSecurityGroups(ctx: Context, cfg: SecurityConfig): SecurityGroups {
  const specs: [string, GroupSpec][] = Object.entries(GROUPS);
  return Object.fromEntries(
    specs
      .filter(([, { workload }]) => workload === undefined || cfg.workloads.includes(workload))
      .map(([tier, { description }]) => [
        tier,
        // Rules are resources of their own, so the group names none; AWS's open egress rule is removed at creation.
        new SecurityGroup(`${tier}-sg`, { vpcId: cfg.vpcId, description, tags: tags(ctx, `${tier}-sg`) }, opts(ctx)),
      ]),
  );
}
