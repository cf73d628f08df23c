import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

describe('a paused operation', () => {
  let test: TestApp;
  let id: string;
  const on = (operationId: unknown, verb: string): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/operations/${String(operationId)}/${verb}`, {});
  const statuses = (operation: Body['data']): unknown =>
    (operation['currentStacks'] as { name: string; status: string }[]).map(({ name, status }) => `${name} ${status}`);

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('lets running stacks finish, starts no further one, and goes on when it is told to', async () => {
    const hold = { match: { type: 'aws:ec2/vpc:Vpc' }, operation: 'create', delayMs: 1500 };
    await test.put('/api/v1/sandbox/faults', { rules: [hold] });
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' });
    const op = started.body.data['operationId'];
    const read = async (): Promise<Body['data']> =>
      (await test.get(`/api/v1/deployments/${id}/operations/${String(op)}`)).body.data;
    const paused = await on(op, 'pause');
    expect(paused).toMatchObject({ status: 202, body: { data: { paused: { by: 'admin@demo.example' } } } });
    expect(await on(op, 'pause')).toMatchObject({ status: 202 });
    for (;;) {
      const now = await read();
      const { inProgressStacks } = now['progress'] as { inProgressStacks: number };
      if (now['status'] === 'in_progress' && inProgressStacks === 0) break;
      expect(statuses(now)).not.toContain('security deploying');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await on(op, 'resume')).toMatchObject({ status: 202, body: { data: { paused: null } } });
    expect(await test.ended(id, String(op))).toMatchObject({ status: 'success' });
    const { events } = (await test.get(`/api/v1/deployments/${id}/events?operationId=${String(op)}&limit=1000`)).body
      .data as { events: { type: string }[] };
    const types = events.map(({ type }) => type);
    expect(types.indexOf('operation_paused')).toBeLessThan(types.indexOf('operation_unpaused'));
    expect(types.lastIndexOf('stack_deploying')).toBeGreaterThan(types.indexOf('operation_unpaused'));
    expect(await on(op, 'pause')).toMatchObject({ status: 409, body: { code: 'RESOURCE_CONFLICT' } });
  });
});
