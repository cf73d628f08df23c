import * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';

type Texts = pulumi.Input<string> | readonly pulumi.Input<string>[];
type Principal = Readonly<Record<string, Texts>>;
type Condition = Readonly<Record<string, Readonly<Record<string, Texts>>>>;

export interface Statement {
  readonly sid: string;
  readonly effect?: 'Allow' | 'Deny';
  readonly principal?: Principal;
  readonly actions: readonly string[];
  /** Absent in trust policies, whose resource is the role itself. */
  readonly resources?: readonly pulumi.Input<string>[];
  readonly condition?: Condition;
  /** Why `*` must stand in actions or resources; not part of the document. */
  readonly wildcardReason?: string;
}

const isWildcard = (text: pulumi.Input<string>): boolean => text === '*';
const isWildcardAction = (action: string): boolean => action === '*' || action.endsWith(':*');

/**
 * A policy document, safe with Outputs inside (stacks.md P4).
 * @throws pulumi.RunError on an action `*` or `service:*`, or a resource `*`, of an allowing statement without a reason (B5);
 *   on the bare action `*` even with one
 */
export function policy(statements: readonly Statement[]): pulumi.Output<string> {
  for (const statement of statements) {
    if (statement.effect === 'Deny') continue;
    const bare = statement.actions.some(isWildcard);
    const wild = statement.actions.some(isWildcardAction) || (statement.resources ?? []).some(isWildcard);
    if (bare || (wild && !statement.wildcardReason)) {
      throw new pulumi.RunError(`policy statement ${statement.sid} allows "*" without a reason (stacks.md B5)`);
    }
  }
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: statements.map(({ sid, effect = 'Allow', principal, actions, resources, condition }) => ({
      Sid: sid,
      Effect: effect,
      ...(principal ? { Principal: principal } : {}),
      Action: actions,
      ...(resources ? { Resource: resources } : {}),
      ...(condition ? { Condition: condition } : {}),
    })),
  });
}

/** Services that send `aws:SourceAccount` when they take a role; the others would never match a condition on it. */
const SENDS_SOURCE_ACCOUNT = [
  'codebuild.amazonaws.com',
  'ecs-tasks.amazonaws.com',
  'eks.amazonaws.com',
  'monitoring.rds.amazonaws.com',
  'states.amazonaws.com',
  'vpc-flow-logs.amazonaws.com',
];

/** Trust document: `service` of this account may take the role. */
export function assumeRole(ctx: Context, service: string, conditions: Condition = {}): pulumi.Output<string> {
  const pinned = SENDS_SOURCE_ACCOUNT.includes(service)
    ? { ...conditions, StringEquals: { ...conditions['StringEquals'], 'aws:SourceAccount': ctx.accountId } }
    : conditions;
  return policy([
    {
      sid: 'AssumeRole',
      principal: { Service: service },
      actions: ['sts:AssumeRole'],
      ...(Object.keys(pinned).length > 0 ? { condition: pinned } : {}),
    },
  ]);
}

/** Policy of a topic: only these services of this account may publish, and only through TLS. */
export function topicPolicy(
  ctx: Context,
  topicArn: pulumi.Input<string>,
  publishers: readonly string[],
): pulumi.Output<string> {
  return policy([
    {
      sid: 'PublishByServices',
      principal: { Service: publishers },
      actions: ['sns:Publish'],
      resources: [topicArn],
      condition: { StringEquals: { 'aws:SourceAccount': ctx.accountId } },
    },
    {
      sid: 'DenyWithoutTls',
      effect: 'Deny',
      principal: { AWS: '*' },
      actions: ['sns:Publish'],
      resources: [topicArn],
      condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ]);
}

const USE_KEY = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:DescribeKey',
];

/** What a publisher needs to send to an encrypted topic. */
const PUBLISH_ENCRYPTED = ['kms:Decrypt', 'kms:GenerateDataKey'];

const THIS_KEY = { resources: ['*'], wildcardReason: 'in a key policy "*" is the key itself' };

export interface KeyGrants {
  /** AWS services that use the key on behalf of principals of this account (`kms:ViaService`), e.g. `s3`. */
  readonly viaServices: readonly string[];
  /** The service-linked role of EC2 Auto Scaling starts instances with encrypted volumes. */
  readonly autoScaling?: boolean;
  /** CloudWatch Logs, CloudWatch alarms and EventBridge use the key themselves. */
  readonly observability?: boolean;
}

/**
 * Key policy of KMS-1 (stacks.md 10.3): administration by the account, then only these grants. No role is a principal, so no role
 * has to exist before the key.
 */
export function kmsKeyPolicy(ctx: Context, grants: KeyGrants): pulumi.Output<string> {
  const { accountId, region } = ctx;
  const grantsOfAws = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };
  const viaService = {
    'kms:CallerAccount': accountId,
    'kms:ViaService': grants.viaServices.map((service) => `${service}.${region}.amazonaws.com`),
  };
  const autoScalingRole = {
    'kms:CallerAccount': accountId,
    'aws:PrincipalArn': `arn:aws:iam::${accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  };
  const anyone = { AWS: '*' };

  const statements: Statement[] = [
    {
      sid: 'AccountAdministration',
      principal: { AWS: `arn:aws:iam::${accountId}:root` },
      actions: ['kms:*'],
      resources: ['*'],
      wildcardReason:
        'without full rights of its account a key can become unmanageable, and no IAM policy could grant its use',
    },
    {
      sid: 'UseThroughServices',
      principal: anyone,
      actions: USE_KEY,
      condition: { StringEquals: viaService },
      ...THIS_KEY,
    },
    {
      sid: 'GrantThroughServices',
      principal: anyone,
      actions: ['kms:CreateGrant'],
      condition: { StringEquals: viaService, ...grantsOfAws },
      ...THIS_KEY,
    },
  ];
  if (grants.autoScaling) {
    statements.push(
      {
        sid: 'UseByAutoScaling',
        principal: anyone,
        actions: USE_KEY,
        condition: { StringEquals: autoScalingRole },
        ...THIS_KEY,
      },
      {
        sid: 'GrantByAutoScaling',
        principal: anyone,
        actions: ['kms:CreateGrant'],
        condition: { StringEquals: autoScalingRole, ...grantsOfAws },
        ...THIS_KEY,
      },
    );
  }
  if (grants.observability) {
    statements.push(
      {
        sid: 'UseByLogs',
        principal: { Service: `logs.${region}.amazonaws.com` },
        actions: USE_KEY,
        condition: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${region}:${accountId}:log-group:*` },
        },
        ...THIS_KEY,
      },
      {
        sid: 'PublishByAlarms',
        principal: { Service: 'cloudwatch.amazonaws.com' },
        actions: PUBLISH_ENCRYPTED,
        condition: { StringEquals: { 'aws:SourceAccount': accountId } },
        ...THIS_KEY,
      },
      {
        // EventBridge sends no source account or ARN along to KMS: a condition on either would never match.
        sid: 'PublishByEvents',
        principal: { Service: 'events.amazonaws.com' },
        actions: PUBLISH_ENCRYPTED,
        ...THIS_KEY,
      },
    );
  }
  return policy(statements);
}

/**
 * Bucket policy: nobody talks to the bucket without TLS (stacks.md B3), then what `statements` allow.
 * The account's own IAM policies need no statement here.
 */
export function tlsOnlyBucketPolicy(
  bucketArn: pulumi.Input<string>,
  statements: readonly Statement[] = [],
): pulumi.Output<string> {
  return policy([
    {
      sid: 'DenyPlainHttp',
      effect: 'Deny',
      principal: { AWS: '*' },
      actions: ['s3:*'],
      resources: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
      condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    ...statements,
  ]);
}

/**
 * Load balancers of this account and region may write access logs under `<prefix>/AWSLogs/<account>/`.
 * @param prefixes one per stack that has a load balancer (stacks.md STO-4)
 */
export function albLogStatement(ctx: Context, bucketArn: pulumi.Input<string>, prefixes: readonly string[]): Statement {
  const { accountId, region } = ctx;
  return {
    sid: 'LoadBalancerLogs',
    principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
    actions: ['s3:PutObject'],
    resources: prefixes.map((prefix) => pulumi.interpolate`${bucketArn}/${prefix}/AWSLogs/${accountId}/*`),
    condition: {
      ArnLike: { 'aws:SourceArn': `arn:aws:elasticloadbalancing:${region}:${accountId}:loadbalancer/*` },
    },
  };
}
