import * as pulumi from '@pulumi/pulumi';
import {
  type AuthenticationConfig,
  assertFqdn,
  assertMatches,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  envDomainOf,
  input,
  loadContext,
  MFA_MODES,
} from '../../shared/index.js';
import { createClients } from './clients.js';
import { createIdentityPool } from './identity-pool.js';
import { createGoogle } from './identity-providers.js';
import { authenticationOutputs } from './outputs.js';
import { createUserPool } from './user-pool.js';

function readConfig(ctx: Context): AuthenticationConfig {
  const read = input(new pulumi.Config('authentication'));
  const range = (key: string, value: number | undefined, minimum: number, maximum: number) =>
    value === undefined ? undefined : assertRange(`authentication:${key}`, value, minimum, maximum);
  const root = `https://${envDomainOf(ctx.environment, assertFqdn('authentication:domain', read.requireString('domain')))}`;
  const urls = (key: 'callbackPaths' | 'logoutPaths', paths: readonly string[] = []) =>
    paths.map((path) => root + assertMatches(`authentication:${key}`, path, /^\//, 'must start with /'));

  const mode = read.optString('mfaMode');
  const mfaMode = mode === undefined ? undefined : assertOneOf('authentication:mfaMode', mode, MFA_MODES);
  if (ctx.environment === 'prod') {
    assertThat('authentication:mfaMode', mfaMode, mfaMode === 'OPTIONAL' || mfaMode === 'ON', 'OFF is refused in prod');
  }
  const secure = ctx.environment === 'dev' ? /^(https:\/\/|http:\/\/localhost([:/]|$))/ : /^https:\/\//;
  const extraCallbackUrls = (read.optArray('extraCallbackUrls') ?? []).map((url) =>
    assertMatches('authentication:extraCallbackUrls', url, secure, 'expected https, or http://localhost in dev'),
  );
  const callbackUrls = [...urls('callbackPaths', read.optArray('callbackPaths')), ...extraCallbackUrls];
  assertThat('authentication:callbackPaths', [], callbackUrls.length > 0, 'a code grant needs somewhere to return to');
  const scheme = assertMatches(
    'authentication:mobileRedirectScheme',
    read.optString('mobileRedirectScheme') ?? ctx.project,
    /^[a-z][a-z0-9+.-]*$/,
    'expected a scheme that begins with a letter, like web-shop',
  );
  const groups = read.optArray('groups');
  if (groups) {
    const areNames = groups.every((group) => /^[\w+=,.@-]{1,128}$/.test(group));
    const isUnique = new Set(groups).size === groups.length;
    const isFew = groups.length >= 1 && groups.length <= 25;
    assertThat('authentication:groups', groups, areNames && isUnique && isFew, 'expected 1 to 25 names, each once');
  }
  const enableGoogle = read.optBool('enableGoogle');
  const googleClientId = read.optString('googleClientId');
  if (enableGoogle) {
    assertThat('authentication:googleClientId', googleClientId, googleClientId !== undefined, 'enableGoogle needs it');
  }
  assertThat(
    'authentication:deploymentId',
    ctx.deploymentId,
    !/aws|amazon|cognito/.test(ctx.depId),
    'Cognito refuses a domain prefix that contains aws, amazon or cognito',
  );

  return {
    oauthSecretArn: enableGoogle
      ? read.requireString('oauthSecretArn', 'secrets:oauthSecretsArn')
      : read.requireOutput('oauthSecretArn'),
    passwordMinimumLength: range('passwordMinimumLength', read.optNumber('passwordMinimumLength'), 8, 99),
    mfaMode,
    selfSignUp: read.optBool('selfSignUp'),
    callbackUrls,
    logoutUrls: urls('logoutPaths', read.optArray('logoutPaths')),
    mobileRedirectUrl: `${scheme}://auth`,
    accessTokenMinutes: range('accessTokenMinutes', read.optNumber('accessTokenMinutes'), 5, 1440),
    idTokenMinutes: range('idTokenMinutes', read.optNumber('idTokenMinutes'), 5, 1440),
    refreshTokenDays: range('refreshTokenDays', read.optNumber('refreshTokenDays'), 1, 3650),
    groups: groups ?? [],
    enableIdentityPool: read.optBool('enableIdentityPool'),
    googleClientId: enableGoogle ? googleClientId : undefined,
  };
}

const ctx = loadContext('authentication');
const cfg = readConfig(ctx);

const users = createUserPool(ctx, cfg);
const google = createGoogle(ctx, cfg, users.pool);
const clients = createClients(ctx, cfg, users.pool, google);
const identities = createIdentityPool(ctx, cfg, users.pool, clients);

export = authenticationOutputs(ctx, { users, clients, identities });
