import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { EventSourceMapping, Function as LambdaFunction, type FunctionArgs } from '@pulumi/aws/lambda/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';
import {
  type Context,
  type FunctionName,
  type LambdaConfig,
  logGroup,
  name,
  NAME_LIMITS,
  opts,
  tags,
} from '../../shared/index.js';
import { createFunctionRole, RESULTS_PREFIX } from './iam.js';
import type { Queues } from './queues.js';

/** What Lambda still creates functions for. */
export const RUNTIMES = [
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'python3.10',
  'python3.11',
  'python3.12',
  'python3.13',
  'python3.14',
] as const;

export interface Worker {
  readonly fn: LambdaFunction;
  readonly logGroup: LogGroup;
}
export type Workers = Readonly<Record<FunctionName, Worker>>;

/** Three functions, each with a role and a log group of its own, and the mapping that feeds the data processor. */
export function createFunctions(ctx: Context, cfg: LambdaConfig, queues: Queues, notifications: Topic): Workers {
  const create = (fn: FunctionName): Worker => createFunction(ctx, cfg, fn, queues, notifications);
  const workers: Workers = {
    'data-processor': create('data-processor'),
    'file-processor': create('file-processor'),
    scheduler: create('scheduler'),
  };
  new EventSourceMapping(
    'task-mapping',
    {
      eventSourceArn: queues.tasks.arn,
      functionName: workers['data-processor'].fn.arn,
      batchSize: cfg.batchSize,
      maximumBatchingWindowInSeconds: cfg.batchWindowSeconds,
      functionResponseTypes: ['ReportBatchItemFailures'],
      tags: tags(ctx, 'task-mapping'),
    },
    opts(ctx),
  );
  return workers;
}

function createFunction(
  ctx: Context,
  cfg: LambdaConfig,
  fn: FunctionName,
  queues: Queues,
  notifications: Topic,
): Worker {
  const group = logGroup(ctx, fn, cfg.infrastructureKeyArn, `/aws/lambda/${name(ctx, fn, NAME_LIMITS.lambda)}`);
  const { role, permissions } = createFunctionRole(ctx, cfg, fn, { queues, notifications, logGroup: group });
  const { memory, timeout } = cfg.sizes[fn];
  const created = new LambdaFunction(
    fn,
    {
      role: role.arn,
      runtime: cfg.runtime,
      architectures: [cfg.architecture],
      handler: 'index.handler',
      ...code(cfg, fn),
      memorySize: memory,
      timeout,
      reservedConcurrentExecutions: cfg.reservedConcurrency,
      kmsKeyArn: cfg.applicationKeyArn,
      environment: { variables: variables(ctx, cfg, fn, queues, notifications) },
      // the group exists before the function and survives its replacement: the function is auto-named, the group is not
      loggingConfig: { logFormat: 'Text', logGroup: group.name },
      tracingConfig: { mode: cfg.enableTracing ? 'Active' : 'PassThrough' },
      ...(fn === 'data-processor'
        ? { vpcConfig: { subnetIds: [...cfg.privateSubnetIds], securityGroupIds: [cfg.lambdaSecurityGroupId] } }
        : {}),
      tags: tags(ctx, fn),
    },
    opts(ctx, { dependsOn: permissions }),
  );
  return { fn: created, logGroup: group };
}

/** The package of a release, or a handler that says what is missing: a first deployment succeeds before any package exists. */
function code(cfg: LambdaConfig, fn: FunctionName): Pick<FunctionArgs, 'code' | 's3Bucket' | 's3Key'> {
  if (cfg.artifactVersion !== undefined) {
    return { s3Bucket: cfg.artifactsBucketName, s3Key: `lambda/${fn}/${cfg.artifactVersion}.zip` };
  }
  const message = `${fn} has no package yet: upload lambda/${fn}/<version>.zip to the artifacts bucket and set artifactVersion`;
  const [file, source] = cfg.runtime.startsWith('python')
    ? ['index.py', `def handler(event, context):\n    raise RuntimeError("${message}")\n`]
    : ['index.js', `exports.handler = async () => {\n  throw new Error('${message}');\n};\n`];
  return { code: new pulumi.asset.AssetArchive({ [file]: new pulumi.asset.StringAsset(source) }) };
}

/** Names and ARNs alone, never a secret (B4). Lambda sets AWS_REGION itself and refuses it here. */
function variables(
  ctx: Context,
  cfg: LambdaConfig,
  fn: FunctionName,
  queues: Queues,
  notifications: Topic,
): Record<string, pulumi.Input<string>> {
  const common = {
    APP_ENV: ctx.environment,
    DEPLOYMENT_ID: ctx.deploymentId,
    FUNCTION: fn,
    NOTIFICATIONS_TOPIC_ARN: notifications.arn,
  };
  switch (fn) {
    case 'data-processor':
      return {
        ...common,
        ...(cfg.connectionSecretArn === undefined ? {} : { DB_CONNECTION_SECRET_ARN: cfg.connectionSecretArn }),
        ...(cfg.lakeBucketArn === undefined ? {} : { LAKE_BUCKET_ARN: cfg.lakeBucketArn }),
      };
    case 'file-processor':
      return {
        ...common,
        BUCKET: cfg.primaryBucketName,
        RESULTS_PREFIX,
        TASK_QUEUE_URL: queues.tasks.url,
      };
    case 'scheduler':
      return { ...common, TASK_QUEUE_URL: queues.tasks.url };
    default:
      return fn satisfies never;
  }
}
