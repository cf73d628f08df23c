import { countByType, ProgramHost, type ProgramRun, type Registered, resource } from '../../testing/program-host';
import { manifestTemplate, stackTemplate, templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('monitoring', templateConfig('monitoring', environment, overrides));

const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const alarms = (done: ProgramRun): Registered[] => done.resources.filter(({ type }) => type === ALARM);
const names = (done: ProgramRun): string[] => done.resources.map(({ name }) => name);

/** Input → stack that it comes from. */
const PRODUCERS = Object.entries(stackTemplate('monitoring').parameters.inputs).flatMap(([key, spec]) => {
  const [, producer] = /^\{\{RUNTIME:([a-z0-9-]+):/.exec(String(spec.default)) ?? [];
  return producer ? [[key, producer] as const] : [];
});
const without = (...producers: string[]): Record<string, null> =>
  Object.fromEntries(PRODUCERS.filter(([, producer]) => producers.includes(producer)).map(([key]) => [key, null]));
const OPTIONAL = stackTemplate('monitoring').optionalDependencies;

interface Widget {
  readonly type: string;
  readonly properties: { readonly markdown?: string; readonly title?: string; readonly region?: string };
}
const widgets = (done: ProgramRun): Widget[] =>
  (JSON.parse(String(resource(done, 'dashboard').inputs['dashboardBody'])) as { widgets: Widget[] }).widgets;
const rows = (done: ProgramRun): string[] =>
  widgets(done).flatMap(({ properties }) => (properties.markdown ? [properties.markdown.slice(3)] : []));

test.each([
  ['dev', 29, 40],
  ['stage', 31, 42],
  ['prod', 34, 45],
])('%s: %i alarms, %i resources', async (environment, count, total) => {
  const done = await run({}, environment);
  expect(countByType(done)).toEqual({
    'aws:sns/topic:Topic': 2,
    'aws:sns/topicPolicy:TopicPolicy': 2,
    'aws:sns/topicSubscription:TopicSubscription': 2,
    'aws:cloudwatch/dashboard:Dashboard': 1,
    'aws:cloudwatch/logMetricFilter:LogMetricFilter': 4,
    [ALARM]: count,
  });
  expect(done.resources).toHaveLength(total);
  expect(Object.keys(done.outputs['alarmArns'] as object).sort()).toEqual(
    alarms(done)
      .map(({ name }) => name)
      .sort(),
  );
});

test.each([
  ['dev', 16],
  ['stage', 16],
  ['prod', 19],
])('the data platform of %s needs %i resources', async (environment, total) => {
  const enabled = Object.keys(manifestTemplate('data-platform').stacks);
  const off = OPTIONAL.filter((stack) => !enabled.includes(stack));
  expect((await run(without(...off), environment)).resources).toHaveLength(total);
});

test.each([
  ['dev', false],
  ['stage', true],
  ['prod', true],
])('every alarm of %s acts, and says that all is well again: %s (MON-1)', async (environment, clears) => {
  const done = await run({}, environment);
  for (const { name, inputs } of alarms(done)) {
    const critical = name.startsWith('health-') || name === 'dead-letters';
    const topic = `arn:aws:mock:::${critical ? 'critical' : 'alerts'}-topic`;
    expect([name, inputs['alarmActions']]).toEqual([name, [topic]]);
    expect([name, inputs['okActions'] ?? []]).toEqual([name, clears ? [topic] : []]);
  }
});

test('missing data is good news except for health checks; two periods of five minutes (MON-2, MON-4)', async () => {
  for (const { name, inputs } of alarms(await run({}, 'prod'))) {
    const missing = name.startsWith('health-') ? 'breaching' : 'notBreaching';
    expect([name, inputs]).toEqual([
      name,
      expect.objectContaining({ treatMissingData: missing, period: 300, evaluationPeriods: 2 }),
    ]);
  }
});

test.each<[string, string, Record<string, unknown>]>([
  ['nat-port-errors-2', 'AWS/NATGateway ErrorPortAllocation Sum GreaterThanThreshold 0', { NatGatewayId: 'nat-0c' }],
  ['health-primary', 'AWS/Route53 HealthCheckStatus Minimum LessThanThreshold 1', { HealthCheckId: 'hc-primary' }],
  ['database-cpu', 'AWS/RDS CPUUtilization Average GreaterThanThreshold 80', { DBInstanceIdentifier: 'stub' }],
  [
    'database-connections',
    'AWS/RDS DatabaseConnections Average GreaterThanThreshold 150',
    { DBInstanceIdentifier: 'stub' },
  ],
  [
    'database-free-storage',
    'AWS/RDS FreeStorageSpace Minimum LessThanThreshold 2147483648',
    { DBInstanceIdentifier: 'stub' },
  ],
  [
    'database-replica-lag',
    'AWS/RDS ReplicaLag Average GreaterThanThreshold 60',
    { DBInstanceIdentifier: 'shop-replica' },
  ],
  ['apps-5xx', 'AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum GreaterThanThreshold 10', { LoadBalancer: 'stub' }],
  ['apps-latency', 'AWS/ApplicationELB TargetResponseTime p95 GreaterThanThreshold 1', { LoadBalancer: 'stub' }],
  [
    'app-backend-cpu',
    'AWS/ECS CPUUtilization Average GreaterThanThreshold 80',
    { ClusterName: 'stub', ServiceName: 'shop-backend' },
  ],
  [
    'app-frontend-memory',
    'AWS/ECS MemoryUtilization Average GreaterThanThreshold 85',
    { ClusterName: 'stub', ServiceName: 'shop-frontend' },
  ],
  [
    'app-frontend-unhealthy',
    'AWS/ApplicationELB UnHealthyHostCount Maximum GreaterThanOrEqualToThreshold 1',
    { LoadBalancer: 'stub', TargetGroup: 'targetgroup/frontend/0a' },
  ],
  [
    'services-5xx',
    'AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum GreaterThanThreshold 10',
    { LoadBalancer: 'stub' },
  ],
  [
    'service-worker-memory',
    'AWS/ECS MemoryUtilization Average GreaterThanThreshold 85',
    { ClusterName: 'stub', ServiceName: 'shop-worker' },
  ],
  ['kubernetes-api-5xx', 'AWS/EKS apiserver_request_total_5XX Sum GreaterThanThreshold 10', { ClusterName: 'stub' }],
  ['api-5xx', 'AWS/ApiGateway 5xx Sum GreaterThanThreshold 10', { ApiId: 'stub' }],
  ['api-latency', 'AWS/ApiGateway Latency p95 GreaterThanThreshold 1000', { ApiId: 'stub' }],
  ['tier-worker-cpu', 'AWS/EC2 CPUUtilization Average GreaterThanThreshold 80', { AutoScalingGroupName: 'worker-asg' }],
  [
    'tier-web-unhealthy',
    'AWS/ApplicationELB UnHealthyHostCount Maximum GreaterThanOrEqualToThreshold 1',
    { LoadBalancer: 'stub', TargetGroup: 'stub' },
  ],
  [
    'function-scheduler-errors',
    'AWS/Lambda Errors Sum GreaterThanOrEqualToThreshold 1',
    { FunctionName: 'scheduler-fn' },
  ],
  ['dead-letters', 'AWS/SQS ApproximateNumberOfMessagesVisible Maximum GreaterThanThreshold 0', { QueueName: 'stub' }],
  ['task-queue-age', 'AWS/SQS ApproximateAgeOfOldestMessage Maximum GreaterThanThreshold 900', { QueueName: 'stub' }],
  ['application-errors', 'web-shop/prod ApplicationErrors-dt3vca0 Sum GreaterThanThreshold 20', {}],
])('%s watches %s of %j', async (name, metric, dimensions) => {
  const { inputs } = resource(await run({}, 'prod'), name);
  const statistic = inputs['statistic'] ?? inputs['extendedStatistic'];
  expect(
    [inputs['namespace'], inputs['metricName'], statistic, inputs['comparisonOperator'], inputs['threshold']].join(' '),
  ).toBe(metric);
  expect(inputs['dimensions'] ?? {}).toEqual(dimensions);
});

test('an omitted producer takes its alarms and its row away, and nothing else (MON-3)', async () => {
  const whole = await run({}, 'prod');
  for (const producer of OPTIONAL) {
    const done = await run(without(producer), 'prod');
    expect(done.undefinedOutputs).toEqual([]);
    expect(rows(whole).filter((row) => !rows(done).includes(row))).toEqual(
      rows(whole).includes(producer) ? [producer] : [],
    );
    const gone = whole.resources.filter(({ name }) => !names(done).includes(name));
    expect(names(done)).toEqual(names(whole).filter((name) => !gone.some((one) => one.name === name)));
    for (const one of done.resources.filter(({ name }) => name !== 'dashboard')) {
      expect(one).toEqual(resource(whole, one.name));
    }
  }
});

test('with every producer off there are topics, the network alarms and the dashboard', async () => {
  const done = await run(without(...OPTIONAL));
  expect(names(done).sort()).toEqual([
    'alerts-email',
    'alerts-topic',
    'alerts-topic-policy',
    'critical-email',
    'critical-topic',
    'critical-topic-policy',
    'dashboard',
    'nat-port-errors-0',
  ]);
  expect(rows(done)).toEqual(['network']);
  expect(done.outputs['alarmArns']).toEqual({ 'nat-port-errors-0': 'arn:aws:mock:::nat-port-errors-0' });
});

test('outside us-east-1, where the metric is missing, health checks have no alarm but a graph', async () => {
  const done = await run({ region: 'eu-west-1' }, 'prod');
  expect(done.resources).toHaveLength(43);
  expect(names(done)).not.toContain('health-primary');
  const graph = widgets(done).find(({ properties }) => properties.title === 'Health check status');
  expect(graph?.properties.region).toBe('us-east-1');
});

test('topics are encrypted and admit CloudWatch of this account alone', async () => {
  const done = await run({ infrastructureKeyArn: 'arn:key' });
  for (const severity of ['alerts', 'critical']) {
    expect(resource(done, `${severity}-topic`).inputs).toMatchObject({
      name: `web-shop-dev-${severity}-dt3vca0`,
      kmsMasterKeyId: 'arn:key',
    });
    const { Statement } = JSON.parse(String(resource(done, `${severity}-topic-policy`).inputs['policy'])) as {
      Statement: Record<string, unknown>[];
    };
    expect(Statement[0]).toMatchObject({
      Principal: { Service: ['cloudwatch.amazonaws.com'] },
      Action: ['sns:Publish'],
      Resource: [`arn:aws:mock:::${severity}-topic`],
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    });
  }
});

test('without an address nobody is subscribed', async () => {
  expect(countByType(await run({ alertEmail: '' }))).not.toHaveProperty('aws:sns/topicSubscription:TopicSubscription');
});

test('logged errors of every app and service count in one metric', async () => {
  const done = await run();
  const filters = done.resources.filter(({ type }) => type.endsWith(':LogMetricFilter'));
  expect(filters.map(({ inputs }) => inputs['logGroupName'])).toEqual([
    '/cloud/apps/frontend',
    '/cloud/apps/backend',
    '/cloud/services/api',
    '/cloud/services/worker',
  ]);
  for (const { inputs } of filters) {
    expect(inputs).toMatchObject({
      pattern: '?ERROR ?FATAL',
      metricTransformation: { namespace: 'web-shop/dev', name: 'ApplicationErrors-dt3vca0', value: '1' },
    });
  }
  expect(done.outputs).toMatchObject({
    metricNamespace: 'web-shop/dev',
    dashboardName: 'web-shop-dev-overview-dt3vca0',
    dashboardUrl:
      'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/web-shop-dev-overview-dt3vca0',
  });
});

test('a threshold that is left out turns its alarms off, whatever else they watch', async () => {
  const done = await run({ cpuThreshold: null, errorLogPattern: null });
  expect(names(done).filter((name) => name.endsWith('-cpu'))).toEqual([]);
  expect(names(done)).not.toContain('application-errors');
  expect(names(done)).toContain('app-backend-memory');
});

test('a budget counts what carries the tag of the deployment, and writes to the address itself', async () => {
  const { inputs } = resource(await run({ monthlyBudgetUsd: 250.5 }), 'budget');
  expect(inputs).toMatchObject({
    budgetType: 'COST',
    timeUnit: 'MONTHLY',
    limitAmount: '250.5',
    limitUnit: 'USD',
    costFilters: [{ name: 'TagKeyValue', values: ['user:DeploymentId$DT3VCA0'] }],
  });
  expect(inputs['notifications']).toEqual([
    expect.objectContaining({ notificationType: 'ACTUAL', subscriberEmailAddresses: ['ops@example.com'] }),
    expect.objectContaining({ notificationType: 'FORECASTED' }),
  ]);
});

test.each<[string, unknown]>([
  ['infrastructureKeyArn', null],
  ['infrastructureKeyArn', ''],
  ['natGatewayIds', null],
  ['alertEmail', 'ops'],
  ['alertEmail', 'ops@example'],
  ['cpuThreshold', 9],
  ['cpuThreshold', 101],
  ['memoryThreshold', 101],
  ['databaseConnectionsThreshold', 0],
  ['freeStorageBytes', 1024],
  ['responseTimeSeconds', 0],
  ['http5xxThreshold', 0],
  ['errorLogThreshold', 0],
  ['errorLogPattern', ''],
  ['queueAgeSeconds', 59],
  ['monthlyBudgetUsd', -1],
])('%s = %j is refused before anything is registered', async (key, value) => {
  const { error, resources } = await run({ [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
