import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import type * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';
import { logGroupPath, opts, tags } from './utils.js';

/**
 * Log group `<name>-group` at the path of N4, kept for `logRetentionDays`. Without a key, CloudWatch encrypts it with its own.
 * Create it before its writer: AWS would otherwise make one without retention.
 */
export function logGroup(ctx: Context, name: string, kmsKeyArn?: pulumi.Input<string>): LogGroup {
  return new LogGroup(
    `${name}-group`,
    {
      name: logGroupPath(ctx, name),
      retentionInDays: ctx.logRetentionDays,
      kmsKeyId: kmsKeyArn,
      tags: tags(ctx, `${name}-group`),
    },
    opts(ctx),
  );
}
