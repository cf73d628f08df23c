import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import type * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';
import { logGroupPath, opts, tags } from './utils.js';

/**
 * Log group `<name>-group` at the path of N4, kept for `logRetentionDays`. Without a key, CloudWatch encrypts it with its own.
 * Create it before its writer: AWS would otherwise make one without retention.
 * @param path where the writer looks for it, when AWS fixes that (RDS, EKS, Lambda, Step Functions)
 */
export function logGroup(
  ctx: Context,
  name: string,
  kmsKeyArn?: pulumi.Input<string>,
  path = logGroupPath(ctx, name),
): LogGroup {
  return new LogGroup(
    `${name}-group`,
    {
      name: path,
      retentionInDays: ctx.logRetentionDays,
      kmsKeyId: kmsKeyArn,
      tags: tags(ctx, `${name}-group`),
    },
    opts(ctx),
  );
}
