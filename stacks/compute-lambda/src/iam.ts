import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Role, RolePolicy, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';
import {
  assumeRole,
  type Context,
  type FunctionName,
  type LambdaConfig,
  opts,
  policy,
  type Statement,
  tags,
} from '../../shared/index.js';
import type { Queues } from './queues.js';

/** Where the file processor puts its results: outside `uploadPrefix`, so that they start nothing (LAM-5). */
export const RESULTS_PREFIX = 'processed/';

export interface Grants {
  readonly queues: Queues;
  readonly notifications: Topic;
  readonly logGroup: LogGroup;
}

export interface FunctionRole {
  readonly role: Role;
  /** The function is made after them: Lambda looks at what its role may do. */
  readonly permissions: pulumi.Resource[];
}

/** The role of one function, its own and nobody else's (B5). */
export function createFunctionRole(ctx: Context, cfg: LambdaConfig, fn: FunctionName, grants: Grants): FunctionRole {
  const role = new Role(
    `${fn}-role`,
    { assumeRolePolicy: assumeRole(ctx, 'lambda.amazonaws.com'), tags: tags(ctx, `${fn}-role`) },
    opts(ctx),
  );
  const inline = new RolePolicy(
    `${fn}-policy`,
    {
      role: role.id,
      policy: policy([...runStatements(cfg, grants.logGroup), ...WORK[fn](cfg, grants)]),
    },
    opts(ctx),
  );
  const attached = managedPolicies(cfg, fn).map(
    ([suffix, policyArn]) => new RolePolicyAttachment(`${fn}-${suffix}`, { role: role.name, policyArn }, opts(ctx)),
  );
  return { role, permissions: [inline, ...attached] };
}

/** Only the data processor stands in the VPC and reaches secrets and database. */
function managedPolicies(cfg: LambdaConfig, fn: FunctionName): [string, string][] {
  if (fn !== 'data-processor') return [];
  const policies: [string, string | undefined][] = [
    ['vpc', 'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'],
    ['secrets', cfg.appSecretsReadPolicyArn],
    ['database', cfg.databaseAccessPolicyArn],
  ];
  return policies.flatMap(([suffix, arn]): [string, string][] => (arn === undefined ? [] : [[suffix, arn]]));
}

/** What every function needs: its own log group, its environment in clear, and its traces. */
function runStatements(cfg: LambdaConfig, logGroup: LogGroup): Statement[] {
  return [
    {
      sid: 'WriteLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [pulumi.interpolate`${logGroup.arn}:*`],
    },
    { sid: 'ReadEnvironment', actions: ['kms:Decrypt'], resources: [cfg.applicationKeyArn] },
    ...(cfg.enableTracing ? [TRACES] : []),
  ];
}

export const TRACES: Statement = {
  sid: 'WriteTraces',
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  resources: ['*'],
  wildcardReason: 'X-Ray has no resource level for traces',
};

/** What each function does its work with. */
const WORK: Record<FunctionName, (cfg: LambdaConfig, grants: Grants) => Statement[]> = {
  'data-processor': (cfg, { queues, notifications }) => [
    {
      sid: 'TakeTasks',
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      resources: [queues.tasks.arn],
    },
    ...notify(cfg, notifications),
    ...(cfg.lakeBucketArn === undefined ? [] : lake(cfg, cfg.lakeBucketArn)),
  ],
  'file-processor': (cfg, { queues, notifications }) => [
    ...(cfg.uploadPrefix === undefined
      ? []
      : [
          {
            sid: 'ReadUploads',
            actions: ['s3:GetObject'],
            resources: [`${cfg.primaryBucketArn}/${cfg.uploadPrefix}*`],
          },
        ]),
    {
      sid: 'WriteResults',
      actions: ['s3:PutObject'],
      resources: [`${cfg.primaryBucketArn}/${RESULTS_PREFIX}*`],
    },
    { sid: 'EncryptObjects', actions: ['kms:GenerateDataKey'], resources: [cfg.applicationKeyArn] },
    { sid: 'AddTasks', actions: ['sqs:SendMessage'], resources: [queues.tasks.arn] },
    ...notify(cfg, notifications),
  ],
  scheduler: (cfg, { queues, notifications }) => [
    { sid: 'AddTasks', actions: ['sqs:SendMessage'], resources: [queues.tasks.arn] },
    ...notify(cfg, notifications),
  ],
};

/** Publishing to an encrypted topic takes its key too. */
export function notify(cfg: LambdaConfig, topic: Topic): Statement[] {
  return [
    { sid: 'Notify', actions: ['sns:Publish'], resources: [topic.arn] },
    {
      sid: 'EncryptNotifications',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [cfg.infrastructureKeyArn],
    },
  ];
}

/** Raw data is read, curated data written (STO-3). */
function lake(cfg: LambdaConfig, bucketArn: string): Statement[] {
  return [
    { sid: 'ReadRaw', actions: ['s3:GetObject'], resources: [`${bucketArn}/raw/*`] },
    { sid: 'WriteCurated', actions: ['s3:PutObject'], resources: [`${bucketArn}/curated/*`] },
    { sid: 'EncryptObjects', actions: ['kms:GenerateDataKey'], resources: [cfg.applicationKeyArn] },
  ];
}
