import type * as pulumi from '@pulumi/pulumi';
import { albLogStatement, type BucketName, type Context, type Statement } from '../../shared/index.js';

/** Stacks with a load balancer; each writes below its own name (STO-4). */
const LOGGING_STACKS = ['containers-apps', 'services-ecs', 'compute-ec2'] as const;

/** What a bucket grants besides demanding TLS. */
export function bucketStatements(ctx: Context, name: BucketName, bucketArn: pulumi.Output<string>): Statement[] {
  return name === 'logs' ? [albLogStatement(ctx, bucketArn, LOGGING_STACKS)] : [];
}
