import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { LaunchTemplate } from '@pulumi/aws/ec2/index.js';
import {
  type Context,
  type Ec2Config,
  type Ec2TierSpec,
  logGroup,
  logGroupPath,
  opts,
  tags,
} from '../../shared/index.js';
import type { TierIdentity } from './iam.js';
import { userData } from './user-data.js';

export interface TierTemplate {
  readonly template: LaunchTemplate;
  readonly logGroup: LogGroup;
}

/** What an instance of the tier is: no key pair (EC2-1), IMDSv2 alone (B9), an encrypted root volume, tags on all of it (T3). */
export function createLaunchTemplate(
  ctx: Context,
  cfg: Ec2Config,
  tier: Ec2TierSpec,
  { profile }: TierIdentity,
): TierTemplate {
  const group = logGroup(ctx, tier.name, cfg.infrastructureKeyArn);
  const instance = `${tier.name}-instance`;
  const onVolumes = tier.name === 'worker' ? tags(ctx, instance, { Backup: 'Required' }) : tags(ctx, instance); // EC2-3
  const template = new LaunchTemplate(
    `${tier.name}-template`,
    {
      updateDefaultVersion: true,
      imageId: cfg.amiId,
      instanceType: tier.instanceType,
      iamInstanceProfile: { arn: profile.arn },
      vpcSecurityGroupIds: [cfg.ec2SecurityGroupId],
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      monitoring: { enabled: cfg.detailedMonitoring },
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda', // root of Amazon Linux
          ebs: {
            volumeType: 'gp3',
            volumeSize: cfg.rootVolumeGiB,
            encrypted: 'true',
            kmsKeyId: cfg.applicationKeyArn,
            deleteOnTermination: 'true',
          },
        },
      ],
      userData: userData(ctx, cfg, tier, logGroupPath(ctx, tier.name)),
      tagSpecifications: [
        { resourceType: 'instance', tags: tags(ctx, instance) },
        { resourceType: 'volume', tags: onVolumes },
      ],
      tags: tags(ctx, `${tier.name}-template`),
    },
    opts(ctx, { dependsOn: [group] }),
  );
  return { template, logGroup: group };
}
