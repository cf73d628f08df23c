import { uuid } from '../identities.js';
import { flag, list, map, pattern, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';
import { roleReference } from './iam.js';

/** Source of quotas: "Quotas in Amazon Cognito" of the Cognito developer guide, defaults. */
const POOLS_PER_REGION = 1000;
const POOL_TYPE = 'aws:cognito/identityPool:IdentityPool';

const invalid = (message: string): CloudError => new CloudError('InvalidParameterException', message);

export const IDENTITY_POOL: ResourceSpec = {
  type: POOL_TYPE,
  kind: 'identity-pool',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    allowClassicFlow: flag({ default: false }),
    allowUnauthenticatedIdentities: flag({ default: false }),
    cognitoIdentityProviders: setOf(),
    developerProviderName: text({ replaces: true }),
    identityPoolName: text({
      required: true,
      replaces: true,
      check: pattern(/^[\w\s+=,.@-]{1,128}$/, 'expected 1 to 128 letters, digits, spaces and _ + = , . @ -'),
    }),
    openidConnectProviderArns: setOf(),
    samlProviderArns: list(),
    supportedLoginProviders: map(),
  },
  outputs: ['arn'],
  id: ({ region, seed }) => `${region}:${uuid(seed)}`,
  arn: ({ region, account, id }) => `arn:aws:cognito-identity:${region}:${account}:identitypool/${id}`,
  compute: () => ({}),
  quotas: (_inputs, { region }) => [
    {
      limit: POOLS_PER_REGION,
      query: { type: POOL_TYPE, region },
      error: new CloudError('LimitExceededException', 'You have reached the limit of identity pools per account'),
    },
  ],
  guard: ({ inputs, region }) => {
    const providers = (inputs.cognitoIdentityProviders ?? []) as Properties[];
    const foreign = providers.find(
      ({ providerName }) =>
        !/^cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/[\w-]+_[0-9A-Za-z]+$/.test(String(providerName)),
    );
    if (foreign)
      throw invalid(`Please provide a valid Cognito user pool of ${region}: ${String(foreign.providerName)}`);
  },
  notFound: noPool,
};

/** The roles of a pool's identities; setting others takes their place. */
export const IDENTITY_POOL_ROLES: ResourceSpec = {
  type: 'aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment',
  kind: 'identity-pool-roles',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    identityPoolId: text({ required: true, replaces: true }),
    roleMappings: setOf(),
    roles: map({
      required: true,
      check: (roles) => {
        const unknown = Object.keys(roles).find((key) => key !== 'authenticated' && key !== 'unauthenticated');
        return unknown === undefined ? undefined : `expected authenticated or unauthenticated, got "${unknown}"`;
      },
    }),
  },
  outputs: [],
  id: ({ inputs }) => needText(inputs, 'identityPoolId'),
  compute: () => ({}),
  references: ({ identityPoolId, roles }, { region }) => {
    const pool = textOf(identityPoolId);
    const references: Record<string, Reference | undefined> = {
      pool:
        pool === undefined
          ? undefined
          : { claim: claimOf(region, 'identity-pool', pool), onDelete: 'cascade', missing: noPool(pool) },
    };
    for (const [kind, arn] of Object.entries((roles ?? {}) as Properties)) {
      references[kind] = roleReference(arn, 'ignore', invalid(`Invalid role ${String(arn)}: it does not exist.`));
    }
    return references;
  },
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'roles-of-identity-pool', String(inputs.identityPoolId)),
      taken: () => noPool(String(inputs.identityPoolId)),
      overwrites: true,
    },
  ],
  notFound: noPool,
};

function noPool(id: string): CloudError {
  return new CloudError('ResourceNotFoundException', `IdentityPool '${id}' not found.`);
}
