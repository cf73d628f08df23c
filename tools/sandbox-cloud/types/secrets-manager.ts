import type { CloudResource } from '../account-store.port.js';
import { hex, uuid } from '../identities.js';
import { flag, json, length, number, object, pattern, range, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type InvokeContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { assertPolicyDocument } from './iam.js';
import { keyReference } from './kms.js';

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
/** Characters. Source: PutSecretValue of the Secrets Manager API. */
const LONGEST_VALUE = 65_536;
/** Characters of the suffix that Secrets Manager puts behind the name in an ARN. */
const ARN_SUFFIX = 6;

/** A deleted secret is gone at once: its recovery window is validated, not lived through. */
export const SECRET: ResourceSpec = {
  type: 'aws:secretsmanager/secret:Secret',
  kind: 'secret',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 512 },
  inputs: {
    description: text({ check: length(0, 2048) }),
    forceOverwriteReplicaSecret: flag({ default: false }),
    kmsKeyId: text(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9/_+=.@-]{1,512}$/, 'expected 1 to 512 of the characters A-Z a-z 0-9 / _ + = . @ -'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    policy: json({ computed: true }),
    recoveryWindowInDays: number({
      default: 30,
      check: (days) =>
        days === 0 || (days >= 7 && days <= 30) ? undefined : `expected 0 or to be in the range (7 - 30), got ${days}`,
    }),
    replicas: setOf({ computed: true }),
    type: text({ replaces: true }),
  },
  outputs: ['arn'],
  id: (context) => secretArn(context, needText(context.inputs, 'name'), context.seed),
  arn: ({ id }) => id,
  compute: ({ inputs }) => ({
    namePrefix: inputs.namePrefix ?? '',
    policy: inputs.policy ?? '',
    replicas: inputs.replicas ?? [],
  }),
  references: ({ kmsKeyId }, place) => ({
    key: keyReference(
      kmsKeyId,
      place,
      'ignore',
      new CloudError(
        'EncryptionFailure',
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state.",
      ),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'secret', String(inputs.name)),
      taken: () =>
        new CloudError(
          'ResourceExistsException',
          `The operation failed because the secret ${String(inputs.name)} already exists.`,
        ),
    },
  ],
  guard: ({ inputs }) => {
    const policy = textOf(inputs.policy);
    if (policy) assertPolicyDocument(policy, 'Principal');
  },
  notFound: noSecret,
};

/** A value of a secret. The newest one is current; the one before is kept as the previous. */
export const SECRET_VERSION: ResourceSpec = {
  type: 'aws:secretsmanager/secretVersion:SecretVersion',
  kind: 'secret-version',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    secretBinary: text({ replaces: true, secret: true, check: length(1, LONGEST_VALUE) }),
    secretId: text({ required: true, replaces: true }),
    secretString: text({ replaces: true, secret: true, check: length(1, LONGEST_VALUE) }),
    secretStringWo: text({ secret: true, check: length(1, LONGEST_VALUE) }),
    secretStringWoVersion: number({ replaces: true }),
    versionStages: setOf({ computed: true }),
  },
  outputs: ['arn', 'hasSecretStringWo', 'secretArn', 'versionId'],
  validate: (inputs) => {
    const given = ['secretBinary', 'secretString', 'secretStringWo'].filter((key) => inputs[key] !== undefined);
    return given.length > 1 ? [{ property: given[1] ?? '', reason: `"${given[1]}": conflicts with ${given[0]}` }] : [];
  },
  id: ({ inputs, seed }) => `${needText(inputs, 'secretId')}|${versionId(seed)}`,
  compute: ({ inputs, refs, seed }) => ({
    arn: refs.secret?.arn ?? '',
    hasSecretStringWo: inputs.secretStringWo !== undefined,
    secretArn: refs.secret?.arn ?? '',
    secretStringWo: undefined, // write-only
    versionId: versionId(seed),
    versionStages: inputs.versionStages ?? [CURRENT],
  }),
  references: ({ secretId }, place) => ({ secret: secretReference(secretId, place, 'cascade') }),
  guard: async ({ inputs, refs, cloud, self }) => {
    if (['secretBinary', 'secretString', 'secretStringWo'].every((key) => inputs[key] === undefined)) {
      throw new CloudError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    }
    const isCurrent = inputs.versionStages === undefined || textsOf(inputs.versionStages).includes(CURRENT);
    if (self !== undefined || !isCurrent || !refs.secret) return;
    for (const version of await versionsOf(refs.secret, cloud)) {
      const stages = textsOf(version.properties.versionStages);
      const left = stages.includes(CURRENT) ? [PREVIOUS] : stages.filter((stage) => stage !== PREVIOUS);
      await cloud.amend(version, { versionStages: left });
    }
  },
  notFound: (id) => noValue(`version: ${id.split('|').pop() ?? ''}`),
};

/** A schedule put over one that is there takes its place, as in AWS. Secrets of RDS rotate by themselves, others by a function. */
export const SECRET_ROTATION: ResourceSpec = {
  type: 'aws:secretsmanager/secretRotation:SecretRotation',
  kind: 'secret-rotation',
  seconds: { create: 2, update: 2, delete: 1 },
  inputs: {
    externalSecretRotationMetadatas: setOf(),
    externalSecretRotationRoleArn: text(),
    rotateImmediately: flag({ default: true }),
    rotationEnabled: flag({ computed: true }),
    rotationLambdaArn: text(),
    rotationRules: object({ check: rotationRules }),
    secretId: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => needText(inputs, 'secretId'),
  compute: ({ inputs }) => ({ rotationEnabled: inputs.rotationEnabled ?? true }),
  references: ({ secretId }, place) => ({ secret: secretReference(secretId, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'secret-rotation', String(inputs.secretId)),
      taken: noSecret,
      overwrites: true,
    },
  ],
  guard: ({ inputs, refs }) => {
    const isManaged = refs.secret !== undefined && refs.secret.type !== SECRET.type;
    if (isManaged && inputs.rotationLambdaArn !== undefined) {
      throw new CloudError('InvalidRequestException', "You can't set a rotation function on a managed secret.");
    }
    if (!isManaged && !textOf(inputs.rotationLambdaArn)) {
      throw new CloudError(
        'InvalidRequestException',
        'No Lambda rotation function ARN is associated with this secret.',
      );
    }
    if (inputs.rotationRules === undefined) {
      throw new CloudError('InvalidParameterException', 'You must specify RotationRules.');
    }
  },
  notFound: noSecret,
};

function rotationRules({ automaticallyAfterDays: days, scheduleExpression: schedule }: Properties): string | undefined {
  if ((days === undefined) === (schedule === undefined)) {
    return 'one of automaticallyAfterDays, scheduleExpression must be specified';
  }
  return typeof days === 'number' ? range(1, 1000)(days) : undefined;
}

/** A secret by ARN or name. */
export function secretReference(secret: unknown, place: Place, onDelete: Reference['onDelete']): Reference | undefined {
  const value = textOf(secret);
  return value === undefined
    ? undefined
    : { claim: claimOf(place.region, 'secret', value), onDelete, missing: noSecret() };
}

/** Answer of `getSecretVersion`: a version that a program wrote, else what an administrator gave the look-ups to find. */
export async function secretVersion(args: Properties, context: InvokeContext): Promise<Properties> {
  const { cloud, parameters } = context;
  const region = textOf(args.region) ?? context.region;
  const secretId = needText(args, 'secretId');
  const stage = textOf(args.versionStage) ?? CURRENT;
  const wantedId = textOf(args.versionId);
  const [secret] = await cloud.findByClaims([claimOf(region, 'secret', secretId)]);
  const found = secret
    ? (await versionsOf(secret, cloud)).find(({ properties }) =>
        wantedId ? properties.versionId === wantedId : textsOf(properties.versionStages).includes(stage),
      )
    : undefined;
  const entered = (await parameters()).secrets;
  const text = entered[secretId] ?? entered[String(secret?.inputs.name)];
  if (!found && !secret && text === undefined) throw noSecret();
  if (!found && text === undefined) throw noValue(wantedId ? `version: ${wantedId}` : `staging label: ${stage}`);

  const arn = secret?.arn ?? (secretId.startsWith('arn:') ? secretId : secretArn(context, secretId, secretId));
  return {
    arn,
    createdDate: (found ?? secret)?.createdAt.toISOString() ?? '',
    id: `${secretId}|${wantedId ?? stage}`,
    region,
    secretArn: arn,
    secretBinary: found?.inputs.secretBinary ?? '',
    secretId,
    secretString: found ? (found.inputs.secretString ?? found.inputs.secretStringWo ?? '') : text,
    versionId: found?.properties.versionId ?? uuid(arn),
    versionStage: stage,
    versionStages: found?.properties.versionStages ?? [CURRENT],
  };
}

function versionsOf(secret: CloudResource, cloud: InvokeContext['cloud']): Promise<CloudResource[]> {
  const names = [secret.arn, String(secret.inputs.name)];
  return cloud.find({
    type: SECRET_VERSION.type,
    ref: names.map((value) => claimOf(secret.region, 'secret', value)),
  });
}

function secretArn({ region, account }: Place, name: string, seed: string): string {
  return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${hex(`${seed}|arn`, ARN_SUFFIX)}`;
}

/** The provider's own request token, which Secrets Manager takes as the id. */
function versionId(seed: string): string {
  return `terraform-${hex(`${seed}|version`, 26)}`;
}

function noSecret(): CloudError {
  return new CloudError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

function noValue(what: string): CloudError {
  return new CloudError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${what}`,
  );
}
