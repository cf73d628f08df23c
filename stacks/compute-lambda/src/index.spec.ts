import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('compute-lambda', templateConfig('compute-lambda', environment, overrides));
const names = (done: ProgramRun): string[] => done.resources.map(({ name }) => name);

const FUNCTIONS = ['data-processor', 'file-processor', 'scheduler'];
const OPTIONAL = { appSecretsReadPolicyArn: null, connectionSecretArn: null, databaseAccessPolicyArn: null };

interface Statement {
  readonly Sid: string;
  readonly Action: string[];
  readonly Resource: string[];
}
const statements = (done: ProgramRun, name: string): Statement[] =>
  (JSON.parse(String(resource(done, name).inputs['policy'])) as { Statement: Statement[] }).Statement;
const variables = (done: ProgramRun, fn: string) =>
  (resource(done, fn).inputs['environment'] as { variables: Record<string, string> }).variables;

const BASE = {
  'aws:iam/role:Role': 3,
  'aws:iam/rolePolicy:RolePolicy': 3,
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 3,
  'aws:cloudwatch/logGroup:LogGroup': 3,
  'aws:lambda/function:Function': 3,
  'aws:sqs/queue:Queue': 2,
  'aws:lambda/eventSourceMapping:EventSourceMapping': 1,
  'aws:cloudwatch/eventRule:EventRule': 3,
  'aws:cloudwatch/eventTarget:EventTarget': 3,
  'aws:lambda/permission:Permission': 3,
  'aws:sns/topic:Topic': 1,
};

test.each(['dev', 'stage', 'prod'])('%s has the resources of the specification', async (environment) => {
  const done = await run({}, environment);
  expect(countByType(done)).toEqual(BASE);
  expect(done.resources).toHaveLength(28);
});

test.each(['dev', 'stage', 'prod'])('with the pipeline %s has four more', async (environment) => {
  const done = await run({ enableDataPipeline: true }, environment);
  expect(countByType(done)).toEqual({
    ...BASE,
    'aws:iam/role:Role': 4,
    'aws:iam/rolePolicy:RolePolicy': 4,
    'aws:cloudwatch/logGroup:LogGroup': 4,
    'aws:sfn/stateMachine:StateMachine': 1,
  });
});

test('without secrets and database their attachments and the variable are gone', async () => {
  const done = await run(OPTIONAL);
  expect(done.resources).toHaveLength(26);
  expect(done.undefinedOutputs).toEqual([]);
  expect(variables(done, 'data-processor')).not.toHaveProperty('DB_CONNECTION_SECRET_ARN');
});

test('every function has a role, a policy and a log group of its own, made before it', async () => {
  const done = await run({}, 'prod');
  for (const fn of FUNCTIONS) {
    const { inputs, dependencies } = resource(done, fn);
    expect(dependencies).toEqual(expect.arrayContaining([`${fn}-role`, `${fn}-policy`, `${fn}-group`]));
    expect(inputs).toMatchObject({
      role: `arn:aws:mock:::${fn}-role`,
      kmsKeyArn: 'stub',
      loggingConfig: { logGroup: `/aws/lambda/web-shop-prod-${fn}-dt3vca0` },
      runtime: 'nodejs22.x',
      architectures: ['arm64'],
    });
    expect(inputs).not.toHaveProperty('name');
    expect(inputs).not.toHaveProperty('reservedConcurrentExecutions');
    expect(resource(done, `${fn}-group`).inputs).toMatchObject({ kmsKeyId: 'stub', retentionInDays: 90 });
    const trust = JSON.parse(String(resource(done, `${fn}-role`).inputs['assumeRolePolicy'])) as {
      Statement: [{ Principal: unknown }];
    };
    expect(trust.Statement[0].Principal).toEqual({ Service: 'lambda.amazonaws.com' });
    expect(statements(done, `${fn}-policy`)[0]?.Resource).toEqual([`arn:aws:mock:::${fn}-group:*`]);
  }
});

test('sizes, tracing and concurrency follow the parameters', async () => {
  const done = await run({ dataProcessorMemory: 128, schedulerTimeout: 900, reservedConcurrency: 5 }, 'stage');
  expect(resource(done, 'data-processor').inputs).toMatchObject({ memorySize: 128, timeout: 300 });
  expect(resource(done, 'file-processor').inputs).toMatchObject({ memorySize: 2048, timeout: 300 });
  expect(resource(done, 'scheduler').inputs).toMatchObject({
    memorySize: 512,
    timeout: 900,
    reservedConcurrentExecutions: 5,
    tracingConfig: { mode: 'Active' },
  });
  expect(statements(done, 'scheduler-policy').map(({ Sid }) => Sid)).toContain('WriteTraces');
  const dev = await run();
  expect(resource(dev, 'scheduler').inputs).toMatchObject({ tracingConfig: { mode: 'PassThrough' } });
  expect(statements(dev, 'scheduler-policy').map(({ Sid }) => Sid)).not.toContain('WriteTraces');
});

test('the data processor alone stands in the VPC, and waits for the permission to do so', async () => {
  const done = await run({ privateSubnetIds: ['subnet-a', 'subnet-b'], lambdaSecurityGroupId: 'sg-1' });
  expect(resource(done, 'data-processor').inputs['vpcConfig']).toEqual({
    subnetIds: ['subnet-a', 'subnet-b'],
    securityGroupIds: ['sg-1'],
  });
  expect(resource(done, 'data-processor').dependencies).toEqual(
    expect.arrayContaining(['data-processor-vpc', 'data-processor-secrets', 'data-processor-database']),
  );
  expect(resource(done, 'data-processor-vpc').inputs).toMatchObject({
    policyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole',
  });
  for (const fn of ['file-processor', 'scheduler']) expect(resource(done, fn).inputs).not.toHaveProperty('vpcConfig');
});

test('the database is reached through the ARN of its secret (LAM-1), secrets through their own policy (LAM-2)', async () => {
  const done = await run({ connectionSecretArn: 'arn:connection', appSecretsReadPolicyArn: 'arn:read' });
  expect(variables(done, 'data-processor')).toEqual({
    APP_ENV: 'dev',
    DEPLOYMENT_ID: 'DT3VCA0',
    FUNCTION: 'data-processor',
    NOTIFICATIONS_TOPIC_ARN: 'arn:aws:mock:::notifications-topic',
    DB_CONNECTION_SECRET_ARN: 'arn:connection',
  });
  expect(resource(done, 'data-processor-secrets').inputs['policyArn']).toBe('arn:read');
  for (const fn of FUNCTIONS) {
    for (const { Sid, Resource } of statements(done, `${fn}-policy`)) {
      expect([Sid, Resource.includes('*')]).toEqual([Sid, Sid === 'WriteTraces']);
    }
  }
});

test('a task stays hidden six times as long as its function may run (LAM-3)', async () => {
  const done = await run({ dataProcessorTimeout: 100, maxReceiveCount: 7 });
  expect(resource(done, 'tasks').inputs).toMatchObject({
    name: 'web-shop-dev-tasks-dt3vca0',
    visibilityTimeoutSeconds: 600,
    messageRetentionSeconds: 1_209_600,
    sqsManagedSseEnabled: true,
    redrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:aws:mock:::task-dead-letters', maxReceiveCount: 7 }),
  });
  expect(resource(done, 'task-dead-letters').inputs).toMatchObject({
    messageRetentionSeconds: 1_209_600,
    sqsManagedSseEnabled: true,
  });
});

test('tasks come in batches of which single ones may fail', async () => {
  expect(resource(await run({ batchSize: 50, batchWindowSeconds: 20 }), 'task-mapping').inputs).toMatchObject({
    eventSourceArn: 'arn:aws:mock:::tasks',
    functionName: 'arn:aws:mock:::data-processor',
    batchSize: 50,
    maximumBatchingWindowInSeconds: 20,
    functionResponseTypes: ['ReportBatchItemFailures'],
  });
});

test.each([
  ['daily', 'scheduler', { scheduleExpression: 'cron(0 6 * * ? *)', state: 'ENABLED' }, '{"task":"daily"}'],
  ['hourly', 'scheduler', { scheduleExpression: 'rate(1 hour)', state: 'ENABLED' }, '{"task":"hourly"}'],
  ['uploads', 'file-processor', { state: 'ENABLED' }, undefined],
])('%s starts the %s, which admits that rule alone (LAM-4)', async (name, fn, rule, given) => {
  const done = await run();
  expect(resource(done, `${name}-rule`).inputs).toMatchObject(rule);
  expect(resource(done, `${name}-target`).inputs).toMatchObject({ arn: `arn:aws:mock:::${fn}` });
  expect(resource(done, `${name}-target`).inputs['input']).toBe(given);
  expect(resource(done, `${name}-permission`).inputs).toMatchObject({
    action: 'lambda:InvokeFunction',
    principal: 'events.amazonaws.com',
    sourceArn: `arn:aws:mock:::${name}-rule`,
  });
});

test('new objects under the prefix are processed, results stay outside it (LAM-5)', async () => {
  const done = await run({ primaryBucketName: 'bucket', primaryBucketArn: 'arn:aws:s3:::bucket', uploadPrefix: 'in/' });
  expect(JSON.parse(String(resource(done, 'uploads-rule').inputs['eventPattern']))).toEqual({
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: { bucket: { name: ['bucket'] }, object: { key: [{ prefix: 'in/' }] } },
  });
  const of = (sid: string) => statements(done, 'file-processor-policy').find(({ Sid }) => Sid === sid)?.Resource;
  expect(of('ReadUploads')).toEqual(['arn:aws:s3:::bucket/in/*']);
  expect(of('WriteResults')).toEqual(['arn:aws:s3:::bucket/processed/*']);
  expect(variables(done, 'file-processor')).toMatchObject({ BUCKET: 'bucket', RESULTS_PREFIX: 'processed/' });
});

test('a trigger that is left out is not made, and gives no right to read', async () => {
  const done = await run({ dailySchedule: null, hourlySchedule: '', uploadPrefix: '' });
  expect(names(done).filter((name) => /^(daily|hourly|uploads)-/.test(name))).toEqual([]);
  expect(statements(done, 'file-processor-policy').map(({ Sid }) => Sid)).not.toContain('ReadUploads');
});

test('without a package functions say what is missing; with a version they run it from the artifacts bucket', async () => {
  for (const [runtime, file] of [
    ['nodejs22.x', 'index.js'],
    ['python3.13', 'index.py'],
  ] as const) {
    const { code } = resource(await run({ runtime }), 'scheduler').inputs as { code: { assets: object } };
    expect(code.assets).toMatchObject({
      [file]: { text: expect.stringContaining('scheduler has no package yet') as string },
    });
  }
  const { inputs } = resource(await run({ artifactVersion: '1.2.3', artifactsBucketName: 'artifacts' }), 'scheduler');
  expect(inputs).toMatchObject({ s3Bucket: 'artifacts', s3Key: 'lambda/scheduler/1.2.3.zip' });
  expect(inputs).not.toHaveProperty('code');
});

test('the pipeline validates, processes and publishes, or publishes its failure', async () => {
  const done = await run({ enableDataPipeline: true, lakeBucketArn: 'arn:aws:s3:::lake' }, 'prod');
  const { inputs, dependencies } = resource(done, 'pipeline');
  const { StartAt, States } = JSON.parse(String(inputs['definition'])) as {
    StartAt: string;
    States: Record<string, { Next?: string; End?: boolean; Catch?: [{ Next: string }] }>;
  };
  expect([StartAt, States['Validate']?.Next, States['Process']?.Next, States['Publish']?.End]).toEqual([
    'Validate',
    'Process',
    'Publish',
    true,
  ]);
  for (const step of ['Validate', 'Process', 'Publish']) expect(States[step]?.Catch?.[0].Next).toBe('PublishFailure');
  expect(inputs).toMatchObject({
    loggingConfiguration: { level: 'ERROR', logDestination: 'arn:aws:mock:::pipeline-group:*' },
    tracingConfiguration: { enabled: true },
  });
  expect(dependencies).toContain('pipeline-policy');
  expect(resource(done, 'pipeline-group').inputs['name']).toBe('/aws/vendedlogs/states/web-shop-prod-pipeline-dt3vca0');
  expect(done.outputs['dataPipelineArn']).toBe('arn:aws:mock:::pipeline');
  const lake = statements(done, 'data-processor-policy').filter(({ Sid }) => /Raw|Curated/.test(Sid));
  expect(lake.map(({ Action, Resource }) => [...Action, ...Resource])).toEqual([
    ['s3:GetObject', 'arn:aws:s3:::lake/raw/*'],
    ['s3:PutObject', 'arn:aws:s3:::lake/curated/*'],
  ]);
});

test('outputs name functions, queues and topic', async () => {
  expect((await run()).outputs).toMatchObject({
    functionNames: {
      'data-processor': 'data-processor-1234567',
      'file-processor': 'file-processor-1234567',
      scheduler: 'scheduler-1234567',
    },
    functionArns: { scheduler: 'arn:aws:mock:::scheduler' },
    logGroupNames: { scheduler: '/aws/lambda/web-shop-dev-scheduler-dt3vca0' },
    taskQueueUrl: 'https://sqs.example.com/tasks',
    taskDlqName: 'web-shop-dev-task-dead-letters-dt3vca0',
    notificationsTopicArn: 'arn:aws:mock:::notifications-topic',
    dataPipelineArn: '',
  });
});

test('a security group that security does not make is refused with both names (G8)', async () => {
  expect((await run({ lambdaSecurityGroupId: '' })).error?.message).toBe(
    'compute-lambda: lambdaSecurityGroupId = "" is refused: stack security has switched off lambdaSecurityGroupId, which compute-lambda needs',
  );
});

test.each<[string, unknown, Record<string, unknown>?]>([
  ...[
    'privateSubnetIds',
    'lambdaSecurityGroupId',
    'applicationKeyArn',
    'infrastructureKeyArn',
    'primaryBucketName',
    'primaryBucketArn',
    'artifactsBucketName',
    'artifactsBucketArn',
    'lakeBucketArn',
  ].map((key): [string, null] => [key, null]),
  ['privateSubnetIds', []],
  ['runtime', 'nodejs12.x'],
  ['runtime', 'ruby3.3'],
  ['architecture', 'mips'],
  ['artifactVersion', '../1'],
  ['dataProcessorMemory', 127],
  ['dataProcessorTimeout', 901],
  ['fileProcessorMemory', 10_241],
  ['fileProcessorTimeout', 2],
  ['schedulerMemory', 1.5],
  ['schedulerTimeout', 0],
  ['reservedConcurrency', 0],
  ['reservedConcurrency', 1001],
  ['batchSize', 0],
  ['batchSize', 10_001],
  ['batchWindowSeconds', 301],
  ['batchWindowSeconds', 0, { batchSize: 11 }],
  ['maxReceiveCount', 0],
  ['maxReceiveCount', 1001],
  ['dailySchedule', 'every day'],
  ['dailySchedule', 'cron(0 6 * * * *)'],
  ['hourlySchedule', 'rate(1 hours)'],
  ['hourlySchedule', 'rate(2 hour)'],
  ['uploadPrefix', 'processed/'],
  ['uploadPrefix', 'p'],
  ['uploadPrefix', 'processed/in/'],
  ['enableDataPipeline', 'yes'],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run({ ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
