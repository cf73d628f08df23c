import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  type FunctionSize,
  input,
  type LambdaConfig,
  loadContext,
} from '../../shared/index.js';
import { createEvents, SCHEDULE } from './events.js';
import { createFunctions, RUNTIMES } from './functions.js';
import { RESULTS_PREFIX } from './iam.js';
import { createNotifications } from './notifications.js';
import { lambdaOutputs } from './outputs.js';
import { createQueues } from './queues.js';
import { createDataPipeline } from './step-functions.js';

const VERSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** A batch beyond this needs a window to gather in. */
const LARGEST_BATCH_AT_ONCE = 10;

function readConfig(): LambdaConfig {
  const read = input(new pulumi.Config('compute-lambda'));
  const size = (prefix: string, memory: number, timeout: number): FunctionSize => ({
    memory: assertRange(`compute-lambda:${prefix}Memory`, memory, 128, 10_240),
    timeout: assertRange(`compute-lambda:${prefix}Timeout`, timeout, 3, 900),
  });
  const schedule = (key: string, value: string | undefined) =>
    value === undefined
      ? undefined
      : assertMatches(`compute-lambda:${key}`, value, SCHEDULE, 'expected rate(…) or cron(…) of six fields');

  const privateSubnetIds = read.requireArray('privateSubnetIds');
  const { length } = privateSubnetIds;
  assertThat('compute-lambda:privateSubnetIds', privateSubnetIds, length > 0, 'expected at least one subnet');
  const artifactVersion = read.optString('artifactVersion');
  if (artifactVersion !== undefined) {
    assertMatches('compute-lambda:artifactVersion', artifactVersion, VERSION, 'expected letters, digits and . _ -');
  }
  const reserved = read.optNumber('reservedConcurrency') ?? -1;
  if (reserved !== -1) assertRange('compute-lambda:reservedConcurrency', reserved, 1, 1000);
  const batchSize = assertRange('compute-lambda:batchSize', read.requireNumber('batchSize'), 1, 10_000);
  const window = assertRange('compute-lambda:batchWindowSeconds', read.requireNumber('batchWindowSeconds'), 0, 300);
  const isGathered = batchSize <= LARGEST_BATCH_AT_ONCE || window > 0;
  assertThat('compute-lambda:batchWindowSeconds', window, isGathered, 'a batchSize over 10 needs at least 1 second');
  const uploadPrefix = read.optString('uploadPrefix');
  if (uploadPrefix !== undefined) {
    const loops = RESULTS_PREFIX.startsWith(uploadPrefix) || uploadPrefix.startsWith(RESULTS_PREFIX);
    assertThat(
      'compute-lambda:uploadPrefix',
      uploadPrefix,
      !loops,
      `results under ${RESULTS_PREFIX} would start it again`,
    );
  }

  return {
    privateSubnetIds,
    lambdaSecurityGroupId: read.requireString('lambdaSecurityGroupId', 'security:lambdaSecurityGroupId'),
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    primaryBucketName: read.requireString('primaryBucketName', 'storage:primaryBucketName'),
    primaryBucketArn: read.requireString('primaryBucketArn', 'storage:primaryBucketArn'),
    artifactsBucketName: read.requireString('artifactsBucketName', 'storage:artifactsBucketName'),
    artifactsBucketArn: read.requireString('artifactsBucketArn', 'storage:artifactsBucketArn'),
    lakeBucketArn: read.requireOutput('lakeBucketArn') || undefined,
    appSecretsReadPolicyArn: read.optString('appSecretsReadPolicyArn'),
    connectionSecretArn: read.optString('connectionSecretArn'),
    databaseAccessPolicyArn: read.optString('databaseAccessPolicyArn'),
    runtime: assertOneOf('compute-lambda:runtime', read.requireString('runtime'), RUNTIMES),
    architecture: assertOneOf('compute-lambda:architecture', read.requireString('architecture'), ['arm64', 'x86_64']),
    artifactVersion,
    sizes: {
      'data-processor': size(
        'dataProcessor',
        read.requireNumber('dataProcessorMemory'),
        read.requireNumber('dataProcessorTimeout'),
      ),
      'file-processor': size(
        'fileProcessor',
        read.requireNumber('fileProcessorMemory'),
        read.requireNumber('fileProcessorTimeout'),
      ),
      scheduler: size('scheduler', read.requireNumber('schedulerMemory'), read.requireNumber('schedulerTimeout')),
    },
    reservedConcurrency: reserved === -1 ? undefined : reserved,
    enableTracing: read.optBool('enableTracing'),
    batchSize,
    batchWindowSeconds: window,
    maxReceiveCount: assertRange('compute-lambda:maxReceiveCount', read.requireNumber('maxReceiveCount'), 1, 1000),
    dailySchedule: schedule('dailySchedule', read.optString('dailySchedule')),
    hourlySchedule: schedule('hourlySchedule', read.optString('hourlySchedule')),
    uploadPrefix,
    enableDataPipeline: read.optBool('enableDataPipeline'),
  };
}

const ctx: Context = loadContext('compute-lambda');
const cfg = readConfig();

const queues = createQueues(ctx, cfg);
const notifications = createNotifications(ctx, cfg);
const workers = createFunctions(ctx, cfg, queues, notifications);
createEvents(ctx, cfg, workers);
const pipeline = createDataPipeline(ctx, cfg, workers, notifications);

export = lambdaOutputs(ctx, { workers, queues, notifications, pipeline });
