import { aSessionRecord } from '../factories/sessions.js';
import { TestApp } from './app.harness.js';
import { addTask, AS_ADMIN as key, collectionOf, inPast, startSession, type Wire } from './session-rig.js';

describe('views of sessions', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off', STALL_THRESHOLD_MS: '60000' });
  });
  afterAll(() => test.stop());
  const get = async (path: string): Promise<Wire> => (await test.get(`/api/sessions${path}`, key)).body;
  const rows = async (path: string): Promise<readonly Wire[]> => (await get(path)) as unknown as readonly Wire[];
  const idsOf = (list: readonly Wire[]): readonly unknown[] => list.map((row) => row['session_id']);
  /** Sessions of one project, one a given status; those with `ago` were last heard so many seconds ago. */
  const someOf = async (project_id: string, wanted: readonly (readonly [string, number?])[]): Promise<string[]> => {
    const ids: string[] = [];
    for (const [i, [status, ago]] of wanted.entries()) {
      const { session_id: id } = await startSession(test, {
        project_id,
        machine_id: `${project_id.replace(/[^a-z-]/g, '')}-m${i}`,
      });
      if (status !== 'active') await test.call('PATCH', `/api/sessions/${String(id)}`, { status }, key);
      if (ago !== undefined) await inPast(test, id, ago);
      ids.push(String(id));
    }
    return ids;
  };

  it('[2.4.a] the summary counts each status; who is overdue counts as stalled', async () => {
    await someOf('summary', [
      ['active'],
      ['active'],
      ['active', 90],
      ['stalled'],
      ['paused', 90],
      ['failed'],
      ['completed'],
    ]);
    const archived = aSessionRecord({
      organization: 'demo',
      projectId: 'summary',
      status: 'completed',
      isArchived: true,
    });
    await collectionOf(test, 'sessions').insertOne({ ...archived });
    await collectionOf(test, 'sessions').insertOne({
      ...aSessionRecord({ organization: 'other', projectId: 'summary' }),
    });
    expect(await get('/health?project_id=summary')).toEqual({
      total_sessions: 8,
      active_sessions: 2,
      paused_sessions: 1,
      stalled_sessions: 2,
      failed_sessions: 1,
      completed_sessions: 2,
      archived_sessions: 1,
      last_updated: expect.any(String) as string,
    });
    expect(Number((await get('/health'))['total_sessions'])).toBeGreaterThanOrEqual(8);
  });

  it('[2.4.b][2.4.c][2.4.e] lists who is silent, marked or not, the longest silence first, and nobody else', async () => {
    const [quiet, marked, , , patient] = await someOf('silent', [
      ['active', 90],
      ['stalled', 300],
      ['active', 50],
      ['paused', 900],
      ['active', 90],
    ]);
    await collectionOf(test, 'sessions').updateOne({ session_id: patient }, { $set: { stall_threshold_ms: 600_000 } });
    const { stalled_sessions: list, stall_threshold_ms } = await get('/stalled?project_id=silent');
    expect(stall_threshold_ms).toBe(60_000);
    expect(idsOf(list as Wire[])).toEqual([marked, quiet]);
    expect((list as Wire[])[1]).toMatchObject({ status: 'active', machine_id: 'silent-m0', docker_slot: null });
    expect(Number((list as Wire[])[1]?.['time_since_heartbeat_ms'])).toBeGreaterThan(89_000);
    expect(idsOf((await get('/stalled?machine_id=silent-m1'))['stalled_sessions'] as Wire[])).toEqual([marked]);
  });

  it('a threshold of the asker changes only his answer, also below that of the server', async () => {
    const [a, b, c] = await someOf('stale', [
      ['active', 20],
      ['active', 90],
      ['active', 5],
    ]);
    expect(idsOf(await rows('/stale?project_id=stale&threshold=10'))).toEqual([b, a]);
    expect(idsOf(await rows('/stale?project_id=stale'))).toEqual([b]);
    expect(idsOf(await rows('/active?project_id=stale'))).toEqual([c, a, b]);
    expect((await rows('/active?project_id=stale')).map((row) => row['is_stalled'])).toEqual([false, false, true]);
    expect(await get('/stale?threshold=0')).toMatchObject({ code: 'VALIDATION_INVALID_FORMAT' });
  });

  it.each([
    ['active', undefined, true, false, []],
    ['active', 90, false, true, ['CHECK_PROCESS']],
    ['paused', 90, false, false, ['RESUME_SESSION']],
    ['stalled', 1, false, true, ['CHECK_PROCESS', 'RECOVER_SESSION']],
    ['failed', 1, false, false, ['REVIEW_FAILURE', 'RECOVER_SESSION']],
    ['completed', 1, false, false, []],
  ] as const)(
    '[2.4.d] %s, silent for %s s: healthy %s, stalled %s',
    async (status, ago, isHealthy, isStalled, advice) => {
      const [id] = await someOf(`health-${status}-${ago}`, [
        [status, ...(ago === undefined ? [] : [ago])] as [string, number?],
      ]);
      expect(await get(`/${id}/health`)).toMatchObject({
        session_id: id,
        status,
        is_healthy: isHealthy,
        is_stalled: isStalled,
        stall_threshold_ms: 60_000,
        recommendations: advice,
      });
    },
  );

  it('the health of a session goes by its own longer threshold, or by the one asked for', async () => {
    const session = await startSession(test, { stall_threshold_ms: 600_000 });
    const id = String(session['session_id']);
    await inPast(test, id, 90);
    expect(await get(`/${id}/health`)).toMatchObject({ is_healthy: true, stall_threshold_ms: 600_000 });
    expect(await get(`/${id}/health?threshold=30`)).toMatchObject({ is_stalled: true, stall_threshold_ms: 30_000 });
  });

  it('lists failed ones by the time of their failure, in pages', async () => {
    const ids = await someOf('failures', [['failed'], ['failed'], ['failed'], ['completed']]);
    const newestFirst = ids.slice(0, 3).reverse();
    expect(idsOf(await rows('/failed?project_id=failures'))).toEqual(newestFirst);
    const first = await test.get('/api/sessions/failed?project_id=failures&limit=2', key);
    expect(first.headers.get('x-total-count')).toBe('3');
    const rest = await rows(`/failed?project_id=failures&limit=2&cursor=${first.headers.get('x-next-cursor')}`);
    expect(idsOf(rest)).toEqual(newestFirst.slice(2));
  });

  it('shows a project by status with exact counts, and a machine in a list', async () => {
    const [older, newer] = await someOf('by project/ä', [['active'], ['active'], ['failed']]);
    const view = (await get(`/by-project/${encodeURIComponent('by project/ä')}`)) as unknown as {
      project_id: string;
      sessions: Record<string, Wire[]>;
      stats: Wire;
    };
    expect(view.project_id).toBe('by project/ä');
    expect(idsOf(view.sessions['active'] ?? [])).toEqual([newer, older]);
    expect(view.stats).toEqual({ total: 3, active: 2, paused: 0, stalled: 0, completed: 0, failed: 1 });
    await startSession(test, { project_id: 'one', machine_id: 'shared-host' });
    await startSession(test, { project_id: 'two', machine_id: 'shared-host' });
    expect((await rows('/by-machine/shared-host')).map((row) => row['project_id'])).toEqual(['two', 'one']);
  });

  it('shows the tasks of a session by status, with their share that is done', async () => {
    const session = await startSession(test);
    await addTask(test, session, ['completed']);
    const open = await addTask(test, session);
    const view = await get(`/${String(session['session_id'])}/tasks`);
    expect(view['stats']).toMatchObject({ total: 2, completed: 1, pending: 1, completion_percentage: 50 });
    const { pending } = view['tasks'] as unknown as { pending: Wire[] };
    expect(pending).toEqual([(await test.get(`/api/tasks/${String(open['task_id'])}`, key)).body]);
  });

  it.each([
    ['GET', '/health'],
    ['GET', '/stalled'],
    ['GET', '/stale'],
    ['GET', '/active'],
    ['GET', '/failed'],
    ['GET', '/by-project/p'],
    ['GET', '/by-machine/m'],
  ])('[X13] %s %s is not taken for the id of a session', async (method, path) => {
    expect((await test.call(method, `/api/sessions${path}`, undefined, key)).status).toBe(200);
    expect((await test.call('PATCH', `/api/sessions${path}`, {}, key)).status).not.toBe(200);
  });

  it('[2.4.f] a hundred summaries at once all answer', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => test.get('/api/sessions/health', key)));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
  });
});
