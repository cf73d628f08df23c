/**
 * Who may do what to an environment (api.md 2.4), asked of the running server: every role at every route of environments,
 * promotion, deletion, unlock, import and rollback, in dev and prod. The answers expected here are written down from the
 * specification, not read from the code.
 */
import { MINIMAL, TestApp, type Answer } from './app.harness.js';

const ROLES = ['viewer', 'developer', 'operator', 'admin'] as const;
type Role = (typeof ROLES)[number];
const PASSWORD = 'Correct-horse-7';

/** Roles of each column of the matrix; the second of a pair is that of prod. */
const ALL: readonly Role[] = ROLES;
const CHANGERS: readonly Role[] = ['developer', 'operator', 'admin'];
const OPERATORS: readonly Role[] = ['operator', 'admin'];
const DEVELOPERS: readonly Role[] = ['developer', 'admin'];
const ADMINS: readonly Role[] = ['admin'];

interface Row {
  readonly route: string;
  /** `:env` stands for the environment in a path. */
  readonly path: string;
  readonly body?: object;
  readonly permission: string;
  readonly dev: readonly Role[];
  readonly prod: readonly Role[];
}

const row = (
  route: string,
  permission: string,
  [dev, prod]: readonly [readonly Role[], readonly Role[]],
  body?: object,
): Row => {
  const [, path = ''] = route.split(' ');
  return { route, path, permission, dev, prod, ...(body ? { body } : {}) };
};

/** What may be done in an environment. No body is one that would change anything: whoever may do it is refused later. */
const MATRIX: readonly Row[] = [
  row('GET environments', 'environments:read', [ALL, ALL]),
  row('GET environments/:env', 'environments:read', [ALL, ALL]),
  row('POST environments/:env/enable', 'environments:manage', [CHANGERS, OPERATORS], {
    region: 'us-east-1',
    stacks: ['none'],
  }),
  row('POST environments/:env/disable', 'environments:manage', [CHANGERS, OPERATORS], { destroyResources: false }),
  row('POST environments/:env/promote', 'deployments:deploy', [CHANGERS, OPERATORS], { from: 'dev' }),
  row('POST environments/:env/promote (preview)', 'deployments:preview', [CHANGERS, CHANGERS], {
    from: 'dev',
    preview: true,
  }),
  row('PUT environments/:env/drift-schedule', 'environments:manage', [CHANGERS, OPERATORS], { cron: null }),
  row('POST state/unlock', 'state:write', [ADMINS, ADMINS], { environment: ':env', reason: 'test' }),
  row('POST state/import', 'state:write', [ADMINS, ADMINS], { environment: ':env', stack: 'dns', state: {} }),
  row('POST state/import-resources', 'state:write', [ADMINS, ADMINS], {
    ...{ environment: ':env', stack: 'dns' },
    resources: [{ type: 'aws:ec2/vpc:Vpc', name: 'x', id: 'vpc-1' }],
  }),
  row('POST state/sync', 'deployments:deploy', [CHANGERS, OPERATORS], { environment: ':env' }),
  row('POST state/refresh', 'deployments:deploy', [CHANGERS, OPERATORS], { environment: ':env' }),
  row('GET state/export?environment=:env', 'state:read', [OPERATORS, OPERATORS]),
  row('POST state/export', 'state:read', [OPERATORS, OPERATORS], { environment: ':env' }),
  row('GET state/backups?environment=:env', 'state:read', [OPERATORS, OPERATORS]),
  row('POST rollback', 'deployments:deploy', [CHANGERS, OPERATORS], { environment: ':env' }),
  row('POST rollback (preview)', 'deployments:preview', [CHANGERS, CHANGERS], { environment: ':env', preview: true }),
  row('POST destroy', 'deployments:destroy', [DEVELOPERS, ADMINS], { environment: ':env' }),
  row('POST drift-fix', 'deployments:deploy', [CHANGERS, OPERATORS], { environment: ':env' }),
  row('POST drift-detect', 'deployments:validate', [CHANGERS, CHANGERS], { environment: ':env' }),
];

describe('roles at the routes of environments', () => {
  let test: TestApp;
  let id: string;
  const tokens = new Map<Role | 'nobody', string>();

  beforeAll(async () => {
    test = await TestApp.start({ ENGINE_RUNNERS: '0' });
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    for (const role of [...ROLES, 'nobody'] as const) {
      const email = `a-${role}@demo.example`;
      const assignments = role === 'nobody' ? [] : [{ role, organization: 'demo' }];
      await test.post('/api/v1/admin/users', { email, password: PASSWORD, name: role, assignments });
      const login = await test.post('/api/v1/auth/login', { username: email, password: PASSWORD });
      tokens.set(role, String(login.body.data['accessToken']));
    }
  });
  afterAll(() => test.stop());

  const as = (role: Role | 'nobody'): Record<string, string> => ({ authorization: `Bearer ${tokens.get(role)}` });
  const send = (
    role: Role | 'nobody',
    { route, path, body }: Row,
    environment: string,
    deployment = id,
  ): Promise<Answer> => {
    const [method = ''] = route.split(' ');
    const filled = body && (JSON.parse(JSON.stringify(body).replaceAll(':env', environment)) as object);
    const place = path.replace(' (preview)', '').replace(':env', environment);
    return test.call(method, `/api/v1/deployments/${deployment}/${place}`, filled, as(role));
  };

  const cases = MATRIX.flatMap((entry) =>
    (['dev', 'prod'] as const).flatMap((environment) =>
      ROLES.map((role) => [role, entry.route, environment, entry[environment].includes(role), entry] as const),
    ),
  );

  it.each(cases)('%s: %s in %s is allowed: %s', async (role, _route, environment, isAllowed, entry) => {
    const answer = await send(role, entry, environment);
    if (isAllowed) {
      expect([401, 403, 500]).not.toContain(answer.status);
      return;
    }
    expect(answer).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
    // a route that also previews names the smaller right to those who lack both
    expect([entry.permission, 'deployments:preview']).toContain(
      (answer.body.details as { permission: string }).permission,
    );
  });

  // only the mark of the route can refuse here: there is no deployment whose rules could
  it.each(MATRIX.map((entry) => [entry.route, entry] as const))(
    '%s is closed to a user without any role, whether the deployment exists or not',
    async (_route, entry) => {
      for (const environment of ['dev', 'prod']) {
        const answer = await send('nobody', entry, environment, 'D0NOWHERE');
        expect(answer).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
        expect(await send('admin', entry, environment, 'D0NOWHERE')).toMatchObject({ status: 404 });
      }
    },
  );

  describe('deleting a deployment', () => {
    const remove = (role: Role | 'nobody'): Promise<Answer> =>
      test.call('DELETE', '/api/v1/deployments/D0NOWHERE', undefined, as(role));
    it.each([
      ['nobody', 403],
      ['viewer', 403],
      ['operator', 403],
      ['developer', 404],
      ['admin', 404],
    ] as const)('%s is answered %i', async (role, status) => {
      expect(await remove(role)).toMatchObject({ status });
    });

    it.each([
      ['developer', 403],
      ['admin', 200],
    ] as const)('by force, %s is answered %i', async (role, status) => {
      const own = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
      const path = `/api/v1/deployments/${own}?force=true`;
      expect(await test.call('DELETE', path, undefined, as(role))).toMatchObject({ status });
    });
  });

  it('nobody gets anywhere without a credential', async () => {
    for (const entry of MATRIX) {
      const [method = ''] = entry.route.split(' ');
      const place = entry.path.replace(':env', 'dev');
      const answer = await test.call(method, `/api/v1/deployments/${id}/${place}`, entry.body, { authorization: '' });
      expect(answer).toMatchObject({ status: 401, body: { code: 'AUTH_REQUIRED' } });
    }
  });
});
