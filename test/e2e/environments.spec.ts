import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

/** Environments of one deployment, in the order of its life: dev alone, stage enabled, promoted, disabled, gone. */
describe('environments and promotion', () => {
  let test: TestApp;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}${path}`;
  const post = (path: string, body: object = {}): Promise<Answer> => test.post(at(path), body);
  const ended = async (answer: Answer): Promise<Body['data']> => {
    expect(answer.body).toMatchObject({ success: true });
    return test.ended(id, String(answer.body.data['operationId']));
  };
  const environment = async (name: string): Promise<Body['data']> =>
    (await test.get(at(`/environments/${name}`))).body.data;

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it.each([
    ['/environments/stage/enable', {}, 422, 'ENVIRONMENT_INCOMPLETE'],
    ['/environments/stage/enable', { account: '22' }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['/environments/stage/enable', { account: '222222222222', region: 'mars-1' }, 400, 'VALIDATION_INVALID_FORMAT'],
    [
      '/environments/stage/enable',
      { account: '222222222222', stacks: ['storage'] },
      422,
      'VALIDATION_INVALID_TEMPLATE',
    ],
    [
      '/environments/stage/enable',
      { account: '222222222222', stacks: ['security'] },
      422,
      'VALIDATION_MISSING_DEPENDENCY',
    ],
    ['/environments/stage/enable', { other: 1 }, 400, 'VALIDATION_UNKNOWN_FIELD'],
    ['/environments/test/enable', {}, 400, 'VALIDATION_INVALID_FORMAT'],
    ['/environments/prod/enable', { account: '333333333333', autoDeploy: true }, 422, 'CONFIRMATION_REQUIRED'],
    ['/environments/dev/disable', {}, 422, 'DEV_REQUIRED'],
    ['/environments/stage/disable', {}, 404, 'ENVIRONMENT_NOT_FOUND'],
    ['/environments/stage/promote', { from: 'dev' }, 422, 'ENVIRONMENT_DISABLED'],
    ['/environments/stage/promote', {}, 400, 'VALIDATION_REQUIRED_FIELD'],
    ['/environments/prod/promote', { from: 'stage' }, 422, 'CONFIRMATION_REQUIRED'],
    ['/environments/prod/promote', { from: 'dev', confirm: true }, 422, 'PROMOTION_BLOCKED'],
    ['/environments/dev/promote', { from: 'prod' }, 422, 'PROMOTION_BLOCKED'],
    ['/environments/stage/promote', { from: 'stage' }, 409, 'CLONE_TARGET_CONFLICT'],
  ])('[9.2] %s with %j is refused with %i %s, and nothing has changed', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { code } });
    const { data } = (await test.get(at(''))).body;
    expect(data['revision']).toBe(1);
  });

  it('[9.2] enables an environment that the manifest lacks, once, and warns that dev is not proven', async () => {
    const enabled = await post('/environments/stage/enable', { account: '222222222222' });
    expect(enabled).toMatchObject({
      status: 200,
      body: {
        data: {
          environment: 'stage',
          enabled: true,
          status: 'ready',
          region: 'us-east-1',
          revision: 2,
          warnings: [{ ruleId: 'ENV-W02', severity: 'LOW', details: { predecessor: 'dev', recommendedSoakHours: 24 } }],
        },
      },
    });
    expect(enabled.body.data['enabledBy']).toBe('admin@demo.example');
    const again = await post('/environments/stage/enable', { account: '222222222222' });
    expect(again.body.data).toMatchObject({ enabled: true, revision: 2, enabledAt: enabled.body.data['enabledAt'] });
    expect(await post('/environments/stage/enable', { account: '999999999999' })).toMatchObject({
      status: 409,
      body: { code: 'RESOURCE_CONFLICT', details: { field: 'account', declared: '222222222222' } },
    });
    const events = (await test.get(at('/events?type=environment_enabled'))).body.data['events'];
    expect(events).toEqual([expect.objectContaining({ data: expect.objectContaining({ environment: 'stage' }) })]);
  });

  it('shows all of them, or one', async () => {
    const { data } = (await test.get(at('/environments'))).body;
    expect(data).toMatchObject({
      total: 2,
      environments: [{ name: 'dev' }, { name: 'stage', account: '222222222222' }],
    });
    expect(await environment('dev')).toMatchObject({ name: 'dev', enabled: true, status: 'ready', currentVersion: 0 });
    expect(await test.get(at('/environments/prod'))).toMatchObject({
      status: 404,
      body: { code: 'ENVIRONMENT_NOT_FOUND' },
    });
  });

  it('[9.3] promotes nothing from an environment that is not deployed and well', async () => {
    expect(await post('/environments/stage/promote', { from: 'dev' })).toMatchObject({
      status: 422,
      body: { code: 'PROMOTION_BLOCKED', details: { from: 'dev', status: 'ready' } },
    });
    const early = await post('/deploy', { environment: 'stage', preview: true });
    expect(early.body.data['warnings']).toEqual([expect.objectContaining({ ruleId: 'ENV-W02' })]);
    await ended(early);
  });

  it('[9.3] shows a promotion first, with its diff and content hash, and changes nothing in a preview', async () => {
    await test.put(at(''), {
      stacks: { dns: { environments: { dev: { config: { healthCheckFailureThreshold: 5 } } } } },
    });
    expect(await ended(await post('/deploy', { environment: 'dev' }))).toMatchObject({ status: 'success' });
    const preview = await post('/environments/stage/promote', { from: 'dev', preview: true });
    expect(preview).toMatchObject({
      status: 202,
      body: { data: { type: 'clone', preview: true, from: 'dev', sourceRevision: 3, sourceVersion: 1 } },
    });
    expect(preview.body.data['contentHash']).toMatch(/^[0-9a-f]{64}$/);
    expect(preview.body.data['diff']).toEqual([
      { stack: 'dns', key: 'healthCheckFailureThreshold', from: expect.anything(), to: 5 },
    ]);
    expect(await ended(preview)).toMatchObject({ status: 'success' });
    expect((await test.get(at(''))).body.data['revision']).toBe(3);
    expect(await environment('stage')).toMatchObject({ status: 'ready', stacksDeployed: 0 });
  });

  it('[9.3] promotes what was proven, not what was edited since, and keeps its content hash to prod', async () => {
    await test.put(at(''), { stacks: { network: { config: { enableFlowLogs: false } } } });
    const promoted = await post('/environments/stage/promote', { from: 'dev' });
    const warnings = promoted.body.data['warnings'] as { code: string }[];
    expect(warnings.map(({ code }) => code)).toContain('REVISION_DIFFERS');
    expect(await ended(promoted)).toMatchObject({ type: 'clone', status: 'success', phase: 'deployed' });
    expect(await environment('stage')).toMatchObject({ status: 'deployed', stacksDeployed: 3, version: 1 });
    const { manifest } = (await test.get(at('/manifest?environment=stage'))).body.data as {
      manifest: { spec: { stacks: { dns: { environments: { stage: { config: object } } } } } };
    };
    expect(manifest.spec.stacks.dns.environments.stage.config).toEqual({ healthCheckFailureThreshold: 5 });
    const later = await post('/deploy', { environment: 'stage', preview: true });
    expect((later.body.data['stacksToDeploy'] as { name: string }[]).map(({ name }) => name)).toContain('network');
    await ended(later);
    await post('/environments/prod/enable', { account: '333333333333' });
    const toProd = await post('/environments/prod/promote', { from: 'stage', preview: true });
    expect(toProd.body.data['contentHash']).toBe(promoted.body.data['contentHash']);
    expect(toProd.body.data['warnings']).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'SOAK_TIME' })]),
    );
    await ended(toProd);
  });

  it('[9.3] refuses to promote what no longer is what was deployed', async () => {
    await ended(await post('/deploy', { environment: 'dev', overrides: { network: { azCount: 3 } } }));
    expect(await ended(await post('/environments/stage/promote', { from: 'dev', preview: true }))).toMatchObject({
      status: 'success',
    });
    await ended(await post('/rollback', { environment: 'dev' }));
    expect(await post('/environments/stage/promote', { from: 'dev' })).toMatchObject({
      status: 422,
      body: {
        code: 'PROMOTION_BLOCKED',
        details: { stacks: expect.arrayContaining([expect.objectContaining({ name: 'network' })]) },
      },
    });
  });

  it('[9.2] disables with resources left, and refuses to deploy there', async () => {
    const disabled = await post('/environments/stage/disable');
    expect(disabled).toMatchObject({
      status: 200,
      body: { data: { enabled: false, status: 'deployed', warnings: [{ code: 'RESOURCES_REMAIN' }] } },
    });
    expect(disabled.body.data['resourcesRemaining']).toBeGreaterThan(5);
    expect(disabled.body['warning']).toMatch(/3 stacks stay deployed/);
    expect(await post('/deploy', { environment: 'stage' })).toMatchObject({
      status: 422,
      body: { code: 'ENVIRONMENT_DISABLED' },
    });
    expect((await post('/environments/stage/enable')).body.data).toMatchObject({ enabled: true, status: 'deployed' });
  });

  it('[9.4] destroys first when asked to, and disables when that has succeeded', async () => {
    expect(await post('/environments/stage/disable', { destroyResources: true })).toMatchObject({
      status: 422,
      body: { code: 'CONFIRMATION_REQUIRED', details: { expected: true } },
    });
    const started = await post('/environments/stage/disable', { destroyResources: true, confirm: true });
    expect(started).toMatchObject({ status: 202, body: { data: { enabled: true, operationId: expect.any(String) } } });
    expect(await ended(started)).toMatchObject({ type: 'destroy', status: 'success' });
    expect(await environment('stage')).toMatchObject({ enabled: false, status: 'disabled', stacksDeployed: 0 });
    const { manifest } = (await test.get(at('/manifest'))).body.data as {
      manifest: { spec: { environments: { stage: { enabled: boolean } } } };
    };
    expect(manifest.spec.environments.stage.enabled).toBe(false);
    const again = await post('/environments/stage/disable', { destroyResources: true, confirm: true });
    expect(again).toMatchObject({ status: 200, body: { data: { enabled: false, resourcesRemaining: 0 } } });
  });

  it('[9.2] enables and deploys in one go', async () => {
    const started = await post('/environments/stage/enable', { autoDeploy: true, stacks: ['dns'] });
    expect(started).toMatchObject({ status: 202, body: { data: { enabled: true } } });
    const operation = await ended(started);
    expect((operation['completedStacks'] as { name: string }[]).map(({ name }) => name)).toEqual(['dns']);
    expect(await environment('stage')).toMatchObject({ status: 'deployed', stacksDeployed: 1 });
  });
});

describe('PROMOTION_ENFORCE=block', () => {
  let test: TestApp;
  let id: string;
  const post = (path: string, body: object = {}): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}${path}`, body);
  beforeAll(async () => {
    test = await TestApp.start({ PROMOTION_ENFORCE: 'block' });
    const accounts = { dev: '111111111111', stage: '222222222222' };
    id = String((await test.post('/api/v1/deployments', { ...MINIMAL, accounts })).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('[ENV-W02] blocks enabling and deploying out of order, but for an administrator who insists', async () => {
    const body = { account: '222222222222' };
    const blocked = { status: 422, body: { code: 'PROMOTION_BLOCKED', details: { predecessor: 'dev' } } };
    expect(await post('/environments/stage/enable', body)).toMatchObject(blocked);
    expect((await post('/environments/stage/enable', { ...body, force: true })).status).toBe(200);
    expect((await post('/validate', { environment: 'stage', level: 'config' })).body.data).toMatchObject({
      valid: false,
      errors: [{ ruleId: 'ENV-W02', severity: 'HIGH' }],
    });
    expect(await post('/deploy', { environment: 'stage' })).toMatchObject(blocked);
    expect(await post('/stacks/dns/deploy', { environment: 'stage' })).toMatchObject(blocked);
    const preview = await post('/deploy', { environment: 'stage', preview: true });
    expect(preview).toMatchObject({ status: 202, body: { data: { warnings: [{ severity: 'HIGH' }] } } });
    const assignments = [{ role: 'developer', organization: 'demo' }];
    const user = { email: 'dev@demo.example', password: 'Correct-Horse-8', name: 'dev', assignments };
    await test.post('/api/v1/admin/users', user);
    const login = await test.post('/api/v1/auth/login', { username: user.email, password: user.password });
    const asDeveloper = { authorization: `Bearer ${String(login.body.data['accessToken'])}` };
    const forced = { environment: 'stage', force: true };
    expect(await test.post(`/api/v1/deployments/${id}/deploy`, forced, asDeveloper)).toMatchObject(blocked);
    const started = await post('/deploy', forced);
    expect(started).toMatchObject({
      status: 202,
      body: { data: { warnings: [{ ruleId: 'ENV-W02', severity: 'LOW' }] } },
    });
    expect(await test.ended(id, String(started.body.data['operationId']))).toMatchObject({ status: 'success' });
    expect(await post('/rollback', { environment: 'stage' })).toMatchObject({ body: { code: 'NO_PREVIOUS_VERSION' } });
  });
});
