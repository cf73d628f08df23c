import { uuid } from '../identities.js';
import { flag, json, length, number, oneOf, parseJson, pattern, range, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf, textsOf } from '../resource-spec.js';

/** Source: "Resource quotas" of the KMS developer guide. */
const ALIASES_PER_KEY = 50;

/** A deleted key is gone at once: its waiting period (`deletionWindowInDays`) is validated, not lived through. */
export const KEY: ResourceSpec = {
  type: 'aws:kms/key:Key',
  kind: 'kms-key',
  taggable: true,
  seconds: { create: 12, update: 5, delete: 1 },
  inputs: {
    bypassPolicyLockoutSafetyCheck: flag({ default: false }),
    customKeyStoreId: text({ replaces: true }),
    customerMasterKeySpec: text({
      default: 'SYMMETRIC_DEFAULT',
      replaces: true,
      check: oneOf(
        'SYMMETRIC_DEFAULT',
        'RSA_2048',
        'RSA_3072',
        'RSA_4096',
        'HMAC_224',
        'HMAC_256',
        'HMAC_384',
        'HMAC_512',
        'ECC_NIST_P256',
        'ECC_NIST_P384',
        'ECC_NIST_P521',
        'ECC_SECG_P256K1',
        'ML_DSA_44',
        'ML_DSA_65',
        'ML_DSA_87',
        'SM2',
      ),
    }),
    deletionWindowInDays: number({ check: range(7, 30) }),
    description: text({ computed: true, check: length(0, 8192) }),
    enableKeyRotation: flag({ default: false }),
    isEnabled: flag({ default: true }),
    keyUsage: text({
      default: 'ENCRYPT_DECRYPT',
      replaces: true,
      check: oneOf('ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'),
    }),
    multiRegion: flag({ computed: true, replaces: true }),
    policy: json({ computed: true, check: length(1, 32768) }),
    rotationPeriodInDays: number({ computed: true, check: range(90, 2560) }),
    xksKeyId: text({ replaces: true }),
  },
  outputs: ['arn', 'keyId'],
  validate: (inputs) =>
    inputs.enableKeyRotation === true && inputs.customerMasterKeySpec !== 'SYMMETRIC_DEFAULT'
      ? [{ property: 'enableKeyRotation', reason: 'only symmetric encryption keys can be rotated' }]
      : [],
  id: ({ seed }) => uuid(seed),
  arn: ({ region, account, id }) => `arn:aws:kms:${region}:${account}:key/${id}`,
  compute: ({ inputs, id, account }) => ({
    description: inputs.description ?? '',
    keyId: id,
    multiRegion: inputs.multiRegion ?? false,
    policy: inputs.policy ?? defaultPolicy(account),
    rotationPeriodInDays: inputs.rotationPeriodInDays ?? (inputs.enableKeyRotation ? 365 : 0),
  }),
  guard: ({ inputs, account }) => {
    const policy = textOf(inputs.policy);
    if (!policy) return;
    if (!isPolicyDocument(policy)) {
      throw new CloudError(
        'MalformedPolicyDocumentException',
        'Policy contains a statement with one or more invalid elements.',
      );
    }
    if (inputs.bypassPolicyLockoutSafetyCheck !== true && !keepsAdministration(policy, account)) {
      throw new CloudError(
        'MalformedPolicyDocumentException',
        'The new key policy will not allow you to update the key policy in the future.',
      );
    }
  },
  notFound: (id) => new CloudError('NotFoundException', `Key '${id}' does not exist`),
};

export const ALIAS: ResourceSpec = {
  type: 'aws:kms/alias:Alias',
  kind: 'kms-alias',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 256, prefix: 'alias/' },
  inputs: {
    name: text({
      computed: true,
      replaces: true,
      check: pattern(
        /^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/,
        'expected alias/ and a name that does not begin with aws/',
      ),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    targetKeyId: text({ required: true }),
  },
  outputs: ['arn', 'targetKeyArn'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => `arn:aws:kms:${region}:${account}:${id}`,
  compute: ({ inputs, refs }) => ({ namePrefix: inputs.namePrefix ?? '', targetKeyArn: refs.key?.arn ?? '' }),
  references: ({ targetKeyId }, place) => ({ key: keyReference(targetKeyId, place, 'cascade') }),
  claims: ({ inputs, account, region }) => [
    {
      value: claimOf(region, 'kms-alias', String(inputs.name)),
      taken: () =>
        new CloudError(
          'AlreadyExistsException',
          `An alias with the name arn:aws:kms:${region}:${account}:${String(inputs.name)} already exists`,
        ),
    },
  ],
  quotas: ({ targetKeyId }, place) => {
    const reference = keyReference(targetKeyId, place, 'cascade');
    return reference
      ? [
          {
            limit: ALIASES_PER_KEY,
            query: { type: 'aws:kms/alias:Alias', region: place.region, ref: reference.claim },
            error: new CloudError('LimitExceededException', 'Aliases per key limit exceeded'),
          },
        ]
      : [];
  },
  notFound: (id) => new CloudError('NotFoundException', `Alias ${id} is not found.`),
};

/** A key by id, key ARN, alias name or alias ARN. Keys of AWS itself (`alias/aws/…`) always exist. */
export function keyReference(
  key: unknown,
  place: Place,
  onDelete: Reference['onDelete'],
  missing?: CloudError,
): Reference | undefined {
  const value = textOf(key)?.replace(/^arn:aws:kms:[a-z0-9-]+:\d{12}:(key\/)?/, '');
  if (value === undefined || value.startsWith('alias/aws/')) return undefined;
  const kind = value.startsWith('alias/') ? 'kms-alias' : 'kms-key';
  return {
    claim: claimOf(place.region, kind, value),
    onDelete,
    missing: missing ?? new CloudError('NotFoundException', `Key '${String(key)}' does not exist`),
  };
}

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
}

function statementsOf(policy: string): Statement[] {
  const document = parseJson(policy) as { Statement?: Statement | Statement[] } | null | undefined;
  return [document?.Statement ?? []].flat();
}

function isPolicyDocument(policy: string): boolean {
  const statements = statementsOf(policy);
  return statements.length > 0 && statements.every(({ Effect }) => Effect === 'Allow' || Effect === 'Deny');
}

/** KMS refuses a policy under which nobody could ever change the policy again. */
function keepsAdministration(policy: string, account: string): boolean {
  return statementsOf(policy).some(({ Effect, Principal, Action }) => {
    const principals = typeof Principal === 'string' ? [Principal] : many((Principal as Properties | null)?.AWS);
    const isOurs = principals.some(
      (one) => one === '*' || one === account || one.startsWith(`arn:aws:iam::${account}:`),
    );
    const mayPut = many(Action).some((action) => /^(\*|kms:\*|kms:Put\*|kms:PutKeyPolicy)$/.test(action));
    return Effect === 'Allow' && isOurs && mayPut;
  });
}

function many(value: unknown): string[] {
  return typeof value === 'string' ? [value] : textsOf(value);
}

function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}
