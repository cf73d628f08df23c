import { MINIMAL, TestApp, type Body } from './app.harness.js';

describe('a deployment of the minimal template', () => {
  let test: TestApp;
  let id: string;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test.stop());

  const deploy = async (body: object = {}): Promise<{ start: Body['data']; end: Body['data'] }> => {
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', ...body });
    expect(started.body).toMatchObject({ success: true });
    expect(started.status).toBe(202);
    return { start: started.body.data, end: await test.ended(id, String(started.body.data['operationId'])) };
  };
  const names = (list: unknown): string[] => (list as { name: string }[]).map((item) => item.name).sort();
  const inventory = async (): Promise<unknown[]> =>
    ((await test.get('/api/v1/sandbox/accounts/111111111111/resources?limit=100')).body.data['resources'] ??
      []) as unknown[];

  it('is initialised with three stacks in two layers and deploys nothing yet', async () => {
    const made = await test.post('/api/v1/deployments', MINIMAL);
    expect(made.body).toMatchObject({ success: true, data: { status: 'initialized', revision: 1, configFiles: 3 } });
    expect(made.status).toBe(201);
    id = String(made.body.data['deploymentId']);
    expect(made.headers.get('location')).toBe(`/api/v1/deployments/${id}`);
    expect(made.body.data['stacks']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'dns', layer: 1 }),
        expect.objectContaining({ name: 'network', layer: 1 }),
        expect.objectContaining({ name: 'security', layer: 2, dependencies: ['network'] }),
      ]),
    );
    expect(await inventory()).toEqual([]);
  });

  it('deploys all three and shows their outputs', async () => {
    const { start, end } = await deploy();
    expect(start).toMatchObject({ engine: 'embedded', cloud: 'sandbox', totalLayers: 2 });
    expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(names(end['completedStacks'])).toEqual(['dns', 'network', 'security']);
    const detail = (await test.get(`/api/v1/deployments/${id}`)).body.data;
    expect(detail['status']).toBe('deployed');
    const outputs = Object.fromEntries(
      (detail['stacks'] as { name: string; environments: { dev: { outputs: Record<string, unknown> } } }[]).map((s) => [
        s.name,
        s.environments.dev.outputs,
      ]),
    );
    expect(outputs['network']?.['vpcId']).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect(outputs['dns']?.['hostedZoneId']).toMatch(/^Z/);
    expect(outputs['security']?.['databaseSecurityGroupId']).toMatch(/^sg-/);
    const { data } = (await test.get(`/api/v1/sandbox/accounts/111111111111/resources?limit=100`)).body;
    expect((data['pagination'] as { total: number }).total).toBe(5 + 29 + 22); // stacks.md section 11, minimal
  });

  it('skips all three when nothing has changed and says why for each', async () => {
    const { start, end } = await deploy();
    expect(names(start['stacksSkipped'])).toEqual(['dns', 'network', 'security']);
    for (const stack of start['stacksSkipped'] as { reason: string; explanation: string[] }[]) {
      expect(stack.reason).toBe('unchanged');
      expect(stack.explanation.join(' ')).not.toBe('');
    }
    expect(end).toMatchObject({ status: 'success', progress: { percentage: 100, skippedStacks: 3 } });
    const versions = (await test.get(`/api/v1/deployments/${id}/versions?environment=dev`)).body.data[
      'versions'
    ] as unknown[];
    expect(versions).toHaveLength(1);
  });

  it('runs what depends on a changed CIDR and nothing else', async () => {
    const changed = await test.put(`/api/v1/deployments/${id}`, {
      stacks: { network: { config: { vpcCidr: '10.60.0.0/16' } } },
    });
    expect(changed.body.data).toMatchObject({ revision: 2 });
    expect(JSON.stringify(changed.body.data['changes'])).toContain('vpcCidr');
    const { start, end } = await deploy();
    const planned = start['stacksToDeploy'] as { name: string; action: string; reasons: string[] }[];
    expect(planned).toEqual([
      expect.objectContaining({ name: 'network', action: 'deploy', reasons: ['config_changed'] }),
      expect.objectContaining({ name: 'security', action: 'conditional' }),
    ]);
    expect(end).toMatchObject({ status: 'success' });
    expect(names(end['completedStacks'])).toEqual(['network', 'security']);
    expect(names(end['skippedStacks'])).toEqual(['dns']);
  });

  it('previews without changing anything', async () => {
    const before = await inventory();
    const { end } = await deploy({ preview: true, overrides: { network: { azCount: 3 } } });
    const stacks = (end['result'] as { stacks: Record<string, { create: number }> }).stacks;
    expect(stacks['network']?.create).toBeGreaterThan(0);
    expect(await inventory()).toEqual(before);
    expect((await test.get(`/api/v1/deployments/${id}`)).body.data['status']).toBe('deployed');
  });

  it('asks for a confirmation and then removes everything in reverse order', async () => {
    const refused = await test.post(`/api/v1/deployments/${id}/destroy`, { environment: 'dev' });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'CONFIRMATION_REQUIRED', details: { expected: true } },
    });
    const started = await test.post(`/api/v1/deployments/${id}/destroy`, { environment: 'dev', confirm: true });
    const operationId = String(started.body.data['operationId']);
    expect(await test.ended(id, operationId)).toMatchObject({ status: 'success', phase: 'destroyed' });
    const events = (await test.get(`/api/v1/deployments/${id}/events?operationId=${operationId}&limit=1000`)).body.data[
      'events'
    ] as { type: string; data: { stack?: string } }[];
    const order = events.filter((event) => event.type === 'stack_destroyed').map((event) => event.data.stack);
    expect(order.indexOf('security')).toBeLessThan(order.indexOf('network'));
    expect(await inventory()).toEqual([]);
    expect((await test.get(`/api/v1/deployments/${id}`)).body.data['status']).toBe('destroyed');
  });
});
