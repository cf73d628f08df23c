import { Group, Policy } from '@pulumi/aws/autoscaling/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Context, type Ec2Config, type Ec2TierSpec, opts, tags } from '../../shared/index.js';
import type { TierIdentity } from './iam.js';
import type { TierTemplate } from './launch-templates.js';
import type { Front } from './load-balancer.js';

export interface GroupDeps {
  readonly identity: TierIdentity;
  readonly template: TierTemplate;
  /** Of the web tier alone. */
  readonly front: Front | undefined;
}

/** Seconds that a new web instance has before the load balancer's verdict counts. */
const GRACE_SECONDS = 300;

/** Instances of one tier in the private subnets. A new template rolls them, half of them at a time. */
export function createGroup(ctx: Context, cfg: Ec2Config, tier: Ec2TierSpec, deps: GroupDeps): Group {
  const { identity, template, front } = deps;
  // The health of a target counts only once its group hangs on the load balancer.
  const dependsOn: pulumi.Resource[] = [...identity.permissions, ...(front?.listeners ?? [])];
  const group = new Group(
    `${tier.name}-asg`,
    {
      vpcZoneIdentifiers: [...cfg.privateSubnetIds],
      minSize: tier.minSize,
      maxSize: tier.maxSize,
      desiredCapacity: tier.minSize,
      launchTemplate: {
        id: template.template.id,
        version: template.template.latestVersion.apply((version) => String(version)),
      },
      instanceRefresh: { strategy: 'Rolling', preferences: { minHealthyPercentage: 50 } },
      ...(front
        ? {
            targetGroupArns: [front.targetGroup.arn],
            healthCheckType: 'ELB',
            healthCheckGracePeriod: GRACE_SECONDS,
          }
        : { healthCheckType: 'EC2' }),
      // The name of the group stays its own: instances have theirs from the template (T3).
      tags: Object.entries(tags(ctx, `${tier.name}-asg`)).map(([key, value]) => ({
        key,
        value,
        propagateAtLaunch: key !== 'Name',
      })),
    },
    opts(ctx, { dependsOn, ignoreChanges: ['desiredCapacity'] }),
  );
  if (cfg.targetCpuUtilization !== undefined) {
    new Policy(
      `${tier.name}-scaling`,
      {
        autoscalingGroupName: group.name,
        policyType: 'TargetTrackingScaling',
        targetTrackingConfiguration: {
          predefinedMetricSpecification: { predefinedMetricType: 'ASGAverageCPUUtilization' },
          targetValue: cfg.targetCpuUtilization,
        },
      },
      opts(ctx),
    );
  }
  return group;
}
