import { MINIMAL, TestApp, type Body } from './app.harness.js';

interface EventRow {
  readonly type: string;
  readonly seq: number;
  readonly data: Readonly<Record<string, unknown>>;
}

describe('a resource that fails', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test.stop());

  const ROLE = 'aws:kms/key:Key';
  const fault = (rule: object): Promise<unknown> => test.put('/api/v1/sandbox/faults', { rules: [rule] });
  const inventoryTotal = async (): Promise<number> =>
    ((await test.get('/api/v1/sandbox/accounts/111111111111/resources')).body.data['pagination'] as { total: number })
      .total;
  /** Everything in the account but when it was touched, by URN. */
  const account = async (): Promise<unknown[]> => {
    const { resources } = (await test.get('/api/v1/sandbox/accounts/111111111111/resources?limit=100')).body.data as {
      resources: { urn: string; id: string; type: string; properties: unknown }[];
    };
    return resources
      .map(({ urn, id, type, properties }) => ({ urn, id, type, properties }))
      .sort((a, b) => (a.urn < b.urn ? -1 : 1));
  };
  const run = async (id: string, body: object): Promise<{ end: Body['data']; events: EventRow[] }> => {
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', ...body });
    const operationId = String(started.body.data['operationId']);
    const end = await test.ended(id, operationId);
    const list = await test.get(`/api/v1/deployments/${id}/events?operationId=${operationId}&limit=1000`);
    return { end, events: list.body.data['events'] as unknown as EventRow[] };
  };
  const create = async (): Promise<string> =>
    String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);

  it('ends in errors that name resource, cloud code and message, and rolls back what this run made', async () => {
    await fault({
      match: { type: ROLE },
      operation: 'create',
      nth: 2,
      times: 99,
      error: { code: 'LimitExceededException', message: 'You have reached the limit of keys' },
    });
    const id = await create();
    const { end, events } = await run(id, {});
    expect(end).toMatchObject({
      status: 'failed',
      phase: 'rolled_back',
      rolledBack: true,
      error: { code: 'SERVICE_LIMIT_EXCEEDED', cloudCode: 'LimitExceededException', stack: 'security' },
    });
    const failed = events.find((event) => event.type === 'stack_failed');
    expect(failed?.data).toMatchObject({
      stack: 'security',
      resource: { type: ROLE },
      error: { code: 'SERVICE_LIMIT_EXCEEDED' },
    });
    expect(JSON.stringify(failed?.data)).toContain('You have reached the limit of keys');
    const types = events.map((event) => event.type);
    expect(types.indexOf('stack_failed')).toBeLessThan(types.indexOf('deployment_failed'));
    expect(types.indexOf('deployment_failed')).toBeLessThan(types.indexOf('rollback_started'));
    expect(types.at(-1)).toBe('rollback_complete');
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.find((event) => event.type === 'rollback_started')?.data).toMatchObject({
      trigger: 'auto',
      toVersion: 0,
      stacks: ['security', 'network', 'dns'],
    });
    expect(await inventoryTotal()).toBe(0);
    const detail = (await test.get(`/api/v1/deployments/${id}`)).body.data;
    expect((detail['environments'] as { status: string; currentOperationId: unknown }[])[0]).toMatchObject({
      status: 'rolled_back',
      currentOperationId: null,
    });
  });

  it('in an update is rolled back to exactly what stood before, in the account and in the record', async () => {
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    const id = await create();
    expect((await run(id, {})).end).toMatchObject({ status: 'success' });
    const before = await account();
    expect(before.length).toBeGreaterThan(50);
    const config = { extraTags: { Round: 'two' } };
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config }, security: { config } } });
    await fault({
      match: { type: ROLE },
      operation: 'update',
      nth: 2,
      error: { code: 'AccessDeniedException', message: 'You may not tag this key' },
    });
    const { end, events } = await run(id, {});
    expect(end).toMatchObject({
      status: 'failed',
      phase: 'rolled_back',
      rolledBack: true,
      error: { code: 'INSUFFICIENT_PERMISSIONS', stack: 'security' },
    });
    expect(events.filter(({ type }) => type === 'stack_rolled_back').map(({ data }) => data['stack'])).toEqual([
      'security',
      'network',
    ]);
    expect(JSON.stringify(await account())).toBe(JSON.stringify(before));
    const look = await test.post(`/api/v1/deployments/${id}/drift-detect`, { environment: 'dev' });
    expect(look.status).toBe(202);
    const found = await test.ended(id, String(look.body.data['operationId']));
    expect(found).toMatchObject({ status: 'success', result: { summary: { noDrift: 3, driftDetected: 0 } } });
  });

  it('with continueOnError independent stacks finish and nothing is rolled back', async () => {
    await fault({
      match: { type: 'aws:ec2/vpc:Vpc' },
      operation: 'create',
      nth: 1,
      times: 99,
      error: { code: 'UnauthorizedOperation', message: 'You are not authorized to perform this operation.' },
    });
    const id = await create();
    const { end } = await run(id, { continueOnError: true });
    expect(end).toMatchObject({ status: 'failed', rolledBack: false, error: { code: 'INSUFFICIENT_PERMISSIONS' } });
    expect(end['completedStacks']).toEqual([expect.objectContaining({ name: 'dns' })]);
    expect(end['skippedStacks']).toEqual([
      expect.objectContaining({ name: 'security', reason: 'dependency_failed', culprit: 'network' }),
    ]);
    expect((await test.get(`/api/v1/deployments/${id}`)).body.data['status']).toBe('partial');
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    const { end: second } = await run(id, {});
    expect(second).toMatchObject({ status: 'success' });
    expect(second['skippedStacks']).toEqual([expect.objectContaining({ name: 'dns', reason: 'unchanged' })]);
  });

  it('a running operation can be cancelled; what is done stays', async () => {
    await fault({ match: { type: ROLE }, operation: 'create', nth: 1, times: 99, hang: true });
    const id = await create();
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' });
    const operationId = String(started.body.data['operationId']);
    for (;;) {
      const { body } = await test.get(`/api/v1/deployments/${id}/operations/${operationId}`);
      if (JSON.stringify(body.data['currentStacks']).includes('security')) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const cancelled = await test.post(`/api/v1/deployments/${id}/operations/${operationId}/cancel`, {
      reason: 'wrong account',
      force: true,
    });
    expect(cancelled.status).toBe(202);
    expect(await test.ended(id, operationId)).toMatchObject({ status: 'cancelled' });
    expect((await test.post(`/api/v1/deployments/${id}/operations/${operationId}/cancel`, {})).status).toBe(202);
    const detail = (await test.get(`/api/v1/deployments/${id}`)).body.data;
    expect(detail['status']).toBe('partial');
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    expect((await run(id, {})).end).toMatchObject({ status: 'success' });
  });
});
