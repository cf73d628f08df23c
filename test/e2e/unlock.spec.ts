/** Taking the lock of an environment from its holder (deployments.md 7.11). */
import { MINIMAL, TestApp, type Answer } from './app.harness.js';
import { at as point, CrashRig } from './crash-rig.js';

// The built server as a process of its own: slow where others want the cores too.
jest.setTimeout(300_000);

const HANG = { match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 1, times: 99, hang: true };

describe('unlocking an environment', () => {
  let test: TestApp;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}/${path}`;
  const unlock = (body: object): Promise<Answer> =>
    test.post(at('state/unlock'), { environment: 'dev', reason: 'worker is gone', ...body });
  const lock = async (): Promise<Record<string, unknown> | null> => {
    const { environments } = (await test.get(at('state?environment=dev'))).body.data as {
      environments: { dev: { lock: Record<string, unknown> | null } };
    };
    return environments.dev.lock;
  };
  const start = async (body: object = {}): Promise<string> => {
    const started = await test.post(at('deploy'), { environment: 'dev', ...body });
    expect(started).toMatchObject({ status: 202 });
    return String(started.body.data['operationId']);
  };
  const hangs = async (operationId: string): Promise<void> => {
    for (;;) {
      const { body } = await test.get(at(`operations/${operationId}`));
      if (JSON.stringify(body.data['currentStacks']).includes('security')) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('does nothing where nothing is locked', async () => {
    expect(await lock()).toBeNull();
    for (const force of [false, true]) {
      const answer = await unlock({ force });
      expect(answer).toMatchObject({ status: 200, body: { data: { previousLock: null, backendReleased: [] } } });
      expect(answer.body.message).toBe('Environment was not locked');
    }
    const { events } = (await test.get(at('events?limit=1000'))).body.data as { events: { type: string }[] };
    expect(events.map(({ type }) => type)).not.toContain('environment_unlocked');
  });

  it.each([
    [{ environment: undefined }, 'VALIDATION_REQUIRED_FIELD', 'environment'],
    [{ environment: 'moon' }, 'VALIDATION_INVALID_FORMAT', 'environment'],
    [{ reason: undefined }, 'VALIDATION_REQUIRED_FIELD', 'reason'],
    [{ reason: '' }, 'VALIDATION_INVALID_FORMAT', 'reason'],
    [{ reason: 'x'.repeat(501) }, 'VALIDATION_INVALID_FORMAT', 'reason'],
    [{ force: 'yes' }, 'VALIDATION_INVALID_FORMAT', 'force'],
    [{ forced: true }, 'VALIDATION_UNKNOWN_FIELD', 'forced'],
  ])('refuses %j with %s for %s', async (body, code, field) => {
    const refused = await unlock(body);
    expect(refused).toMatchObject({ status: 400, body: { code } });
    expect(refused.body.details).toEqual([expect.objectContaining({ field })]);
  });

  it('refuses an environment or deployment that is not there', async () => {
    expect(await unlock({ environment: 'prod' })).toMatchObject({
      status: 404,
      body: { code: 'ENVIRONMENT_NOT_FOUND' },
    });
    const elsewhere = await test.post('/api/v1/deployments/D0NOWHERE/state/unlock', {
      environment: 'dev',
      reason: 'x',
    });
    expect(elsewhere).toMatchObject({ status: 404, body: { code: 'RESOURCE_NOT_FOUND' } });
  });

  it('shows holder, age and queue, spares a living holder, and cuts it off by force for the next in line', async () => {
    await test.put('/api/v1/sandbox/faults', { rules: [HANG] });
    const first = await start();
    await hangs(first);
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    const second = await start({ waitForLock: true });
    const busy = await test.post(at('deploy'), { environment: 'dev' });
    expect(busy).toMatchObject({
      status: 409,
      body: { code: 'OPERATION_IN_PROGRESS', details: { operationId: first, ageSeconds: expect.any(Number) } },
    });
    const held = {
      operationId: first,
      lockType: 'deploy',
      lockedBy: expect.any(String),
      ageSeconds: expect.any(Number),
      isFresh: true,
      waiting: [expect.objectContaining({ operationId: second, queuePosition: 1 })],
    };
    expect(await lock()).toMatchObject({ locked: true, ...held });
    const refused = await unlock({});
    expect(refused).toMatchObject({ status: 409, body: { code: 'OPERATION_IN_PROGRESS', details: held } });
    expect((await test.get(at(`operations/${first}`))).body.data['status']).toBe('in_progress');

    const forced = await unlock({ force: true });
    expect(forced).toMatchObject({ status: 200, body: { data: { previousLock: held, backendReleased: [] } } });
    expect((await test.get(at(`operations/${first}`))).body.data).toMatchObject({
      status: 'failed',
      resumable: true,
      rolledBack: false,
      error: { class: 'interrupted', code: 'ORCHESTRATOR_INTERRUPTED' },
    });
    expect(JSON.stringify((await test.get(at(`operations/${first}`))).body.data['error'])).toContain('worker is gone');
    expect(await test.ended(id, second)).toMatchObject({ status: 'success', error: null });
    const { events } = (await test.get(at('events?type=environment_unlocked'))).body.data as {
      events: { data: object }[];
    };
    expect(events).toEqual([
      expect.objectContaining({
        data: expect.objectContaining({
          reason: 'worker is gone',
          force: true,
          previousLock: expect.objectContaining({ operationId: first, wasFresh: true }),
        }),
      }),
    ]);
  });
});

describe('a holder whose lock was taken while it stood still', () => {
  it('[7.11] writes nothing when it wakes, and the environment goes on without it', async () => {
    const rig = await CrashRig.start({ LOCK_LEASE_SECONDS: '30', LOG_LEVEL: 'warn' });
    try {
      const sleeper = rig.server;
      await rig.setFaults([HANG]);
      const operationId = await rig.begin('deploy');
      await rig.reached(point.event('stack_deployed', 2), operationId);
      await rig.reached(point.underWay, operationId);
      await rig.restart();
      process.kill(sleeper.pid, 'SIGSTOP');
      const path = `/api/v1/deployments/${rig.deploymentId}/state/unlock`;
      const body = { environment: 'dev', reason: 'it hangs' };
      expect((await rig.server.call('POST', path, body)).status).toBe(409);
      expect((await rig.server.call('POST', path, { ...body, force: true })).status).toBe(200);
      const end = await rig.ended(operationId);
      expect(end).toMatchObject({ status: 'failed', error: { code: 'ORCHESTRATOR_INTERRUPTED' }, resumable: true });
      const standing = async (): Promise<unknown> => ({
        operation: await rig.db.collection('operations').findOne({ operationId }),
        events: await rig.db.collection('deployment_events').find({ operationId }).toArray(),
        instances: await rig.db.collection('stack_instances').find().sort({ stack: 1 }).toArray(),
        states: await rig.db.collection('stack_states').find().sort({ _id: 1 }).toArray(),
        versions: await rig.versions(),
        inventory: await rig.inventory(),
      });
      const before = await standing();
      process.kill(sleeper.pid, 'SIGCONT');
      while (!sleeper.output.includes('its lease is no longer ours')) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await sleeper.stop();
      expect(await standing()).toEqual(before);
      await rig.setFaults([]);
      expect(await rig.ended(await rig.begin('deploy'))).toMatchObject({ status: 'success', phase: 'deployed' });
      expect(await rig.inventory()).toEqual(await rig.recorded());
    } finally {
      await rig.close();
    }
  });
});
