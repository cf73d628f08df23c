import { Queue } from '@pulumi/aws/sqs/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type LambdaConfig, name, NAME_LIMITS, opts, tags } from '../../shared/index.js';

/** Seconds that a message is kept: 14 days, the longest that SQS allows. */
const RETENTION = 1_209_600;

/** A message stays hidden long enough for a batch to be tried and retried while Lambda is throttled (LAM-3). */
const VISIBILITY_FACTOR = 6;

export interface Queues {
  readonly tasks: Queue;
  readonly deadLetters: Queue;
}

/** The task queue and what becomes of tasks that fail for good. */
export function createQueues(ctx: Context, cfg: LambdaConfig): Queues {
  const queue = (
    component: string,
    args: { visibilityTimeoutSeconds?: number; redrivePolicy?: pulumi.Input<string> },
  ) =>
    new Queue(
      component,
      {
        name: name(ctx, component, NAME_LIMITS.sqs),
        sqsManagedSseEnabled: true,
        messageRetentionSeconds: RETENTION,
        tags: tags(ctx, component),
        ...args,
      },
      opts(ctx),
    );

  const deadLetters = queue('task-dead-letters', {});
  const tasks = queue('tasks', {
    visibilityTimeoutSeconds: VISIBILITY_FACTOR * cfg.sizes['data-processor'].timeout,
    redrivePolicy: pulumi.jsonStringify({
      deadLetterTargetArn: deadLetters.arn,
      maxReceiveCount: cfg.maxReceiveCount,
    }),
  });
  return { tasks, deadLetters };
}
