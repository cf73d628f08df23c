import { ACCOUNT, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';
import type { Properties } from '../provider.port.js';

/** What AWS refuses, and how, in Cognito. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });
const aPool = (more: Properties = {}) => rig.make('userPool', 'pool', { name: 'users', ...more });
const google = { client_id: 'id', client_secret: 'hunter2', authorize_scopes: 'email' };

describe('user pools', () => {
  it('have the ids and addresses of AWS, and take what is in them along', async () => {
    const pool = await aPool({ passwordPolicy: { minimumLength: 12 } });
    expect(pool.id).toMatch(/^us-east-1_[0-9A-Za-z]{9}$/);
    expect(pool.outputs).toMatchObject({
      arn: `arn:aws:cognito-idp:us-east-1:${ACCOUNT}:userpool/${pool.id}`,
      endpoint: `cognito-idp.us-east-1.amazonaws.com/${pool.id}`,
      mfaConfiguration: 'OFF',
      passwordPolicy: { minimumLength: 12, temporaryPasswordValidityDays: 7 },
    });
    const userPoolId = pool.id;
    const group = await rig.make('userGroup', 'g', { userPoolId, name: 'admins' });
    expect(group.id).toBe(`${userPoolId}/admins`);
    await refused(rig.make('userGroup', 'h', { userPoolId, name: 'admins' }), 'GroupExistsException');
    const domain = await rig.make('userPoolDomain', 'd', { userPoolId, domain: 'shop-dev' });
    expect(domain).toMatchObject({ id: 'shop-dev', outputs: { awsAccountId: ACCOUNT, managedLoginVersion: 1 } });
    await rig.make('identityProvider', 'i', {
      ...{ userPoolId, providerName: 'Google', providerType: 'Google', providerDetails: google },
    });
    await rig.make('userPoolClient', 'c', { userPoolId, supportedIdentityProviders: ['COGNITO', 'Google'] });
    await refused(rig.provider.delete(pool), 'InvalidParameterException', 'It has a domain configured');
    await rig.provider.delete(domain);
    await rig.provider.delete(pool);
    expect(await rig.inventory()).toEqual([]);
  });

  it('stay while their deletion protection is on', async () => {
    const pool = await aPool({ deletionProtection: 'ACTIVE' });
    await refused(rig.provider.delete(pool), 'InvalidParameterException', 'deletion protection is activated');
    await rig.provider.delete(await rig.update(pool, { name: 'users', deletionProtection: 'INACTIVE' }));
  });

  it.each<[Properties, string]>([
    [{ mfaConfiguration: 'OPTIONAL' }, "can't turn on MFA"],
    [{ softwareTokenMfaConfiguration: { enabled: true } }, "can't turn off MFA and configure"],
  ])('refuse the second factor %j', async (more, message) => {
    await refused(aPool(more), 'InvalidParameterException', message);
  });

  it('are made anew when users would be told apart in another way, not for a longer password', async () => {
    const pool = await aPool({ usernameAttributes: ['email'] });
    const replaces = async (more: Properties) => (await rig.diff(pool, { name: 'users', ...more })).replaces;
    expect(await replaces({ usernameAttributes: ['phone_number'] })).toEqual(['usernameAttributes']);
    expect(await replaces({ usernameAttributes: ['email'], usernameConfiguration: { caseSensitive: true } })).toEqual([
      'usernameConfiguration',
    ]);
    expect(await replaces({ usernameAttributes: ['email'], passwordPolicy: { minimumLength: 16 } })).toEqual([]);
  });

  it('have one domain that nobody else has, without reserved words', async () => {
    const { id: userPoolId } = await aPool();
    const domain = (name: string, pool = userPoolId) =>
      rig.make('userPoolDomain', name, { userPoolId: pool, domain: name });
    await refused(domain('my-aws-shop'), 'InvalidParameterException', 'reserved word: aws');
    await refused(domain('auth.example.com'), 'InvalidParameterException', 'invalid character');
    await domain('shop');
    await refused(domain('shop-2'), 'InvalidParameterException', 'already has a domain');
    const other = await rig.make('userPool', 'other', {});
    await refused(domain('shop', other.id), 'InvalidParameterException', 'Domain already exists.');
    await refused(domain('shop-3', 'us-east-1_none'), 'ResourceNotFoundException', 'us-east-1_none does not exist');
  });
});

describe('clients', () => {
  it('have a secret only where the program asks for one, and it is sensitive', async () => {
    const { id: userPoolId } = await aPool();
    const open = await rig.make('userPoolClient', 'open', { userPoolId });
    const secret = await rig.make('userPoolClient', 'secret', { userPoolId, generateSecret: true });
    expect(open.id).toMatch(/^[0-9a-z]{26}$/);
    expect(open.outputs.clientSecret).toBe('');
    expect(secret.outputs.clientSecret).toMatch(/^[0-9a-z]{51}$/);
    expect(rig.provider.secretOutputs?.(open.type)).toEqual(['clientSecret']);
    const shown = (await rig.inventory({ type: open.type })).map((one) => rig.cloud.shownProperties(one).clientSecret);
    expect(shown.sort()).toEqual(['', '***']);
    expect((await rig.diff(open, { userPoolId, generateSecret: true })).replaces).toEqual(['generateSecret']);
  });

  it.each<[Properties, string, string]>([
    [{ allowedOauthFlows: ['code'] }, 'InvalidOAuthFlowException', 'callback URL'],
    [{ allowedOauthFlows: ['client_credentials'] }, 'InvalidOAuthFlowException', 'does not have a client secret'],
    [{ allowedOauthFlows: ['client_credentials', 'code'] }, 'InvalidOAuthFlowException', 'along with code flow'],
    [{ callbackUrls: ['http://shop.example.com'] }, 'InvalidParameterException', 'cannot use the HTTP protocol'],
    [{ callbackUrls: ['http://localhost.example.com'] }, 'InvalidParameterException', 'cannot use the HTTP protocol'],
    [{ defaultRedirectUri: 'https://a' }, 'InvalidParameterException', 'must be one of callback_urls'],
    [{ supportedIdentityProviders: ['Google'] }, 'InvalidParameterException', 'provider Google does not exist'],
    [{ accessTokenValidity: 25 }, 'InvalidParameterException', 'Invalid range for token validity'],
    [
      { accessTokenValidity: 4, tokenValidityUnits: { accessToken: 'minutes' } },
      'InvalidParameterException',
      'Invalid range',
    ],
    [
      { accessTokenValidity: 2, refreshTokenValidity: 1, tokenValidityUnits: { refreshToken: 'hours' } },
      'InvalidParameterException',
      'must be longer',
    ],
  ])('%j: %s', async (more, code, message) => {
    const { id: userPoolId } = await aPool();
    await refused(rig.make('userPoolClient', 'c', { userPoolId, ...more }), code, message);
    await rig.make('userPoolClient', 'd', { userPoolId, callbackUrls: ['http://localhost:3000', 'shop://auth'] });
  });
});

describe('identity providers', () => {
  const anIdp = (userPoolId: string, providerDetails: Properties) =>
    rig.make('identityProvider', 'i', { userPoolId, providerName: 'Google', providerType: 'Google', providerDetails });

  it('need their details, exist once in a pool, and show no secret', async () => {
    const { id } = await aPool();
    await refused(anIdp(id, { client_id: 'id' }), 'InvalidParameterException', 'client_secret is required for Google');
    const made = await anIdp(id, google);
    expect(made.id).toBe(`${id}:Google`);
    await refused(anIdp(id, google), 'DuplicateProviderException', 'Google');
    const [stored] = await rig.inventory({ type: made.type });
    expect(stored && rig.cloud.shownProperties(stored).providerDetails).toEqual({
      ...google,
      client_secret: '***',
    });
  });
});

describe('identity pools', () => {
  it('name pools of users, and have one set of roles that exist', async () => {
    const pool = await rig.make('identityPool', 'p', { identityPoolName: 'shop' });
    expect(pool.id).toMatch(/^us-east-1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(pool.outputs.arn).toBe(`arn:aws:cognito-identity:us-east-1:${ACCOUNT}:identitypool/${pool.id}`);
    const foreign = { cognitoIdentityProviders: [{ clientId: 'c', providerName: 'accounts.google.com' }] };
    const named = { identityPoolName: 'other', ...foreign };
    await refused(rig.make('identityPool', 'q', named), 'InvalidParameterException', 'accounts.google.com');

    const attach = (roles: Properties) => rig.make('identityPoolRoles', 'r', { identityPoolId: pool.id, roles });
    const none = `arn:aws:iam::${ACCOUNT}:role/none`;
    await refused(attach({ authenticated: none }), 'InvalidParameterException', 'does not exist');
    const role = await rig.make('role', 'role', { assumeRolePolicy: trust() });
    await attach({ authenticated: role.outputs.arn });
    await attach({ authenticated: role.outputs.arn });
    expect(
      await rig.inventory({ type: 'aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment' }),
    ).toHaveLength(1);
    await rig.provider.delete(pool);
    expect(await rig.inventory({ region: 'us-east-1' })).toEqual([]);
  });

  it.each([
    ['identityPool', { identityPoolName: 'a/b' }, 'identityPoolName: expected 1 to 128'],
    ['identityPoolRoles', { identityPoolId: 'p', roles: { guests: 'r' } }, 'expected authenticated or unauthenticated'],
    [
      'userPool',
      { passwordPolicy: { minimumLength: 5 } },
      'passwordPolicy: minimumLength: expected to be in the range',
    ],
    ['userPool', { aliasAttributes: ['email'], usernameAttributes: ['email'] }, 'conflicts with usernameAttributes'],
    ['userGroup', { userPoolId: 'p', name: 'two words' }, 'name: expected 1 to 128 signs without spaces'],
    ['userPoolDomain', { userPoolId: 'p', domain: 'Shop' }, 'domain: expected 1 to 63'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });
});
