import { flag, json, length, map, number, object, oneOf, parseJson, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type ResourceSpec, textOf, textsOf } from '../resource-spec.js';
import { logGroupReference } from './logs.js';

/** Source of quotas: "CloudWatch service quotas" and "CloudWatch Logs quotas" of their user guides, defaults. */
const ALARMS_PER_REGION = 5000;
const FILTERS_PER_GROUP = 100;
const WIDGETS_PER_DASHBOARD = 500;
/** Seconds that all evaluation periods of an alarm may span. */
const LONGEST_EVALUATION = 7 * 24 * 3600;

const COMPARISONS = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
  'LessThanLowerOrGreaterThanUpperThreshold',
  'LessThanLowerThreshold',
  'GreaterThanUpperThreshold',
];

const actions = (): ReturnType<typeof setOf> =>
  setOf({
    check: (arns) => (arns.length > 5 ? `at most 5 actions are allowed, got ${arns.length}` : undefined),
  });

/** Puts an alarm: a second one of the same name simply takes its place, as in AWS. */
export const METRIC_ALARM: ResourceSpec = {
  type: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  kind: 'alarm',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    actionsEnabled: flag({ default: true }),
    alarmActions: actions(),
    alarmDescription: text({ check: length(0, 1024) }),
    comparisonOperator: text({ check: oneOf(...COMPARISONS) }),
    datapointsToAlarm: number({ check: range(1, 100_000) }),
    dimensions: map(),
    evaluateLowSampleCountPercentiles: text({ computed: true, check: oneOf('evaluate', 'ignore') }),
    evaluationCriteria: object(),
    evaluationInterval: number(),
    evaluationPeriods: number({ check: range(1, 100_000) }),
    extendedStatistic: text({
      check: pattern(
        /^(p|tm|wm|tc|ts)\d{1,2}(\.\d{0,10})?$|^p100$|^IQM$|^(TM|TC|TS|WM|PR)\(.+\)$/,
        'expected a percentile',
      ),
    }),
    insufficientDataActions: actions(),
    metricName: text({ check: length(1, 255) }),
    metricQueries: setOf(),
    name: text({ computed: true, replaces: true, check: length(1, 255) }),
    namespace: text({
      check: pattern(/^[0-9A-Za-z_\-./#: ]{1,255}$/, 'expected 1 to 255 of the characters A-Z a-z 0-9 . - _ / # :'),
    }),
    okActions: actions(),
    period: number({ check: isPeriod }),
    statistic: text({ check: oneOf('SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum') }),
    threshold: number(),
    thresholdMetricId: text(),
    treatMissingData: text({ default: 'missing', check: oneOf('breaching', 'notBreaching', 'ignore', 'missing') }),
    unit: text(),
    warmUpConfiguration: object(),
  },
  outputs: ['arn'],
  validate: alarmFailures,
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => `arn:aws:cloudwatch:${region}:${account}:alarm:${id}`,
  compute: ({ inputs }) => ({
    evaluateLowSampleCountPercentiles: inputs.evaluateLowSampleCountPercentiles ?? '',
  }),
  claims: ({ inputs, region }) => [
    { value: claimOf(region, 'alarm', String(inputs.name)), taken: noAlarm, overwrites: true },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: ALARMS_PER_REGION,
      query: { type: 'aws:cloudwatch/metricAlarm:MetricAlarm', region },
      error: new CloudError('LimitExceeded', 'The maximum number of alarms has already been reached.'),
    },
  ],
  guard: ({ inputs }) => {
    for (const arn of [inputs.alarmActions, inputs.okActions, inputs.insufficientDataActions].flatMap(textsOf)) {
      if (!/^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+/.test(arn)) {
        throw new CloudError('ValidationError', `Invalid arn syntax: ${arn}`);
      }
    }
    const seconds = Number(inputs.period ?? 0) * Number(inputs.evaluationPeriods ?? 0);
    if (seconds > LONGEST_EVALUATION) {
      throw new CloudError('ValidationError', 'Metrics cannot be checked across more than seven days');
    }
  },
  notFound: noAlarm,
};

/** Dashboards belong to the account, not to a region. Putting one of the same name takes its place, as in AWS. */
export const DASHBOARD: ResourceSpec = {
  type: 'aws:cloudwatch/dashboard:Dashboard',
  kind: 'dashboard',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    dashboardBody: json({ required: true }),
    dashboardName: text({
      required: true,
      replaces: true,
      check: pattern(/^[-_A-Za-z0-9]{1,255}$/, 'expected 1 to 255 of the characters A-Z a-z 0-9 - _'),
    }),
  },
  outputs: ['dashboardArn'],
  id: ({ inputs }) => needText(inputs, 'dashboardName'),
  arn: ({ account, id }) => `arn:aws:cloudwatch::${account}:dashboard/${id}`,
  compute: ({ arn }) => ({ dashboardArn: arn }),
  claims: ({ inputs }) => [
    { value: claimOf('global', 'dashboard', String(inputs.dashboardName)), taken: noDashboard, overwrites: true },
  ],
  guard: ({ inputs }) => assertDashboard(needText(inputs, 'dashboardBody')),
  notFound: noDashboard,
};

export const LOG_METRIC_FILTER: ResourceSpec = {
  type: 'aws:cloudwatch/logMetricFilter:LogMetricFilter',
  kind: 'log-metric-filter',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 512 },
  inputs: {
    applyOnTransformedLogs: flag({ computed: true }),
    logGroupName: text({ required: true, replaces: true }),
    metricTransformation: object({ required: true, check: transformation }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[^:*]{1,512}$/, 'expected 1 to 512 characters without : and *'),
    }),
    pattern: text({ required: true, check: length(0, 1024) }),
  },
  outputs: [],
  id: ({ inputs }) => needText(inputs, 'name'),
  idScope: ({ logGroupName }) => String(logGroupName),
  compute: ({ inputs }) => ({ applyOnTransformedLogs: inputs.applyOnTransformedLogs ?? false }),
  references: ({ logGroupName }, place) => ({ group: logGroupReference(logGroupName, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'log-metric-filter', `${String(inputs.logGroupName)}/${String(inputs.name)}`),
      taken: noFilter,
      overwrites: true,
    },
  ],
  quotas: ({ logGroupName }, { region }) => [
    {
      limit: FILTERS_PER_GROUP,
      query: {
        type: 'aws:cloudwatch/logMetricFilter:LogMetricFilter',
        region,
        ref: claimOf(region, 'log-group', String(logGroupName)),
      },
      error: new CloudError('LimitExceededException', 'Resource limit exceeded.'),
    },
  ],
  notFound: noFilter,
};

/** Source: "AWS Budgets" of the billing user guide. */
const NOTIFICATIONS_PER_BUDGET = 10;

export const BUDGET: ResourceSpec = {
  type: 'aws:budgets/budget:Budget',
  kind: 'budget',
  global: true,
  taggable: true,
  seconds: { create: 2, update: 2, delete: 1 },
  autoName: { maxLength: 100 },
  inputs: {
    accountId: text({ computed: true, replaces: true }),
    autoAdjustData: object(),
    billingViewArn: text(),
    budgetType: text({
      required: true,
      check: oneOf(
        'USAGE',
        'COST',
        'RI_UTILIZATION',
        'RI_COVERAGE',
        'SAVINGS_PLANS_UTILIZATION',
        'SAVINGS_PLANS_COVERAGE',
      ),
    }),
    costFilters: setOf({ computed: true }),
    costTypes: object({ computed: true }),
    filterExpression: object(),
    limitAmount: text({
      computed: true,
      check: pattern(/^\d+(\.\d+)?$/, 'expected an amount'),
    }),
    limitUnit: text({ computed: true }),
    metrics: text(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[^:\\]{1,100}$/, 'expected 1 to 100 characters without : and \\'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    notifications: setOf(),
    plannedLimits: setOf(),
    timePeriodEnd: text({ default: '2087-06-15_00:00' }),
    timePeriodStart: text({ computed: true }),
    timeUnit: text({ required: true, check: oneOf('DAILY', 'MONTHLY', 'QUARTERLY', 'ANNUALLY', 'CUSTOM') }),
  },
  outputs: ['arn'],
  id: ({ inputs, account }) => `${textOf(inputs.accountId) ?? account}:${needText(inputs, 'name')}`,
  arn: ({ account, inputs }) => `arn:aws:budgets::${account}:budget/${needText(inputs, 'name')}`,
  compute: ({ inputs, account, createdAt }) => ({
    accountId: inputs.accountId ?? account,
    costFilters: inputs.costFilters ?? [],
    costTypes: inputs.costTypes ?? {},
    limitAmount: inputs.limitAmount ?? '',
    limitUnit: inputs.limitUnit ?? '',
    namePrefix: inputs.namePrefix ?? '',
    timePeriodStart: inputs.timePeriodStart ?? `${createdAt.toISOString().slice(0, 7)}-01_00:00`,
  }),
  claims: ({ inputs }) => [
    {
      value: claimOf('global', 'budget-name', String(inputs.name)),
      taken: () =>
        new CloudError(
          'DuplicateRecordException',
          `Error creating budget: ${String(inputs.name)} - the budget already exists.`,
        ),
    },
  ],
  guard: ({ inputs }) => {
    const notifications = (inputs.notifications ?? []) as Properties[];
    if (notifications.length > NOTIFICATIONS_PER_BUDGET) {
      throw new CloudError(
        'CreationLimitExceededException',
        `Error creating budget: notification count limit of ${NOTIFICATIONS_PER_BUDGET} exceeded.`,
      );
    }
    for (const { subscriberEmailAddresses, subscriberSnsTopicArns } of notifications) {
      if (textsOf(subscriberEmailAddresses).length + textsOf(subscriberSnsTopicArns).length === 0) {
        throw new CloudError('InvalidParameterException', 'A notification needs at least one subscriber.');
      }
    }
  },
  notFound: (id) => new CloudError('NotFoundException', `Unable to get budget: ${id} - the budget doesn't exist.`),
};

function noAlarm(): CloudError {
  return new CloudError('ResourceNotFound', 'Unknown alarm');
}

function noDashboard(): CloudError {
  return new CloudError('ResourceNotFound', 'Dashboard does not exist');
}

function noFilter(): CloudError {
  return new CloudError('ResourceNotFoundException', 'The specified metric filter does not exist.');
}

function isPeriod(seconds: number): string | undefined {
  return [10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0)
    ? undefined
    : `expected 10, 20, 30 or a multiple of 60, got ${seconds}`;
}

function alarmFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const hasQueries = inputs.metricQueries !== undefined;
  if (inputs.metricName === undefined && !hasQueries && inputs.evaluationCriteria === undefined) {
    failures.push({ property: 'metricName', reason: 'one of metricName, metricQueries must be specified' });
  }
  if (inputs.metricName !== undefined && hasQueries) {
    failures.push({ property: 'metricQueries', reason: '"metricQueries": conflicts with metricName' });
  }
  if (inputs.metricName !== undefined && inputs.statistic === undefined && inputs.extendedStatistic === undefined) {
    failures.push({
      property: 'statistic',
      reason: 'one of statistic, extendedStatistic must be specified with metricName',
    });
  }
  if (inputs.statistic !== undefined && inputs.extendedStatistic !== undefined) {
    failures.push({ property: 'extendedStatistic', reason: '"extendedStatistic": conflicts with statistic' });
  }
  return failures;
}

/** CloudWatch answers with everything that is wrong; the first is enough to learn from. */
function assertDashboard(body: string): void {
  const { widgets } = (parseJson(body) ?? {}) as { widgets?: unknown };
  const invalid = (message: string): CloudError =>
    new CloudError('InvalidParameterInput', `The dashboard body is invalid, there are 1 validation errors: ${message}`);
  if (!Array.isArray(widgets))
    throw invalid('[{"dataPath":"/","message":"Should have required property \'widgets\'"}]');
  if (widgets.length > WIDGETS_PER_DASHBOARD) throw invalid(`more than ${WIDGETS_PER_DASHBOARD} widgets`);
  for (const [index, widget] of (widgets as Properties[]).entries()) {
    const at = `/widgets/${index}`;
    const properties = (widget.properties ?? {}) as Properties;
    if (typeof widget.type !== 'string')
      throw invalid(`[{"dataPath":"${at}","message":"Should have required property 'type'"}]`);
    if (widget.type !== 'metric') continue;
    if (!Array.isArray(properties.metrics) && properties.annotations === undefined) {
      throw invalid(`[{"dataPath":"${at}/properties","message":"Should have required property 'metrics'"}]`);
    }
    if (typeof properties.region !== 'string') {
      throw invalid(`[{"dataPath":"${at}/properties","message":"Should have required property 'region'"}]`);
    }
  }
}

function transformation(value: Properties): string | undefined {
  const missing = ['name', 'namespace', 'value'].find((key) => textOf(value[key]) === undefined);
  if (missing) return `Missing required argument "${missing}"`;
  return value.defaultValue !== undefined && value.dimensions !== undefined
    ? '"defaultValue": conflicts with dimensions'
    : undefined;
}
