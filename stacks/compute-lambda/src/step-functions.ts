import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { StateMachine } from '@pulumi/aws/sfn/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';
import {
  assumeRole,
  type Context,
  type LambdaConfig,
  logGroup,
  name,
  NAME_LIMITS,
  opts,
  policy,
  tags,
} from '../../shared/index.js';
import type { Workers } from './functions.js';
import { notify, TRACES } from './iam.js';

/** Lambda's own faults, which a second attempt may well survive. */
const RETRIES = [
  {
    ErrorEquals: ['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.TooManyRequestsException'],
    IntervalSeconds: 2,
    MaxAttempts: 3,
    BackoffRate: 2,
  },
];

/** Validate, process, publish; whatever fails is published as a failure. */
export function createDataPipeline(
  ctx: Context,
  cfg: LambdaConfig,
  workers: Workers,
  notifications: Topic,
): StateMachine | undefined {
  if (!cfg.enableDataPipeline) return undefined;

  const path = `/aws/vendedlogs/states/${name(ctx, 'pipeline', NAME_LIMITS.stateMachine)}`;
  const group = logGroup(ctx, 'pipeline', cfg.infrastructureKeyArn, path);
  const role = new Role(
    'pipeline-role',
    { assumeRolePolicy: assumeRole(ctx, 'states.amazonaws.com'), tags: tags(ctx, 'pipeline-role') },
    opts(ctx),
  );
  const permission = new RolePolicy(
    'pipeline-policy',
    {
      role: role.id,
      policy: policy([
        {
          sid: 'InvokeSteps',
          actions: ['lambda:InvokeFunction'],
          resources: [workers['file-processor'].fn.arn, workers['data-processor'].fn.arn],
        },
        ...notify(cfg, notifications),
        {
          sid: 'DeliverLogs',
          actions: [
            'logs:CreateLogDelivery',
            'logs:GetLogDelivery',
            'logs:UpdateLogDelivery',
            'logs:DeleteLogDelivery',
            'logs:ListLogDeliveries',
            'logs:PutResourcePolicy',
            'logs:DescribeResourcePolicies',
            'logs:DescribeLogGroups',
          ],
          resources: ['*'],
          wildcardReason: 'log deliveries have no resource level',
        },
        ...(cfg.enableTracing ? [TRACES] : []),
      ]),
    },
    opts(ctx),
  );

  return new StateMachine(
    'pipeline',
    {
      roleArn: role.arn,
      definition: definition(workers, notifications),
      loggingConfiguration: {
        level: 'ERROR',
        includeExecutionData: false,
        logDestination: pulumi.interpolate`${group.arn}:*`,
      },
      tracingConfiguration: { enabled: cfg.enableTracing },
      tags: tags(ctx, 'pipeline'),
    },
    opts(ctx, { dependsOn: [permission] }),
  );
}

function definition(workers: Workers, notifications: Topic): pulumi.Output<string> {
  const onFailure = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'PublishFailure' }];
  const invoke = (functionArn: pulumi.Input<string>, step: string, next: string) => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionArn, Payload: { step, 'input.$': '$' } },
    ResultSelector: { 'payload.$': '$.Payload' },
    ResultPath: `$.${step}`,
    Retry: RETRIES,
    Catch: onFailure,
    Next: next,
  });
  const publish = (subject: string) => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::sns:publish',
    Parameters: { TopicArn: notifications.arn, Subject: subject, 'Message.$': '$' },
  });
  return pulumi.jsonStringify({
    Comment: 'Validates, processes and publishes one batch',
    StartAt: 'Validate',
    States: {
      Validate: invoke(workers['file-processor'].fn.arn, 'validate', 'Process'),
      Process: invoke(workers['data-processor'].fn.arn, 'process', 'Publish'),
      Publish: { ...publish('Batch processed'), Catch: onFailure, End: true },
      PublishFailure: { ...publish('Batch failed'), Next: 'Failed' },
      Failed: { Type: 'Fail', Error: 'BatchFailed', Cause: 'See the published failure' },
    },
  });
}
