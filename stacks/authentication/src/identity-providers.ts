import { IdentityProvider, type UserPool } from '@pulumi/aws/cognito/index.js';
import { getSecretVersionOutput } from '@pulumi/aws/secretsmanager/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type AuthenticationConfig, type Context, InvalidInput, opts } from '../../shared/index.js';

/** Key of the client secret inside the JSON that a person enters into the secret `oauth-providers`. */
const GOOGLE_SECRET_KEY = 'googleClientSecret';

/** What Cognito adds by itself; left out, every refresh would find a difference. */
const GOOGLE_ENDPOINTS = {
  attributes_url: 'https://people.googleapis.com/v1/people/me?personFields=',
  attributes_url_add_attributes: 'true',
  authorize_url: 'https://accounts.google.com/o/oauth2/v2/auth',
  oidc_issuer: 'https://accounts.google.com',
  token_request_method: 'POST',
  token_url: 'https://www.googleapis.com/oauth2/v4/token',
};

/** Sign-in with Google; undefined when off. Its client secret never leaves the secret Output. */
export function createGoogle(ctx: Context, cfg: AuthenticationConfig, pool: UserPool): IdentityProvider | undefined {
  const { googleClientId, oauthSecretArn } = cfg;
  if (googleClientId === undefined) return undefined;
  const entered = pulumi.secret(getSecretVersionOutput({ secretId: oauthSecretArn }).secretString);
  return new IdentityProvider(
    'google',
    {
      userPoolId: pool.id,
      providerName: 'Google',
      providerType: 'Google',
      providerDetails: {
        ...GOOGLE_ENDPOINTS,
        client_id: googleClientId,
        client_secret: entered.apply((text) => googleSecret(oauthSecretArn, text)),
        authorize_scopes: 'openid email profile',
      },
      attributeMapping: { username: 'sub', email: 'email', email_verified: 'email_verified', name: 'name' },
    },
    opts(ctx),
  );
}

/** @throws InvalidInput naming the secret, never its text */
function googleSecret(arn: string, text: string): string {
  const expected = `expected a secret that holds JSON with the text ${GOOGLE_SECRET_KEY}`;
  let entered: unknown;
  try {
    entered = JSON.parse(text);
  } catch {
    throw new InvalidInput('authentication:oauthSecretArn', arn, expected);
  }
  const secret = (entered as Record<string, unknown> | null)?.[GOOGLE_SECRET_KEY];
  if (typeof secret !== 'string' || secret === '')
    throw new InvalidInput('authentication:oauthSecretArn', arn, expected);
  return secret;
}
