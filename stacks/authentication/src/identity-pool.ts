import { IdentityPool, IdentityPoolRoleAttachment, type UserPool } from '@pulumi/aws/cognito/index.js';
import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { type AuthenticationConfig, type Context, name, opts, policy, tags } from '../../shared/index.js';
import type { Clients } from './clients.js';

export interface Identities {
  readonly pool: IdentityPool;
  readonly role: Role;
}

/** Characters of an identity pool's name. */
const NAME_LIMIT = 128;

/** AWS credentials for users who have signed in, and for nobody else; undefined when off. */
export function createIdentityPool(
  ctx: Context,
  cfg: AuthenticationConfig,
  users: UserPool,
  clients: Clients,
): Identities | undefined {
  if (!cfg.enableIdentityPool) return undefined;
  const pool = new IdentityPool(
    'identity-pool',
    {
      identityPoolName: name(ctx, 'identity-pool', NAME_LIMIT),
      allowUnauthenticatedIdentities: false,
      allowClassicFlow: false,
      cognitoIdentityProviders: [clients.web, clients.mobile].map(({ id }) => ({
        clientId: id,
        providerName: users.endpoint,
        serverSideTokenCheck: true, // a token that was revoked buys nothing
      })),
      tags: tags(ctx, 'identity-pool'),
    },
    opts(ctx),
  );
  const role = new Role(
    'authenticated-role',
    {
      assumeRolePolicy: policy([
        {
          sid: 'AssumeRole',
          principal: { Federated: 'cognito-identity.amazonaws.com' },
          actions: ['sts:AssumeRoleWithWebIdentity'],
          condition: {
            StringEquals: { 'cognito-identity.amazonaws.com:aud': pool.id },
            'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
          },
        },
      ]),
      tags: tags(ctx, 'authenticated-role'),
    },
    opts(ctx),
  );
  new RolePolicy(
    'authenticated-policy',
    {
      role: role.id,
      policy: policy([
        {
          sid: 'OwnIdentity',
          actions: ['cognito-identity:GetCredentialsForIdentity', 'cognito-identity:GetId'],
          resources: [pool.arn],
        },
      ]),
    },
    opts(ctx),
  );
  new IdentityPoolRoleAttachment(
    'identity-pool-roles',
    { identityPoolId: pool.id, roles: { authenticated: role.arn } },
    opts(ctx),
  );
  return { pool, role };
}
