import { ACCOUNT, permission, SandboxRig, TYPES } from '../../../test/fakes/sandbox-rig.js';

/** Topics, queues, events, alarms, dashboards and budgets: what AWS makes of them, and what it refuses. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });
const text = (value: unknown): string => JSON.stringify(value);

const admits = (Action: string): string =>
  text({ Statement: [{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action, Resource: '*' }] });

describe('SNS', () => {
  it('names a topic by its ARN and takes policy and subscriptions away with it', async () => {
    const topic = await rig.make('topic', 't', { name: 'alerts' });
    expect(topic).toMatchObject({ id: `arn:aws:sns:us-east-1:${ACCOUNT}:alerts`, outputs: { owner: ACCOUNT } });
    await rig.make('topicPolicy', 'p1', { arn: topic.id, policy: admits('sns:Publish') });
    await rig.make('topicPolicy', 'p2', { arn: topic.id, policy: admits('SNS:Subscribe') });
    const email = await rig.make('subscription', 's', {
      topic: topic.id,
      protocol: 'email',
      endpoint: 'a@example.com',
    });
    expect(email.outputs).toMatchObject({ arn: email.id, pendingConfirmation: true, ownerId: ACCOUNT });
    expect(email.id).toMatch(new RegExp(`^${topic.id}:[0-9a-f-]{36}$`));
    expect((await rig.inventory({ type: TYPES.topicPolicy })).map(({ urn }) => urn.split('::').pop())).toEqual(['p2']);
    await rig.provider.delete(topic);
    expect(await rig.inventory()).toEqual([]);
  });

  it('confirms at once what needs no yes', async () => {
    const topic = await rig.make('topic', 't', {});
    const endpoint = `arn:aws:sqs:us-east-1:${ACCOUNT}:q`;
    const { outputs } = await rig.make('subscription', 's', { topic: topic.id, protocol: 'sqs', endpoint });
    expect(outputs).toMatchObject({ pendingConfirmation: false });
  });

  it('refuses taken names, missing topics, foreign actions and endpoints that cannot be', async () => {
    const topic = await rig.make('topic', 't', { name: 'taken' });
    await refused(rig.make('topic', 'u', { name: 'taken' }), 'InvalidParameter', 'already exists');
    const none = `arn:aws:sns:us-east-1:${ACCOUNT}:none`;
    await refused(rig.make('topicPolicy', 'p', { arn: none, policy: admits('sns:Publish') }), 'NotFound');
    await refused(rig.make('subscription', 's', { topic: none, protocol: 'email', endpoint: 'a@b.c' }), 'NotFound');
    const policy = (document: string) => rig.make('topicPolicy', 'p', { arn: topic.id, policy: document });
    await refused(policy(admits('sqs:SendMessage')), 'InvalidParameter', 'out of service scope');
    await refused(policy(permission('sns:Publish')), 'InvalidParameter', 'Policy Error');
    const subscribe = (protocol: string, endpoint: string) =>
      rig.make('subscription', 's', { topic: topic.id, protocol, endpoint });
    await refused(subscribe('email', 'nobody'), 'InvalidParameter', 'email endpoint');
    await refused(subscribe('https', 'http://example.com'), 'InvalidParameter', 'https endpoint');
  });

  it.each([
    ['topic', { name: 'a b' }, 'name: expected 1 to 256'],
    ['topic', { name: 'a.fifo' }, 'name: only with "fifoTopic"'],
    ['topic', { name: 'a', fifoTopic: true }, 'name: with "fifoTopic"'],
    ['topic', { name: 'a', contentBasedDeduplication: true }, 'contentBasedDeduplication: content-based'],
    ['subscription', { topic: 't', protocol: 'pigeon', endpoint: 'x' }, 'protocol: expected one of'],
    ['queue', { name: 'a', visibilityTimeoutSeconds: 43_201 }, 'visibilityTimeoutSeconds: expected to be in the range'],
    ['queue', { name: 'a', messageRetentionSeconds: 59 }, 'messageRetentionSeconds: expected'],
    ['queue', { name: 'a', fifoQueue: true }, 'name: with "fifoQueue"'],
    ['queue', { name: 'a', sqsManagedSseEnabled: true, kmsMasterKeyId: 'k' }, 'kmsMasterKeyId: "kmsMasterKeyId"'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });
});

describe('SQS', () => {
  it('makes queues whose id is their URL, encrypted by SQS unless told otherwise', async () => {
    const queue = await rig.make('queue', 'q', { name: 'tasks' });
    expect(queue).toMatchObject({
      id: `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/tasks`,
      outputs: { url: queue.id, arn: `arn:aws:sqs:us-east-1:${ACCOUNT}:tasks`, sqsManagedSseEnabled: true },
    });
    expect((await rig.diff(queue, { name: 'other' })).replaces).toEqual(['name']);
    expect((await rig.diff(queue, { name: 'tasks', delaySeconds: 5 })).replaces).toEqual([]);
  });

  it('refuses taken names and dead letters that lead nowhere', async () => {
    const dead = await rig.make('queue', 'd', { name: 'dead' });
    await refused(rig.make('queue', 'e', { name: 'dead' }), 'QueueAlreadyExists');
    const redrive = (deadLetterTargetArn: unknown, maxReceiveCount: number) =>
      rig.make('queue', 'q', { name: 'q', redrivePolicy: text({ deadLetterTargetArn, maxReceiveCount }) });
    await refused(
      redrive(`${String(dead.outputs.arn)}er`, 3),
      'InvalidParameterValue',
      'Dead letter target does not exist',
    );
    await refused(redrive(dead.outputs.arn, 0), 'InvalidParameterValue', 'valid values are from 1 to 1000');
    await redrive(dead.outputs.arn, 3);
    await rig.provider.delete(dead); // SQS lets it go
  });
});

describe('EventBridge', () => {
  const everyHour = { name: 'hourly', scheduleExpression: 'rate(1 hour)' };
  const target = { rule: 'hourly', arn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f` };

  it('keeps a rule while it has targets', async () => {
    const rule = await rig.make('eventRule', 'r', everyHour);
    expect(rule.outputs).toMatchObject({ arn: `arn:aws:events:us-east-1:${ACCOUNT}:rule/hourly`, state: 'ENABLED' });
    const aim = await rig.make('eventTarget', 't', target);
    expect(aim.outputs.targetId).toMatch(/^terraform-[0-9a-f]{26}$/);
    expect(aim.id).toBe(`hourly-${String(aim.outputs.targetId)}`);
    await refused(rig.provider.delete(rule), 'ValidationException', "Rule can't be deleted since it has targets");
    await rig.provider.delete(aim);
    await rig.provider.delete(rule);
    expect(await rig.inventory()).toEqual([]);
  });

  it('puts a rule of the same name in the place of the first', async () => {
    await rig.make('eventRule', 'a', everyHour);
    await rig.make('eventRule', 'b', everyHour);
    expect((await rig.inventory()).map(({ urn }) => urn.split('::').pop())).toEqual(['b']);
  });

  it('aims at five targets a rule', async () => {
    await rig.make('eventRule', 'r', everyHour);
    for (let i = 0; i < 5; i++) await rig.make('eventTarget', `t${i}`, target);
    await refused(rig.make('eventTarget', 't5', target), 'LimitExceededException');
  });

  it.each([
    ['rate(1 hours)', 'ScheduleExpression is not valid'],
    ['rate(0 minutes)', 'ScheduleExpression is not valid'],
    ['cron(0 6 * * * *)', 'ScheduleExpression is not valid'],
    ['every day', 'ScheduleExpression is not valid'],
  ])('refuses the schedule %s', async (scheduleExpression, message) => {
    await refused(rig.make('eventRule', 'r', { scheduleExpression }), 'ValidationException', message);
  });

  it.each([
    [{ source: 'aws.s3' }, '"source" must be an object or an array'],
    [{ source: [] }, 'Empty arrays are not allowed'],
    [['aws.s3'], 'Filter is not an object'],
  ])('refuses the pattern %j', async (pattern, message) => {
    await refused(rig.make('eventRule', 'r', { eventPattern: text(pattern) }), 'InvalidEventPatternException', message);
  });

  it('refuses targets without rule, without form and without the role they need', async () => {
    await refused(
      rig.make('eventTarget', 't', target),
      'ResourceNotFoundException',
      'hourly does not exist on EventBus',
    );
    await rig.make('eventRule', 'r', everyHour);
    await refused(
      rig.make('eventTarget', 't', { ...target, arn: 'f' }),
      'ValidationException',
      'not in correct format',
    );
    const machine = `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:m`;
    await refused(
      rig.make('eventTarget', 't', { ...target, arn: machine }),
      'ValidationException',
      'RoleArn is required',
    );
    expect(await rig.failures('eventTarget', { ...target, input: '{}', inputPath: '$.a' })).toEqual([
      'inputPath: only one of input, inputPath can be specified',
    ]);
    expect(await rig.failures('eventRule', { name: 'r' })).toEqual([
      'eventPattern: one of eventPattern, scheduleExpression must be specified',
    ]);
  });
});

describe('CloudWatch', () => {
  const errors = {
    namespace: 'AWS/Lambda',
    metricName: 'Errors',
    statistic: 'Sum',
    comparisonOperator: 'GreaterThanThreshold',
    threshold: 0,
    period: 300,
    evaluationPeriods: 2,
  };
  const dashboard = (dashboardBody: unknown) =>
    rig.make('dashboard', 'd', { dashboardName: 'overview', dashboardBody: text(dashboardBody) });

  it('puts alarms and dashboards in the place of their namesakes', async () => {
    const alarm = await rig.make('alarm', 'a', { ...errors, name: 'errors' });
    expect(alarm.outputs).toMatchObject({
      arn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:errors`,
      treatMissingData: 'missing',
      actionsEnabled: true,
    });
    await rig.make('alarm', 'b', { ...errors, name: 'errors' });
    await dashboard({ widgets: [] });
    const { outputs } = await dashboard({ widgets: [{ type: 'text', properties: { markdown: '# Shop' } }] });
    expect(outputs.dashboardArn).toBe(`arn:aws:cloudwatch::${ACCOUNT}:dashboard/overview`);
    expect(await rig.inventory()).toHaveLength(2);
  });

  it('refuses actions that are no ARN and more than a week of evaluation', async () => {
    await refused(
      rig.make('alarm', 'a', { ...errors, alarmActions: ['alerts'] }),
      'ValidationError',
      'Invalid arn syntax',
    );
    await refused(
      rig.make('alarm', 'a', { ...errors, period: 86_400, evaluationPeriods: 8 }),
      'ValidationError',
      'seven days',
    );
  });

  it.each([
    [{ namespace: 'a', statistic: 'Sum' }, 'metricName: one of metricName, metricQueries'],
    [{ ...errors, metricQueries: [{}] }, 'metricQueries: "metricQueries": conflicts'],
    [{ ...errors, statistic: undefined }, 'statistic: one of statistic, extendedStatistic'],
    [{ ...errors, extendedStatistic: 'p95' }, 'extendedStatistic: "extendedStatistic": conflicts'],
    [{ ...errors, period: 45 }, 'period: expected 10, 20, 30 or a multiple of 60'],
    [{ ...errors, comparisonOperator: 'MoreThan' }, 'comparisonOperator: expected one of'],
    [{ ...errors, alarmActions: Array.from({ length: 6 }, (_, i) => `arn:${i}`) }, 'alarmActions: at most 5'],
  ])('alarm %j: %s', async (news, expected) => {
    expect((await rig.failures('alarm', news))[0]).toContain(expected);
  });

  it.each([
    [{}, "required property 'widgets'"],
    [{ widgets: [{ properties: {} }] }, "required property 'type'"],
    [{ widgets: [{ type: 'metric', properties: { region: 'us-east-1' } }] }, "required property 'metrics'"],
    [{ widgets: [{ type: 'metric', properties: { metrics: [] } }] }, "required property 'region'"],
  ])('refuses the dashboard %j', async (body, message) => {
    await refused(dashboard(body), 'InvalidParameterInput', message);
  });

  it('filters a log group, and goes with it; two groups may have filters of one name', async () => {
    const metricTransformation = { name: 'Errors', namespace: 'shop', value: '1' };
    const filter = (logGroupName: string) =>
      rig.make('logMetricFilter', logGroupName, {
        name: 'errors',
        logGroupName,
        pattern: 'ERROR',
        metricTransformation,
      });
    await refused(filter('/a'), 'ResourceNotFoundException', 'log group does not exist');
    const groups = [await rig.make('logGroup', 'a', { name: '/a' }), await rig.make('logGroup', 'b', { name: '/b' })];
    for (const { id } of groups) expect((await filter(id)).id).toBe('errors');
    const [first] = groups;
    if (first) await rig.provider.delete(first);
    const left = await rig.inventory({ type: TYPES.logMetricFilter });
    expect(left.map(({ inputs }) => inputs.logGroupName)).toEqual(['/b']);
    expect(
      await rig.failures('logMetricFilter', { logGroupName: '/b', pattern: '', metricTransformation: { name: 'x' } }),
    ).toEqual(['metricTransformation: Missing required argument "namespace"']);
  });
});

describe('Budgets', () => {
  const monthly = { budgetType: 'COST', timeUnit: 'MONTHLY', limitAmount: '10.0', limitUnit: 'USD' };

  it('belong to the account, by name, and need somebody to tell', async () => {
    const budget = await rig.make('budget', 'b', { ...monthly, name: 'shop' });
    expect(budget).toMatchObject({
      id: `${ACCOUNT}:shop`,
      outputs: { arn: `arn:aws:budgets::${ACCOUNT}:budget/shop`, timePeriodStart: '2026-01-01_00:00' },
    });
    await refused(rig.make('budget', 'c', { ...monthly, name: 'shop' }), 'DuplicateRecordException');
    const notifications = [{ notificationType: 'ACTUAL', threshold: 100 }];
    await refused(rig.make('budget', 'd', { ...monthly, notifications }), 'InvalidParameterException', 'subscriber');
  });
});
