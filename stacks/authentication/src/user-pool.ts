import { UserGroup, UserPool, UserPoolDomain } from '@pulumi/aws/cognito/index.js';
import { type AuthenticationConfig, type Context, name, opts, tags } from '../../shared/index.js';

export interface Users {
  readonly pool: UserPool;
  readonly domain: UserPoolDomain;
}

/** Characters of a pool's name. */
const NAME_LIMIT = 128;

/** Days in which an invited user must choose a password. */
const TEMPORARY_PASSWORD_DAYS = 7;

/** The one pool of the deployment (AUT-1), its hosted sign-in page and its groups. No trigger confirms anybody (AUT-2). */
export function createUserPool(ctx: Context, cfg: AuthenticationConfig): Users {
  const hasMfa = cfg.mfaMode !== undefined && cfg.mfaMode !== 'OFF';
  const pool = new UserPool(
    'user-pool',
    {
      name: name(ctx, 'user-pool', NAME_LIMIT),
      usernameAttributes: ['email'],
      usernameConfiguration: { caseSensitive: false },
      autoVerifiedAttributes: ['email'],
      userAttributeUpdateSettings: { attributesRequireVerificationBeforeUpdates: ['email'] },
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
      adminCreateUserConfig: { allowAdminCreateUserOnly: !cfg.selfSignUp },
      passwordPolicy: {
        minimumLength: cfg.passwordMinimumLength,
        requireLowercase: true,
        requireUppercase: true,
        requireNumbers: true,
        requireSymbols: true,
        temporaryPasswordValidityDays: TEMPORARY_PASSWORD_DAYS,
      },
      mfaConfiguration: cfg.mfaMode,
      softwareTokenMfaConfiguration: hasMfa ? { enabled: true } : undefined, // Cognito refuses a factor while MFA is off
      deletionProtection: ctx.protectStateful ? 'ACTIVE' : 'INACTIVE',
      tags: tags(ctx, 'user-pool'),
    },
    opts(ctx, { stateful: true }),
  );
  const domain = new UserPoolDomain(
    'user-pool-domain',
    { domain: `${ctx.depId}-${ctx.environment}`, userPoolId: pool.id },
    opts(ctx),
  );
  for (const group of cfg.groups) {
    new UserGroup(`${group}-group`, { name: group, userPoolId: pool.id }, opts(ctx));
  }
  return { pool, domain };
}
