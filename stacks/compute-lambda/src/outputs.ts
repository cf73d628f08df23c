import type { StateMachine } from '@pulumi/aws/sfn/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { commonOutputs, type Context, FUNCTIONS, type LambdaOutputs } from '../../shared/index.js';
import type { Worker, Workers } from './functions.js';
import { version } from './package.json';
import type { Queues } from './queues.js';

export interface LambdaResources {
  readonly workers: Workers;
  readonly queues: Queues;
  readonly notifications: Topic;
  readonly pipeline: StateMachine | undefined;
}

export function lambdaOutputs(ctx: Context, resources: LambdaResources): LambdaOutputs {
  const { workers, queues, notifications, pipeline } = resources;
  const each = (pick: (worker: Worker) => pulumi.Output<string>) =>
    Object.fromEntries(FUNCTIONS.map((fn) => [fn, pick(workers[fn])]));
  return {
    ...commonOutputs(ctx, version),
    functionArns: each(({ fn }) => fn.arn),
    functionNames: each(({ fn }) => fn.name),
    logGroupNames: each(({ logGroup }) => logGroup.name),
    taskQueueUrl: queues.tasks.url,
    taskQueueArn: queues.tasks.arn,
    taskQueueName: queues.tasks.name,
    taskDlqArn: queues.deadLetters.arn,
    taskDlqName: queues.deadLetters.name,
    notificationsTopicArn: notifications.arn,
    dataPipelineArn: pipeline?.arn ?? '',
  };
}
