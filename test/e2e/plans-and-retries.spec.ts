import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

describe('reviewed plans and retries', () => {
  let test: TestApp;
  let id: string;
  const deploy = (body: object = {}): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', ...body });
  const ended = async (answer: Answer): Promise<Body['data']> => {
    expect(answer.body).toMatchObject({ success: true });
    return test.ended(id, String(answer.body.data['operationId']));
  };
  const preview = async (body: object = {}): Promise<string> =>
    String((await ended(await deploy({ preview: true, ...body })))['operationId']);

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('executes exactly the stacks and values of the preview that was looked at', async () => {
    const planId = await preview({ stackFilter: ['network'], overrides: { network: { vpcCidr: '10.77.0.0/16' } } });
    expect(await deploy({ planId, force: true })).toMatchObject({
      status: 422,
      body: { code: 'INVALID_OPTIONS', details: { options: ['force'] } },
    });
    const run = await ended(await deploy({ planId }));
    expect(run).toMatchObject({ status: 'success' });
    expect((run['completedStacks'] as { name: string }[]).map(({ name }) => name)).toEqual(['network']);
    const { body } = await test.get('/api/v1/sandbox/accounts/111111111111/resources?type=aws:ec2/vpc:Vpc');
    expect(body.data['resources']).toMatchObject([{ properties: { cidrBlock: '10.77.0.0/16' } }]);
  });

  it('[6.5] says how well an estimate is known', async () => {
    const { body } = await deploy({ preview: true, force: true });
    const stacks = body.data['stacksToDeploy'] as { name: string; estimatedRange: unknown }[];
    expect(Object.fromEntries(stacks.map(({ name, estimatedRange }) => [name, estimatedRange]))).toMatchObject({
      network: { runs: 1 },
      dns: { from: 180, to: 180, runs: 0 },
    });
    expect(body.data['estimatedRange']).toMatchObject({ from: 180, runs: 0 });
    await test.ended(id, String(body.data['operationId']));
  });

  it('refuses a plan made before somebody else changed something, and says what', async () => {
    const planId = await preview();
    await test.put(`/api/v1/deployments/${id}`, { stacks: { dns: { priority: 11 } } });
    expect(await deploy({ planId })).toMatchObject({
      status: 409,
      body: { code: 'PLAN_STALE', details: { planId, changes: [{ what: 'manifest', from: 1, to: 2 }] } },
    });
    const second = await preview();
    await ended(await deploy());
    expect(await deploy({ planId: second })).toMatchObject({
      status: 409,
      body: {
        code: 'PLAN_STALE',
        details: {
          changes: expect.arrayContaining([
            expect.objectContaining({ what: 'stack_version', stack: 'dns', from: 0, to: 1 }),
          ]),
        },
      },
    });
  });

  it('[5.7] makes random values anew in the run of a preview that was to make them anew', async () => {
    const runId = async (): Promise<unknown> => {
      const { body } = await test.get(`/api/v1/deployments/${id}/stacks/network/config/explain?environment=dev`);
      return (body.data['values'] as { path: string; value: string }[]).find(({ path }) => path === 'runId')?.value;
    };
    const config = { runId: '{{RUNTIME:calculate:uuid}}' };
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config } } });
    const first = await preview();
    expect(await ended(await deploy({ planId: first }))).toMatchObject({ status: 'success' }); // made for the first time
    const before = await runId();
    expect(before).toMatch(/^[0-9a-f-]{36}$/);
    const planId = await preview({ regenerate: ['network.runId'] });
    expect(await runId()).toBe(before);
    const run = await ended(await deploy({ planId }));
    expect(run).toMatchObject({ status: 'success', parameters: { regenerate: ['network.runId'] } });
    expect(await runId()).not.toBe(before);
  });

  it.each([
    [{ planId: 'op-000000000000' }, 404, 'RESOURCE_NOT_FOUND'],
    [{ planId: 'nonsense' }, 400, 'VALIDATION_INVALID_FORMAT'],
    [{ resumedFrom: 'op-000000000000' }, 404, 'RESOURCE_NOT_FOUND'],
  ])('refuses %j with %i %s', async (body, status, code) => {
    expect(await deploy(body)).toMatchObject({ status, body: { code } });
  });

  it('retries a failed run: what is done by now is skipped, its dependants run', async () => {
    await ended(await test.post(`/api/v1/deployments/${id}/destroy`, { environment: 'dev', confirm: true }));
    const fail = {
      match: { type: 'aws:ec2/vpc:Vpc' },
      operation: 'create',
      error: { code: 'VpcLimitExceeded', message: 'The maximum number of VPCs has been reached.' },
    };
    await test.put('/api/v1/sandbox/faults', { rules: [fail] });
    const failed = await ended(await deploy({ rollbackOnError: false, parallel: 1 }));
    expect(failed).toMatchObject({ status: 'failed' });
    const operationId = String(failed['operationId']);
    const retried = await test.post(`/api/v1/deployments/${id}/operations/${operationId}/retry`, {});
    expect(retried).toMatchObject({ status: 202, body: { data: { resumedFrom: operationId } } });
    const run = await ended(retried);
    expect(run).toMatchObject({ status: 'success', resumedFrom: operationId });
    expect((run['completedStacks'] as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['network', 'security']),
    );
    expect(
      await test.post(`/api/v1/deployments/${id}/operations/${String(run['operationId'])}/retry`, {}),
    ).toMatchObject({
      status: 409,
      body: { code: 'RESOURCE_CONFLICT' },
    });
  });
});
