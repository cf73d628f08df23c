import { MINIMAL, TestApp } from './app.harness.js';

describe('starting the same thing more than once', () => {
  let test: TestApp;
  let id: string;
  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('20 identical requests with one idempotency key make one operation', async () => {
    const headers = { 'idempotency-key': 'deploy-once-0001' };
    const send = (): ReturnType<TestApp['post']> =>
      test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' }, headers);
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    expect(answers.every((a) => a.status === 202 || a.body.code === 'IDEMPOTENCY_IN_PROGRESS')).toBe(true);
    const replay = await send();
    expect(replay.headers.get('idempotency-replayed')).toBe('true');
    const { operations } = (await test.get(`/api/v1/deployments/${id}/operations`)).body.data as unknown as {
      operations: { operationId: string }[];
    };
    expect(operations.map((o) => o.operationId)).toEqual([replay.body.data['operationId']]);
    await test.ended(id, String(replay.body.data['operationId']));
    const other = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', force: true }, headers);
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('of two deploys at once one runs and one is told who holds the environment', async () => {
    const body = { environment: 'dev', force: true };
    const answers = await Promise.all([1, 2].map(() => test.post(`/api/v1/deployments/${id}/deploy`, body)));
    const running = answers.find((a) => a.status === 202);
    const refused = answers.find((a) => a.status === 409);
    expect(refused?.body).toMatchObject({
      code: 'OPERATION_IN_PROGRESS',
      details: { operationId: running?.body.data['operationId'], startedBy: expect.any(String) as string },
    });
    expect(await test.ended(id, String(running?.body.data['operationId']))).toMatchObject({ status: 'success' });
  });

  it('waits in the queue when asked to', async () => {
    const body = { environment: 'dev', force: true };
    const first = await test.post(`/api/v1/deployments/${id}/deploy`, body);
    const second = await test.post(`/api/v1/deployments/${id}/deploy`, { ...body, waitForLock: true });
    expect(second).toMatchObject({ status: 202, body: { data: { status: 'pending', queuePosition: 1 } } });
    const ends = await Promise.all([first, second].map((a) => test.ended(id, String(a.body.data['operationId']))));
    expect(ends.map((end) => end['status'])).toEqual(['success', 'success']);
    expect(new Date(String(ends[1]?.['startedAt'])).getTime()).toBeGreaterThanOrEqual(
      new Date(String(ends[0]?.['completedAt'])).getTime(),
    );
  });

  it('what waited is planned anew when its turn comes: a destroy behind a deploy removes all of it', async () => {
    const first = await test.post('/api/v1/deployments', {
      ...MINIMAL,
      project: 'Queue',
      accounts: { dev: '222222222222' },
    });
    const other = String(first.body.data['deploymentId']);
    const deploy = await test.post(`/api/v1/deployments/${other}/deploy`, { environment: 'dev' });
    let destroy = await test.post(`/api/v1/deployments/${other}/destroy`, {
      environment: 'dev',
      confirm: true,
      waitForLock: true,
    });
    while (destroy.status !== 202) {
      expect(destroy.body.code).toBe('RESOURCE_CONFLICT'); // nothing is deployed yet
      destroy = await test.post(`/api/v1/deployments/${other}/destroy`, {
        environment: 'dev',
        confirm: true,
        waitForLock: true,
      });
    }
    expect(await test.ended(other, String(deploy.body.data['operationId']))).toMatchObject({ status: 'success' });
    const end = await test.ended(other, String(destroy.body.data['operationId']));
    expect(end).toMatchObject({ status: 'success', phase: 'destroyed' });
    const left = await test.get('/api/v1/sandbox/accounts/222222222222/resources');
    expect((left.body.data['pagination'] as { total: number }).total).toBe(0);
  });
});
