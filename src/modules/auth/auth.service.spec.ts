import { aUser } from '../../../test/factories/users.js';
import { AuthRig } from '../../../test/fakes/auth-rig.js';
import type { Principal } from '../../shared/http/principal.js';
import type { User } from './users/user.js';

const PASSWORD = 'Correct-horse-7';
const IP = '10.0.0.1';
const MINUTE = 60_000;

let rig: AuthRig;
let ada: User;
beforeEach(async () => {
  rig = new AuthRig();
  ada = aUser({ email: 'ada@example.com', username: 'Ada', passwordHash: await rig.passwords.hash(PASSWORD) });
  rig.users.rows.set(ada.id, ada);
});

const login = (password = PASSWORD, name = 'ada@example.com'): ReturnType<AuthRig['auth']['login']> =>
  rig.auth.login(name, password, IP);
const who = (token: string): Promise<Principal> => rig.authenticator.authenticateRequest(rig.bearer(token));
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('login', () => {
  it.each(['ada@example.com', 'ADA@example.com ', 'ada', 'Ada'])('knows the user as %j', async (name) => {
    const { accessToken, expiresIn } = await login(PASSWORD, name);
    expect(await who(accessToken)).toMatchObject({ kind: 'user', id: ada.id, name: 'ada@example.com', amr: ['pwd'] });
    expect(expiresIn).toBe(3600);
  });

  it('answers an unknown user and a wrong password with the same words', async () => {
    const wrong = await login('Wrong-horse-7').catch((error: Error) => error);
    const unknown = await login(PASSWORD, 'nobody@example.com').catch((error: Error) => error);
    expect(wrong).toMatchObject({ code: 'AUTH_INVALID_CREDENTIALS', status: 401 });
    expect({ ...(unknown as object) }).toEqual({ ...(wrong as object) });
    expect((unknown as Error).message).toBe((wrong as Error).message);
  });

  it('works as much for an unknown user as for a known one', async () => {
    const matches = jest.spyOn(rig.passwords, 'matches');
    await login(PASSWORD, 'nobody@example.com').catch(() => undefined);
    expect(matches).toHaveBeenCalledWith(null, PASSWORD);
  });

  it('locks after five failures within 15 min, for 15 min, even against the right password', async () => {
    for (let i = 0; i < 5; i += 1)
      await expect(login('Wrong-horse-7')).rejects.toThrow(refused('AUTH_INVALID_CREDENTIALS'));
    await expect(login()).rejects.toThrow(refused('AUTH_ACCOUNT_LOCKED'));
    await rig.clock.advance(15 * MINUTE - 1);
    await expect(login()).rejects.toThrow(refused('AUTH_ACCOUNT_LOCKED'));
    await rig.clock.advance(1);
    await expect(login()).resolves.toBeDefined();
  });

  it('forgets failures that are older than 15 min, and all of them at a good login', async () => {
    for (let i = 0; i < 4; i += 1) await login('Wrong-horse-7').catch(() => undefined);
    await rig.clock.advance(15 * MINUTE);
    await login('Wrong-horse-7').catch(() => undefined);
    await login();
    for (let i = 0; i < 4; i += 1) await login('Wrong-horse-7').catch(() => undefined);
    await expect(login()).resolves.toBeDefined();
  });

  it('tells a disabled user so only with the right password', async () => {
    rig.users.rows.set(ada.id, { ...ada, status: 'disabled' });
    await expect(login()).rejects.toThrow(refused('AUTH_ACCOUNT_DISABLED'));
    await expect(login('Wrong-horse-7')).rejects.toThrow(refused('AUTH_INVALID_CREDENTIALS'));
  });
});

describe('access tokens', () => {
  it('live for an hour, and a minute more for clocks that differ', async () => {
    const { accessToken } = await login();
    await rig.clock.advance(60 * MINUTE + 59_000);
    await expect(who(accessToken)).resolves.toBeDefined();
    await rig.clock.advance(2_000);
    await expect(who(accessToken)).rejects.toThrow(
      expect.objectContaining({
        code: 'AUTH_TOKEN_EXPIRED',
        details: { expiredAt: '2030-01-01T01:00:00.000Z', currentTime: '2030-01-01T01:01:01.000Z' },
      }),
    );
  });

  it('are refused when signed by somebody else, when made for the client, and when malformed', async () => {
    const other = new AuthRig({ JWT_SECRET: 'another secret of at least thirty-two characters' });
    const { accessToken: foreign } = await other.tokens.issue(ada, 'x', []);
    const { idToken } = await login();
    for (const token of [foreign, idToken, 'a.b.c']) {
      await expect(who(token)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    }
  });

  it('carry the rights of now and not those of their birth', async () => {
    const { accessToken } = await login();
    await who(accessToken);
    await rig.accounts.change(ada.id, { assignments: [{ role: 'viewer', organization: 'acme' }] });
    expect((await who(accessToken)).assignments).toEqual([{ role: 'viewer', organization: 'acme' }]);
  });

  it('see a change made by another instance within ten seconds', async () => {
    const { accessToken } = await login();
    await who(accessToken);
    rig.users.rows.set(ada.id, { ...ada, status: 'disabled' });
    await expect(who(accessToken)).resolves.toBeDefined();
    await rig.clock.advance(10_000);
    await expect(who(accessToken)).rejects.toThrow(refused('AUTH_ACCOUNT_DISABLED'));
  });

  it('give the same principal object to a busy client', async () => {
    const { accessToken } = await login();
    expect(await who(accessToken)).toBe(await who(accessToken));
  });
});

describe('refresh', () => {
  it('rotates: the new token works, the old one ends the whole login', async () => {
    const first = await login();
    const second = await rig.auth.refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    const third = await rig.auth.refresh(second.refreshToken);
    await expect(rig.auth.refresh(first.refreshToken)).rejects.toThrow(refused('AUTH_TOKEN_REUSED'));
    await expect(rig.auth.refresh(third.refreshToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(who(third.accessToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
  });

  it('gives one of two simultaneous calls with the same token a new one', async () => {
    const { refreshToken } = await login();
    const ends = await Promise.allSettled([rig.auth.refresh(refreshToken), rig.auth.refresh(refreshToken)]);
    expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('stores no token, only its hash', async () => {
    const { refreshToken } = await login();
    expect(JSON.stringify([...rig.families.rows.values()])).not.toContain(refreshToken);
  });

  it('refuses made-up tokens without harm to the login they name', async () => {
    const { refreshToken } = await login();
    const [family = '', , digest = ''] = refreshToken.split('.');
    const forged = [family, 'A'.repeat(43), digest].join('.');
    await expect(rig.auth.refresh(forged)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(rig.auth.refresh('nonsense')).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(rig.auth.refresh(refreshToken)).resolves.toBeDefined();
  });

  it('expires after 30 days without use', async () => {
    const { refreshToken } = await login();
    await rig.clock.advance(30 * 86_400_000);
    await expect(rig.auth.refresh(refreshToken)).rejects.toThrow(refused('AUTH_TOKEN_EXPIRED'));
  });

  it('is refused to a disabled user', async () => {
    const { refreshToken } = await login();
    await rig.accounts.change(ada.id, { status: 'disabled' });
    await expect(rig.auth.refresh(refreshToken)).rejects.toThrow(refused('AUTH_ACCOUNT_DISABLED'));
  });
});

describe('logout', () => {
  it('kills the token and its login at once, and no other login', async () => {
    const here = await login();
    const elsewhere = await login();
    await rig.auth.logout(await who(here.accessToken), false);
    await expect(who(here.accessToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(rig.auth.refresh(here.refreshToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(who(elsewhere.accessToken)).resolves.toBeDefined();
  });

  it('ends every login with allSessions', async () => {
    const here = await login();
    const elsewhere = await login();
    await rig.auth.logout(await who(here.accessToken), true);
    await expect(who(elsewhere.accessToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(rig.auth.refresh(elsewhere.refreshToken)).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    await expect(login()).resolves.toBeDefined();
  });
});

describe('WebSocket handshakes', () => {
  interface Source {
    readonly headers?: Record<string, string>;
    readonly query?: { readonly ticket?: string; readonly token?: string };
  }
  const handshake = (source: Source): Promise<Principal | null> =>
    rig.authenticator.authenticateHandshake({ headers: source.headers ?? {}, query: source.query ?? {}, ip: IP });

  it('take a ticket once, within 30 s, with the rights of now', async () => {
    const principal = await who((await login()).accessToken);
    const ticket = await rig.authenticator.issueTicket(principal);
    await rig.accounts.change(ada.id, { assignments: [] });
    expect(await handshake({ query: { ticket } })).toMatchObject({ id: ada.id, assignments: [] });
    await expect(handshake({ query: { ticket } })).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
    const late = await rig.authenticator.issueTicket(principal);
    await rig.clock.advance(30_000);
    await expect(handshake({ query: { ticket: late } })).rejects.toThrow(refused('AUTH_INVALID_TOKEN'));
  });

  it('take a token as header, subprotocol or query parameter', async () => {
    const { accessToken: token } = await login();
    const sources: readonly Source[] = [
      { headers: { authorization: `Bearer ${token}` } },
      { headers: { 'sec-websocket-protocol': `cloud, bearer.${token}` } },
      { query: { token } },
    ];
    for (const source of sources) {
      expect(await handshake(source)).toMatchObject({ id: ada.id });
    }
    expect(await handshake({})).toBeNull();
  });

  it('ignore the query token where that is switched off', async () => {
    const strict = new AuthRig({ WS_ALLOW_QUERY_TOKEN: 'false' });
    expect(
      await strict.authenticator.authenticateHandshake({ headers: {}, query: { token: 'a.b.c' }, ip: IP }),
    ).toBeNull();
  });

  it('find out later that the principal is dead', async () => {
    const principal = await who((await login()).accessToken);
    expect(await rig.authenticator.recheck(principal)).toMatchObject({ id: ada.id });
    await rig.auth.logout(principal, false);
    expect(await rig.authenticator.recheck(principal)).toBeNull();
  });
});
