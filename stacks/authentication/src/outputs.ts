import * as pulumi from '@pulumi/pulumi';
import { type AuthenticationOutputs, commonOutputs, type Context } from '../../shared/index.js';
import type { Clients } from './clients.js';
import type { Identities } from './identity-pool.js';
import { version } from './package.json';
import type { Users } from './user-pool.js';

export interface AuthenticationResources {
  readonly users: Users;
  readonly clients: Clients;
  readonly identities: Identities | undefined;
}

export function authenticationOutputs(ctx: Context, resources: AuthenticationResources): AuthenticationOutputs {
  const { users, clients, identities } = resources;
  return {
    ...commonOutputs(ctx, version),
    userPoolId: users.pool.id,
    userPoolArn: users.pool.arn,
    userPoolEndpoint: users.pool.endpoint,
    userPoolIssuerUrl: pulumi.interpolate`https://cognito-idp.${ctx.region}.amazonaws.com/${users.pool.id}`,
    userPoolDomain: users.domain.domain,
    webClientId: clients.web.id,
    mobileClientId: clients.mobile.id,
    identityPoolId: identities?.pool.id ?? '',
    authenticatedRoleArn: identities?.role.arn ?? '',
  };
}
