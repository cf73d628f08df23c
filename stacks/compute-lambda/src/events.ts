import { EventRule, EventTarget } from '@pulumi/aws/cloudwatch/index.js';
import { Permission } from '@pulumi/aws/lambda/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type LambdaConfig, opts, tags } from '../../shared/index.js';
import type { Worker, Workers } from './functions.js';

/** `rate(<n> <unit>)`, singular with 1 alone, or `cron` of six fields with `?` in one of the two day fields. */
export const SCHEDULE =
  /^(rate\((1 (minute|hour|day)|(?!1 )[1-9]\d* (minutes|hours|days))\)|cron\(\S+ \S+ (\? \S+ [^?\s]+|[^?\s]+ \S+ \?) \S+\))$/;

/** What starts a function. */
type Trigger = { readonly scheduleExpression: string } | { readonly eventPattern: pulumi.Output<string> };

/** Timed tasks for the scheduler, uploads for the file processor. */
export function createEvents(ctx: Context, cfg: LambdaConfig, workers: Workers): void {
  /** Rule, target and permission; the permission names the rule (LAM-4). */
  const start = (
    name: string,
    description: string,
    trigger: Trigger,
    worker: Worker,
    input?: pulumi.Output<string>,
  ) => {
    const rule = new EventRule(
      `${name}-rule`,
      { description, state: 'ENABLED', ...trigger, tags: tags(ctx, `${name}-rule`) },
      opts(ctx),
    );
    new EventTarget(
      `${name}-target`,
      { rule: rule.name, arn: worker.fn.arn, ...(input === undefined ? {} : { input }) },
      opts(ctx),
    );
    new Permission(
      `${name}-permission`,
      {
        function: worker.fn.name,
        action: 'lambda:InvokeFunction',
        principal: 'events.amazonaws.com',
        sourceArn: rule.arn,
      },
      opts(ctx),
    );
  };

  for (const [task, scheduleExpression] of [
    ['daily', cfg.dailySchedule],
    ['hourly', cfg.hourlySchedule],
  ] as const) {
    if (scheduleExpression === undefined) continue;
    start(task, `The ${task} task`, { scheduleExpression }, workers.scheduler, pulumi.jsonStringify({ task }));
  }

  if (cfg.uploadPrefix !== undefined) {
    const eventPattern = pulumi.jsonStringify({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: [cfg.primaryBucketName] }, object: { key: [{ prefix: cfg.uploadPrefix }] } },
    });
    start('uploads', 'New objects of the primary bucket', { eventPattern }, workers['file-processor']);
  }
}
