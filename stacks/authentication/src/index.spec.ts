import { countByType, ProgramHost, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('authentication', templateConfig('authentication', environment, overrides));
const GOOGLE = { enableGoogle: true, googleClientId: 'client.apps.example.com', oauthSecretArn: 'arn:oauth' };

test.each(['dev', 'stage', 'prod'])(
  '%s: one pool (AUT-1), two clients, two groups, an identity pool: 10',
  async (environment) => {
    expect(countByType(await run({}, environment))).toEqual({
      'aws:cognito/userPool:UserPool': 1,
      'aws:cognito/userPoolDomain:UserPoolDomain': 1,
      'aws:cognito/userPoolClient:UserPoolClient': 2,
      'aws:cognito/userGroup:UserGroup': 2,
      'aws:cognito/identityPool:IdentityPool': 1,
      'aws:iam/role:Role': 1,
      'aws:iam/rolePolicy:RolePolicy': 1,
      'aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment': 1,
    });
  },
);

test('users are their verified e-mail, in any case, and nothing confirms them by itself (AUT-2)', async () => {
  const { inputs } = resource(await run({}, 'prod'), 'user-pool');
  expect(inputs).toMatchObject({
    name: 'web-shop-prod-user-pool-dt3vca0',
    usernameAttributes: ['email'],
    autoVerifiedAttributes: ['email'],
    usernameConfiguration: { caseSensitive: false },
    accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
    passwordPolicy: { minimumLength: 12, requireSymbols: true, temporaryPasswordValidityDays: 7 },
    adminCreateUserConfig: { allowAdminCreateUserOnly: false },
    deletionProtection: 'ACTIVE',
  });
  expect(inputs).not.toHaveProperty('lambdaConfig');
  expect(resource(await run({ selfSignUp: false }), 'user-pool').inputs).toMatchObject({
    adminCreateUserConfig: { allowAdminCreateUserOnly: true },
    deletionProtection: 'INACTIVE',
  });
});

test.each([
  ['dev', 'OFF', undefined],
  ['stage', 'OPTIONAL', { enabled: true }],
  ['prod', 'OPTIONAL', { enabled: true }],
])('%s: second factor %s', async (environment, mfaConfiguration, softwareTokenMfaConfiguration) => {
  const { inputs } = resource(await run({}, environment), 'user-pool');
  expect([inputs['mfaConfiguration'], inputs['softwareTokenMfaConfiguration']]).toEqual([
    mfaConfiguration,
    softwareTokenMfaConfiguration,
  ]);
});

test('clients are public, without implicit grant, and only go where they may (AUT-3, B12)', async () => {
  const done = await run({ accessTokenMinutes: 15, idTokenMinutes: 20, refreshTokenDays: 7 });
  for (const name of ['web-client', 'mobile-client']) {
    expect(resource(done, name).inputs).toMatchObject({
      generateSecret: false,
      explicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      allowedOauthFlows: ['code'],
      allowedOauthFlowsUserPoolClient: true,
      allowedOauthScopes: ['openid', 'email', 'profile'],
      supportedIdentityProviders: ['COGNITO'],
      ...{ accessTokenValidity: 15, idTokenValidity: 20, refreshTokenValidity: 7 },
      tokenValidityUnits: { accessToken: 'minutes', idToken: 'minutes', refreshToken: 'days' },
      enableTokenRevocation: true,
      preventUserExistenceErrors: 'ENABLED',
    });
  }
  expect(resource(done, 'web-client').inputs).toMatchObject({
    callbackUrls: ['https://dev.shop.example.com/auth/callback', 'http://localhost:3000/auth/callback'],
    logoutUrls: ['https://dev.shop.example.com/auth/logout'],
  });
  expect(resource(done, 'mobile-client').inputs).toMatchObject({ callbackUrls: ['web-shop://auth'] });
  expect(resource(await run({ mobileRedirectScheme: 'shop' }), 'mobile-client').inputs).toMatchObject({
    callbackUrls: ['shop://auth'],
  });
  expect(JSON.stringify(done.outputs)).not.toMatch(/secret/i);
});

test('the domain is the deployment’s and the environment’s, so that no other one takes it', async () => {
  const done = await run({}, 'stage');
  expect(resource(done, 'user-pool-domain').inputs).toMatchObject({ domain: 'dt3vca0-stage' });
  expect(done.outputs).toMatchObject({
    userPoolDomain: 'dt3vca0-stage',
    userPoolIssuerUrl: 'https://cognito-idp.us-east-1.amazonaws.com/user-pool-id',
    userPoolEndpoint: 'cognito-idp.us-east-1.amazonaws.com/user-pool-id',
  });
});

test('identities are for signed-in users alone, with a role for that pool and two actions', async () => {
  const done = await run();
  expect(resource(done, 'identity-pool').inputs).toMatchObject({
    allowUnauthenticatedIdentities: false,
    allowClassicFlow: false,
    cognitoIdentityProviders: ['web', 'mobile'].map((name) => ({
      clientId: `${name}-client-id`,
      providerName: 'cognito-idp.us-east-1.amazonaws.com/user-pool-id',
      serverSideTokenCheck: true,
    })),
  });
  const statements = (name: string, key: string) =>
    (JSON.parse(String(resource(done, name).inputs[key])) as { Statement: unknown[] }).Statement;
  expect(statements('authenticated-role', 'assumeRolePolicy')).toEqual([
    expect.objectContaining({
      Principal: { Federated: 'cognito-identity.amazonaws.com' },
      Action: ['sts:AssumeRoleWithWebIdentity'],
      Condition: {
        StringEquals: { 'cognito-identity.amazonaws.com:aud': 'identity-pool-id' },
        'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
      },
    }),
  ]);
  expect(statements('authenticated-policy', 'policy')).toEqual([
    expect.objectContaining({
      Action: ['cognito-identity:GetCredentialsForIdentity', 'cognito-identity:GetId'],
      Resource: ['arn:aws:mock:::identity-pool'],
    }),
  ]);
  expect(resource(done, 'identity-pool-roles').inputs['roles']).toEqual({
    authenticated: 'arn:aws:mock:::authenticated-role',
  });

  const off = await run({ enableIdentityPool: false });
  expect(off.resources).toHaveLength(6);
  expect(off.outputs).toMatchObject({ identityPoolId: '', authenticatedRoleArn: '' });
});

test('Google takes its secret from Secrets Manager, as a secret, and both clients offer it', async () => {
  const done = await run(GOOGLE);
  expect(done.invokes).toEqual([
    expect.objectContaining({ inputs: expect.objectContaining({ secretId: 'arn:oauth' }) as unknown }),
  ]);
  const { providerDetails } = resource(done, 'google').inputs as { providerDetails: Record<string, unknown> };
  expect(JSON.stringify(providerDetails)).toMatch(/1b47061264138c4ac30d75fd1eb44270.*entered/); // the SDK's mark of a secret
  expect(JSON.stringify(done.outputs)).not.toContain('entered');
  for (const name of ['web-client', 'mobile-client']) {
    expect(resource(done, name).inputs['supportedIdentityProviders']).toEqual(['COGNITO', 'Google']);
  }
  expect(done.resources).toHaveLength(11);
});

test('without Google no secret is read', async () => {
  expect((await run({ oauthSecretArn: '' })).invokes).toEqual([]);
});

test('the oauth secret that secrets does not give is refused with both names (G8)', async () => {
  const { error } = await run({ ...GOOGLE, oauthSecretArn: '' });
  expect(error?.message).toBe(
    'authentication: oauthSecretArn = "" is refused: stack secrets has switched off oauthSecretsArn, which authentication needs',
  );
});

test.each<[string, unknown, Record<string, unknown>?, string?]>([
  ['oauthSecretArn', null],
  ['domain', null],
  ['domain', 'localhost'],
  ['passwordMinimumLength', 7],
  ['passwordMinimumLength', 100],
  ['mfaMode', 'SOMETIMES'],
  ['mfaMode', 'OFF', {}, 'prod'],
  ['mfaMode', null, {}, 'prod'],
  ['callbackPaths', ['auth/callback']],
  ['callbackPaths', [], { extraCallbackUrls: [] }],
  ['logoutPaths', ['logout']],
  ['extraCallbackUrls', ['http://shop.example.com/']],
  ['extraCallbackUrls', ['http://localhost.example.com/']],
  ['extraCallbackUrls', ['http://localhost:3000/auth/callback'], {}, 'stage'],
  ['mobileRedirectScheme', '1shop'],
  ['accessTokenMinutes', 4],
  ['idTokenMinutes', 1441],
  ['refreshTokenDays', 0],
  ['groups', []],
  ['groups', ['admins', 'admins']],
  ['groups', ['two words']],
  ['groups', Array.from({ length: 26 }, (_, i) => `g${i}`)],
  ['googleClientId', '', { enableGoogle: true }],
  ['deploymentId', 'DAWS123'],
])('%s = %j is refused before anything is registered', async (key, value, others = {}, environment = 'dev') => {
  const { error, resources } = await run({ ...others, [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
