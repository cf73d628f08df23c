import type { LoadBalancer } from '@pulumi/aws/lb/index.js';
import { WebAcl, WebAclAssociation } from '@pulumi/aws/wafv2/index.js';
import { type ContainersAppsConfig, type Context, opts, tags } from '../../shared/index.js';

/** Rule groups that AWS keeps up to date: the usual attacks, and requests that can mean nothing else. */
const MANAGED_GROUPS = ['AWSManagedRulesCommonRuleSet', 'AWSManagedRulesKnownBadInputsRuleSet'];

const visibility = (metricName: string) => ({
  metricName,
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
});

/** A web ACL in front of the load balancer: who asks too often is blocked, then the managed groups decide. */
export function createWebAcl(ctx: Context, cfg: ContainersAppsConfig, loadBalancer: LoadBalancer): void {
  if (!cfg.enableWaf || cfg.wafRateLimit === undefined) return;
  const acl = new WebAcl(
    'web-acl',
    {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: [
        {
          name: 'rate-limit',
          priority: 1,
          action: { block: {} },
          statement: {
            rateBasedStatement: { limit: cfg.wafRateLimit, aggregateKeyType: 'IP', evaluationWindowSec: 300 },
          },
          visibilityConfig: visibility('rate-limit'),
        },
        ...MANAGED_GROUPS.map((name, i) => ({
          name,
          priority: 2 + i,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
          visibilityConfig: visibility(name),
        })),
      ],
      visibilityConfig: visibility('web-acl'),
      tags: tags(ctx, 'web-acl'),
    },
    opts(ctx),
  );
  new WebAclAssociation('web-acl-association', { resourceArn: loadBalancer.arn, webAclArn: acl.arn }, opts(ctx));
}
