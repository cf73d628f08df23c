import { InstanceProfile, Role, RolePolicy, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import type * as pulumi from '@pulumi/pulumi';
import {
  assumeRole,
  type Context,
  type Ec2Config,
  type Ec2TierSpec,
  opts,
  policy,
  type Statement,
  tags,
} from '../../shared/index.js';

export interface TierIdentity {
  readonly role: Role;
  readonly profile: InstanceProfile;
  /** What an instance may do by the time it starts. */
  readonly permissions: readonly pulumi.Resource[];
}

/** Role of one tier: Session Manager instead of a key pair (EC2-1), the log agent, and what the enabled stacks offer. */
export function createIdentity(ctx: Context, cfg: Ec2Config, tier: Ec2TierSpec): TierIdentity {
  const role = new Role(
    `${tier.name}-role`,
    { assumeRolePolicy: assumeRole(ctx, 'ec2.amazonaws.com'), tags: tags(ctx, `${tier.name}-role`) },
    opts(ctx),
  );
  const attach = (suffix: string, policyArn: string | undefined): pulumi.Resource[] =>
    policyArn === undefined
      ? []
      : [new RolePolicyAttachment(`${tier.name}-${suffix}`, { role: role.name, policyArn }, opts(ctx))];
  const statements = bucketStatements(ctx, cfg, tier);
  const permissions = [
    ...attach('ssm', 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'),
    ...attach('agent', 'arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy'),
    ...attach('secrets', cfg.appSecretsReadPolicyArn),
    ...attach('database', cfg.databaseAccessPolicyArn),
    ...(statements.length === 0
      ? []
      : [new RolePolicy(`${tier.name}-buckets`, { role: role.id, policy: policy(statements) }, opts(ctx))]),
  ];
  const profile = new InstanceProfile(
    `${tier.name}-profile`,
    { role: role.name, tags: tags(ctx, `${tier.name}-profile`) },
    opts(ctx),
  );
  return { role, profile, permissions };
}

/** Both tiers read artifacts; workers also read and write the primary bucket. Empty without `storage`. */
function bucketStatements(ctx: Context, cfg: Ec2Config, tier: Ec2TierSpec): Statement[] {
  const { artifactsBucketArn: artifacts } = cfg;
  const primary = tier.name === 'worker' ? cfg.primaryBucketArn : undefined;
  if (!artifacts && !primary) return [];
  return [
    ...(artifacts
      ? [
          { sid: 'ListArtifacts', actions: ['s3:ListBucket'], resources: [artifacts] },
          { sid: 'ReadArtifacts', actions: ['s3:GetObject'], resources: [`${artifacts}/*`] },
        ]
      : []),
    ...(primary
      ? [
          { sid: 'ListPrimary', actions: ['s3:ListBucket'], resources: [primary] },
          {
            sid: 'UsePrimary',
            actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
            resources: [`${primary}/*`],
          },
        ]
      : []),
    {
      sid: 'UseBucketKey',
      actions: primary ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt'],
      resources: [cfg.applicationKeyArn],
      condition: { StringEquals: { 'kms:ViaService': `s3.${ctx.region}.amazonaws.com` } },
    },
  ];
}
