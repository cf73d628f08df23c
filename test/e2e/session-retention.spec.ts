import { Cleanup } from '../../src/modules/sessions/retention/cleanup.js';
import { SessionsJobs } from '../../src/modules/sessions/sessions.jobs.js';
import { CLIENT_KEY, TestApp } from './app.harness.js';
import {
  addTask,
  AS_ADMIN as admin,
  collectionOf,
  endedInPast,
  inPast,
  startSession,
  type Wire,
} from './session-rig.js';

describe('archive, cleanup and the daily jobs', () => {
  let test: TestApp;
  beforeAll(async () => {
    // the database's own removal must not come first: it looks once a minute
    test = await TestApp.start({ SCHEDULER_MODE: 'off', TTL_GRACE_DAYS: '365' });
  });
  afterAll(() => test.stop());
  beforeEach(async () => {
    for (const name of ['sessions', 'tasks', 'machines']) await collectionOf(test, name).deleteMany({});
  });

  const pathOf = (session: Wire, rest = ''): string => `/api/sessions/${String(session['session_id'])}${rest}`;
  const statusOf = async (session: Wire): Promise<number> => (await test.get(pathOf(session), admin)).status;
  const ended = async (days: number, tasks = 0, status = 'completed'): Promise<Wire> => {
    const session = await startSession(test);
    for (let i = 0; i < tasks; i += 1) await addTask(test, session);
    await test.call('PATCH', pathOf(session), { status }, admin);
    await endedInPast(test, session['session_id'], days);
    return session;
  };
  const archive = (session: Wire) => test.post(pathOf(session, '/archive'), {}, admin);
  const cleanup = async (query = ''): Promise<Wire> =>
    (await test.post(`/api/sessions/cleanup${query}`, undefined, admin)).body;
  const job = (name: string) => test.app.get(SessionsJobs).run(name);
  const taskCount = (session: Wire): Promise<number> =>
    collectionOf(test, 'tasks').countDocuments({ session_id: session['session_id'] });

  it('[3.4.a][3.4.b] the job removes what ended 35 days ago with its tasks, and nothing else', async () => {
    const old = await ended(35, 3);
    const failed = await ended(31, 1, 'failed');
    const recent = await ended(29, 1);
    const live = await startSession(test);
    await inPast(test, live['session_id'], 40 * 86_400);
    expect(await job('cleanup')).toMatchObject({ kind: 'done', affected: 2 });
    expect(await Promise.all([old, failed, recent, live].map(statusOf))).toEqual([404, 404, 200, 200]);
    expect(await Promise.all([old, recent].map(taskCount))).toEqual([0, 1]);
  });

  it('[3.4.e] tells how many sessions and tasks went; a dry run only counts; DELETE does the same', async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => ended(40, 2)));
    const dry = await cleanup('?dry_run=true');
    expect(dry).toMatchObject({ deleted_sessions: 5, deleted_tasks: 10, dry_run: true, older_than_days: 30 });
    expect(await statusOf(sessions[0] as Wire)).toBe(200);
    expect(await cleanup('?older_than_days=41')).toMatchObject({ deleted_sessions: 0, older_than_days: 41 });
    const { body } = await test.call('DELETE', '/api/sessions/cleanup', undefined, admin);
    expect(body).toMatchObject({
      deleted_sessions: 5,
      deleted_tasks: 10,
      failed_sessions: [],
      dry_run: false,
      remaining: false,
    });
    expect(await cleanup()).toMatchObject({ deleted_sessions: 0, deleted_tasks: 0 });
  });

  it('[3.4.c][3.4.d] an archived session is marked, listed apart, and survives every cleanup with its tasks', async () => {
    const [session, later] = [await ended(100, 2), await ended(50)];
    const { status, body } = await archive(session);
    expect(status).toBe(200);
    expect(body).toMatchObject({ archived: true, status: 'completed', metadata: { archived: true } });
    expect((await archive(session)).body).toEqual(body);
    await archive(later);
    await job('cleanup');
    expect(await cleanup('?older_than_days=1')).toMatchObject({ deleted_sessions: 0 });
    expect(await statusOf(session)).toBe(200);
    const tasks = await collectionOf(test, 'tasks').find({ session_id: session['session_id'] }).toArray();
    expect(tasks.map((task) => task['session_closed_at'])).toEqual([null, null]);
    expect((await test.get('/api/sessions', admin)).body).toEqual([]);
    const list = await test.get('/api/sessions/archived?limit=1', admin);
    expect(list.body).toMatchObject([{ session_id: later['session_id'] }]);
    expect(list.headers.get('x-total-count')).toBe('2');
    const next = await test.get(
      `/api/sessions/archived?limit=1&cursor=${list.headers.get('x-next-cursor') ?? ''}`,
      admin,
    );
    expect(next.body).toMatchObject([{ session_id: session['session_id'] }]);
    expect(next.headers.get('x-next-cursor')).toBeNull();
  });

  it('[3.4.c] a live session cannot be archived', async () => {
    const session = await startSession(test);
    expect(await archive(session)).toMatchObject({ status: 400, body: { code: 'INVALID_STATE' } });
    expect((await test.get(pathOf(session), admin)).body).toEqual(session);
  });

  it('[3.4.f] a session that cannot be removed stays whole, is listed, and does not stop the others', async () => {
    const [bad, good] = [await ended(50, 2), await ended(40, 1)];
    const { closing } = (test.app.get(Cleanup) as unknown as { tools: { closing: Record<string, unknown> } }).tools;
    const remove = closing['remove'] as (...args: readonly unknown[]) => Promise<unknown>;
    closing['remove'] = async (...args: readonly unknown[]) => {
      const removed = await remove.apply(closing, [...args]);
      const key = args[1] as { readonly id: string };
      if (key.id === bad['session_id']) throw new TypeError('killed in the middle of the cascade');
      return removed;
    };
    try {
      expect(await cleanup()).toMatchObject({
        deleted_sessions: 1,
        deleted_tasks: 1,
        failed_sessions: [{ id: bad['session_id'], reason: expect.any(String) }],
      });
    } finally {
      delete closing['remove'];
    }
    expect(await Promise.all([bad, good].map(statusOf))).toEqual([200, 404]);
    expect(await taskCount(bad)).toBe(2);
    expect(await cleanup()).toMatchObject({ deleted_sessions: 1, deleted_tasks: 2 });
  });

  it('a job that is told to stop in the middle leaves the rest whole, and the next run finds it', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => ended(60, 2)));
    const stop = new AbortController();
    const { tools } = test.app.get(Cleanup) as unknown as { tools: { closing: Record<string, unknown> } };
    const remove = tools.closing['remove'] as (...args: readonly unknown[]) => Promise<unknown>;
    let removals = 0;
    tools.closing['remove'] = (...args: readonly unknown[]) => {
      if ((removals += 1) === 2) stop.abort();
      return remove.apply(tools.closing, [...args]);
    };
    const first = await test.app.get(Cleanup).runJob({ runId: 'killed', signal: stop.signal });
    delete tools.closing['remove'];
    expect(first).toBe(2);
    const left = await Promise.all(sessions.map(async (each) => [await statusOf(each), await taskCount(each)]));
    expect(left.sort()).toEqual([
      [200, 2],
      [200, 2],
      [404, 0],
      [404, 0],
    ]);
    expect(await job('cleanup')).toMatchObject({ affected: 2 });
  });

  it('[5.2] purge removes an ended session at once, and wants to be confirmed', async () => {
    const [session, live] = [await ended(0, 2), await startSession(test)];
    const purge = (of: Wire, query: string) => test.call('DELETE', pathOf(of, `/purge${query}`), undefined, admin);
    expect((await purge(session, '')).status).toBe(400);
    expect((await purge(session, '?confirm=false')).status).toBe(400);
    expect(await purge(live, '?confirm=true')).toMatchObject({ status: 400, body: { code: 'INVALID_STATE' } });
    expect(await purge(session, '?confirm=true')).toMatchObject({
      status: 200,
      body: { session_id: session['session_id'], tasks_deleted: 2, purged: true },
    });
    expect([await statusOf(session), await taskCount(session), await statusOf(live)]).toEqual([404, 0, 200]);
  });

  it('[10] wrong numbers and clients without the right are refused', async () => {
    for (const query of ['?older_than_days=0', '?older_than_days=x', '?dry_run=maybe', '?days=3']) {
      expect((await test.post(`/api/sessions/cleanup${query}`, undefined, admin)).status).toBe(400);
    }
    const client = { authorization: '', 'x-api-key': CLIENT_KEY };
    expect((await test.post('/api/sessions/cleanup', undefined, client)).status).toBe(403);
    expect((await test.call('DELETE', '/api/sessions/x/purge?confirm=true', undefined, client)).status).toBe(403);
  });

  it('[8.3] fails what is silent for a day, paused ones after a week, and warns once an hour before', async () => {
    const hours = async (count: number, paused = false): Promise<Wire> => {
      const session = await startSession(test);
      await addTask(test, session, ['in_progress']);
      if (paused) await test.call('PATCH', pathOf(session), { status: 'paused' }, admin);
      await inPast(test, session['session_id'], count * 3600);
      return session;
    };
    const [gone, soon, fresh] = [await hours(25), await hours(23.5), await hours(2)];
    const [pausedGone, paused] = [await hours(169, true), await hours(30, true)];
    expect(await job('expire-abandoned')).toMatchObject({ affected: 2 });
    const read = async (session: Wire): Promise<Wire> => (await test.get(pathOf(session), admin)).body;
    expect(await read(gone)).toMatchObject({
      status: 'failed',
      completed_at: expect.any(String),
      metadata: { error_message: 'abandoned: no heartbeat' },
    });
    expect(await Promise.all([soon, fresh, pausedGone, paused].map(async (s) => (await read(s))['status']))).toEqual([
      'active',
      'active',
      'failed',
      'paused',
    ]);
    const expiring = () =>
      collectionOf(test, 'deployment_events').countDocuments({
        type: 'session_expiring',
        sessionId: soon['session_id'],
      });
    expect(await expiring()).toBe(1);
    await job('expire-abandoned');
    expect(await expiring()).toBe(1);
    // a sign of life ends the silence that was warned of; the next one is warned of again
    expect((await test.post(pathOf(soon, '/heartbeat'), {}, admin)).status).toBe(200);
    await inPast(test, soon['session_id'], 23.2 * 3600);
    await job('expire-abandoned');
    expect(await expiring()).toBe(2);
    const failure = await collectionOf(test, 'deployment_events').findOne({
      type: 'session_failed',
      sessionId: gone['session_id'],
    });
    expect(failure?.['data']).toMatchObject({ cause: 'abandoned' });
  });

  it('[10] the consistency job repairs what can be repaired and counts the rest', async () => {
    await test.post('/api/machines', { machine_id: 'm', hostname: 'h', docker_slots: [] }, admin);
    const session = await startSession(test, { machine_id: 'm' });
    const done = await addTask(test, session, ['in_progress', 'completed']);
    const free = await startSession(test);
    const sessions = collectionOf(test, 'sessions');
    await sessions.updateOne({ session_id: session['session_id'] }, { $set: { current_task_id: done['task_id'] } });
    await sessions.updateOne({ session_id: free['session_id'] }, { $set: { current_task_id: 'task-123' } });
    await collectionOf(test, 'machines').updateOne({ machine_id: 'm' }, { $set: { active_sessions: ['nobody'] } });
    const lost = await startSession(test);
    const orphan = await addTask(test, lost);
    const yesterday = new Date(Date.now() - 2 * 86_400_000);
    await collectionOf(test, 'tasks').updateOne({ task_id: orphan['task_id'] }, { $set: { created_at: yesterday } });
    await sessions.deleteOne({ session_id: lost['session_id'] });
    expect(await job('check-consistency')).toMatchObject({ affected: 3 });
    expect((await test.get(pathOf(session), admin)).body['current_task_id']).toBeNull();
    expect((await test.get(pathOf(free), admin)).body['current_task_id']).toBe('task-123');
    expect((await test.get('/api/machines/m', admin)).body['active_sessions']).toEqual([session['session_id']]);
    expect(await taskCount(lost)).toBe(0);
    expect(await job('check-consistency')).toMatchObject({ affected: 0 });
    const metrics = (await test.get('/metrics', admin)).body['text'];
    expect(String(metrics)).toContain('state_inconsistencies{kind="current_task"} 0');
  });
});
