import type { LoadBalancer } from '@pulumi/aws/lb/index.js';
import { Record } from '@pulumi/aws/route53/index.js';
import { type ContainersAppsConfig, type Context, opts } from '../../shared/index.js';

/** The domain of the environment and its `www` lead to the load balancer (stacks.md 9.1). */
export function createRecords(ctx: Context, cfg: ContainersAppsConfig, loadBalancer: LoadBalancer): void {
  const alias = (logical: string, name: string): Record =>
    new Record(
      logical,
      {
        zoneId: cfg.hostedZoneId,
        name,
        type: 'A',
        aliases: [{ name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: true }],
      },
      opts(ctx),
    );
  alias('apex-record', cfg.domainName);
  alias('www-record', `www.${cfg.domainName}`);
}
