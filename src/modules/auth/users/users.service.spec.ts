import { aPrincipal } from '../../../../test/factories/principals.js';
import { anApiKey, aUser } from '../../../../test/factories/users.js';
import { AuthRig } from '../../../../test/fakes/auth-rig.js';
import type { Principal } from '../../../shared/http/principal.js';
import type { User } from './user.js';

const DRAFT = { email: 'Ada@Example.com', password: 'Correct-horse-7' };
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

function principalOf(user: User): Principal {
  return aPrincipal({ id: user.id, userId: user.id, name: user.email, assignments: user.assignments });
}

describe('registration', () => {
  it('makes a viewer of the default organization, named after the e-mail', async () => {
    const rig = new AuthRig({ DEFAULT_ORGANIZATION: 'acme' });
    expect(await rig.accounts.register(DRAFT)).toMatchObject({
      email: 'ada@example.com',
      username: 'ada@example.com',
      name: 'ada',
      assignments: [{ role: 'viewer', organization: 'acme' }],
    });
  });

  it('gives no right without a default organization', async () => {
    expect((await new AuthRig().accounts.register(DRAFT)).assignments).toEqual([]);
  });

  it.each([
    ['the e-mail', { ...DRAFT, email: 'ADA@example.com', username: 'other' }, 'email'],
    ['the user name', { ...DRAFT, email: 'other@example.com', username: 'ADA@example.com' }, 'username'],
  ])('refuses %s of somebody else, in any case', async (_case, draft, field) => {
    const rig = new AuthRig();
    await rig.accounts.register(DRAFT);
    await expect(rig.accounts.register(draft)).rejects.toThrow(
      expect.objectContaining({ code: 'RESOURCE_ALREADY_EXISTS', details: { resource: 'user', field } }),
    );
  });

  it('can be switched off', async () => {
    const rig = new AuthRig({ ALLOW_REGISTRATION: 'false' });
    await expect(rig.accounts.register(DRAFT)).rejects.toThrow(refused('REGISTRATION_DISABLED'));
  });
});

describe('the own account', () => {
  let rig: AuthRig;
  let ada: User;
  beforeEach(async () => {
    rig = new AuthRig();
    ada = await rig.accounts.create({ ...DRAFT, assignments: [{ role: 'viewer', organization: 'acme' }] });
  });

  it('changes what is given and keeps the rest', async () => {
    await rig.accounts.updateOwn(principalOf(ada), { preferences: { language: 'en', theme: 'dark' } });
    const changed = await rig.accounts.updateOwn(principalOf(ada), { name: 'Ada', preferences: { theme: 'light' } });
    expect(changed).toMatchObject({
      name: 'Ada',
      email: 'ada@example.com',
      preferences: { language: 'en', theme: 'light' },
    });
  });

  it('ends every refresh token with a new password', async () => {
    const { refreshToken } = await rig.auth.login(DRAFT.email, DRAFT.password, '10.0.0.1');
    const me = principalOf(ada);
    await expect(rig.accounts.changePassword(me, 'Wrong-horse-7', 'New-horse-8')).rejects.toThrow(
      refused('AUTH_INVALID_CREDENTIALS'),
    );
    await expect(rig.accounts.changePassword(me, DRAFT.password, 'weak')).rejects.toThrow(refused('PASSWORD_POLICY'));
    await rig.accounts.changePassword(me, DRAFT.password, 'New-horse-8');
    await expect(rig.auth.refresh(refreshToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(rig.auth.login(DRAFT.email, 'New-horse-8', '10.0.0.1')).resolves.toBeDefined();
  });

  it('cannot be changed in its password by a key', async () => {
    const key = aPrincipal({ kind: 'api_key', userId: ada.id });
    await expect(rig.accounts.changePassword(key, DRAFT.password, 'New-horse-8')).rejects.toThrow(
      refused('AUTHZ_FORBIDDEN'),
    );
  });

  it('goes with its keys, tokens and personal data; address and name are free again', async () => {
    const key = anApiKey({ ownerId: ada.id });
    rig.keys.rows.set(key.id, key);
    const { accessToken } = await rig.auth.login(DRAFT.email, DRAFT.password, '10.0.0.1');
    await rig.accounts.removeOwn(principalOf(ada), DRAFT.password);
    expect(JSON.stringify(rig.users.rows.get(ada.id))).not.toContain('ada@example.com');
    expect(rig.keys.rows.get(key.id)?.revokedAt).not.toBeNull();
    await expect(rig.authenticator.authenticateRequest(rig.bearer(accessToken))).rejects.toThrow(
      refused('AUTH_INVALID_TOKEN'),
    );
    await expect(rig.accounts.register(DRAFT)).resolves.toBeDefined();
  });
});

describe('the bootstrap administrator', () => {
  const settings = {
    BOOTSTRAP_ADMIN_EMAIL: 'root@example.com',
    BOOTSTRAP_ADMIN_PASSWORD: 'Correct-horse-7',
    DEFAULT_ORGANIZATION: 'acme',
  };

  it('administers the platform and its organization, which is of tier enterprise', async () => {
    const rig = new AuthRig(settings);
    await rig.bootstrap.prepare();
    await rig.bootstrap.prepare();
    expect([...rig.users.rows.values()]).toEqual([
      expect.objectContaining({
        email: 'root@example.com',
        assignments: [
          { role: 'admin', organization: '*' },
          { role: 'admin', organization: 'acme' },
        ],
      }),
    ]);
    const { accessToken } = await rig.auth.login('root@example.com', 'Correct-horse-7', '10.0.0.1');
    expect((await rig.authenticator.authenticateRequest(rig.bearer(accessToken))).tier).toBe('enterprise');
  });

  it('is made once when two instances start together', async () => {
    const rig = new AuthRig(settings);
    await Promise.all([rig.bootstrap.prepare(), rig.bootstrap.prepare()]);
    expect(rig.users.rows.size).toBe(1);
  });

  it('never takes over the account of somebody who registered with its address', async () => {
    const rig = new AuthRig(settings);
    rig.users.rows.set('user-x', aUser({ email: 'root@example.com', assignments: [] }));
    await expect(rig.bootstrap.prepare()).rejects.toThrow(/BOOTSTRAP_ADMIN_EMAIL belongs to a user/);
  });
});
