import { type Context, type Ec2Config, loadBalancerRecord } from '../../shared/index.js';
import type { Front } from './load-balancer.js';

/** The name of 9.1 that this stack owns; undefined without `dns`. */
export const hostName = (cfg: Ec2Config): string | undefined => cfg.dns && `ec2.${cfg.dns.domainName}`;

export function createRecord(ctx: Context, cfg: Ec2Config, { loadBalancer }: Front): void {
  const fqdn = hostName(cfg);
  if (!cfg.dns || !fqdn) return;
  loadBalancerRecord(ctx, loadBalancer, { name: 'ec2-record', zoneId: cfg.dns.hostedZoneId, fqdn });
}
