import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

/** Stacks of a deployment one by one, lists of deployments, and the end of one. */
describe('the stacks of a deployment', () => {
  let test: TestApp;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}${path}`;
  const data = async (path: string): Promise<Body['data']> => (await test.get(at(path))).body.data;
  const ended = async (answer: Answer): Promise<Body['data']> => {
    expect(answer.body).toMatchObject({ success: true });
    return test.ended(id, String(answer.body.data['operationId']));
  };
  const listed = async (query: string): Promise<string[]> => {
    const { body } = await test.get(`/api/v1/deployments?${query}`);
    expect(body).toMatchObject({ success: true });
    return (body.data['deployments'] as { deploymentId: string }[]).map((each) => each.deploymentId);
  };
  const remove = (query = ''): Promise<Answer> => test.call('DELETE', at(query));

  beforeAll(async () => {
    test = await TestApp.start();
    id = String(
      (await test.post('/api/v1/deployments', { ...MINIMAL, tags: { purpose: 'a:b' } })).body.data['deploymentId'],
    );
  });
  afterAll(() => test.stop());

  it('are listed by layer before and after they are deployed', async () => {
    const before = await data('/stacks?environment=dev');
    expect(before).toMatchObject({ total: 3, environment: 'dev' });
    expect(before['stacks']).toEqual([
      expect.objectContaining({ name: 'dns', layer: 1, enabled: true, status: 'not_deployed', resourceCount: 0 }),
      expect.objectContaining({ name: 'network', layer: 1, dependencies: [], driftDetected: false }),
      expect.objectContaining({ name: 'security', layer: 2, dependencies: ['network'], lastDeployedAt: null }),
    ]);
    expect(
      await ended(await test.post(at('/deploy'), { environment: 'dev', stackFilter: ['dns', 'network'] })),
    ).toMatchObject({ status: 'success' });
    const after = (await data('/stacks?environment=dev'))['stacks'] as { status: string; resourceCount: number }[];
    expect(after.map(({ status }) => status)).toEqual(['deployed', 'deployed', 'not_deployed']);
    expect(after[1]?.resourceCount).toBe(29); // stacks.md section 11, network in dev
  });

  it('tell status, resources and outputs of one', async () => {
    const status = await data('/stacks/network/status');
    expect(status).toMatchObject({
      stack: 'network',
      stackName: 'network',
      environment: 'dev',
      status: 'deployed',
      pulumiStack: `${id}-network-dev`,
      stackVersion: 1,
      resourceCount: 29,
      lastDeployedBy: 'admin@demo.example',
      error: null,
      driftDetected: false,
    });
    expect(status['stateVersion']).toBeGreaterThan(0);
    expect(status['resources']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'aws:ec2/vpc:Vpc', id: expect.stringMatching(/^vpc-/), status: 'created' }),
      ]),
    );
    expect(await data('/stacks/security/status')).toMatchObject({ status: 'not_deployed', resources: [], outputs: {} });
  });

  it('tell the progress of one, of the last operation or as it stands', async () => {
    const progress = await data('/stacks/network/progress');
    expect(progress).toMatchObject({ stack: 'network', status: 'deployed', progressPercent: 100, deploymentId: id });
    expect(progress['operationId']).toMatch(/^op-/);
    expect(Array.isArray(progress['logs'])).toBe(true);
    expect(await data('/stacks/security/progress')).toMatchObject({ operationId: null, status: 'not_deployed' });
  });

  it('leave with their configuration unresolved and their outputs', async () => {
    expect(await data('/stacks/network/export?environment=dev')).toMatchObject({
      stackName: 'network',
      configuration: { vpcCidr: '10.0.0.0/16', azCount: 2, availabilityZoneNames: '{{RUNTIME:aws:availabilityZones}}' },
      outputs: { vpcId: expect.stringMatching(/^vpc-/) },
      dependencies: [],
    });
  });

  it.each([
    ['/stacks', 400, 'VALIDATION_REQUIRED_FIELD'],
    ['/stacks?environment=test', 400, 'VALIDATION_INVALID_FORMAT'],
    ['/stacks?environment=stage', 404, 'ENVIRONMENT_NOT_FOUND'],
    ['/stacks/storage/status', 404, 'STACK_NOT_IN_MANIFEST'],
    ['/stacks/storage/progress', 404, 'STACK_NOT_IN_MANIFEST'],
    ['/stacks/network/export', 400, 'VALIDATION_REQUIRED_FIELD'],
    ['/stacks/network/status?environment=prod', 404, 'ENVIRONMENT_NOT_FOUND'],
  ])('%s is refused with %i %s', async (path, status, code) => {
    expect(await test.get(at(path))).toMatchObject({ status, body: { code } });
  });

  it('decide in which lists the deployment is found', async () => {
    const found = ['template=minimal', 'tag=purpose:a:b', 'search=SHOP', 'environment=dev', 'status=partial,failed'];
    for (const query of [...found, 'status=active', 'organization=demo&project=Web%20Shop'])
      expect(await listed(query)).toEqual([id]);
    for (const query of [
      'template=default',
      'tag=purpose:a',
      'search=.*',
      'environment=stage',
      'status=ready,deployed',
    ])
      expect(await listed(query)).toEqual([]);
    await test.post(at('/environments/stage/enable'), { account: '222222222222' });
    expect(await listed('status=ready')).toEqual([id]);
    expect(await listed('environment=stage')).toEqual([id]);
    expect((await test.get('/api/v1/deployments?status=gone')).status).toBe(400);
  });

  it('[7.10] keep their deployment from being deleted while they are deployed', async () => {
    expect(await remove()).toMatchObject({
      status: 400,
      body: {
        code: 'DEPLOYMENT_HAS_ACTIVE_STACKS',
        details: { activeStacks: ['dns', 'network'], environments: ['dev'] },
      },
    });
    const destroy = await test.post(at('/destroy'), { environment: 'dev', confirm: true });
    expect(await remove()).toMatchObject({ status: 409, body: { code: 'OPERATION_IN_PROGRESS' } });
    expect(await ended(destroy)).toMatchObject({ status: 'success' });
    expect(await listed('page=1')).toEqual([]);
    expect(await listed('all=true')).toEqual([id]);
  });

  it('[7.10] are gone with their deployment, whose id stays reserved', async () => {
    expect(await remove('?force=maybe')).toMatchObject({ status: 400 });
    const removed = await remove();
    expect(removed).toMatchObject({
      status: 200,
      body: { data: { deploymentId: id, deletedBy: 'admin@demo.example', archived: true } },
    });
    for (const path of ['', '/stacks?environment=dev', '/environments', '/manifest'])
      expect((await test.get(at(path))).status).toBe(404);
    expect((await remove()).status).toBe(404);
    expect(await listed('all=true')).toEqual([]);
    expect(await test.post('/api/v1/deployments', { ...MINIMAL, deploymentId: id })).toMatchObject({
      status: 409,
      body: { code: 'RESOURCE_ALREADY_EXISTS' },
    });
  });

  it('[7.10] stay in the cloud when the deployment is deleted by force', async () => {
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    await ended(await test.post(at('/stacks/dns/deploy'), { environment: 'dev' }));
    expect(await remove('?force=true')).toMatchObject({ status: 200 });
    const { body } = await test.get('/api/v1/sandbox/accounts/111111111111/resources');
    expect((body.data['resources'] as unknown[]).length).toBeGreaterThan(0);
  });
});
