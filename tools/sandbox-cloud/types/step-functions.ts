import { flag, json, length, object, oneOf, parseJson, pattern, text } from '../inputs.js';
import { uuid } from '../identities.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type ResourceSpec, textOf } from '../resource-spec.js';
import { roleReference } from './iam.js';
import { logGroupReference } from './logs.js';
import { roleAllows, roleTrusts } from './role-permissions.js';

export const STATE_MACHINE: ResourceSpec = {
  type: 'aws:sfn/stateMachine:StateMachine',
  kind: 'state-machine',
  taggable: true,
  seconds: { create: 2, update: 2, delete: 12 },
  autoName: { maxLength: 80 },
  inputs: {
    definition: json({ required: true, check: length(0, 1024 * 1024) }),
    encryptionConfiguration: object({ computed: true }),
    loggingConfiguration: object({ computed: true }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[a-zA-Z0-9-_]{1,80}$/, 'expected 1 to 80 of the characters A-Z a-z 0-9 - _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    publish: flag({ default: false }),
    roleArn: text({ required: true }),
    tracingConfiguration: object({ computed: true }),
    type: text({ default: 'STANDARD', replaces: true, check: oneOf('STANDARD', 'EXPRESS') }),
  },
  outputs: [
    'arn',
    'creationDate',
    'description',
    'revisionId',
    'stateMachineVersionArn',
    'status',
    'versionDescription',
  ],
  id: ({ inputs, region, account }) => `arn:aws:states:${region}:${account}:stateMachine:${needText(inputs, 'name')}`,
  arn: ({ id }) => id,
  compute: ({ inputs, seed, createdAt, previous }) => ({
    creationDate: createdAt.toISOString().replace(/\.\d{3}Z$/, 'Z'),
    description: '',
    encryptionConfiguration: inputs.encryptionConfiguration ?? { type: 'AWS_OWNED_KEY' },
    loggingConfiguration: inputs.loggingConfiguration ?? { level: 'OFF', includeExecutionData: false },
    namePrefix: inputs.namePrefix ?? '',
    revisionId: previous === undefined ? '' : uuid(`${seed}|${String(inputs.definition)}`),
    stateMachineVersionArn: '',
    status: 'ACTIVE',
    tracingConfiguration: inputs.tracingConfiguration ?? { enabled: false },
    versionDescription: '',
  }),
  references: ({ roleArn, loggingConfiguration }, place) => ({
    role: roleReference(roleArn, 'ignore', notAssumable()),
    group: logGroupReference((loggingConfiguration as Properties | undefined)?.logDestination, place, 'ignore'),
  }),
  claims: ({ inputs, region, account }) => [
    {
      value: claimOf(region, 'state-machine-name', String(inputs.name)),
      taken: () =>
        new CloudError(
          'StateMachineAlreadyExists',
          `State Machine Already Exists: 'arn:aws:states:${region}:${account}:stateMachine:${String(inputs.name)}'`,
        ),
    },
  ],
  guard: async ({ inputs, refs, cloud }) => {
    if (!refs.role || !roleTrusts(refs.role, 'states.amazonaws.com')) throw notAssumable();
    assertDefinition(needText(inputs, 'definition'));
    const { level = 'OFF' } = (inputs.loggingConfiguration ?? {}) as Properties;
    if (level !== 'OFF' && !(await roleAllows(cloud, refs.role, 'logs:CreateLogDelivery'))) {
      throw new CloudError(
        'AccessDeniedException',
        'The state machine IAM Role is not authorized to access the Log Destination',
      );
    }
  },
  notFound: (id) => new CloudError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${id}'`),
};

function notAssumable(): CloudError {
  return new CloudError(
    'AccessDeniedException',
    'Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.',
  );
}

interface State {
  readonly Type?: unknown;
  readonly Next?: unknown;
  readonly Default?: unknown;
  readonly End?: unknown;
  readonly Catch?: readonly { readonly Next?: unknown }[];
  readonly Choices?: readonly { readonly Next?: unknown }[];
}

/** States that nothing follows. */
const FINAL = ['Succeed', 'Fail'];

/** The names of a definition: where it starts and where every state leads to must exist. */
function assertDefinition(text: string): void {
  const invalid = (problem: string): CloudError =>
    new CloudError('InvalidDefinition', `Invalid State Machine Definition: '${problem}'`);
  const { StartAt, States } = (parseJson(text) ?? {}) as { StartAt?: unknown; States?: Record<string, State> };
  if (textOf(StartAt) === undefined || States === undefined) {
    throw invalid('SCHEMA_VALIDATION_FAILED: The required fields StartAt and States are missing at /');
  }
  const assertKnown = (name: unknown, at: string): void => {
    if (name !== undefined && !(String(name) in States)) {
      throw invalid(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${String(name)} at ${at}`);
    }
  };
  assertKnown(StartAt, '/StartAt');
  for (const [name, state] of Object.entries(States)) {
    const at = `/States/${name}`;
    const next = [
      state.Next,
      state.Default,
      ...[state.Catch ?? [], state.Choices ?? []].flat().map(({ Next }) => Next),
    ];
    for (const target of next) assertKnown(target, at);
    const isFinal = state.End === true || FINAL.includes(String(state.Type)) || state.Type === 'Choice';
    if (!isFinal && state.Next === undefined) {
      throw invalid(`SCHEMA_VALIDATION_FAILED: The field 'Next' or 'End' is required at ${at}`);
    }
  }
}
