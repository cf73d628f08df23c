import { createHash } from 'node:crypto';
import { hex, uuid } from '../identities.js';
import { flag, length, list, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { ec2Reference } from './ec2.js';
import { roleReference } from './iam.js';
import { keyReference } from './kms.js';
import { roleAllows, roleTrusts } from './role-permissions.js';
import { queueReference } from './sns-sqs.js';

/** Source: "Lambda quotas" of its developer guide, defaults. */
const ACCOUNT_CONCURRENCY = 1000;
const UNRESERVED_MINIMUM = 100;
const ENVIRONMENT_BYTES = 4096;

/** Set by Lambda itself. Source: "Defined runtime environment variables" of the developer guide. */
const RESERVED_VARIABLES = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
];

const RUNTIMES = [
  'dotnet8',
  'dotnet10',
  'java8.al2',
  'java11',
  'java17',
  'java21',
  'java25',
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'provided.al2',
  'provided.al2023',
  'python3.10',
  'python3.11',
  'python3.12',
  'python3.13',
  'python3.14',
  'ruby3.2',
  'ruby3.3',
  'ruby3.4',
];

export const FUNCTION: ResourceSpec = {
  type: 'aws:lambda/function:Function',
  kind: 'lambda-function',
  taggable: true,
  seconds: { create: 14, update: 8, delete: 1 },
  autoName: { maxLength: 64 },
  inputs: {
    architectures: list({ computed: true }),
    capacityProviderConfig: object(),
    code: object(),
    codeSha256: text({ computed: true }),
    codeSigningConfigArn: text(),
    deadLetterConfig: object(),
    description: text({ check: length(0, 256) }),
    durableConfig: object({ replaces: true }),
    environment: object(),
    ephemeralStorage: object({ computed: true }),
    fileSystemConfig: object(),
    handler: text({ check: length(1, 128) }),
    imageConfig: object(),
    imageUri: text(),
    kmsKeyArn: text(),
    layers: list({ check: (layers) => (layers.length > 5 ? 'at most 5 layers are allowed' : undefined) }),
    loggingConfig: object({ computed: true }),
    memorySize: number({ default: 128, check: range(128, 32_768) }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 of the characters A-Z a-z 0-9 - _'),
    }),
    packageType: text({ default: 'Zip', replaces: true, check: oneOf('Zip', 'Image') }),
    publish: flag({ default: false }),
    publishTo: text(),
    replaceSecurityGroupsOnDestroy: flag(),
    replacementSecurityGroupIds: setOf(),
    reservedConcurrentExecutions: number({ default: -1, check: range(-1, ACCOUNT_CONCURRENCY) }),
    role: text({ required: true, check: pattern(/^arn:aws:iam::\d{12}:role\/.+$/, 'expected the ARN of a role') }),
    runtime: text({ check: oneOf(...RUNTIMES) }),
    s3Bucket: text(),
    s3Key: text(),
    s3ObjectVersion: text(),
    skipDestroy: flag({ default: false }),
    snapStart: object(),
    sourceCodeHash: text({ computed: true }),
    sourceKmsKeyArn: text(),
    tenancyConfig: object({ replaces: true }),
    timeout: number({ default: 3, check: range(1, 900) }),
    tracingConfig: object({ computed: true }),
    useResourceTimeoutForPropagation: flag(),
    vpcConfig: object(),
  },
  outputs: [
    'arn',
    'invokeArn',
    'lastModified',
    'qualifiedArn',
    'qualifiedInvokeArn',
    'responseStreamingInvokeArn',
    'signingJobArn',
    'signingProfileVersionArn',
    'sourceCodeSize',
    'version',
  ],
  validate: packageFailures,
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => functionArn({ region, account }, id),
  compute: ({ inputs, arn, region, createdAt, previous, refs, id }) => {
    const digest = packageDigest(inputs);
    const version = versionOf(inputs, digest, previous);
    const invokeArn = (target: string, kind = 'invocations'): string =>
      `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${target}/${kind}`;
    const subnet = refs.subnet0;
    return {
      architectures: inputs.architectures ?? ['x86_64'],
      codeSha256: digest,
      ephemeralStorage: inputs.ephemeralStorage ?? { size: 512 },
      invokeArn: invokeArn(arn),
      lastModified: createdAt.toISOString().replace('Z', '+0000'),
      loggingConfig: {
        applicationLogLevel: '',
        systemLogLevel: '',
        logFormat: 'Text',
        logGroup: `/aws/lambda/${id}`,
        ...(inputs.loggingConfig as Properties | undefined),
      },
      qualifiedArn: `${arn}:${version}`,
      qualifiedInvokeArn: invokeArn(`${arn}:${version}`),
      responseStreamingInvokeArn: invokeArn(arn, 'response-streaming-invocations'),
      signingJobArn: '',
      signingProfileVersionArn: '',
      sourceCodeHash: inputs.sourceCodeHash ?? digest,
      sourceCodeSize: 128 + (Number.parseInt(hex(digest, 6), 16) % 1_000_000),
      tracingConfig: inputs.tracingConfig ?? { mode: 'PassThrough' },
      version,
      ...(inputs.vpcConfig !== undefined && {
        vpcConfig: { ...(inputs.vpcConfig as Properties), vpcId: textOf(subnet?.inputs.vpcId) ?? '' },
      }),
    };
  },
  references: functionReferences,
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'lambda-function', String(inputs.name)),
      taken: () => new CloudError('ResourceConflictException', `Function already exist: ${String(inputs.name)}`),
    },
  ],
  guard: async (context) => {
    assertEnvironment(context.inputs);
    await assertFunctionRole(context);
    await assertConcurrency(context);
  },
  isRetained: ({ skipDestroy }) => skipDestroy === true,
  notFound: (id) => new CloudError('ResourceNotFoundException', `Function not found: ${id}`),
};

/** Who may call a function: part of the function, and gone with it. */
export const PERMISSION: ResourceSpec = {
  type: 'aws:lambda/permission:Permission',
  kind: 'lambda-permission',
  seconds: { create: 1, delete: 1 },
  inputs: {
    action: text({
      required: true,
      replaces: true,
      check: pattern(/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/, 'expected an action of lambda'),
    }),
    eventSourceToken: text({ replaces: true }),
    function: text({ required: true, replaces: true }),
    functionUrlAuthType: text({ replaces: true, check: oneOf('NONE', 'AWS_IAM') }),
    invokedViaFunctionUrl: flag({ replaces: true }),
    principal: text({ required: true, replaces: true }),
    principalOrgId: text({ replaces: true }),
    qualifier: text({ replaces: true }),
    sourceAccount: text({ replaces: true, check: pattern(/^\d{12}$/, 'expected 12 digits') }),
    sourceArn: text({ replaces: true, check: pattern(/^arn:/, 'expected an ARN') }),
    statementId: text({
      computed: true,
      replaces: true,
      check: pattern(/^[a-zA-Z0-9-_]{1,100}$/, 'expected 1 to 100 of the characters A-Z a-z 0-9 - _'),
    }),
    statementIdPrefix: text({ computed: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs, seed }) => statementIdOf(inputs, seed),
  idScope: (properties) => nameOf(String(properties.function)),
  compute: ({ inputs, seed }) => ({
    statementId: statementIdOf(inputs, seed),
    statementIdPrefix: inputs.statementIdPrefix ?? '',
  }),
  references: (inputs, place) => ({ function: functionReference(inputs.function, place, 'cascade') }),
  claims: ({ inputs, region }) => {
    const id = textOf(inputs.statementId);
    if (id === undefined) return [];
    return [
      {
        value: claimOf(region, 'lambda-statement', `${nameOf(String(inputs.function))}|${id}`),
        taken: () =>
          new CloudError(
            'ResourceConflictException',
            `The statement id (${id}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          ),
      },
    ];
  },
  notFound: () => new CloudError('ResourceNotFoundException', 'The resource you requested does not exist.'),
};

/** The longest batch of SQS without a window to gather it in. */
const BATCH_WITHOUT_WINDOW = 10;

export const EVENT_SOURCE_MAPPING: ResourceSpec = {
  type: 'aws:lambda/eventSourceMapping:EventSourceMapping',
  kind: 'event-source-mapping',
  taggable: true,
  seconds: { create: 24, update: 24, delete: 24 },
  inputs: {
    amazonManagedKafkaEventSourceConfig: object({ computed: true, replaces: true }),
    batchSize: number({ check: range(1, 10_000) }),
    bisectBatchOnFunctionError: flag(),
    destinationConfig: object(),
    documentDbEventSourceConfig: object(),
    enabled: flag({ default: true }),
    eventSourceArn: text({ replaces: true }),
    filterCriteria: object(),
    functionName: text({ required: true }),
    functionResponseTypes: setOf(),
    kmsKeyArn: text(),
    maximumBatchingWindowInSeconds: number({ check: range(0, 300) }),
    maximumRecordAgeInSeconds: number({ computed: true }),
    maximumRetryAttempts: number({ computed: true, check: range(-1, 10_000) }),
    metricsConfig: object(),
    parallelizationFactor: number({ computed: true, check: range(1, 10) }),
    provisionedPollerConfig: object(),
    queues: text({ replaces: true }),
    scalingConfig: object(),
    selfManagedEventSource: object({ replaces: true }),
    selfManagedKafkaEventSourceConfig: object({ computed: true, replaces: true }),
    sourceAccessConfigurations: setOf(),
    startingPosition: text({ replaces: true, check: oneOf('AT_TIMESTAMP', 'LATEST', 'TRIM_HORIZON') }),
    startingPositionTimestamp: text({ replaces: true }),
    topics: setOf({ replaces: true }),
    tumblingWindowInSeconds: number({ check: range(0, 900) }),
    useResourceTimeoutForPropagation: flag(),
  },
  outputs: ['arn', 'functionArn', 'lastModified', 'lastProcessingResult', 'state', 'stateTransitionReason', 'uuid'],
  validate: (inputs) =>
    inputs.eventSourceArn === undefined && inputs.selfManagedEventSource === undefined
      ? [{ property: 'eventSourceArn', reason: 'one of eventSourceArn, selfManagedEventSource must be specified' }]
      : [],
  id: ({ seed }) => uuid(seed),
  arn: ({ region, account, id }) => `arn:aws:lambda:${region}:${account}:event-source-mapping:${id}`,
  compute: ({ inputs, id, refs, createdAt }) => ({
    amazonManagedKafkaEventSourceConfig: inputs.amazonManagedKafkaEventSourceConfig ?? {},
    functionArn: refs.function?.arn ?? '',
    lastModified: createdAt.toISOString(),
    lastProcessingResult: '',
    maximumRecordAgeInSeconds: inputs.maximumRecordAgeInSeconds ?? 0,
    maximumRetryAttempts: inputs.maximumRetryAttempts ?? 0,
    parallelizationFactor: inputs.parallelizationFactor ?? 0,
    selfManagedKafkaEventSourceConfig: inputs.selfManagedKafkaEventSourceConfig ?? {},
    state: inputs.enabled === false ? 'Disabled' : 'Enabled',
    stateTransitionReason: 'USER_INITIATED',
    uuid: id,
  }),
  references: (inputs, place) => ({
    function: functionReference(inputs.functionName, place, 'ignore'),
    queue: queueReference(
      inputs.eventSourceArn,
      place,
      invalidParameter(
        'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
      ),
    ),
  }),
  claims: ({ inputs, region }) => {
    const source = textOf(inputs.eventSourceArn);
    if (source === undefined) return [];
    const name = nameOf(String(inputs.functionName));
    return [
      {
        value: claimOf(region, 'event-source', `${source}|${name}`),
        taken: ({ id }) =>
          new CloudError(
            'ResourceConflictException',
            `The event source arn (" ${source} ") and function (" ${name} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${id}`,
          ),
      },
    ];
  },
  guard: assertMapping,
  notFound: () => new CloudError('ResourceNotFoundException', 'The resource you requested does not exist.'),
};

export const FUNCTION_ALIAS: ResourceSpec = {
  type: 'aws:lambda/alias:Alias',
  kind: 'lambda-alias',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    description: text({ check: length(0, 256) }),
    functionName: text({ required: true, replaces: true }),
    functionVersion: text({ required: true, check: pattern(/^(\$LATEST|\d+)$/, 'expected a version') }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/, 'expected 1 to 128 of A-Z a-z 0-9 - _, not digits alone'),
    }),
    routingConfig: object(),
  },
  outputs: ['arn', 'invokeArn'],
  id: ({ inputs, ...place }) => aliasArn(place, inputs),
  arn: ({ id }) => id,
  compute: ({ region, id }) => ({
    invokeArn: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${id}/invocations`,
  }),
  references: (inputs, place) => ({ function: functionReference(inputs.functionName, place, 'cascade') }),
  claims: ({ inputs, region, account }) => [
    {
      value: claimOf(region, 'lambda-alias-name', `${nameOf(String(inputs.functionName))}|${String(inputs.name)}`),
      taken: () =>
        new CloudError('ResourceConflictException', `Alias already exists: ${aliasArn({ region, account }, inputs)}`),
    },
  ],
  guard: ({ inputs, refs }) => {
    const wanted = String(inputs.functionVersion);
    const latest = Number(refs.function?.properties.version);
    if (wanted !== '$LATEST' && !(Number(wanted) <= latest)) {
      throw new CloudError('ResourceNotFoundException', `Function not found: ${refs.function?.arn ?? ''}:${wanted}`);
    }
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `Cannot find alias arn: ${id}`),
};

/** Every change is a new version; the layer's number counts on although old ones are deleted. */
export const LAYER_VERSION: ResourceSpec = {
  type: 'aws:lambda/layerVersion:LayerVersion',
  kind: 'lambda-layer',
  seconds: { create: 5, delete: 1 },
  inputs: {
    code: object({ replaces: true }),
    compatibleArchitectures: setOf({ replaces: true }),
    compatibleRuntimes: setOf({ replaces: true }),
    description: text({ replaces: true, check: length(0, 256) }),
    layerName: text({
      required: true,
      replaces: true,
      check: pattern(/^[a-zA-Z0-9-_]{1,140}$/, 'expected 1 to 140 of the characters A-Z a-z 0-9 - _'),
    }),
    licenseInfo: text({ replaces: true, check: length(0, 512) }),
    s3Bucket: text({ replaces: true }),
    s3Key: text({ replaces: true }),
    s3ObjectVersion: text({ replaces: true }),
    skipDestroy: flag({ default: false, replaces: true }),
    sourceCodeHash: text({ computed: true, replaces: true }),
  },
  outputs: [
    'arn',
    'codeSha256',
    'createdDate',
    'layerArn',
    'signingJobArn',
    'signingProfileVersionArn',
    'sourceCodeSize',
    'version',
  ],
  validate: (inputs) =>
    inputs.code === undefined && inputs.s3Bucket === undefined
      ? [{ property: 'code', reason: 'one of code, s3Bucket must be specified' }]
      : [],
  id: ({ inputs, seed, ...place }) => `${layerArn(place, inputs)}:${layerNumber(seed)}`,
  arn: ({ id }) => id,
  compute: ({ inputs, seed, createdAt, ...place }) => {
    const digest = packageDigest(inputs);
    return {
      codeSha256: digest,
      createdDate: createdAt.toISOString().replace('Z', '+0000'),
      layerArn: layerArn(place, inputs),
      signingJobArn: '',
      signingProfileVersionArn: '',
      sourceCodeHash: inputs.sourceCodeHash ?? digest,
      sourceCodeSize: 128 + (Number.parseInt(hex(digest, 6), 16) % 1_000_000),
      version: layerNumber(seed),
    };
  },
  isRetained: ({ skipDestroy }) => skipDestroy === true,
  notFound: () => new CloudError('ResourceNotFoundException', 'The resource you requested does not exist.'),
};

/** A function by name, ARN or partial ARN, with or without a qualifier. */
export function functionReference(
  fn: unknown,
  { region }: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(fn);
  return value === undefined
    ? undefined
    : {
        claim: claimOf(region, 'lambda-function', nameOf(value)),
        onDelete,
        missing: new CloudError('ResourceNotFoundException', `Function not found: ${value}`),
      };
}

function invalidParameter(message: string): CloudError {
  return new CloudError('InvalidParameterValueException', message);
}

function nameOf(fn: string): string {
  return (
    fn
      .replace(/^(arn:aws:lambda:[a-z0-9-]+:)?\d{12}:function:/, '')
      .replace(/^arn:.*:function:/, '')
      .split(':')[0] ?? fn
  );
}

function functionArn({ region, account }: Place, name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
}

function aliasArn(place: Place, inputs: Properties): string {
  return `${functionArn(place, nameOf(needText(inputs, 'functionName')))}:${needText(inputs, 'name')}`;
}

function layerArn({ region, account }: Place, inputs: Properties): string {
  return `arn:aws:lambda:${region}:${account}:layer:${needText(inputs, 'layerName')}`;
}

/** A resource's seed ends in the number of its creation. */
function layerNumber(seed: string): string {
  return /(\d+)$/.exec(seed)?.[1] ?? '1';
}

function statementIdOf(inputs: Properties, seed: string): string {
  const prefix = textOf(inputs.statementIdPrefix) ?? 'terraform-';
  return textOf(inputs.statementId) ?? `${prefix}${hex(`${seed}|statement`, 26)}`;
}

/** As Lambda shows it: SHA-256 in base64. Of an archive without the hash that an engine adds to it: engines hash differently. */
function packageDigest({ code, imageUri, s3Bucket, s3Key, s3ObjectVersion }: Properties): string {
  const content = JSON.stringify([withoutHash(code), imageUri, s3Bucket, s3Key, s3ObjectVersion]);
  return createHash('sha256').update(content).digest('base64');
}

function withoutHash(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHash);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'hash');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, withoutHash(one)]));
}

/** `$LATEST` until something is published; then one more with every package or configuration that is published. */
function versionOf(inputs: Properties, digest: string, previous: Properties | undefined): string {
  if (inputs.publish !== true) return textOf(previous?.version) ?? '$LATEST';
  const last = Number(previous?.version);
  if (!Number.isFinite(last)) return '1';
  return String(previous?.codeSha256 === digest ? last : last + 1);
}

function packageFailures(inputs: Properties): CheckFailure[] {
  const given = ['code', 'imageUri', 's3Bucket'].filter((key) => inputs[key] !== undefined);
  const failures: CheckFailure[] = [];
  if (given.length !== 1) {
    const reason =
      given.length === 0
        ? 'one of code, imageUri, s3Bucket must be specified'
        : `only one of code, imageUri, s3Bucket can be specified, got ${given.join(', ')}`;
    failures.push({ property: given[1] ?? 'code', reason });
  }
  if (inputs.s3Bucket !== undefined && inputs.s3Key === undefined) {
    failures.push({ property: 's3Key', reason: '"s3Key" is required with "s3Bucket"' });
  }
  if (inputs.packageType === 'Zip') {
    for (const property of ['handler', 'runtime']) {
      if (inputs[property] === undefined) {
        failures.push({ property, reason: 'handler and runtime must be set when PackageType is Zip' });
      }
    }
  }
  return failures;
}

/** The network of a function, in the order of its arguments. */
function functionReferences(inputs: Properties, place: Place): Record<string, Reference | undefined> {
  const { subnetIds, securityGroupIds } = (inputs.vpcConfig ?? {}) as Properties;
  const many = (kind: 'subnet' | 'sg', ids: unknown, name: string): [string, Reference | undefined][] =>
    textsOf(ids).map((id, index) => [`${name}${index}`, ec2Reference(kind, place.region, id, 'refuse')]);
  return {
    role: roleReference(inputs.role, 'ignore', cannotAssume()),
    key: keyReference(inputs.kmsKeyArn, place, 'ignore'),
    bucket: packageBucket(inputs.s3Bucket),
    ...Object.fromEntries([...many('subnet', subnetIds, 'subnet'), ...many('sg', securityGroupIds, 'group')]),
  };
}

/** Lambda copies the package: the bucket may go later. What is in it the sandbox does not know. */
function packageBucket(bucket: unknown): Reference | undefined {
  const name = textOf(bucket);
  if (name === undefined) return undefined;
  const missing = invalidParameter(
    'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
  );
  return { claim: claimOf('global', 's3-bucket', name), onDelete: 'ignore', missing };
}

function cannotAssume(): CloudError {
  return invalidParameter('The role defined for the function cannot be assumed by Lambda.');
}

function assertEnvironment(inputs: Properties): void {
  const { variables = {} } = (inputs.environment ?? {}) as { variables?: Record<string, unknown> };
  const reserved = Object.keys(variables).filter((key) => RESERVED_VARIABLES.includes(key));
  const failed =
    'Lambda was unable to configure your environment variables because the environment variables you have provided';
  if (reserved.length > 0) {
    throw invalidParameter(
      `${failed} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > ENVIRONMENT_BYTES) {
    throw invalidParameter(`${failed} exceeded the 4KB limit.`);
  }
}

async function assertFunctionRole({ inputs, refs, cloud }: GuardContext): Promise<void> {
  const { role } = refs;
  if (!role || !roleTrusts(role, 'lambda.amazonaws.com')) throw cannotAssume();
  if (inputs.vpcConfig === undefined) return;
  if (!(await roleAllows(cloud, role, 'ec2:CreateNetworkInterface'))) {
    throw invalidParameter(
      'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
    );
  }
  const vpcs = new Set(
    Object.entries(refs).flatMap(([name, resource]) =>
      /^(subnet|group)\d+$/.test(name) && resource ? [textOf(resource.inputs.vpcId) ?? resource.id] : [],
    ),
  );
  if (vpcs.size > 1) {
    throw invalidParameter(
      'Error occurred while DescribeSecurityGroups. Security groups and subnets must be in one VPC',
    );
  }
}

/** What is reserved for one function is taken from all the others. */
async function assertConcurrency({ inputs, cloud, region, self }: GuardContext): Promise<void> {
  const wanted = Number(inputs.reservedConcurrentExecutions ?? -1);
  if (wanted <= 0) return;
  const functions = await cloud.find({ type: 'aws:lambda/function:Function', region });
  const reserved = functions
    .filter(({ key }) => key !== self)
    .reduce((sum, other) => sum + Math.max(0, Number(other.inputs.reservedConcurrentExecutions ?? -1)), wanted);
  if (ACCOUNT_CONCURRENCY - reserved < UNRESERVED_MINIMUM) {
    throw invalidParameter(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_MINIMUM}].`,
    );
  }
}

async function assertMapping({ inputs, refs, cloud }: GuardContext): Promise<void> {
  const { queue } = refs;
  const fn = refs.function;
  if (!queue || !fn) return;
  if (Number(inputs.batchSize ?? 0) > BATCH_WITHOUT_WINDOW && !(Number(inputs.maximumBatchingWindowInSeconds) > 0)) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  const visibility = Number(queue.properties.visibilityTimeoutSeconds);
  const timeout = Number(fn.properties.timeout);
  if (visibility < timeout) {
    throw invalidParameter(
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`,
    );
  }
  const [role] = await cloud.find({ type: 'aws:iam/role:Role', arn: String(fn.inputs.role) });
  if (role && !(await roleAllows(cloud, role, 'sqs:ReceiveMessage'))) {
    throw invalidParameter('The provided execution role does not have permissions to call ReceiveMessage on SQS');
  }
}
