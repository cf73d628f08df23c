import { hex, upperAlphanumeric } from '../identities.js';
import { flag, json, length, list, number, pattern, range, setOf, text } from '../inputs.js';
import { statementsOf } from '../policy-document.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';

const GLOBAL = 'global';
const ROLE_NAME = pattern(/^[\w+=,.@-]{1,64}$/, 'expected 1 to 64 of the characters A-Z a-z 0-9 + = , . @ - _');
const POLICY_NAME = pattern(/^[\w+=,.@-]{1,128}$/, 'expected 1 to 128 of the characters A-Z a-z 0-9 + = , . @ - _');
export const PATH = pattern(/^\/([\x21-\x7e]{0,510}\/)?$/, 'expected a path that begins and ends with /');

/** Source of quotas: "IAM and AWS STS quotas" of the IAM user guide, defaults. */
const ROLES_PER_ACCOUNT = 1000;
const POLICIES_PER_ACCOUNT = 1500;
const OIDC_PROVIDERS_PER_ACCOUNT = 100;
const POLICIES_PER_ROLE = 10;
/** Characters of a policy of the account, white space not counted. */
const POLICY_SIZE = 6144;
/** Characters of all inline policies of a role together, white space not counted. */
const INLINE_POLICY_SIZE = 10_240;

export const ROLE: ResourceSpec = {
  type: 'aws:iam/role:Role',
  kind: 'iam-role',
  global: true,
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 64 },
  inputs: {
    assumeRolePolicy: json({ required: true }),
    description: text({ check: length(0, 1000) }),
    forceDetachPolicies: flag({ default: false }),
    inlinePolicies: setOf({ computed: true }),
    managedPolicyArns: setOf({ computed: true }),
    maxSessionDuration: number({ default: 3600, check: range(3600, 43_200) }),
    name: text({ computed: true, replaces: true, check: ROLE_NAME }),
    namePrefix: text({ computed: true, replaces: true, check: length(0, 38) }),
    path: text({ default: '/', replaces: true, check: PATH }),
    permissionsBoundary: text(),
  },
  outputs: ['arn', 'createDate', 'uniqueId'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ account, inputs, id }) => `arn:aws:iam::${account}:role${String(inputs.path)}${id}`,
  compute: ({ inputs, seed, createdAt }) => ({
    createDate: createdAt.toISOString().replace(/\.\d{3}Z$/, 'Z'),
    inlinePolicies: inputs.inlinePolicies ?? [],
    managedPolicyArns: inputs.managedPolicyArns ?? [],
    namePrefix: inputs.namePrefix ?? '',
    uniqueId: `AROA${upperAlphanumeric(seed, 17)}`,
  }),
  claims: ({ inputs }) => {
    const name = String(inputs.name);
    const taken = (): CloudError => new CloudError('EntityAlreadyExists', `Role with name ${name} already exists.`);
    return [
      { value: claimOf(GLOBAL, 'iam-role', name), taken },
      { value: claimOf(GLOBAL, 'iam-role-any-case', name.toLowerCase()), taken }, // names differ by more than case
    ];
  },
  quotas: () => [
    {
      limit: ROLES_PER_ACCOUNT,
      query: { type: 'aws:iam/role:Role' },
      error: new CloudError('LimitExceeded', `Cannot exceed quota for RolesPerAccount: ${ROLES_PER_ACCOUNT}`),
    },
  ],
  guard: ({ inputs }) => assertPolicyDocument(needText(inputs, 'assumeRolePolicy'), 'Principal'),
  isForced: ({ forceDetachPolicies }) => forceDetachPolicies === true,
  notFound: noRole,
  inUse: (_role, referrer) =>
    new CloudError(
      'DeleteConflict',
      referrer.type === ROLE_POLICY.type
        ? 'Cannot delete entity, must delete policies first.'
        : 'Cannot delete entity, must detach all policies first.',
    ),
};

/** Puts an inline policy: a second one of the same name simply takes its place, as in AWS. */
export const ROLE_POLICY: ResourceSpec = {
  type: 'aws:iam/rolePolicy:RolePolicy',
  kind: 'iam-role-policy',
  global: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    name: text({ computed: true, replaces: true, check: POLICY_NAME }),
    namePrefix: text({ computed: true, replaces: true }),
    policy: json({ required: true }),
    role: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => `${needText(inputs, 'role')}:${needText(inputs, 'name')}`,
  compute: ({ inputs }) => ({ namePrefix: inputs.namePrefix ?? '' }),
  references: ({ role }) => ({ role: roleReference(role, 'refuse') }),
  claims: ({ inputs }) => [
    {
      value: claimOf(GLOBAL, 'iam-role-policy', `${String(inputs.role)}:${String(inputs.name)}`),
      taken: () => noPolicy(String(inputs.name)),
      overwrites: true,
    },
  ],
  guard: async ({ inputs, cloud, self }) => {
    const policy = needText(inputs, 'policy');
    assertPolicyDocument(policy, 'Action');
    const role = needText(inputs, 'role');
    const others = await cloud.find({ type: 'aws:iam/rolePolicy:RolePolicy', ref: claimOf(GLOBAL, 'iam-role', role) });
    const size = others
      .filter(({ key, inputs: other }) => key !== self && other.name !== inputs.name)
      .reduce((sum, other) => sum + sizeOf(String(other.inputs.policy)), sizeOf(policy));
    if (size > INLINE_POLICY_SIZE) {
      throw new CloudError(
        'LimitExceeded',
        `Maximum policy size of ${INLINE_POLICY_SIZE} bytes exceeded for role ${role}`,
      );
    }
  },
  notFound: noPolicy,
};

/** A policy of the account's own, to be attached by its ARN. */
export const POLICY: ResourceSpec = {
  type: 'aws:iam/policy:Policy',
  kind: 'iam-policy',
  global: true,
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    delayAfterPolicyCreationInMs: number(),
    description: text({ replaces: true, check: length(0, 1000) }),
    name: text({ computed: true, replaces: true, check: POLICY_NAME }),
    namePrefix: text({ computed: true, replaces: true }),
    path: text({ default: '/', replaces: true, check: PATH }),
    policy: json({ required: true }),
  },
  outputs: ['arn', 'attachmentCount', 'policyId'],
  id: ({ account, inputs }) => policyArn(account, inputs),
  arn: ({ account, inputs }) => policyArn(account, inputs),
  compute: ({ inputs, seed }) => ({
    attachmentCount: 0,
    namePrefix: inputs.namePrefix ?? '',
    policyId: `ANPA${upperAlphanumeric(seed, 17)}`,
  }),
  claims: ({ inputs }) => {
    const name = String(inputs.name);
    const taken = (): CloudError =>
      new CloudError('EntityAlreadyExists', `A policy called ${name} already exists. Duplicate names are not allowed.`);
    return [{ value: claimOf(GLOBAL, 'iam-policy-any-case', name.toLowerCase()), taken }];
  },
  quotas: () => [
    {
      limit: POLICIES_PER_ACCOUNT,
      query: { type: 'aws:iam/policy:Policy' },
      error: new CloudError('LimitExceeded', `Cannot exceed quota for PoliciesPerAccount: ${POLICIES_PER_ACCOUNT}`),
    },
  ],
  guard: ({ inputs }) => {
    const policy = needText(inputs, 'policy');
    assertPolicyDocument(policy, 'Action');
    if (sizeOf(policy) > POLICY_SIZE) {
      throw new CloudError('LimitExceeded', `Cannot exceed quota for PolicySize: ${POLICY_SIZE}`);
    }
  },
  notFound: (arn) => new CloudError('NoSuchEntity', `Policy ${arn} was not found.`),
  inUse: () => new CloudError('DeleteConflict', 'Cannot delete a policy attached to entities.'),
};

/** Attaching what is attached already changes nothing, as in AWS. */
export const ROLE_POLICY_ATTACHMENT: ResourceSpec = {
  type: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
  kind: 'iam-role-attachment',
  global: true,
  seconds: { create: 1, delete: 1 },
  inputs: {
    policyArn: text({
      required: true,
      replaces: true,
      check: pattern(/^arn:aws:iam::(aws|\d{12}):policy\/.+$/, 'expected the ARN of a policy'),
    }),
    role: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => `${needText(inputs, 'role')}/${needText(inputs, 'policyArn')}`,
  compute: () => ({}),
  references: ({ role, policyArn }) => ({
    role: roleReference(role, 'refuse'),
    policy: policyReference(policyArn),
  }),
  claims: ({ inputs }) => [
    {
      value: claimOf(GLOBAL, 'iam-role-attachment', `${String(inputs.role)}/${String(inputs.policyArn)}`),
      taken: () => noPolicy(String(inputs.policyArn)),
      overwrites: true,
    },
  ],
  quotas: ({ role }) => [
    {
      limit: POLICIES_PER_ROLE,
      query: {
        type: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
        ref: claimOf(GLOBAL, 'iam-role', String(role)),
      },
      error: new CloudError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${POLICIES_PER_ROLE}`),
    },
  ],
  notFound: noPolicy,
};

/** Issuer of web identities that roles may trust; IAM finds its certificate authority by itself where no thumbprint is given. */
export const OPEN_ID_CONNECT_PROVIDER: ResourceSpec = {
  type: 'aws:iam/openIdConnectProvider:OpenIdConnectProvider',
  kind: 'iam-oidc-provider',
  global: true,
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    clientIdLists: setOf({ required: true }),
    thumbprintLists: list({ computed: true }),
    url: text({
      required: true,
      replaces: true,
      check: pattern(/^https:\/\/[^\s?#]{1,250}$/, 'expected an https URL without query'),
    }),
  },
  outputs: ['arn'],
  id: ({ account, inputs }) => oidcArn(account, inputs),
  arn: ({ account, inputs }) => oidcArn(account, inputs),
  compute: ({ inputs }) => ({ thumbprintLists: inputs.thumbprintLists ?? [hex(String(inputs.url), 40)] }),
  claims: ({ inputs }) => [
    {
      value: claimOf(GLOBAL, 'iam-oidc-url', String(inputs.url)),
      taken: () => new CloudError('EntityAlreadyExists', `Provider with url ${String(inputs.url)} already exists.`),
    },
  ],
  quotas: () => [
    {
      limit: OIDC_PROVIDERS_PER_ACCOUNT,
      query: { type: 'aws:iam/openIdConnectProvider:OpenIdConnectProvider' },
      error: new CloudError(
        'LimitExceeded',
        `Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${OIDC_PROVIDERS_PER_ACCOUNT}`,
      ),
    },
  ],
  notFound: (arn) => new CloudError('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`),
};

function oidcArn(account: string, inputs: Properties): string {
  return `arn:aws:iam::${account}:oidc-provider/${needText(inputs, 'url').replace(/^https:\/\//, '')}`;
}

function policyArn(account: string, inputs: Properties): string {
  return `arn:aws:iam::${account}:policy${String(inputs.path ?? '/')}${needText(inputs, 'name')}`;
}

/** A role by name or ARN. */
export function roleReference(
  role: unknown,
  onDelete: Reference['onDelete'],
  missing?: CloudError,
): Reference | undefined {
  const value = textOf(role);
  if (value === undefined) return undefined;
  const name = value.startsWith('arn:') ? (value.split('/').pop() ?? '') : value;
  return { claim: claimOf(GLOBAL, 'iam-role', name), onDelete, missing: missing ?? noRole(name) };
}

/** A policy of the account; those of AWS itself always exist. */
export function policyReference(policyArn: unknown): Reference | undefined {
  const arn = textOf(policyArn);
  if (arn === undefined || arn.startsWith('arn:aws:iam::aws:policy/')) return undefined;
  return {
    claim: claimOf(GLOBAL, 'iam-policy', arn),
    onDelete: 'refuse',
    missing: new CloudError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`),
  };
}

/** @param needed the element every statement must have besides Effect: Principal in trust policies, Action in others */
export function assertPolicyDocument(policy: string, needed: 'Principal' | 'Action'): void {
  const statements = statementsOf(policy);
  const isComplete = statements.every(
    (statement) =>
      (statement.Effect === 'Allow' || statement.Effect === 'Deny') &&
      (needed in statement || `Not${needed}` in statement),
  );
  if (statements.length === 0 || !isComplete) {
    throw new CloudError('MalformedPolicyDocument', 'Syntax errors in policy.');
  }
}

function sizeOf(policy: string): number {
  return policy.replace(/\s/g, '').length;
}

function noRole(name: string): CloudError {
  return new CloudError('NoSuchEntity', `The role with name ${name} cannot be found.`);
}

function noPolicy(name: string): CloudError {
  return new CloudError('NoSuchEntity', `The policy ${name} cannot be found.`);
}
