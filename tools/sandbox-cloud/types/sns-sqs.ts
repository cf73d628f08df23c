import { uuid } from '../identities.js';
import { flag, json, length, number, oneOf, parseJson, pattern, range, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';
import { keyReference } from './kms.js';

const SAMPLE_RATE = (): ReturnType<typeof number> => number({ check: range(0, 100) });

export const TOPIC: ResourceSpec = {
  type: 'aws:sns/topic:Topic',
  kind: 'sns-topic',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 256 },
  inputs: {
    applicationFailureFeedbackRoleArn: text(),
    applicationSuccessFeedbackRoleArn: text(),
    applicationSuccessFeedbackSampleRate: SAMPLE_RATE(),
    archivePolicy: json(),
    contentBasedDeduplication: flag({ default: false }),
    deliveryPolicy: json(),
    displayName: text({ check: length(0, 100) }),
    fifoThroughputScope: text({ computed: true, check: oneOf('Topic', 'MessageGroup') }),
    fifoTopic: flag({ default: false, replaces: true }),
    firehoseFailureFeedbackRoleArn: text(),
    firehoseSuccessFeedbackRoleArn: text(),
    firehoseSuccessFeedbackSampleRate: SAMPLE_RATE(),
    httpFailureFeedbackRoleArn: text(),
    httpSuccessFeedbackRoleArn: text(),
    httpSuccessFeedbackSampleRate: SAMPLE_RATE(),
    kmsMasterKeyId: text(),
    lambdaFailureFeedbackRoleArn: text(),
    lambdaSuccessFeedbackRoleArn: text(),
    lambdaSuccessFeedbackSampleRate: SAMPLE_RATE(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9_-]{1,256}(\.fifo)?$/, 'expected 1 to 256 of the characters A-Z a-z 0-9 - _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    policy: json({ computed: true }),
    signatureVersion: number({ computed: true, check: range(1, 2) }),
    sqsFailureFeedbackRoleArn: text(),
    sqsSuccessFeedbackRoleArn: text(),
    sqsSuccessFeedbackSampleRate: SAMPLE_RATE(),
    tracingConfig: text({ computed: true, check: oneOf('Active', 'PassThrough') }),
  },
  outputs: ['arn', 'beginningArchiveTime', 'owner'],
  validate: fifoFailures('fifoTopic'),
  id: ({ inputs, ...place }) => topicArn(place, needText(inputs, 'name')),
  arn: ({ id }) => id,
  compute: ({ inputs, account, id }) => ({
    beginningArchiveTime: '',
    fifoThroughputScope: inputs.fifoThroughputScope ?? '',
    namePrefix: inputs.namePrefix ?? '',
    owner: account,
    policy: inputs.policy ?? ownerPolicy(id, account),
    signatureVersion: inputs.signatureVersion ?? 0,
    tracingConfig: inputs.tracingConfig ?? '',
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'sns-topic-name', String(inputs.name)),
      taken: () =>
        new CloudError(
          'InvalidParameter',
          'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
        ),
    },
  ],
  guard: ({ inputs }) => assertTopicPolicy(textOf(inputs.policy)),
  notFound: noTopic,
};

/** Sets an attribute of the topic: a second policy simply takes the place of the first, as in AWS. */
export const TOPIC_POLICY: ResourceSpec = {
  type: 'aws:sns/topicPolicy:TopicPolicy',
  kind: 'sns-topic-policy',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    arn: text({ required: true, replaces: true }),
    policy: json({ required: true }),
  },
  outputs: ['owner'],
  id: ({ inputs }) => needText(inputs, 'arn'),
  compute: ({ inputs, account }) => ({ arn: inputs.arn, owner: account }),
  references: ({ arn }, { region }) => ({ topic: topicReference(arn, region) }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'sns-topic-policy', String(inputs.arn)),
      taken: () => noTopic(),
      overwrites: true,
    },
  ],
  guard: ({ inputs }) => assertTopicPolicy(needText(inputs, 'policy')),
  notFound: noTopic,
};

const PROTOCOLS = ['application', 'email', 'email-json', 'firehose', 'http', 'https', 'lambda', 'sms', 'sqs'] as const;

/** Protocols whose receiver must say yes before anything is sent. */
const NEEDS_CONFIRMATION = ['email', 'email-json', 'http', 'https'];

/** What an endpoint of the protocol looks like. */
const ENDPOINTS: Partial<Record<(typeof PROTOCOLS)[number], RegExp>> = {
  email: /^[^@\s]+@[^@\s]+$/,
  'email-json': /^[^@\s]+@[^@\s]+$/,
  http: /^http:\/\//,
  https: /^https:\/\//,
  lambda: /^arn:aws:lambda:/,
  sqs: /^arn:aws:sqs:/,
};

export const TOPIC_SUBSCRIPTION: ResourceSpec = {
  type: 'aws:sns/topicSubscription:TopicSubscription',
  kind: 'sns-subscription',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    confirmationTimeoutInMinutes: number({ default: 1 }),
    deliveryPolicy: json(),
    endpoint: text({ required: true, replaces: true }),
    endpointAutoConfirms: flag({ default: false }),
    filterPolicy: json(),
    filterPolicyScope: text({ computed: true, check: oneOf('MessageAttributes', 'MessageBody') }),
    protocol: text({ required: true, replaces: true, check: oneOf(...PROTOCOLS) }),
    rawMessageDelivery: flag({ default: false }),
    redrivePolicy: json(),
    replayPolicy: json(),
    subscriptionRoleArn: text(),
    topic: text({ required: true, replaces: true }),
  },
  outputs: ['arn', 'confirmationWasAuthenticated', 'ownerId', 'pendingConfirmation'],
  id: ({ inputs, seed }) => `${needText(inputs, 'topic')}:${uuid(seed)}`,
  arn: ({ id }) => id,
  compute: ({ inputs, account }) => {
    const isPending = NEEDS_CONFIRMATION.includes(String(inputs.protocol)) && inputs.endpointAutoConfirms !== true;
    return {
      confirmationWasAuthenticated: !isPending,
      filterPolicyScope: inputs.filterPolicyScope ?? '',
      ownerId: account,
      pendingConfirmation: isPending,
    };
  },
  references: ({ topic }, { region }) => ({ topic: topicReference(topic, region) }),
  guard: ({ inputs }) => {
    const expected = ENDPOINTS[inputs.protocol as keyof typeof ENDPOINTS];
    if (expected && !expected.test(needText(inputs, 'endpoint'))) {
      throw new CloudError('InvalidParameter', `Invalid parameter: ${String(inputs.protocol)} endpoint`);
    }
  },
  notFound: () => new CloudError('NotFound', 'Subscription does not exist'),
};

export const QUEUE: ResourceSpec = {
  type: 'aws:sqs/queue:Queue',
  kind: 'sqs-queue',
  taggable: true,
  // The provider waits until attributes are the same wherever it looks.
  seconds: { create: 26, update: 26, delete: 10 },
  autoName: { maxLength: 80 },
  inputs: {
    contentBasedDeduplication: flag({ default: false }),
    deduplicationScope: text({ computed: true, check: oneOf('messageGroup', 'queue') }),
    delaySeconds: number({ default: 0, check: range(0, 900) }),
    fifoQueue: flag({ default: false, replaces: true }),
    fifoThroughputLimit: text({ computed: true, check: oneOf('perQueue', 'perMessageGroupId') }),
    kmsDataKeyReusePeriodSeconds: number({ computed: true, check: range(60, 86_400) }),
    kmsMasterKeyId: text(),
    maxMessageSize: number({ default: 262_144, check: range(1024, 1_048_576) }),
    messageRetentionSeconds: number({ default: 345_600, check: range(60, 1_209_600) }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/, 'expected 1 to 80 of A-Z a-z 0-9 - _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    policy: json({ computed: true }),
    receiveWaitTimeSeconds: number({ default: 0, check: range(0, 20) }),
    redriveAllowPolicy: json({ computed: true }),
    redrivePolicy: json({ computed: true }),
    sqsManagedSseEnabled: flag({ computed: true }),
    visibilityTimeoutSeconds: number({ default: 30, check: range(0, 43_200) }),
  },
  outputs: ['arn', 'url'],
  validate: (inputs) => [
    ...fifoFailures('fifoQueue')(inputs),
    ...(inputs.sqsManagedSseEnabled === true && textOf(inputs.kmsMasterKeyId) !== undefined
      ? [{ property: 'kmsMasterKeyId', reason: '"kmsMasterKeyId": conflicts with sqsManagedSseEnabled' }]
      : []),
  ],
  id: ({ inputs, region, account }) => `https://sqs.${region}.amazonaws.com/${account}/${needText(inputs, 'name')}`,
  arn: ({ inputs, region, account }) => queueArn({ region, account }, needText(inputs, 'name')),
  compute: ({ inputs, id }) => ({
    deduplicationScope: inputs.deduplicationScope ?? '',
    fifoThroughputLimit: inputs.fifoThroughputLimit ?? '',
    kmsDataKeyReusePeriodSeconds: inputs.kmsDataKeyReusePeriodSeconds ?? 300,
    namePrefix: inputs.namePrefix ?? '',
    policy: inputs.policy ?? '',
    redriveAllowPolicy: inputs.redriveAllowPolicy ?? '',
    redrivePolicy: inputs.redrivePolicy ?? '',
    sqsManagedSseEnabled: inputs.sqsManagedSseEnabled ?? textOf(inputs.kmsMasterKeyId) === undefined,
    url: id,
  }),
  references: ({ kmsMasterKeyId, redrivePolicy }, place) => ({
    key: keyReference(kmsMasterKeyId, place, 'ignore'),
    deadLetters: deadLetterReference(redrivePolicy, place),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'sqs-queue-name', String(inputs.name)),
      taken: () =>
        new CloudError(
          'QueueAlreadyExists',
          `A queue already exists with the same name and a different value for tag(s): ${String(inputs.name)}`,
        ),
    },
  ],
  guard: ({ inputs }) => assertRedrive(textOf(inputs.redrivePolicy)),
  notFound: noQueue,
};

export function topicReference(arn: unknown, region: string): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, 'sns-topic', value), onDelete: 'cascade', missing: noTopic() };
}

/** A queue by its ARN; another account's queue is nothing that this one can look up. */
export function queueReference(arn: unknown, place: Place, missing: CloudError): Reference | undefined {
  const value = textOf(arn);
  const prefix = queueArn(place, '');
  if (value === undefined || !value.startsWith(prefix)) return undefined;
  return { claim: claimOf(place.region, 'sqs-queue-name', value.slice(prefix.length)), onDelete: 'ignore', missing };
}

function topicArn({ region, account }: Place, name: string): string {
  return `arn:aws:sns:${region}:${account}:${name}`;
}

function queueArn({ region, account }: Place, name: string): string {
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

function noTopic(): CloudError {
  return new CloudError('NotFound', 'Topic does not exist');
}

function noQueue(): CloudError {
  return new CloudError('AWS.SimpleQueueService.NonExistentQueue', 'The specified queue does not exist.');
}

function fifoFailures(key: 'fifoTopic' | 'fifoQueue'): (inputs: Properties) => CheckFailure[] {
  return (inputs) => {
    const name = textOf(inputs.name);
    const failures: CheckFailure[] = [];
    if (name !== undefined && inputs[key] !== true && name.endsWith('.fifo')) {
      failures.push({ property: 'name', reason: `only with "${key}" may a name end in .fifo` });
    }
    if (name !== undefined && inputs[key] === true && !name.endsWith('.fifo')) {
      failures.push({ property: 'name', reason: `with "${key}" a name must end in .fifo` });
    }
    if (inputs.contentBasedDeduplication === true && inputs[key] !== true) {
      failures.push({
        property: 'contentBasedDeduplication',
        reason: `content-based deduplication can only be set with "${key}"`,
      });
    }
    return failures;
  };
}

function deadLetterReference(policy: unknown, place: Place): Reference | undefined {
  const value = textOf(policy);
  if (value === undefined) return undefined;
  const { deadLetterTargetArn } = (parseJson(value) ?? {}) as { deadLetterTargetArn?: unknown };
  return queueReference(
    deadLetterTargetArn,
    place,
    new CloudError(
      'InvalidParameterValue',
      `Value ${value} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
    ),
  );
}

function assertRedrive(policy: string | undefined): void {
  if (policy === undefined) return;
  const { maxReceiveCount } = (parseJson(policy) ?? {}) as { maxReceiveCount?: unknown };
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new CloudError(
      'InvalidParameterValue',
      `Value ${policy} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
}

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
}

/** SNS reads the document strictly: every statement has a principal, and no action of another service. */
function assertTopicPolicy(policy: string | undefined): void {
  if (policy === undefined) return;
  const { Statement } = (parseJson(policy) ?? {}) as { Statement?: Statement | Statement[] };
  const statements = [Statement ?? []].flat();
  const isComplete = statements.every(
    ({ Effect, Principal }) => (Effect === 'Allow' || Effect === 'Deny') && Principal !== undefined,
  );
  if (statements.length === 0 || !isComplete) {
    throw new CloudError('InvalidParameter', 'Invalid parameter: Policy Error: null');
  }
  const actions = statements.flatMap(({ Action }) => [Action ?? []].flat()).map(String);
  if (!actions.every((action) => /^sns:/i.test(action))) {
    throw new CloudError('InvalidParameter', 'Invalid parameter: Policy statement action out of service scope!');
  }
}

/** What a new topic has: its owner alone. */
function ownerPolicy(arn: string, account: string): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['SNS:GetTopicAttributes', 'SNS:SetTopicAttributes', 'SNS:Subscribe', 'SNS:Publish'],
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });
}
