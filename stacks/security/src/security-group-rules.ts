import { type Context, egress, ingress, type SecurityConfig } from '../../shared/index.js';
import type { SecurityGroups, Tier } from './security-groups.js';

type Port = 'webPort' | 'apiPort' | 'databasePort' | number | 'all';

/** [group, the group at the other end, port at the receiving side] */
type GroupRule = readonly [Tier, Tier, Port];

const HTTP = 80;
const HTTPS = 443;
const NFS = 2049;
const ANYWHERE = '0.0.0.0/0';

/** Who may be reached by whom. A rule exists when both its groups do. */
const INGRESS: readonly GroupRule[] = [
  ['web', 'alb', 'webPort'],
  ['api', 'alb', 'apiPort'],
  ['api', 'web', 'apiPort'],
  ['api', 'internal-alb', 'apiPort'],
  ['database', 'api', 'databasePort'],
  ['database', 'ec2', 'databasePort'],
  ['database', 'lambda', 'databasePort'],
  ['database', 'eks-node', 'databasePort'],
  ['internal-alb', 'web', HTTP],
  ['internal-alb', 'api', HTTP],
  ['internal-alb', 'vpc-link', HTTP],
  ['ec2', 'alb', 'webPort'],
  ['eks-node', 'eks-node', 'all'],
  ['efs', 'api', NFS],
  ['efs', 'ec2', NFS],
  ['efs', 'lambda', NFS],
  ['efs', 'eks-node', NFS],
];

/** Who may reach out to whom, besides HTTPS_EGRESS. */
const EGRESS: readonly GroupRule[] = [
  ['alb', 'web', 'webPort'],
  ['alb', 'api', 'apiPort'],
  ['alb', 'ec2', 'webPort'],
  ['web', 'api', 'apiPort'],
  ['web', 'internal-alb', HTTP],
  ['api', 'database', 'databasePort'],
  ['api', 'internal-alb', HTTP],
  ['api', 'efs', NFS],
  ['internal-alb', 'api', 'apiPort'],
  ['vpc-link', 'internal-alb', HTTP],
  ['ec2', 'database', 'databasePort'],
  ['ec2', 'efs', NFS],
  ['lambda', 'database', 'databasePort'],
  ['lambda', 'efs', NFS],
  ['eks-node', 'eks-node', 'all'],
  ['eks-node', 'database', 'databasePort'],
  ['eks-node', 'efs', NFS],
];

/** Tiers that call AWS and the internet. */
const HTTPS_EGRESS: readonly Tier[] = ['web', 'api', 'ec2', 'lambda', 'eks-node'];

export function createSecurityGroupRules(ctx: Context, cfg: SecurityConfig, groups: SecurityGroups): void {
  const portOf = (port: Port): number | 'all' => (typeof port === 'string' && port !== 'all' ? cfg[port] : port);

  if (groups.alb) {
    for (const port of [HTTPS, HTTP]) {
      for (const [i, cidr] of cfg.albIngressCidrs.entries()) {
        ingress(ctx, {
          name: `alb-ingress-${port}-${i}`,
          tier: 'alb',
          groupId: groups.alb.id,
          peer: { cidr },
          port,
          description: 'Visitors',
        });
      }
    }
  }

  const between = (rules: readonly GroupRule[], create: typeof ingress | typeof egress, way: string, link: string) => {
    for (const [tier, peer, port] of rules) {
      const [group, other] = [groups[tier], groups[peer]];
      if (!group || !other) continue;
      create(ctx, {
        name: `${tier}-${way}-${link}-${peer}`,
        tier,
        groupId: group.id,
        peer: { groupId: other.id },
        port: portOf(port),
        description: `${tier} ${link} ${peer}`,
      });
    }
  };
  between(INGRESS, ingress, 'ingress', 'from');
  between(EGRESS, egress, 'egress', 'to');

  for (const tier of HTTPS_EGRESS) {
    const group = groups[tier];
    if (!group) continue;
    egress(ctx, {
      name: `${tier}-egress-443`,
      tier,
      groupId: group.id,
      peer: { cidr: ANYWHERE },
      port: HTTPS,
      description: 'HTTPS to AWS and the internet',
    });
  }
}
