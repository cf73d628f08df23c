import type { LoadBalancer } from '@pulumi/aws/lb/index.js';
import { type ContainersAppsConfig, type Context, loadBalancerRecord } from '../../shared/index.js';

/** The domain of the environment and its `www` lead to the load balancer (stacks.md 9.1). */
export function createRecords(ctx: Context, cfg: ContainersAppsConfig, loadBalancer: LoadBalancer): void {
  const { hostedZoneId: zoneId, domainName } = cfg;
  loadBalancerRecord(ctx, loadBalancer, { name: 'apex-record', zoneId, fqdn: domainName });
  loadBalancerRecord(ctx, loadBalancer, { name: 'www-record', zoneId, fqdn: `www.${domainName}` });
}
