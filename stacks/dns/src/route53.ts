import { getZoneOutput, Record, Zone } from '@pulumi/aws/route53/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Context, type DnsConfig, opts, tags } from '../../shared/index.js';

export interface HostedZone {
  readonly zoneId: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** Authoritative servers of the zone, for the delegation. */
  readonly nameServers: pulumi.Output<string[]>;
  /** Undefined when the parent zone is not ours to write to. */
  readonly delegation: Record | undefined;
}

/** Only Amazon's CA may issue for the environment, wildcards included. */
const CAA = ['0 issue "amazon.com"', '0 issuewild "amazon.com"'];

/** The zone, made here or given, its CAA record and, with `parentZoneId`, the delegation from the parent. */
export function createHostedZone(ctx: Context, cfg: DnsConfig): HostedZone {
  const zone = cfg.createHostedZone
    ? new Zone(
        'zone',
        {
          name: cfg.envDomain,
          comment: `${ctx.deploymentId} ${ctx.environment}`,
          forceDestroy: false,
          tags: tags(ctx, 'zone'),
        },
        opts(ctx, { stateful: true }),
      )
    : getZoneOutput({ zoneId: cfg.hostedZoneId });

  new Record(
    'caa',
    { zoneId: zone.zoneId, name: cfg.envDomain, type: 'CAA', ttl: cfg.defaultTtl, records: CAA },
    opts(ctx),
  );

  const delegation = cfg.parentZoneId
    ? new Record(
        'parent-ns',
        {
          zoneId: cfg.parentZoneId,
          name: cfg.envDomain,
          type: 'NS',
          ttl: cfg.defaultTtl,
          records: zone.nameServers,
        },
        opts(ctx),
      )
    : undefined;

  return { zoneId: zone.zoneId, name: zone.name, nameServers: zone.nameServers, delegation };
}
