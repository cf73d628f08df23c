import { ADMIN, type Answer, type Body, TestApp, testSettings } from './app.harness.js';

const PASSWORD = 'Correct-horse-7';
const BOOTSTRAP_KEY = 'bootstrap-key-0123456789';

const JWT_SECRET = 'a secret of at least thirty-two characters';
const ENCRYPTION_KEY = 'ab'.repeat(32);

let uri: string;
let app: TestApp;
let users = 0;
beforeAll(async () => {
  uri = String(testSettings('unused')['MONGODB_URI']);
  app = await TestApp.start({
    MONGODB_URI: uri,
    JWT_SECRET,
    ENCRYPTION_KEY,
    API_KEYS: `vscode:${BOOTSTRAP_KEY}`,
    RATE_LIMIT_AUTH_PER_MINUTE: '8',
    RATE_LIMIT_REG_PER_MINUTE: '1000',
  });
}, 120_000);
afterAll(async () => {
  await app?.stop();
});

const bearer = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${String(token)}` });
const withKey = (key: unknown): Record<string, string> => ({ authorization: '', 'x-api-key': String(key) });
const login = (username: string, password = PASSWORD): Promise<Answer> =>
  app.post('/api/v1/auth/login', { username, password });

/** A user of organization `demo` made by the administrator, logged in. */
async function aMember(role: string): Promise<{ id: string; email: string; token: string; login: Body['data'] }> {
  const email = `${role}${(users += 1)}@demo.example`;
  const assignments = [{ role, organization: 'demo' }];
  const made = await app.post('/api/v1/admin/users', { email, password: PASSWORD, name: role, assignments });
  expect(made.status).toBe(201);
  const answer = await login(email);
  return {
    id: String(made.body.data['id']),
    email,
    token: String(answer.body.data['accessToken']),
    login: answer.body.data,
  };
}

describe('logging in', () => {
  it('gives tokens and says who that is', async () => {
    const { status, body, headers } = await login(ADMIN.email, ADMIN.password);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      data: {
        expiresIn: 3600,
        tokenType: 'Bearer',
        user: { email: ADMIN.email, roles: ['admin'], organizations: ['demo'] },
      },
      meta: { requestId: headers.get('x-request-id') },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const me = await app.get('/api/v1/auth/me', bearer(body.data['accessToken']));
    expect(me.body.data).toMatchObject({
      email: ADMIN.email,
      credential: { type: 'access_token', keyId: null },
      permissions: expect.arrayContaining(['admin:*', 'stacks:manage']),
    });
    expect(me.headers.get('x-ratelimit-tier')).toBe('enterprise');
    expect(me.headers.get('x-ratelimit-limit')).toBe('1000');
  });

  it('takes email for username, and the old addresses with a note', async () => {
    const answer = await app.post('/api/v1/users/login', { email: ADMIN.email, password: ADMIN.password });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('deprecation')).toBe('true');
    expect(answer.headers.get('link')).toBe('</api/v1/auth/login>; rel="successor-version"');
    const { refreshToken } = answer.body.data;
    const refreshed = await app.post('/api/v1/auth/refresh-token', { refreshToken });
    expect(refreshed.status).toBe(200);
    expect(refreshed.headers.get('link')).toContain('/api/v1/auth/refresh>');
  });

  it.each([
    [{}, 'VALIDATION_FAILED', ['username', 'password']],
    [{ username: 'x' }, 'VALIDATION_REQUIRED_FIELD', ['password']],
    [{ username: 7, password: 'x' }, 'VALIDATION_INVALID_FORMAT', ['username']],
    [{ username: 'x', password: 'x', role: 'admin' }, 'VALIDATION_UNKNOWN_FIELD', ['role']],
  ])('refuses %j with %s', async (body, code, fields) => {
    const answer = await app.post('/api/v1/auth/login', body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe(code);
    expect((answer.body.details as { field: string }[]).map((problem) => problem.field)).toEqual(fields);
  });

  it('locks an account after five failures, until an administrator unlocks it', async () => {
    const user = await aMember('viewer');
    for (let i = 0; i < 5; i += 1) {
      expect((await login(user.email, 'Wrong-horse-7')).body.code).toBe('AUTH_INVALID_CREDENTIALS');
    }
    expect((await login(user.email)).body).toMatchObject({ code: 'AUTH_ACCOUNT_LOCKED', statusCode: 403 });
    expect((await app.get(`/api/v1/admin/users/${user.id}`)).body.data).toMatchObject({ status: 'locked' });
    expect((await app.post(`/api/v1/admin/users/${user.id}/unlock`, {})).body.data).toMatchObject({ status: 'active' });
    expect((await login(user.email)).status).toBe(200);
    const ninth = await login(user.email, 'Wrong-horse-7'); // 1 + 5 + 1 + 1 before
    expect(ninth.status).toBe(429);
    expect(ninth.body).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', details: { limit: 8, window: 60 } });
    expect(Number(ninth.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(ninth.headers.get('x-ratelimit-remaining')).toBe('0');
  });

  it('ends with logout at once, and a reused refresh token ends it too', async () => {
    const { token, login: first } = await aMember('viewer');
    const second = await app.post('/api/v1/auth/refresh', { refreshToken: first['refreshToken'] });
    expect((await app.post('/api/v1/auth/refresh', { refreshToken: first['refreshToken'] })).body.code).toBe(
      'AUTH_TOKEN_REUSED',
    );
    expect((await app.get('/api/v1/auth/me', bearer(second.body.data['accessToken']))).body.code).toBe(
      'AUTH_INVALID_TOKEN',
    );
    expect((await app.get('/api/v1/auth/me', bearer(token))).status).toBe(401);

    const other = await aMember('viewer');
    expect((await app.post('/api/v1/auth/logout', {}, bearer(other.token))).status).toBe(200);
    const after = await app.get('/api/v1/auth/me', bearer(other.token));
    expect([after.status, after.body.code, after.headers.get('www-authenticate')]).toEqual([
      401,
      'AUTH_INVALID_TOKEN',
      'Bearer',
    ]);
  });
});

describe('API keys', () => {
  it('are made, used, rotated and revoked', async () => {
    const { token } = await aMember('developer');
    const made = await app.post('/api/v1/auth/api-keys', { name: 'ci', permissions: ['stacks:read'] }, bearer(token));
    expect(made.status).toBe(201);
    expect(made.body['warning']).toContain('cannot be shown again');
    const { apiKey, keyId, prefix } = made.body.data;
    expect(made.headers.get('location')).toBe(`/api/v1/auth/api-keys/${String(keyId)}`);
    expect(String(apiKey)).toMatch(/^msk_test_[0-9a-f]{32}$/);

    const me = await app.get('/api/v1/auth/me', withKey(apiKey));
    expect(me.body.data).toMatchObject({
      permissions: ['stacks:read', 'system:read'],
      credential: { type: 'api_key', keyId },
    });

    const rotated = await app.post(`/api/v1/auth/api-keys/${String(keyId)}/rotate`, { gracePeriod: 0 }, bearer(token));
    expect(rotated.status).toBe(201);
    expect((await app.get('/api/v1/auth/me', withKey(apiKey))).body.code).toBe('AUTH_INVALID_API_KEY');
    const next = rotated.body.data;
    expect((await app.get('/api/v1/auth/me', withKey(next['apiKey']))).status).toBe(200);

    const gone = await app.call('DELETE', `/api/v1/auth/api-keys/${String(next['keyId'])}`, undefined, bearer(token));
    expect(gone.body.data).toMatchObject({ keyId: next['keyId'], revokedAt: expect.any(String) });
    expect((await app.get('/api/v1/auth/me', withKey(next['apiKey']))).status).toBe(401);

    const list = await app.get('/api/v1/auth/api-keys?status=revoked', bearer(token));
    expect(list.body.data).toMatchObject({
      total: 2,
      apiKeys: expect.arrayContaining([expect.objectContaining({ keyId, prefix })]),
    });
    expect(JSON.stringify(list.body)).not.toContain(String(apiKey));
  });

  it('make no keys, manage no users and never exceed their owner', async () => {
    const made = await app.post('/api/v1/auth/api-keys', { name: 'all' });
    const key = withKey(made.body.data['apiKey']);
    expect((await app.post('/api/v1/auth/api-keys', { name: 'x' }, key)).body.code).toBe('AUTHZ_FORBIDDEN');
    expect((await app.get('/api/v1/admin/users', key)).body.code).toBe('AUTHZ_FORBIDDEN');
    const { token } = await aMember('viewer');
    const wider = await app.post('/api/v1/auth/api-keys', { name: 'x', permissions: ['audit:read'] }, bearer(token));
    expect([wider.status, wider.body.code]).toEqual([422, 'APIKEY_PERMISSION_ESCALATION']);
    const unknown = await app.post('/api/v1/auth/api-keys', { name: 'x', permissions: ['fly'] }, bearer(token));
    expect([unknown.status, unknown.body.code]).toEqual([400, 'VALIDATION_INVALID_FORMAT']);
  });

  it('of the bootstrap kind have no right here unless they are given a role', async () => {
    const answer = await app.get('/api/v1/auth/api-keys', withKey(BOOTSTRAP_KEY));
    expect([answer.status, answer.body.code]).toEqual([403, 'AUTHZ_FORBIDDEN']);
    const me = await app.get('/api/v1/auth/me', withKey(BOOTSTRAP_KEY));
    expect(me.body.data).toMatchObject({ name: 'vscode', roles: [], credential: { type: 'static_key' } });
    expect(me.headers.get('x-ratelimit-tier')).toBe('static');
  });

  it('get a limit of their own from an administrator', async () => {
    const { token } = await aMember('viewer');
    const made = await app.post('/api/v1/auth/api-keys', { name: 'slow' }, bearer(token));
    const path = `/api/v1/admin/api-keys/${String(made.body.data['keyId'])}`;
    expect((await app.call('PATCH', path, { rateLimitPerMinute: 2 })).body.data).toMatchObject({
      rateLimitPerMinute: 2,
    });
    const key = withKey(made.body.data['apiKey']);
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await app.get('/api/v1/auth/me', key)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('repeated with one idempotency key, twenty at once, are one key; its answer comes back with the key', async () => {
    const { token } = await aMember('viewer');
    const headers = { ...bearer(token), 'idempotency-key': 'make-one-key' };
    const make = (name = 'once'): Promise<Answer> => app.post('/api/v1/auth/api-keys', { name }, headers);
    const answers = await Promise.all(Array.from({ length: 20 }, () => make()));
    const secrets = new Set(answers.filter((a) => a.status === 201).map((a) => a.body.data['apiKey']));
    expect(secrets.size).toBe(1);
    for (const answer of answers) {
      if (answer.status !== 201) expect([answer.status, answer.body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    }
    const before = await app.get('/api/v1/auth/me', bearer(token));
    const replay = await make();
    const after = await app.get('/api/v1/auth/me', bearer(token));
    expect(replay.status).toBe(201);
    expect(replay.headers.get('idempotency-replayed')).toBe('true');
    expect(replay.headers.get('location')).toContain('/api/v1/auth/api-keys/key-');
    expect(replay.body.data['apiKey']).toBe([...secrets][0]);
    expect(replay.body['meta']).toMatchObject({ requestId: replay.headers.get('x-request-id') });
    const left = (a: Answer): number => Number(a.headers.get('x-ratelimit-remaining'));
    expect(left(before) - left(after)).toBe(1);
    expect([(await make('twice')).status, (await make('twice')).body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await app.get('/api/v1/auth/api-keys', bearer(token))).body.data['total']).toBe(1);
  });
});

describe('users and organizations', () => {
  it('register as viewers of the default organization and manage their own account', async () => {
    const made = await app.post('/api/v1/users/register', {
      email: 'New@demo.example',
      username: 'newbie',
      password: PASSWORD,
    });
    expect(made.status).toBe(201);
    expect(made.body.data).toMatchObject({ email: 'new@demo.example', roles: ['viewer'], organizations: ['demo'] });
    const token = (await login('newbie')).body.data['accessToken'];
    const renamed = await app.put(
      '/api/v1/users/profile',
      { name: 'Newton', preferences: { theme: 'dark' } },
      bearer(token),
    );
    expect(renamed.body.data).toMatchObject({ name: 'Newton', preferences: { theme: 'dark' } });
    expect((await app.put('/api/v1/users/profile', { roles: ['admin'] }, bearer(token))).body.code).toBe(
      'VALIDATION_UNKNOWN_FIELD',
    );
    expect((await app.put('/api/v1/users/profile', { email: ADMIN.email }, bearer(token))).body.code).toBe(
      'RESOURCE_ALREADY_EXISTS',
    );
    const weak = await app.put(
      '/api/v1/users/password',
      { currentPassword: PASSWORD, newPassword: 'short' },
      bearer(token),
    );
    expect([weak.status, weak.body.code]).toEqual([422, 'PASSWORD_POLICY']);
    const gone = await app.call('DELETE', '/api/v1/users/profile', { password: PASSWORD }, bearer(token));
    expect(gone.status).toBe(200);
    expect((await login('newbie')).status).toBe(401);
  });

  it('are hidden from other organizations', async () => {
    for (const name of ['acme', 'umbrella']) {
      expect((await app.post('/api/v1/admin/organizations', { name })).status).toBe(201);
    }
    expect((await app.post('/api/v1/admin/organizations', { name: 'acme' })).status).toBe(409);
    const boss = await app.post('/api/v1/admin/users', {
      email: 'boss@acme.example',
      password: PASSWORD,
      assignments: [{ role: 'admin', organization: 'acme' }],
    });
    const token = (await login('boss@acme.example')).body.data['accessToken'];
    const stranger = await aMember('viewer');
    expect((await app.get(`/api/v1/admin/users/${stranger.id}`, bearer(token))).status).toBe(404);
    expect((await app.get('/api/v1/admin/users', bearer(token))).body.data['users']).toEqual([
      expect.objectContaining({ id: boss.body.data['id'] }),
    ]);
    expect((await app.get('/api/v1/organizations/umbrella', bearer(token))).status).toBe(404);
    expect((await app.get('/api/v1/organizations', bearer(token))).body.data['organizations']).toEqual([
      expect.objectContaining({ name: 'acme', tier: 'standard', projects: [] }),
    ]);
    expect((await app.post('/api/v1/admin/organizations', { name: 'mine' }, bearer(token))).status).toBe(403);
    expect(
      (await app.call('PATCH', '/api/v1/admin/organizations/acme', { tier: 'enterprise' }, bearer(token))).status,
    ).toBe(403);
    expect(
      (await app.call('PATCH', '/api/v1/admin/organizations/acme', { displayName: 'Acme' }, bearer(token))).status,
    ).toBe(200);
  });

  it('lose their rights at the next request', async () => {
    const user = await aMember('admin');
    expect((await app.get('/api/v1/admin/users', bearer(user.token))).status).toBe(200);
    await app.put(`/api/v1/admin/users/${user.id}/assignments`, {
      assignments: [{ role: 'viewer', organization: 'demo' }],
    });
    const refused = await app.get('/api/v1/admin/users', bearer(user.token));
    expect(refused.body).toMatchObject({
      code: 'AUTHZ_FORBIDDEN',
      details: { permission: 'users:manage', requiredRoles: ['admin'] },
    });
    await app.call('PATCH', `/api/v1/admin/users/${user.id}`, { status: 'disabled' });
    expect((await app.get('/api/v1/auth/me', bearer(user.token))).status).toBe(401);
    expect((await login(user.email)).body.code).toBe('AUTH_ACCOUNT_DISABLED');
  });
});

describe('a second instance on the same database', () => {
  it('knows users, keys and tokens of the first, redeems its idempotency keys and makes no second administrator', async () => {
    const second = await TestApp.start({ MONGODB_URI: uri, JWT_SECRET, ENCRYPTION_KEY });
    try {
      const { token } = await aMember('viewer');
      expect((await second.get('/api/v1/auth/me', bearer(token))).status).toBe(200);
      const headers = { ...bearer(token), 'idempotency-key': 'on-both-sides' };
      const here = await app.post('/api/v1/auth/api-keys', { name: 'x' }, headers);
      const there = await second.post('/api/v1/auth/api-keys', { name: 'x' }, headers);
      expect(there.body.data['apiKey']).toBe(here.body.data['apiKey']);
      expect((await second.get('/api/v1/auth/me', withKey(here.body.data['apiKey']))).status).toBe(200);
      const found = await second.get('/api/v1/admin/users?search=admin%40demo');
      expect(found.body.data['pagination']).toMatchObject({ total: 1 });
    } finally {
      await second.stop();
    }
  });
});

describe('the last administrator of the platform', () => {
  it('cannot be removed', async () => {
    const me = (await app.get('/api/v1/auth/me')).body.data['id'];
    const refused = await app.call('DELETE', `/api/v1/admin/users/${String(me)}`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'LAST_ADMIN', details: { organizations: ['*', 'demo'] } });
  });

  it('stays when two administrators remove each other at once', async () => {
    const assignments = [{ role: 'admin', organization: '*' }];
    const made = await app.post('/api/v1/admin/users', { email: 'two@demo.example', password: PASSWORD, assignments });
    const me = String((await app.get('/api/v1/auth/me')).body.data['id']);
    const other = String(made.body.data['id']);
    const token = (await login('two@demo.example')).body.data['accessToken'];
    await Promise.all([
      app.call('DELETE', `/api/v1/admin/users/${other}`),
      app.call('DELETE', `/api/v1/admin/users/${me}`, undefined, bearer(token)),
    ]);
    const alive = await Promise.all([app.get('/api/v1/admin/users'), app.get('/api/v1/admin/users', bearer(token))]);
    expect(alive.map((answer) => answer.status).sort()).toEqual([200, 401]);
  });
});
