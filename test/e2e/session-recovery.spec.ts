import { CLIENT_KEY, TestApp } from './app.harness.js';
import { addTask, AS_ADMIN as admin, collectionOf, inPast, startSession, type Wire } from './session-rig.js';

describe('recovery', () => {
  let test: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off' });
    // a second server on the same database: its writers know nothing of the first one's queue
    const name = String(test.app.get<{ name: string }>('DatabaseConnection').name);
    const uri = new URL(String(process.env['MONGODB_URI']));
    uri.pathname = `/${name}`;
    other = await TestApp.start({ SCHEDULER_MODE: 'off', MONGODB_URI: uri.toString() });
  });
  afterAll(async () => {
    await other.stop();
    await test.stop();
  });

  const pathOf = (session: Wire, rest = ''): string => `/api/sessions/${String(session['session_id'])}${rest}`;
  const get = async (session: Wire): Promise<Wire> => (await test.get(pathOf(session), admin)).body;
  const post = (session: Wire, rest: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}) =>
    test.post(pathOf(session, rest), body, { ...admin, ...headers });
  const fail = (session: Wire) => post(session, '/mark-failed', { error_message: 'it died', metadata: { exit: 137 } });
  const failed = async (fields: Readonly<Record<string, unknown>> = {}): Promise<Wire> => {
    const session = await startSession(test, fields);
    await fail(session);
    return session;
  };
  const tasksOf = async (session: Wire): Promise<readonly Record<string, unknown>[]> =>
    (await test.get(`/api/tasks?session_id=${String(session['session_id'])}`, admin)).body as never;

  it('[3.3.a] the state sorts tasks by status and names the one completed last', async () => {
    const session = await startSession(test);
    await addTask(test, session, ['completed']);
    const last = await addTask(test, session, ['in_progress', 'completed']);
    const broken = await addTask(test, session, ['failed']);
    const open = await addTask(test, session);
    const blocked = await addTask(test, session, ['blocked']);
    const running = await addTask(test, session, ['in_progress']);
    const { status, body } = await test.get(pathOf(session, '/recovery-state'), admin);
    expect(status).toBe(200);
    const ids = (name: string): unknown => (body[name] as Wire[]).map((task) => task['task_id']);
    expect(body).toMatchObject({
      status: 'active',
      last_successful_task: { task_id: last['task_id'] },
      can_recover: false,
      recovery_blocked_reason: 'not_failed_or_stalled',
      recovery_prepared_at: null,
    });
    expect(ids('failed_tasks')).toEqual([broken['task_id']]);
    expect(ids('pending_tasks')).toEqual([open['task_id']]);
    expect(ids('blocked_tasks')).toEqual([blocked['task_id']]);
    expect(ids('in_progress_tasks')).toEqual([running['task_id']]);
  });

  it('[3.3.b][3.3.f] prepare stores when, on a failed session; an active one refuses and stays as it is', async () => {
    const session = await failed();
    const { status, body } = await post(session, '/prepare-recovery');
    expect(status).toBe(200);
    expect(Date.parse(String(body['recovery_prepared_at']))).toBeGreaterThan(Date.now() - 60_000);
    expect(body).toMatchObject({ can_recover: true, recovery_blocked_reason: null });
    const active = await startSession(test);
    const refused = await post(active, '/prepare-recovery');
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_STATE', details: { status: 'active' } } });
    expect(await get(active)).toEqual(active);
  });

  it('[9.2] a prepared session refuses late heartbeats until the lock is over, then one revives it', async () => {
    const session = await startSession(test);
    await post(session, '/mark-stalled');
    await post(session, '/prepare-recovery');
    expect(await post(session, '/heartbeat')).toMatchObject({ status: 409, body: { code: 'RECOVERY_IN_PROGRESS' } });
    await collectionOf(test, 'sessions').updateOne(
      { session_id: session['session_id'] },
      { $set: { recovery_lock_until: new Date(Date.now() - 1000) } },
    );
    expect(await post(session, '/heartbeat')).toMatchObject({ status: 200, body: { message: 'session reactivated' } });
  });

  it('[9.1] prepare with clear_machine_assignment frees machine and slot, and keeps the id of the machine', async () => {
    await test.post('/api/machines', { machine_id: 'clear-me', hostname: 'h', docker_slots: [1] }, admin);
    const session = await startSession(test, { machine_id: 'clear-me', docker_slot: 1 });
    await post(session, '/mark-stalled');
    await post(session, '/prepare-recovery', { clear_machine_assignment: true });
    expect(await get(session)).toMatchObject({
      machine_id: 'clear-me',
      docker_slot: null,
      metadata: { machine_released: true },
    });
    expect((await test.get('/api/machines/clear-me', admin)).body['active_sessions']).toEqual([]);
    const next = await startSession(test, { machine_id: 'clear-me', docker_slot: 1 });
    expect(next['docker_slot']).toBe(1);
  });

  it('[3.3.c][3.3.d][3.3.e] hands tasks, machine and slot over, in one step', async () => {
    await test.post('/api/machines', { machine_id: 'hand-over', hostname: 'h', docker_slots: [3] }, admin);
    const original = await startSession(test, {
      machine_id: 'hand-over',
      docker_slot: 3,
      metadata: { branch: 'main' },
      stall_threshold_ms: 600_000,
    });
    const one = await addTask(test, original, ['failed']);
    const two = await addTask(test, original, ['in_progress']);
    await addTask(test, original);
    await post(original, '/mark-stalled', { reason: 'gone' });
    const { status, body, headers } = await post(original, '/recover', {
      new_machine_id: 'hand-over',
      docker_slot: 3,
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(pathOf(body));
    expect(body).toMatchObject({
      status: 'active',
      machine_id: 'hand-over',
      docker_slot: 3,
      project_id: original['project_id'],
      metadata: { branch: 'main' },
      stall_threshold_ms: 600_000,
      recovered_from: original['session_id'],
      recovery_attempts: 1,
      epoch: 2,
    });
    expect(body['session_id']).not.toBe(original['session_id']);
    expect(await get(original)).toMatchObject({
      status: 'completed',
      recovered_to: body['session_id'],
      completed_at: expect.any(String),
      metadata: { recovery: { recovered_to: body['session_id'], previous_status: 'stalled', attempt: 1 } },
    });
    expect((await test.get('/api/machines/hand-over', admin)).body['active_sessions']).toEqual([body['session_id']]);
    const copies = await tasksOf(body);
    expect(copies.map((task) => [task['status'], task['retry_of']]).sort()).toEqual(
      [one, two].map((task) => ['pending', task['task_id']]).sort(),
    );
    const statuses = (await tasksOf(original)).map((task) => task['status']).sort();
    expect(statuses).toEqual(['failed', 'failed', 'pending']);
  });

  it('[9.1] carries pending and blocked tasks, and leaves failed ones, where asked to', async () => {
    const original = await startSession(test);
    await addTask(test, original, ['failed']);
    await addTask(test, original, ['blocked']);
    await addTask(test, original);
    await fail(original);
    const { body } = await post(original, '/recover', {
      new_machine_id: 'elsewhere',
      reset_failed_tasks: false,
      carry_pending_tasks: true,
    });
    expect((await tasksOf(body)).map((task) => task['status']).sort()).toEqual(['blocked', 'pending']);
  });

  it('[X6] of a hundred recoveries at once, on two servers, one makes the session and all name it', async () => {
    const original = await failed();
    await addTask(test, original, ['failed']);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? test : other).post(pathOf(original, '/recover'), { new_machine_id: `m-${i % 7}` }, admin),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 99 }, () => 200), 201]);
    expect(new Set(answers.map(({ body }) => body['session_id'])).size).toBe(1);
    const made = await collectionOf(test, 'sessions').countDocuments({ recovered_from: original['session_id'] });
    expect(made).toBe(1);
    expect(await tasksOf(answers[0]?.body as Wire)).toHaveLength(1);
  });

  it('[X18] the original refuses heartbeats and names the session that took over', async () => {
    const original = await failed();
    const { body } = await post(original, '/recover', { new_machine_id: 'm' });
    const beat = await post(original, '/heartbeat');
    expect(beat).toMatchObject({
      status: 400,
      body: { code: 'INVALID_STATE', details: { recovered_to: body['session_id'] } },
    });
    expect(await post(original, '/heartbeat', { epoch: 1 })).toMatchObject({
      status: 409,
      body: { code: 'SESSION_SUPERSEDED', details: { active_session_id: body['session_id'] } },
    });
  });

  it('[7.5] a repetition with its key gets the stored 201; without, 200 with the same session', async () => {
    const original = await failed();
    const key = { 'idempotency-key': `recover-${String(original['session_id'])}` };
    const first = await post(original, '/recover', { new_machine_id: 'm1' }, key);
    const again = await post(original, '/recover', { new_machine_id: 'm1' }, key);
    const later = await post(original, '/recover', { new_machine_id: 'm2' });
    expect([first.status, again.status, later.status]).toEqual([201, 201, 200]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.body['session_id'], later.body['session_id']]).toEqual([
      first.body['session_id'],
      first.body['session_id'],
    ]);
  });

  it('[9.1] stops after three recoveries in a row; a completed task starts the count anew', async () => {
    let session = await failed();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { status, body } = await post(session, '/recover', { new_machine_id: 'limit' });
      expect([status, body['recovery_attempts']]).toEqual([201, attempt]);
      session = body;
      await fail(session);
    }
    const before = await get(session);
    const refused = await post(session, '/recover', { new_machine_id: 'limit' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'RECOVERY_LIMIT_REACHED' } });
    expect(await get(session)).toEqual(before);
    expect((await test.get(pathOf(session, '/recovery-state'), admin)).body).toMatchObject({
      can_recover: false,
      recovery_blocked_reason: 'recovery_limit_reached',
    });
    const history = (await test.get(pathOf(session, '/recovery-history'), admin)).body as unknown as Wire[];
    expect(history.map((each) => each['recovery_attempts'])).toEqual([0, 1, 2, 3]);
    expect(history.at(-1)?.['session_id']).toBe(session['session_id']);
    await addTask(test, session, ['completed']);
    const { body } = await post(session, '/recover', { new_machine_id: 'limit' });
    expect(body).toMatchObject({ recovery_attempts: 1 });
  });

  it('[9.1] what is refused leaves original, tasks and machines as they were', async () => {
    await test.post('/api/machines', { machine_id: 'full', hostname: 'h', docker_slots: [1] }, admin);
    const holder = await startSession(test, { machine_id: 'full', docker_slot: 1 });
    await test.post('/api/machines', { machine_id: 'away', hostname: 'h', docker_slots: [1] }, admin);
    await test.call('PATCH', '/api/machines/away', { status: 'offline' }, admin);
    const original = await startSession(test);
    const task = await addTask(test, original, ['in_progress']);
    await post(original, '/mark-stalled');
    const twin = await startSession(test, { project_id: original['project_id'], machine_id: 'twin' });
    const before = await get(original);
    const attempt = (body: Record<string, unknown>) => post(original, '/recover', body);
    expect(await attempt({ new_machine_id: 'full', docker_slot: 1 })).toMatchObject({
      status: 409,
      body: { code: 'SLOT_TAKEN', details: { holder_session_id: holder['session_id'] } },
    });
    expect(await attempt({ new_machine_id: 'full', docker_slot: 9 })).toMatchObject({
      status: 400,
      body: { code: 'SLOT_NOT_DEFINED' },
    });
    expect(await attempt({ new_machine_id: 'away' })).toMatchObject({
      status: 409,
      body: { code: 'MACHINE_UNAVAILABLE' },
    });
    expect(await attempt({ new_machine_id: 'twin' })).toMatchObject({
      status: 409,
      body: { code: 'ACTIVE_SESSION_EXISTS', details: { existing_session_id: twin['session_id'] } },
    });
    expect(await attempt({ new_machine_id: 'bad id!' })).toMatchObject({ status: 400 });
    expect(await get(original)).toEqual(before);
    expect((await test.get(`/api/tasks/${String(task['task_id'])}`, admin)).body).toMatchObject({
      status: 'in_progress',
    });
    expect((await test.get('/api/machines/full', admin)).body['active_sessions']).toEqual([holder['session_id']]);
  });

  it('[5.2] lists what can be recovered, by age, and says why a session failed', async () => {
    const session = await startSession(test);
    const done = await addTask(test, session, ['completed']);
    const stuck = await addTask(test, session, ['in_progress']);
    await fail(session);
    await inPast(test, session['session_id'], 1800);
    const project = `project_id=${String(session['project_id'])}`;
    const list = async (query: string): Promise<readonly Wire[]> =>
      (await test.get(`/api/sessions/recoverable?${project}${query}`, admin)).body as never;
    expect(await list('&min_age_minutes=29&max_age_minutes=31')).toMatchObject([
      { session_id: session['session_id'], status: 'failed', minutes_since_heartbeat: 30, can_recover: true },
    ]);
    expect(await list('&min_age_minutes=31')).toEqual([]);
    expect(await list('&max_age_minutes=29')).toEqual([]);
    const { body } = await test.get(pathOf(session, '/failure-info'), admin);
    expect(body).toMatchObject({
      reason: 'it died',
      context: { exit: 137 },
      last_completed_task: { task_id: done['task_id'] },
      stuck_tasks: [{ task_id: stuck['task_id'], status: 'failed' }],
    });
    await post(session, '/recover', { new_machine_id: 'm' });
    expect(await list('')).toEqual([]);
    expect((await test.get(pathOf(session, '/failure-info'), admin)).status).toBe(400);
  });

  it('another organization finds nothing, a client may recover', async () => {
    const session = await failed();
    const foreign = { authorization: `Bearer ${test.token}` };
    await collectionOf(test, 'sessions').updateOne(
      { session_id: session['session_id'] },
      { $set: { organization: 'somebody-else' } },
    );
    for (const [method, rest] of [
      ['POST', '/recover'],
      ['POST', '/prepare-recovery'],
      ['GET', '/recovery-state'],
      ['GET', '/recovery-history'],
      ['GET', '/failure-info'],
      ['POST', '/archive'],
      ['DELETE', '/purge?confirm=true'],
    ] as const) {
      const body = rest === '/recover' ? { new_machine_id: 'm' } : method === 'POST' ? {} : undefined;
      for (const headers of [admin, foreign]) {
        expect(await test.call(method, pathOf(session, rest), body, headers)).toMatchObject({
          status: 404,
          body: { code: 'RESOURCE_NOT_FOUND' },
        });
      }
    }
    const mine = await failed();
    const client = { authorization: '', 'x-api-key': CLIENT_KEY };
    expect((await test.post(pathOf(mine, '/recover'), { new_machine_id: 'm' }, client)).status).toBe(201);
  });
});
