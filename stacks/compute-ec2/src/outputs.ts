import type { Group } from '@pulumi/aws/autoscaling/index.js';
import * as pulumi from '@pulumi/pulumi';
import { commonOutputs, type Context, type Ec2Config, type Ec2Outputs, type Ec2Tier } from '../../shared/index.js';
import { hostName } from './dns-records.js';
import type { TierIdentity } from './iam.js';
import type { TierTemplate } from './launch-templates.js';
import type { Front } from './load-balancer.js';
import { version } from './package.json';

export interface TierResources {
  readonly name: Ec2Tier;
  readonly identity: TierIdentity;
  readonly template: TierTemplate;
  readonly group: Group;
}

export function ec2Outputs(
  ctx: Context,
  cfg: Ec2Config,
  tiers: readonly TierResources[],
  front: Front | undefined,
): Ec2Outputs {
  const byTier = (value: (tier: TierResources) => pulumi.Input<string>) =>
    Object.fromEntries(tiers.map((tier) => [tier.name, value(tier)]));
  return {
    ...commonOutputs(ctx, version),
    asgNames: byTier(({ group }) => group.name),
    roleArns: byTier(({ identity }) => identity.role.arn),
    launchTemplateIds: byTier(({ template }) => template.template.id),
    logGroupNames: byTier(({ template }) => template.logGroup.name),
    albArn: front?.loadBalancer.arn ?? '',
    albArnSuffix: front?.loadBalancer.arnSuffix ?? '',
    albDnsName: front?.loadBalancer.dnsName ?? '',
    albZoneId: front?.loadBalancer.zoneId ?? '',
    webTargetGroupArn: front?.targetGroup.arn ?? '',
    webTargetGroupArnSuffix: front?.targetGroup.arnSuffix ?? '',
    endpointUrl: front ? endpointOf(cfg, front) : '',
  };
}

function endpointOf(cfg: Ec2Config, { loadBalancer }: Front): pulumi.Output<string> {
  const scheme = cfg.certificateArn === undefined ? 'http' : 'https';
  return pulumi.interpolate`${scheme}://${hostName(cfg) ?? loadBalancer.dnsName}`;
}
