import { aUser } from '../../../test/factories/users.js';
import { AuthRig } from '../../../test/fakes/auth-rig.js';

const KEY = 'bootstrap-key-0123456789';
const rig = new AuthRig({ API_KEYS: `ops:${KEY}`, STATIC_API_KEY_ROLE: 'operator', AUTH_FAILURES_PER_MINUTE: '3' });
let ip = 0;

/** Each from an address of its own, so that failures do not add up. */
async function codeOf(headers: Record<string, string>, address = `10.0.1.${(ip += 1)}`): Promise<string> {
  try {
    return (await rig.authenticator.authenticateRequest({ headers, ip: address })).kind;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

describe('credentials of a request', () => {
  const user = aUser();
  let token = '';
  beforeAll(async () => {
    rig.users.rows.set(user.id, user);
    token = (await rig.tokens.issue(user, 'login-1', ['pwd'])).accessToken;
  });

  it.each<[string, () => Record<string, string>, string]>([
    ['nothing', () => ({}), 'AUTH_REQUIRED: Authentication required'],
    ['a scheme we do not speak', () => ({ authorization: 'Basic YTpi' }), 'AUTH_REQUIRED: Authentication required'],
    ['a token', () => ({ authorization: `Bearer ${token}` }), 'user'],
    ['a token, scheme in lower case', () => ({ authorization: `bearer ${token}` }), 'user'],
    ['a bootstrap key', () => ({ 'x-api-key': KEY }), 'static_key'],
    ['a bearer value without two dots: a key', () => ({ authorization: `Bearer ${KEY}` }), 'static_key'],
    ['both: the key decides', () => ({ 'x-api-key': KEY, authorization: `Bearer ${token}` }), 'static_key'],
    [
      'a bad key beside a good token',
      () => ({ 'x-api-key': 'unknown-key-000000', authorization: `Bearer ${token}` }),
      'AUTH_INVALID_API_KEY: Invalid API key',
    ],
    ['an unknown key', () => ({ 'x-api-key': 'unknown-key-000000' }), 'AUTH_INVALID_API_KEY: Invalid API key'],
    ['an empty key', () => ({ 'x-api-key': '' }), 'AUTH_MALFORMED_API_KEY: Malformed API key'],
    ['an empty bearer value', () => ({ authorization: 'Bearer ' }), 'AUTH_MALFORMED_API_KEY: Malformed API key'],
    ['a key of 129 characters', () => ({ 'x-api-key': 'k'.repeat(129) }), 'AUTH_MALFORMED_API_KEY: Malformed API key'],
    ['a key with a blank', () => ({ 'x-api-key': 'a key' }), 'AUTH_MALFORMED_API_KEY: Malformed API key'],
    ['the header twice', () => ({ 'x-api-key': `${KEY}, ${KEY}` }), 'AUTH_MALFORMED_API_KEY: Malformed API key'],
  ])('%s', async (_case, headers, expected) => {
    expect(await codeOf(headers())).toBe(expected);
  });

  it('bind a bootstrap key to its organization, with the configured role', async () => {
    const principal = await rig.authenticator.authenticateRequest({ headers: { 'x-api-key': KEY }, ip: '10.0.0.9' });
    expect(principal).toMatchObject({
      name: 'ops',
      tier: 'static',
      assignments: [{ role: 'operator', organization: 'default' }],
      scope: { organization: 'default' },
    });
    expect(principal.id).toMatch(/^static-[0-9a-f]{8}$/);
    expect(await rig.authenticator.recheck(principal)).toMatchObject({ id: principal.id });
  });

  it('turn into 429 after too many failures of one address, for failing calls only', async () => {
    const bad = { 'x-api-key': 'unknown-key-000000' };
    for (let i = 0; i < 3; i += 1) expect(await codeOf(bad, '10.9.9.9')).toContain('AUTH_INVALID_API_KEY');
    expect(await codeOf(bad, '10.9.9.9')).toContain('RATE_LIMIT_EXCEEDED');
    expect(await codeOf({ 'x-api-key': KEY }, '10.9.9.9')).toBe('static_key');
    expect(await codeOf({}, '10.9.9.9')).toContain('AUTH_REQUIRED');
  });
});
