import { type IdentityProvider, type UserPool, UserPoolClient } from '@pulumi/aws/cognito/index.js';
import { type AuthenticationConfig, type Context, opts } from '../../shared/index.js';

export interface Clients {
  readonly web: UserPoolClient;
  readonly mobile: UserPoolClient;
}

/**
 * Browser and mobile application are public clients: they keep no secret (AUT-3), sign in by SRP or by a code that PKCE binds to
 * them, never by the implicit grant (stacks.md B12).
 */
export function createClients(
  ctx: Context,
  cfg: AuthenticationConfig,
  pool: UserPool,
  google: IdentityProvider | undefined,
): Clients {
  const client = (name: string, callbackUrls: readonly string[], logoutUrls: readonly string[]): UserPoolClient =>
    new UserPoolClient(
      `${name}-client`,
      {
        userPoolId: pool.id,
        generateSecret: false,
        explicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        allowedOauthFlowsUserPoolClient: true,
        allowedOauthFlows: ['code'],
        allowedOauthScopes: ['openid', 'email', 'profile'],
        callbackUrls: [...callbackUrls],
        logoutUrls: [...logoutUrls],
        supportedIdentityProviders: ['COGNITO', ...(google ? [google.providerName] : [])],
        accessTokenValidity: cfg.accessTokenMinutes,
        idTokenValidity: cfg.idTokenMinutes,
        refreshTokenValidity: cfg.refreshTokenDays,
        tokenValidityUnits: { accessToken: 'minutes', idToken: 'minutes', refreshToken: 'days' },
        enableTokenRevocation: true,
        preventUserExistenceErrors: 'ENABLED',
      },
      opts(ctx),
    );
  return {
    web: client('web', cfg.callbackUrls, cfg.logoutUrls),
    mobile: client('mobile', [cfg.mobileRedirectUrl], [cfg.mobileRedirectUrl]),
  };
}
