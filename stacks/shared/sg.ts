import { SecurityGroupEgressRule, SecurityGroupIngressRule } from '@pulumi/aws/vpc/index.js';
import type * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';
import { opts, tags } from './utils.js';
import { assertNoOpenCidr, assertThat, type ConfigKey } from './validate.js';

/** Who stands at the other end of a rule. */
export type Peer = { readonly cidr: string } | { readonly groupId: pulumi.Input<string> };

export interface Rule {
  /** Logical name, e.g. `web-ingress-from-alb`. */
  readonly name: string;
  /** The group's role. `alb` alone may be open to the world. */
  readonly tier: string;
  readonly groupId: pulumi.Input<string>;
  readonly peer: Peer;
  /** A TCP port, or every protocol and port. */
  readonly port: number | 'all';
  readonly description: string;
}

/** SSH and RDP: a shell is opened through Session Manager or ECS Exec, never through a port (stacks.md B1). */
const FORBIDDEN_PORTS = [22, 3389];

function ruleArgs(ctx: Context, rule: Rule, openPorts: readonly number[]) {
  const where: ConfigKey = `${ctx.stack}:${rule.name}`;
  const { port, peer } = rule;
  assertThat(where, port, port === 'all' || !FORBIDDEN_PORTS.includes(port), 'ports 22 and 3389 appear in no rule');
  if ('cidr' in peer && (port === 'all' || !openPorts.includes(port))) assertNoOpenCidr(where, peer.cidr);
  return {
    securityGroupId: rule.groupId,
    description: rule.description,
    ...(port === 'all' ? { ipProtocol: '-1' } : { ipProtocol: 'tcp', fromPort: port, toPort: port }),
    ...('groupId' in peer
      ? { referencedSecurityGroupId: peer.groupId }
      : { [peer.cidr.includes(':') ? 'cidrIpv6' : 'cidrIpv4']: peer.cidr }),
    tags: tags(ctx, rule.name),
  };
}

/** One ingress rule. @throws InvalidInput on ports 22 and 3389, and on an open block except tier alb on 80 and 443 */
export function ingress(ctx: Context, rule: Rule): SecurityGroupIngressRule {
  return new SecurityGroupIngressRule(rule.name, ruleArgs(ctx, rule, rule.tier === 'alb' ? [80, 443] : []), opts(ctx));
}

/** One egress rule. @throws InvalidInput on ports 22 and 3389, and on an open block except on port 443 */
export function egress(ctx: Context, rule: Rule): SecurityGroupEgressRule {
  return new SecurityGroupEgressRule(rule.name, ruleArgs(ctx, rule, [443]), opts(ctx));
}
