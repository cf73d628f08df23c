import { hex } from '../identities.js';
import { flag, json, length, list, object, oneOf, parseJson, pattern, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type ResourceSpec, textOf } from '../resource-spec.js';

/** Source: "Amazon EventBridge quotas" of its user guide, defaults. */
const RULES_PER_BUS = 300;
const TARGETS_PER_RULE = 5;

const DEFAULT_BUS = 'default';

/** Puts a rule: a second one of the same name simply takes its place, as in AWS. */
export const EVENT_RULE: ResourceSpec = {
  type: 'aws:cloudwatch/eventRule:EventRule',
  kind: 'event-rule',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 64 },
  inputs: {
    description: text({ check: length(0, 512) }),
    eventBusName: text({ default: DEFAULT_BUS, replaces: true }),
    eventPattern: json(),
    forceDestroy: flag({ default: false }),
    isEnabled: flag(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[.\-_A-Za-z0-9]{1,64}$/, 'expected 1 to 64 of the characters A-Z a-z 0-9 . - _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    roleArn: text(),
    scheduleExpression: text({ check: length(0, 256) }),
    state: text({
      default: 'ENABLED',
      check: oneOf('ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'),
    }),
  },
  outputs: ['arn'],
  validate: (inputs) =>
    inputs.scheduleExpression === undefined && inputs.eventPattern === undefined
      ? [{ property: 'eventPattern', reason: 'one of eventPattern, scheduleExpression must be specified' }]
      : [],
  id: ({ inputs }) => ruleId(inputs),
  arn: ({ region, account, id }) => `arn:aws:events:${region}:${account}:rule/${id}`,
  compute: ({ inputs }) => ({ namePrefix: inputs.namePrefix ?? '' }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'event-rule', ruleId(inputs)),
      taken: () => noRule(String(inputs.name)),
      overwrites: true,
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: RULES_PER_BUS,
      query: { type: 'aws:cloudwatch/eventRule:EventRule', region },
      error: new CloudError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.'),
    },
  ],
  guard: ({ inputs }) => {
    const schedule = textOf(inputs.scheduleExpression);
    if (schedule !== undefined && !isSchedule(schedule)) {
      throw new CloudError('ValidationException', 'Parameter ScheduleExpression is not valid.');
    }
    if (schedule !== undefined && inputs.eventBusName !== DEFAULT_BUS) {
      throw new CloudError('ValidationException', 'ScheduleExpression is supported only on the default event bus.');
    }
    const events = textOf(inputs.eventPattern);
    if (events !== undefined) assertPattern(events);
  },
  notFound: noRule,
  inUse: () => new CloudError('ValidationException', "Rule can't be deleted since it has targets."),
};

export const EVENT_TARGET: ResourceSpec = {
  type: 'aws:cloudwatch/eventTarget:EventTarget',
  kind: 'event-target',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    appsyncTarget: object(),
    arn: text({ required: true }),
    batchTarget: object(),
    deadLetterConfig: object(),
    ecsTarget: object(),
    eventBusName: text({ default: DEFAULT_BUS, replaces: true }),
    forceDestroy: flag({ default: false }),
    httpTarget: object(),
    input: text({ check: length(0, 8192) }),
    inputPath: text({ check: length(0, 256) }),
    inputTransformer: object(),
    kinesisTarget: object(),
    redshiftTarget: object(),
    retryPolicy: object(),
    roleArn: text(),
    rule: text({ required: true, replaces: true }),
    runCommandTargets: list(),
    sagemakerPipelineTarget: object(),
    sqsTarget: object(),
    targetId: text({ computed: true, replaces: true, check: length(1, 64) }),
  },
  outputs: [],
  validate: targetFailures,
  id: ({ inputs, seed }) => `${ruleId({ ...inputs, name: inputs.rule })}-${targetIdOf(inputs, seed)}`,
  // `arn` is an argument here: the target's own, not the resource's
  compute: ({ inputs, seed }) => ({ targetId: targetIdOf(inputs, seed) }),
  references: ({ rule, eventBusName }, { region }) => {
    const name = textOf(rule);
    return {
      rule:
        name === undefined
          ? undefined
          : {
              claim: claimOf(region, 'event-rule', ruleId({ name, eventBusName })),
              onDelete: 'refuse',
              missing: new CloudError(
                'ResourceNotFoundException',
                `Rule ${name} does not exist on EventBus ${String(eventBusName ?? DEFAULT_BUS)}.`,
              ),
            },
    };
  },
  quotas: ({ rule, eventBusName }, { region }) => [
    {
      limit: TARGETS_PER_RULE,
      query: {
        type: 'aws:cloudwatch/eventTarget:EventTarget',
        region,
        ref: claimOf(region, 'event-rule', ruleId({ name: rule, eventBusName })),
      },
      error: new CloudError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.'),
    },
  ],
  guard: ({ inputs }) => {
    const arn = needText(inputs, 'arn');
    const [, , service] = arn.split(':');
    if (!/^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+/.test(arn)) {
      throw new CloudError('ValidationException', 'Provided Arn is not in correct format.');
    }
    if (NEEDS_ROLE.includes(service ?? '') && textOf(inputs.roleArn) === undefined) {
      throw new CloudError('ValidationException', `RoleArn is required for target ${arn}.`);
    }
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `Target ${id} does not exist.`),
};

/** Services that EventBridge calls under a role; queues, topics, functions and log groups admit it themselves. */
const NEEDS_ROLE = ['states', 'kinesis', 'ecs', 'batch', 'codepipeline', 'codebuild'];

function ruleId({ name, eventBusName }: Properties): string {
  const bus = textOf(eventBusName) ?? DEFAULT_BUS;
  return bus === DEFAULT_BUS ? String(name) : `${bus}/${String(name)}`;
}

function targetIdOf(inputs: Properties, seed: string): string {
  return textOf(inputs.targetId) ?? `terraform-${hex(`${seed}|target`, 26)}`;
}

function noRule(name: string): CloudError {
  return new CloudError('ResourceNotFoundException', `Rule ${name} does not exist.`);
}

function targetFailures(inputs: Properties): CheckFailure[] {
  const given = ['input', 'inputPath', 'inputTransformer'].filter((key) => inputs[key] !== undefined);
  return given.length > 1
    ? [{ property: given[1] ?? '', reason: `only one of ${given.join(', ')} can be specified` }]
    : [];
}

/** `rate(<n> unit)`, singular with 1 only, or `cron` of six fields of which one day field is `?`. */
function isSchedule(expression: string): boolean {
  const [, amount, unit] = /^rate\((\d+) (minutes?|hours?|days?)\)$/.exec(expression) ?? [];
  if (amount !== undefined && unit !== undefined) {
    return Number(amount) > 0 && (Number(amount) === 1) === !unit.endsWith('s');
  }
  const [, fields] = /^cron\((.+)\)$/.exec(expression) ?? [];
  const parts = fields?.trim().split(/\s+/) ?? [];
  return parts.length === 6 && (parts[2] === '?') !== (parts[4] === '?');
}

/** Every leaf of an event pattern is a list. */
function assertPattern(text: string): void {
  const invalid = (reason: string): CloudError =>
    new CloudError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) {
      if (value.length === 0) throw invalid('Empty arrays are not allowed');
      return;
    }
    if (typeof value !== 'object' || value === null) throw invalid(`"${key}" must be an object or an array`);
    for (const [name, member] of Object.entries(value)) walk(member, name);
  };
  const pattern = parseJson(text);
  if (Array.isArray(pattern) || typeof pattern !== 'object' || pattern === null)
    throw invalid('Filter is not an object');
  walk(pattern, 'pattern');
}
