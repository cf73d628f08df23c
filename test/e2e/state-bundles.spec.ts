/** The states of everything in one bundle (deployments.md 10.3, api.md 3.8). */
import { MINIMAL, TestApp, type Answer } from './app.harness.js';

interface Bundle {
  readonly bundleId: string;
  readonly status: string;
  readonly environments: number;
  readonly entries: {
    readonly deploymentId: string;
    readonly environment: string;
    readonly status: string;
    readonly operationInProgress: boolean;
    readonly states: Readonly<Record<string, { readonly version: number }>>;
  }[];
}

describe('a bundle of all states', () => {
  let test: TestApp;
  const ids: string[] = [];
  const deploy = async (id: string): Promise<void> => {
    const body = { environment: 'dev', stackFilter: ['dns'] };
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, body);
    await test.ended(id, String(started.body.data['operationId']));
  };
  const complete = async (path: string): Promise<Bundle> => {
    for (;;) {
      const bundle = (await test.get(path)).body.data as unknown as Bundle;
      if (bundle.status === 'complete') return bundle;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    test = await TestApp.start({ RATE_LIMIT_EXPORT_PER_MINUTE: '1000000' });
    for (let i = 0; i < 3; i++) {
      ids.push(String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']));
    }
    await deploy(String(ids[0]));
    await deploy(String(ids[1]));
  });
  afterAll(() => test.stop());

  it('holds every environment that has something deployed, as JSON and YAML, and says where a run was under way', async () => {
    const rule = { match: { type: 'aws:ec2/vpc:Vpc' }, operation: 'create', nth: 1, times: 9, hang: true };
    await test.put('/api/v1/sandbox/faults', { rules: [rule] });
    const [calm = '', busy = ''] = ids;
    const started = await test.post(`/api/v1/deployments/${busy}/deploy`, {
      environment: 'dev',
      stackFilter: ['network'],
    });
    const asked = await test.post('/api/v1/state/export-all', {});
    expect(asked).toMatchObject({ status: 202, body: { data: { bundleId: expect.stringMatching(/^sx-/) } } });
    const path = String(asked.body.data['downloadUrl']);
    expect(asked.headers.get('location')).toBe(path);
    const bundle = await complete(path);
    expect(bundle.entries.map((e) => [e.deploymentId, e.environment, e.status, e.operationInProgress]).sort()).toEqual(
      [
        [calm, 'dev', 'done', false],
        [busy, 'dev', 'done', true],
      ].sort(),
    );
    for (const { states } of bundle.entries) expect(states['dns']?.version).toBe(3);
    const yaml = await test.get(`${path}?format=yaml`);
    expect(yaml.headers.get('content-type')).toBe('application/yaml; charset=utf-8');
    expect(String(yaml.body['text'])).toContain(`deploymentId: ${calm}`);
    const { events } = (await test.get(`/api/v1/deployments/${calm}/events?type=state_exported`)).body.data;
    expect(events).toHaveLength(1);
    const operationId = String(started.body.data['operationId']);
    await test.post(`/api/v1/deployments/${busy}/operations/${operationId}/cancel`, { force: true });
    await test.ended(busy, operationId);
  });

  it('of one deployment is an export of all its environments', async () => {
    const at = (query: string): string => `/api/v1/deployments/${ids[0]}/state/export${query}`;
    const { body } = await test.get(at('?allEnvironments=true'));
    expect(body.data).toMatchObject({
      deploymentId: ids[0],
      environments: { dev: { operationInProgress: false, states: { dns: { version: 3 } } } },
    });
    const yaml = await test.get(at('?allEnvironments=true&format=yaml'));
    expect(String(yaml.body['text'])).toContain('environments:');
    const nothing = await test.get(`/api/v1/deployments/${ids[2]}/state/export?allEnvironments=true`);
    expect(nothing).toMatchObject({ status: 404, body: { code: 'RESOURCE_NOT_FOUND' } });
    for (const [query, code, field] of [
      ['', 'VALIDATION_REQUIRED_FIELD', 'environment'],
      ['?allEnvironments=false', 'VALIDATION_REQUIRED_FIELD', 'environment'],
      ['?allEnvironments=maybe', 'VALIDATION_FAILED', 'allEnvironments'],
      ['?allEnvironments=true&environment=dev', 'VALIDATION_INVALID_FORMAT', 'allEnvironments'],
      ['?allEnvironments=true&stack=dns', 'VALIDATION_INVALID_FORMAT', 'allEnvironments'],
      ['?allEnvironments=true&environment=moon', 'VALIDATION_INVALID_FORMAT', 'environment'],
    ] as const) {
      const refused = await test.get(at(query));
      expect(refused).toMatchObject({ status: 400, body: { code } });
      expect(refused.body.details).toContainEqual(expect.objectContaining({ field }));
    }
  });

  it('is the platform administrator’s alone', async () => {
    const email = 'chief@demo.example';
    const password = 'Correct-horse-7';
    const assignments = [{ role: 'admin', organization: 'demo' }];
    await test.post('/api/v1/admin/users', { email, password, name: 'Chief', assignments });
    const login = await test.post('/api/v1/auth/login', { username: email, password });
    const as = { authorization: `Bearer ${String(login.body.data['accessToken'])}` };
    const refused: Answer[] = [
      await test.post('/api/v1/state/export-all', {}, as),
      await test.get('/api/v1/state/bundles/sx-000000000000', as),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
  });

  it.each([
    ['sx-000000000000', 404, 'RESOURCE_NOT_FOUND'],
    ['nothing', 400, 'VALIDATION_INVALID_FORMAT'],
    ['sx-000000000000?format=xml', 400, 'VALIDATION_INVALID_FORMAT'],
    ['sx-000000000000?from=dev', 400, 'VALIDATION_UNKNOWN_FIELD'],
  ])('%s is answered %i %s', async (place, status, code) => {
    expect(await test.get(`/api/v1/state/bundles/${place}`)).toMatchObject({ status, body: { code } });
  });
});
