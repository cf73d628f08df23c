import { Listener, LoadBalancer, type TargetGroup } from '@pulumi/aws/lb/index.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/index.js';
import type * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';
import { opts, tags } from './utils.js';

export interface LoadBalancerSpec {
  /** Logical name, at most 24 characters: `public-alb`. Its physical name begins with it, and AWS refuses `internal-` there. */
  readonly name: string;
  readonly internal: boolean;
  /** In two availability zones at least. */
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  /** Access logs go there under `<stack>/` (stacks.md APP-3); absent: none are kept. */
  readonly logsBucketName?: string | undefined;
  /** Absent: 60, the provider's own. */
  readonly idleTimeoutSeconds?: number | undefined;
}

/** An application load balancer; AWS protects it against deletion while the stateful set is protected (stacks.md L2). */
export function applicationLoadBalancer(ctx: Context, spec: LoadBalancerSpec): LoadBalancer {
  return new LoadBalancer(
    spec.name,
    {
      loadBalancerType: 'application',
      internal: spec.internal,
      subnets: [...spec.subnetIds],
      securityGroups: [spec.securityGroupId],
      dropInvalidHeaderFields: true,
      enableDeletionProtection: ctx.protectStateful,
      idleTimeout: spec.idleTimeoutSeconds,
      accessLogs: spec.logsBucketName ? { bucket: spec.logsBucketName, prefix: ctx.stack, enabled: true } : undefined,
      tags: tags(ctx, spec.name),
    },
    opts(ctx),
  );
}

export interface HttpsListenerSpec {
  readonly name: string;
  readonly certificateArn: pulumi.Input<string>;
  /** A policy of TLS 1.2 or later (stacks.md B3). */
  readonly sslPolicy: string;
  /** Gets every request that no rule takes. */
  readonly targetGroup: TargetGroup;
}

/** HTTPS on 443 of `loadBalancer`. */
export function httpsListener(ctx: Context, loadBalancer: LoadBalancer, spec: HttpsListenerSpec): Listener {
  return new Listener(
    spec.name,
    {
      loadBalancerArn: loadBalancer.arn,
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: spec.sslPolicy,
      certificateArn: spec.certificateArn,
      defaultActions: [{ type: 'forward', targetGroupArn: spec.targetGroup.arn }],
      tags: tags(ctx, spec.name),
    },
    opts(ctx),
  );
}

/** HTTP on 80 that sends everybody to 443 (stacks.md B3). */
export function redirectListener(ctx: Context, loadBalancer: LoadBalancer, name: string): Listener {
  return new Listener(
    name,
    {
      loadBalancerArn: loadBalancer.arn,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [{ type: 'redirect', redirect: { port: '443', protocol: 'HTTPS', statusCode: 'HTTP_301' } }],
      tags: tags(ctx, name),
    },
    opts(ctx),
  );
}

/** `fqdn` in that zone leads to `loadBalancer` while it has a healthy target. */
export function loadBalancerRecord(
  ctx: Context,
  loadBalancer: LoadBalancer,
  spec: { readonly name: string; readonly zoneId: pulumi.Input<string>; readonly fqdn: string },
): DnsRecord {
  return new DnsRecord(
    spec.name,
    {
      zoneId: spec.zoneId,
      name: spec.fqdn,
      type: 'A',
      aliases: [{ name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: true }],
    },
    opts(ctx),
  );
}
