import { createHash } from 'node:crypto';
import { hex } from '../identities.js';
import { flag, length, list, map, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf, textsOf } from '../resource-spec.js';
import { certificateReference } from './acm.js';
import { roleReference } from './iam.js';

const POOL_TYPE = 'aws:cognito/userPool:UserPool';
const IDENTITY_PROVIDER_TYPE = 'aws:cognito/identityProvider:IdentityProvider';
/** Source of quotas: "Quotas in Amazon Cognito" of the Cognito developer guide, defaults. */
const POOLS_PER_REGION = 1000;
const CLIENTS_PER_POOL = 1000;
const GROUPS_PER_POOL = 10_000;
const PROVIDERS_PER_POOL = 300;
/** Words that no domain prefix may contain. */
const RESERVED_WORDS = ['aws', 'amazon', 'cognito'];
/** CloudFront's own hosted zone, the same for every distribution. */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';
const DAY_MINUTES = 24 * 60;

const invalid = (message: string): CloudError => new CloudError('InvalidParameterException', message);

export const USER_POOL: ResourceSpec = {
  type: POOL_TYPE,
  kind: 'user-pool',
  taggable: true,
  seconds: { create: 2, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    accountRecoverySetting: object(),
    adminCreateUserConfig: object({ computed: true }),
    aliasAttributes: setOf({ replaces: true }),
    autoVerifiedAttributes: setOf(),
    deletionProtection: text({ default: 'INACTIVE', check: oneOf('ACTIVE', 'INACTIVE') }),
    deviceConfiguration: object(),
    emailConfiguration: object(),
    emailMfaConfiguration: object(),
    emailVerificationMessage: text({ computed: true }),
    emailVerificationSubject: text({ computed: true }),
    lambdaConfig: object(),
    mfaConfiguration: text({ default: 'OFF', check: oneOf('OFF', 'ON', 'OPTIONAL') }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[\w\s+=,.@-]{1,128}$/, 'expected 1 to 128 letters, digits, spaces and _ + = , . @ -'),
    }),
    passwordPolicy: object({ computed: true, check: passwordProblem }),
    schemas: setOf({ check: (schemas) => (schemas.length > 50 ? 'expected at most 50 attributes' : undefined) }),
    signInPolicy: object({ computed: true }),
    smsAuthenticationMessage: text(),
    smsConfiguration: object({ computed: true }),
    smsVerificationMessage: text({ computed: true }),
    softwareTokenMfaConfiguration: object(),
    userAttributeUpdateSettings: object(),
    userPoolAddOns: object(),
    userPoolTier: text({ computed: true, check: oneOf('LITE', 'ESSENTIALS', 'PLUS') }),
    usernameAttributes: setOf({ replaces: true }),
    usernameConfiguration: object({ computed: true, replaces: true }),
    verificationMessageTemplate: object({ computed: true }),
    webAuthnConfiguration: object(),
  },
  outputs: ['arn', 'creationDate', 'customDomain', 'domain', 'endpoint', 'estimatedNumberOfUsers', 'lastModifiedDate'],
  validate: ({ aliasAttributes, usernameAttributes }) =>
    aliasAttributes !== undefined && usernameAttributes !== undefined
      ? [{ property: 'aliasAttributes', reason: '"aliasAttributes": conflicts with usernameAttributes' }]
      : [],
  id: ({ region, seed }) => `${region}_${mixed(`${seed}|pool`, 9)}`,
  arn: ({ region, account, id }) => `arn:aws:cognito-idp:${region}:${account}:userpool/${id}`,
  compute: ({ inputs, id, region, createdAt }) => ({
    adminCreateUserConfig: inputs.adminCreateUserConfig ?? { allowAdminCreateUserOnly: false },
    creationDate: createdAt.toISOString(),
    customDomain: '',
    domain: '',
    emailVerificationMessage: inputs.emailVerificationMessage ?? '',
    emailVerificationSubject: inputs.emailVerificationSubject ?? '',
    endpoint: `cognito-idp.${region}.amazonaws.com/${id}`,
    estimatedNumberOfUsers: 0,
    lastModifiedDate: createdAt.toISOString(),
    passwordPolicy: {
      minimumLength: 8,
      requireLowercase: true,
      requireNumbers: true,
      requireSymbols: true,
      requireUppercase: true,
      temporaryPasswordValidityDays: 7,
      ...(inputs.passwordPolicy as Properties | undefined),
    },
    signInPolicy: inputs.signInPolicy ?? { allowedFirstAuthFactors: ['PASSWORD'] },
    smsVerificationMessage: inputs.smsVerificationMessage ?? '',
    userPoolTier: inputs.userPoolTier ?? 'ESSENTIALS',
    usernameConfiguration: inputs.usernameConfiguration ?? { caseSensitive: false },
    verificationMessageTemplate: inputs.verificationMessageTemplate ?? { defaultEmailOption: 'CONFIRM_WITH_CODE' },
  }),
  quotas: (_inputs, { region }) => [
    {
      limit: POOLS_PER_REGION,
      query: { type: POOL_TYPE, region },
      error: new CloudError('LimitExceededException', 'You have reached the limit of user pools per account'),
    },
  ],
  guard: ({ inputs }) => {
    const factors = [inputs.softwareTokenMfaConfiguration, inputs.emailMfaConfiguration, inputs.smsConfiguration];
    const isOn = inputs.mfaConfiguration !== 'OFF';
    const hasToken = (inputs.softwareTokenMfaConfiguration as Properties | undefined)?.enabled === true;
    if (!isOn && hasToken) {
      throw invalid("Invalid MFA configuration given, can't turn off MFA and configure an MFA together.");
    }
    if (isOn && factors.every((factor) => factor === undefined)) {
      throw invalid("Invalid MFA configuration given, can't turn on MFA without an MFA configured.");
    }
  },
  guardDelete: ({ properties }) =>
    properties.deletionProtection === 'ACTIVE'
      ? Promise.reject(
          invalid(
            'The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.',
          ),
        )
      : Promise.resolve(),
  notFound: noPool,
  inUse: () => invalid('User pool cannot be deleted. It has a domain configured that should be deleted first.'),
};

/** A prefix of Cognito's own domain, or a domain of ours with its certificate. */
export const USER_POOL_DOMAIN: ResourceSpec = {
  type: 'aws:cognito/userPoolDomain:UserPoolDomain',
  kind: 'user-pool-domain',
  seconds: { create: 3, update: 3, delete: 2 },
  inputs: {
    certificateArn: text(),
    domain: text({
      required: true,
      replaces: true,
      check: pattern(
        /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/,
        'expected 1 to 63 of a-z 0-9 -, or a domain name with its certificate',
      ),
    }),
    managedLoginVersion: number({ computed: true, check: oneOf(1, 2) }),
    userPoolId: text({ required: true, replaces: true }),
  },
  outputs: [
    'awsAccountId',
    'cloudfrontDistribution',
    'cloudfrontDistributionArn',
    'cloudfrontDistributionZoneId',
    's3Bucket',
    'version',
  ],
  id: ({ inputs }) => needText(inputs, 'domain'),
  compute: ({ inputs, account, region, seed }) => {
    const distribution = `d${hex(`${seed}|distribution`, 13)}.cloudfront.net`;
    return {
      awsAccountId: account,
      cloudfrontDistribution: distribution,
      cloudfrontDistributionArn: distribution,
      cloudfrontDistributionZoneId: CLOUDFRONT_ZONE,
      managedLoginVersion: inputs.managedLoginVersion ?? 1,
      s3Bucket: `aws-cognito-prod-${region}-assets`,
      version: hex(`${seed}|version`, 14),
    };
  },
  references: ({ userPoolId, certificateArn }, place) => ({
    pool: poolReference(userPoolId, place, 'refuse'),
    certificate: certificateReference(certificateArn, 'us-east-1', 'refuse'), // CloudFront looks nowhere else
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'user-pool-domain', String(inputs.domain)),
      taken: () => invalid('Domain already exists.'),
    },
    {
      value: claimOf(region, 'domain-of-user-pool', String(inputs.userPoolId)),
      taken: () => invalid('User pool already has a domain configured.'),
    },
  ],
  guard: ({ inputs }) => {
    const domain = needText(inputs, 'domain');
    const isCustom = textOf(inputs.certificateArn) !== undefined;
    const word = RESERVED_WORDS.find((reserved) => domain.includes(reserved));
    if (!isCustom && word) throw invalid(`Domain cannot contain reserved word: ${word}`);
    if (!isCustom && domain.includes('.')) {
      throw invalid(
        'The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, and hyphens.',
      );
    }
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `Domain ${id} does not exist.`),
};

const TOKEN_UNITS: Readonly<Record<string, number>> = { seconds: 1 / 60, minutes: 1, hours: 60, days: DAY_MINUTES };

export const USER_POOL_CLIENT: ResourceSpec = {
  type: 'aws:cognito/userPoolClient:UserPoolClient',
  kind: 'user-pool-client',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    accessTokenValidity: number({ computed: true }),
    allowedOauthFlows: setOf({ computed: true }),
    allowedOauthFlowsUserPoolClient: flag({ computed: true }),
    allowedOauthScopes: setOf({ computed: true }),
    analyticsConfiguration: object(),
    authSessionValidity: number({ computed: true, check: range(3, 15) }),
    callbackUrls: setOf({ computed: true, check: atMost(100) }),
    defaultRedirectUri: text({ computed: true }),
    enablePropagateAdditionalUserContextData: flag({ computed: true }),
    enableTokenRevocation: flag({ computed: true }),
    explicitAuthFlows: setOf({ computed: true }),
    generateSecret: flag({ replaces: true }),
    idTokenValidity: number({ computed: true }),
    logoutUrls: setOf({ computed: true, check: atMost(100) }),
    name: text({ computed: true, check: length(1, 128) }),
    preventUserExistenceErrors: text({ computed: true, check: oneOf('LEGACY', 'ENABLED') }),
    readAttributes: setOf({ computed: true }),
    refreshTokenRotation: object(),
    refreshTokenValidity: number({ computed: true }),
    supportedIdentityProviders: setOf({ computed: true }),
    tokenValidityUnits: object(),
    userPoolId: text({ required: true, replaces: true }),
    writeAttributes: setOf({ computed: true }),
  },
  outputs: ['clientSecret'],
  secretOutputs: ['clientSecret'],
  id: ({ seed }) => mixed(`${seed}|client`, 26).toLowerCase(),
  compute: ({ inputs, seed }) => ({
    accessTokenValidity: inputs.accessTokenValidity ?? 0,
    allowedOauthFlows: inputs.allowedOauthFlows ?? [],
    allowedOauthFlowsUserPoolClient: inputs.allowedOauthFlowsUserPoolClient ?? false,
    allowedOauthScopes: inputs.allowedOauthScopes ?? [],
    authSessionValidity: inputs.authSessionValidity ?? 3,
    callbackUrls: inputs.callbackUrls ?? [],
    clientSecret: inputs.generateSecret === true ? mixed(`${seed}|secret`, 51).toLowerCase() : '',
    defaultRedirectUri: inputs.defaultRedirectUri ?? '',
    enablePropagateAdditionalUserContextData: inputs.enablePropagateAdditionalUserContextData ?? false,
    enableTokenRevocation: inputs.enableTokenRevocation ?? true,
    explicitAuthFlows: inputs.explicitAuthFlows ?? [],
    idTokenValidity: inputs.idTokenValidity ?? 0,
    logoutUrls: inputs.logoutUrls ?? [],
    preventUserExistenceErrors: inputs.preventUserExistenceErrors ?? '',
    readAttributes: inputs.readAttributes ?? [],
    refreshTokenValidity: inputs.refreshTokenValidity ?? 30,
    supportedIdentityProviders: inputs.supportedIdentityProviders ?? [],
    writeAttributes: inputs.writeAttributes ?? [],
  }),
  references: ({ userPoolId }, place) => ({ pool: poolReference(userPoolId, place, 'cascade') }),
  quotas: ({ userPoolId }, { region }) => [
    {
      limit: CLIENTS_PER_POOL,
      query: {
        type: 'aws:cognito/userPoolClient:UserPoolClient',
        ref: claimOf(region, 'user-pool', String(userPoolId)),
      },
      error: new CloudError('LimitExceededException', 'You have reached the limit of app clients per user pool'),
    },
  ],
  guard: async ({ inputs, cloud, region }) => {
    const problem = oauthProblem(inputs) ?? validityProblem(inputs);
    if (problem) throw problem;
    const pool = needText(inputs, 'userPoolId');
    for (const name of textsOf(inputs.supportedIdentityProviders).filter((one) => one !== 'COGNITO')) {
      const [found] = await cloud.findByClaims([claimOf(region, 'identity-provider', `${pool}:${name}`)]);
      if (!found) throw invalid(`The provider ${name} does not exist for User Pool ${pool}.`);
    }
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `User pool client ${id} does not exist.`),
};

export const USER_GROUP: ResourceSpec = {
  type: 'aws:cognito/userGroup:UserGroup',
  kind: 'user-group',
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    description: text({ check: length(0, 2048) }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u, 'expected 1 to 128 signs without spaces'),
    }),
    precedence: number({ check: range(0, 2 ** 31 - 1) }),
    roleArn: text(),
    userPoolId: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => `${needText(inputs, 'userPoolId')}/${needText(inputs, 'name')}`,
  compute: () => ({}),
  references: ({ userPoolId, roleArn }, place) => ({
    pool: poolReference(userPoolId, place, 'cascade'),
    role: roleReference(roleArn, 'ignore', invalid(`Role ${String(roleArn)} does not exist.`)),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'user-group', `${String(inputs.userPoolId)}/${String(inputs.name)}`),
      taken: () => new CloudError('GroupExistsException', 'A group with the name already exists.'),
    },
  ],
  quotas: ({ userPoolId }, { region }) => [
    {
      limit: GROUPS_PER_POOL,
      query: { type: 'aws:cognito/userGroup:UserGroup', ref: claimOf(region, 'user-pool', String(userPoolId)) },
      error: new CloudError('LimitExceededException', 'You have reached the limit of groups per user pool'),
    },
  ],
  notFound: () => new CloudError('ResourceNotFoundException', 'Group not found.'),
};

/** Details that Cognito needs of each social provider. */
const NEEDED_DETAILS: Readonly<Record<string, readonly string[]>> = {
  Google: ['client_id', 'client_secret', 'authorize_scopes'],
  Facebook: ['client_id', 'client_secret', 'authorize_scopes'],
  LoginWithAmazon: ['client_id', 'client_secret', 'authorize_scopes'],
  SignInWithApple: ['client_id', 'team_id', 'key_id', 'private_key', 'authorize_scopes'],
  OIDC: ['client_id', 'oidc_issuer', 'authorize_scopes', 'attributes_request_method'],
  SAML: [],
};

export const IDENTITY_PROVIDER: ResourceSpec = {
  type: IDENTITY_PROVIDER_TYPE,
  kind: 'identity-provider',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    attributeMapping: map({ computed: true }),
    idpIdentifiers: list({ check: atMost(50) }),
    providerDetails: map({ required: true, secret: ['client_secret', 'private_key'] }),
    providerName: text({ required: true, replaces: true, check: length(1, 32) }),
    providerType: text({ required: true, replaces: true, check: oneOf(...Object.keys(NEEDED_DETAILS)) }),
    userPoolId: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => `${needText(inputs, 'userPoolId')}:${needText(inputs, 'providerName')}`,
  compute: ({ inputs }) => ({ attributeMapping: inputs.attributeMapping ?? { username: 'sub' } }),
  references: ({ userPoolId }, place) => ({ pool: poolReference(userPoolId, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'identity-provider', `${String(inputs.userPoolId)}:${String(inputs.providerName)}`),
      taken: () =>
        new CloudError(
          'DuplicateProviderException',
          `A provider with the name ${String(inputs.providerName)} already exists.`,
        ),
    },
  ],
  quotas: ({ userPoolId }, { region }) => [
    {
      limit: PROVIDERS_PER_POOL,
      query: { type: IDENTITY_PROVIDER_TYPE, ref: claimOf(region, 'user-pool', String(userPoolId)) },
      error: new CloudError('LimitExceededException', 'You have reached the limit of identity providers per user pool'),
    },
  ],
  guard: ({ inputs }) => {
    const details = inputs.providerDetails as Properties;
    const missing = NEEDED_DETAILS[String(inputs.providerType)]?.find((key) => !textOf(details[key]));
    if (missing) throw invalid(`The provider detail ${missing} is required for ${String(inputs.providerType)}.`);
  },
  notFound: (id) =>
    new CloudError('ResourceNotFoundException', `Identity provider ${id.split(':').pop() ?? ''} does not exist.`),
};

function poolReference(pool: unknown, { region }: Place, onDelete: Reference['onDelete']): Reference | undefined {
  const id = textOf(pool);
  return id === undefined ? undefined : { claim: claimOf(region, 'user-pool', id), onDelete, missing: noPool(id) };
}

function passwordProblem({ minimumLength, temporaryPasswordValidityDays }: Properties): string | undefined {
  if (minimumLength !== undefined) {
    const problem = range(6, 99)(Number(minimumLength));
    if (problem) return `minimumLength: ${problem}`;
  }
  return temporaryPasswordValidityDays === undefined ? undefined : range(0, 365)(Number(temporaryPasswordValidityDays));
}

function oauthProblem(inputs: Properties): CloudError | undefined {
  const flow = (message: string): CloudError => new CloudError('InvalidOAuthFlowException', message);
  const flows = textsOf(inputs.allowedOauthFlows);
  const callbacks = textsOf(inputs.callbackUrls);
  if (flows.includes('client_credentials')) {
    if (flows.length > 1)
      return flow('client_credentials flow can not be selected along with code flow or implicit flow');
    if (inputs.generateSecret !== true) {
      return flow('client_credentials flow can not be selected if client does not have a client secret.');
    }
  } else if (flows.length > 0 && callbacks.length === 0) {
    return flow('A callback URL is required for the code and implicit flows.');
  }
  const plain = [...callbacks, ...textsOf(inputs.logoutUrls)].find((url) =>
    /^http:\/\/(?!localhost([:/]|$))/.test(url),
  );
  if (plain) return invalid(`${plain} cannot use the HTTP protocol.`);
  const redirect = textOf(inputs.defaultRedirectUri);
  return redirect && !callbacks.includes(redirect)
    ? invalid('default_redirect_uri must be one of callback_urls')
    : undefined;
}

/** Access and id tokens live 5 minutes to a day, refresh tokens an hour to ten years. */
function validityProblem(inputs: Properties): CloudError | undefined {
  const units = (inputs.tokenValidityUnits ?? {}) as Properties;
  const minutes = (key: string, unitKey: string, unit: string): number | undefined => {
    const value = inputs[key];
    return typeof value === 'number' && value > 0
      ? value * (TOKEN_UNITS[String(units[unitKey] ?? unit)] ?? NaN)
      : undefined;
  };
  const isOutside = (value: number | undefined, from: number, to: number): boolean =>
    value !== undefined && !(value >= from && value <= to);
  const access = minutes('accessTokenValidity', 'accessToken', 'hours');
  const id = minutes('idTokenValidity', 'idToken', 'hours');
  const refresh = minutes('refreshTokenValidity', 'refreshToken', 'days');
  if (
    isOutside(access, 5, DAY_MINUTES) ||
    isOutside(id, 5, DAY_MINUTES) ||
    isOutside(refresh, 60, 3650 * DAY_MINUTES)
  ) {
    return invalid('Invalid range for token validity.');
  }
  return (access ?? 60) > (refresh ?? 30 * DAY_MINUTES)
    ? invalid('Refresh token validity must be longer than access token validity.')
    : undefined;
}

function atMost(limit: number) {
  return (items: unknown[]): string | undefined => (items.length > limit ? `expected at most ${limit}` : undefined);
}

/** Letters of both cases and digits. */
function mixed(seed: string, size: number): string {
  return createHash('sha512').update(seed).digest('base64').replace(/[+/=]/g, '').slice(0, size);
}

function noPool(id: string): CloudError {
  return new CloudError('ResourceNotFoundException', `User pool ${id} does not exist.`);
}
