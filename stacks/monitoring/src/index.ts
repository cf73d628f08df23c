import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertRange,
  assertThat,
  type Context,
  input,
  loadContext,
  type MonitoringConfig,
} from '../../shared/index.js';
import { createApiAlarms } from './alarms-api.js';
import { createComputeAlarms } from './alarms-compute.js';
import { createDataAlarms } from './alarms-data.js';
import { createNetworkAlarms } from './alarms-network.js';
import { createBudget } from './budget.js';
import { createDashboard } from './dashboard.js';
import { createLogMetrics } from './log-metrics.js';
import { monitoringOutputs } from './outputs.js';
import { createTopics } from './topics.js';

const E_MAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const MIN_FREE_STORAGE = 1024 ** 3;

function readConfig(): MonitoringConfig {
  const read = input(new pulumi.Config('monitoring'));
  const alertEmail = read.optString('alertEmail');
  if (alertEmail !== undefined) {
    assertMatches('monitoring:alertEmail', alertEmail, E_MAIL, 'expected an e-mail address');
  }
  const within = (key: string, value: number | undefined, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
    value === undefined ? undefined : assertRange(`monitoring:${key}`, value, minimum, maximum);
  const responseTimeSeconds = read.optNumber('responseTimeSeconds');
  if (responseTimeSeconds !== undefined) {
    assertThat('monitoring:responseTimeSeconds', responseTimeSeconds, responseTimeSeconds > 0, 'expected more than 0');
  }
  const monthlyBudgetUsd = read.optNumber('monthlyBudgetUsd') ?? 0;
  assertThat('monitoring:monthlyBudgetUsd', monthlyBudgetUsd, monthlyBudgetUsd >= 0, 'expected 0 or more');
  const errorLogPattern = read.optText('errorLogPattern');
  assertThat('monitoring:errorLogPattern', errorLogPattern, errorLogPattern !== '', 'expected a filter pattern');

  return {
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    natGatewayIds: read.requireArray('natGatewayIds'),
    primaryHealthCheckId: read.optString('primaryHealthCheckId'),
    apiHealthCheckId: read.optString('apiHealthCheckId'),
    userPoolId: read.optString('userPoolId'),
    primaryBucketName: read.optString('primaryBucketName'),
    databaseInstanceId: read.optString('databaseInstanceId'),
    databaseReplicaId: read.optString('databaseReplicaId'),
    appsClusterName: read.optString('appsClusterName'),
    appsServiceNames: read.optMap('appsServiceNames') ?? {},
    appsTargetGroups: read.optMap('appsTargetGroups') ?? {},
    appsLogGroups: read.optMap('appsLogGroups') ?? {},
    appsAlbArnSuffix: read.optString('appsAlbArnSuffix'),
    ecsClusterName: read.optString('ecsClusterName'),
    ecsServiceNames: read.optMap('ecsServiceNames') ?? {},
    ecsLogGroups: read.optMap('ecsLogGroups') ?? {},
    ecsAlbArnSuffix: read.optString('ecsAlbArnSuffix'),
    eksClusterName: read.optString('eksClusterName'),
    apiId: read.optString('apiId'),
    asgNames: read.optMap('asgNames') ?? {},
    ec2AlbArnSuffix: read.optString('ec2AlbArnSuffix'),
    ec2TargetGroup: read.optString('ec2TargetGroup'),
    lambdaFunctionNames: read.optMap('lambdaFunctionNames') ?? {},
    taskQueueName: read.optString('taskQueueName'),
    taskDlqName: read.optString('taskDlqName'),
    alertEmail,
    cpuThreshold: within('cpuThreshold', read.optNumber('cpuThreshold'), 10, 100),
    memoryThreshold: within('memoryThreshold', read.optNumber('memoryThreshold'), 10, 100),
    databaseConnectionsThreshold: within(
      'databaseConnectionsThreshold',
      read.optNumber('databaseConnectionsThreshold'),
      1,
    ),
    freeStorageBytes: within('freeStorageBytes', read.optNumber('freeStorageBytes'), MIN_FREE_STORAGE),
    responseTimeSeconds,
    http5xxThreshold: within('http5xxThreshold', read.optNumber('http5xxThreshold'), 1),
    errorLogThreshold: within('errorLogThreshold', read.optNumber('errorLogThreshold'), 1),
    errorLogPattern,
    queueAgeSeconds: within('queueAgeSeconds', read.optNumber('queueAgeSeconds'), 60),
    monthlyBudgetUsd,
  };
}

const ctx: Context = loadContext('monitoring');
const cfg = readConfig();

const topics = createTopics(ctx, cfg);
const network = createNetworkAlarms(ctx, cfg, topics);
const data = createDataAlarms(ctx, cfg, topics);
const compute = createComputeAlarms(ctx, cfg, topics);
const api = createApiAlarms(ctx, cfg, topics);
const logs = createLogMetrics(ctx, cfg, topics);
const dashboard = createDashboard(ctx, cfg, logs);
createBudget(ctx, cfg);

const alarms = { ...network, ...data, ...compute, ...api, ...logs.alarms };
export = monitoringOutputs(ctx, { topics, alarms, logs, dashboard });
