import { randomUUID } from 'node:crypto';
import { aSessionRecord } from '../factories/sessions.js';
import { type Answer, CLIENT_KEY, TestApp } from './app.harness.js';
import { addTask, AS_ADMIN as key, collectionOf, startSession, type Wire } from './session-rig.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOWHERE = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';

describe('sessions', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off' });
  });
  afterAll(() => test.stop());
  const at = (id: unknown, rest = ''): string => `/api/sessions/${String(id)}${rest}`;
  const get = async (id: unknown): Promise<Wire> => (await test.get(at(id), key)).body;
  const patch = (id: unknown, body: unknown): Promise<Answer> => test.call('PATCH', at(id), body, key);
  const list = async (query: string): Promise<readonly Wire[]> =>
    (await test.get(`/api/sessions?${query}`, key)).body as unknown as readonly Wire[];
  const idOf = (session: Wire): string => String(session['session_id']);
  const statusesOf = (answers: readonly Answer[]): readonly number[] => answers.map((answer) => answer.status).sort();
  const aMachine = async (slots: readonly number[]): Promise<string> => {
    const made = await test.post('/api/machines', { hostname: 'host', docker_slots: slots }, key);
    return String(made.body['machine_id']);
  };

  describe('registering one', () => {
    it('[2.1.a][1.3.a][2.1.c] answers 201 with an active session of its own id, and GET tells the same', async () => {
      const body = { project_id: 'p-new', machine_id: 'm-new', metadata: { branch: '$project_id', gone: null } };
      const made = await test.post('/api/sessions', body, key);
      expect(made.status).toBe(201);
      expect(made.headers.get('location')).toBe(at(made.body['session_id']));
      expect(made.body).toMatchObject({
        session_id: expect.stringMatching(UUID) as string,
        project_id: 'p-new',
        machine_id: 'm-new',
        status: 'active',
        docker_slot: null,
        completed_at: null,
        epoch: 1,
        heartbeat_count: 0,
        metadata: { branch: '$project_id' },
      });
      for (const hidden of ['_id', 'organization', 'active_key', 'slot_key', 'recovery_lock_until']) {
        expect(made.body).not.toHaveProperty(hidden);
      }
      expect(await get(made.body['session_id'])).toEqual(made.body);
    });

    it.each([
      ['[2.1.b] no project', { machine_id: 'm' }, 'VALIDATION_REQUIRED_FIELD', 'project_id'],
      ['an empty body', {}, 'VALIDATION_FAILED', 'project_id'],
      ['a number for a text', { project_id: 5, machine_id: 'm' }, 'VALIDATION_INVALID_FORMAT', 'project_id'],
      ['a blank project', { project_id: ' ', machine_id: 'm' }, 'VALIDATION_INVALID_FORMAT', 'project_id'],
      ['a machine with a blank', { project_id: 'p', machine_id: 'a b' }, 'VALIDATION_INVALID_FORMAT', 'machine_id'],
      [
        'an id of its own',
        { session_id: NOWHERE, project_id: 'p', machine_id: 'm' },
        'VALIDATION_UNKNOWN_FIELD',
        'session_id',
      ],
      ['a slot of 0', { project_id: 'p', machine_id: 'm', docker_slot: 0 }, 'VALIDATION_INVALID_FORMAT', 'docker_slot'],
      ['an operator', { project_id: { $gt: '' }, machine_id: 'm' }, 'VALIDATION_INVALID_FORMAT', 'project_id'],
      [
        'a short threshold',
        { project_id: 'p', machine_id: 'm', stall_threshold_ms: 1000 },
        'VALIDATION_INVALID_FORMAT',
        'stall_threshold_ms',
      ],
      [
        '[X12] a metadata key $where',
        { project_id: 'p', machine_id: 'm', metadata: { $where: 1 } },
        'VALIDATION_INVALID_FORMAT',
        'metadata',
      ],
      [
        '[X12] a metadata key a.b',
        { project_id: 'p', machine_id: 'm', metadata: { 'a.b': 1 } },
        'VALIDATION_INVALID_FORMAT',
        'metadata',
      ],
      [
        'a reserved metadata key',
        { project_id: 'p', machine_id: 'm', metadata: { archived: true } },
        'RESERVED_METADATA_KEY',
        'metadata',
      ],
      [
        'too much metadata',
        { project_id: 'p', machine_id: 'm', metadata: { k: 'x'.repeat(17_000) } },
        'VALIDATION_INVALID_FORMAT',
        'metadata',
      ],
      ['broken JSON', '{"project_id":', 'VALIDATION_MALFORMED_JSON', 'body'],
    ])('%s is 400 with the name of the field, and nothing is stored', async (_what, body, code, field) => {
      const before = await collectionOf(test, 'sessions').countDocuments();
      const refused = await test.post('/api/sessions', body, key);
      expect(refused).toMatchObject({ status: 400, body: { code, success: false } });
      expect((refused.body.details as { field: string }[])[0]?.field).toBe(field);
      expect(await collectionOf(test, 'sessions').countDocuments()).toBe(before);
    });

    it('a body of 1 MB is 413', async () => {
      const body = { project_id: 'p', machine_id: 'm', metadata: { k: 'x'.repeat(1_000_000) } };
      expect(await test.post('/api/sessions', body, key)).toMatchObject({
        status: 413,
        body: { code: 'PAYLOAD_TOO_LARGE' },
      });
    });

    it('[1.3.b][1.3.c] needs a key, and a right one', async () => {
      const call = (header: Record<string, string>): Promise<Answer> =>
        test.get('/api/sessions', { authorization: '', ...header });
      expect((await call({})).body).toMatchObject({ code: 'AUTH_REQUIRED', message: 'API key required' });
      const wrong = await call({ 'x-api-key': 'invalid-key-123' });
      expect(wrong).toMatchObject({ status: 401, body: { message: 'Invalid API key' } });
    });

    it('[X1][2.3.c] of twenty at once for one pair one is made, the others learn of it', async () => {
      const body = { project_id: 'pair', machine_id: await aMachine([]) };
      const answers = await Promise.all(Array.from({ length: 20 }, () => test.post('/api/sessions', body, key)));
      expect(statusesOf(answers)).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
      const winner = answers.find((answer) => answer.status === 201)?.body as Wire;
      for (const loser of answers.filter((answer) => answer.status === 409)) {
        expect(loser.body).toMatchObject({
          code: 'ACTIVE_SESSION_EXISTS',
          details: { existing_session_id: winner['session_id'], status: 'active', is_stalled: false },
        });
      }
      expect(await list('project_id=pair')).toHaveLength(1);
      const machine = await test.get(`/api/machines/${body.machine_id}`, key);
      expect(machine.body['active_sessions']).toEqual([winner['session_id']]);
    });

    it.each([
      ['registered', true],
      ['not registered', false],
    ])('[X2] of ten at once for one slot of a machine that is %s one gets it', async (_what, isRegistered) => {
      const machine_id = isRegistered ? await aMachine([3]) : `loose-${randomUUID()}`;
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          test.post('/api/sessions', { project_id: `slot-${i}`, machine_id, docker_slot: 3 }, key),
        ),
      );
      expect(statusesOf(answers)).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
      const winner = answers.find((answer) => answer.status === 201)?.body as Wire;
      const loser = answers.find((answer) => answer.status === 409)?.body;
      expect(loser).toMatchObject({ code: 'SLOT_TAKEN', details: { holder_session_id: winner['session_id'] } });
    });

    it('a slot that the machine does not have is 400', async () => {
      const body = { project_id: 'p', machine_id: await aMachine([1]), docker_slot: 2 };
      expect(await test.post('/api/sessions', body, key)).toMatchObject({
        status: 400,
        body: { code: 'SLOT_NOT_DEFINED' },
      });
    });

    it('[X8] a repetition with its Idempotency-Key gets the same session, with another body 422', async () => {
      const body = { project_id: 'again', machine_id: 'm-again' };
      const headers = { ...key, 'idempotency-key': 'create-session-0001' };
      const first = await test.post('/api/sessions', body, headers);
      const second = await test.post('/api/sessions', body, headers);
      expect(second).toMatchObject({ status: 201, body: { session_id: first.body['session_id'] } });
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
      const other = await test.post('/api/sessions', { ...body, project_id: 'other' }, headers);
      expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    });
  });

  describe('reading', () => {
    it.each([['not-an-id'], [NOWHERE]])('[2.1.d] %s is 404', async (id) => {
      expect(await test.get(at(id), key)).toMatchObject({
        status: 404,
        body: { code: 'RESOURCE_NOT_FOUND', message: `Session ${id} not found`, details: { resource: 'session', id } },
      });
    });

    it("another organization's session is not there, whatever is asked of it", async () => {
      const foreign = aSessionRecord({ organization: 'elsewhere' });
      await collectionOf(test, 'sessions').insertOne({ ...foreign });
      const id = foreign.session_id;
      const answers = [
        await test.get(at(id), key),
        await patch(id, { status: 'paused' }),
        await test.post(at(id, '/heartbeat'), {}, key),
        await test.post(at(id, '/mark-failed'), { error_message: 'x' }, key),
        await test.post(at(id, '/mark-stalled'), {}, key),
        await test.get(at(id, '/health'), key),
        await test.get(at(id, '/tasks'), key),
        await test.call('DELETE', at(id), undefined, key),
      ];
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 404));
      expect(await collectionOf(test, 'sessions').findOne({ session_id: id })).toMatchObject(foreign);
      expect(await list(`project_id=${foreign.project_id}`)).toEqual([]);
    });

    it('[2.1.e] lists by status, newest first, in pages by offset and by cursor', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i += 1) ids.unshift(idOf(await startSession(test, { project_id: 'listed' })));
      await patch(ids[4], { status: 'completed' });
      expect((await list('project_id=listed&status=active')).map(idOf)).toEqual(ids.slice(0, 4));
      expect((await list('project_id=listed&limit=2&offset=2')).map(idOf)).toEqual(ids.slice(2, 4));
      const seen: string[] = [];
      let cursor = '';
      for (let page = 0; page < 3; page += 1) {
        const answer = await test.get(`/api/sessions?project_id=listed&limit=2${cursor}`, key);
        expect(answer.headers.get('x-total-count')).toBe('5');
        seen.push(...(answer.body as unknown as Wire[]).map(idOf));
        cursor = `&cursor=${answer.headers.get('x-next-cursor')}`;
      }
      expect(seen).toEqual(ids);
      expect(cursor).toBe('&cursor=null');
    });

    it('lists what changed since, and archived ones on demand only', async () => {
      const old = aSessionRecord({
        organization: 'demo',
        projectId: 'since',
        status: 'failed',
        completedAt: new Date(),
      });
      const kept = aSessionRecord({
        ...{ organization: 'demo', projectId: 'since' },
        status: 'completed',
        isArchived: true,
      });
      const before = new Date('2020-01-01');
      await collectionOf(test, 'sessions').insertMany([
        { ...old, updated_at: before },
        { ...kept, updated_at: before },
      ]);
      const fresh = await startSession(test, { project_id: 'since' });
      expect((await list('project_id=since&updated_since=2021-01-01T00:00:00Z')).map(idOf)).toEqual([idOf(fresh)]);
      expect(await list('project_id=since')).toHaveLength(2);
      expect(await list('project_id=since&include_archived=true')).toHaveLength(3);
    });

    it.each([
      ['[X12] status[$ne]=x', 'status[$ne]'],
      ['status=asleep', 'status'],
      ['status=active&status=failed', 'status'],
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['offset=-1', 'offset'],
      ['colour=red', 'colour'],
      ['updated_since=yesterday', 'updated_since'],
      ['updated_since=2126-01-01T00:00:00Z', 'updated_since'],
      ['cursor=abc', 'cursor'],
    ])('%s is 400 and names the parameter', async (query, field) => {
      const answer = await test.get(`/api/sessions?${query.replace(/^\[.*\] /, '')}`, key);
      expect(answer).toMatchObject({ status: 400, body: { details: [{ field }] } });
    });
  });

  describe('changing', () => {
    it('[2.1.f][2.3.d] completing it sets its end, moves updated_at and frees pair, slot and machine', async () => {
      const machine_id = await aMachine([1]);
      const body = { project_id: 'done', machine_id, docker_slot: 1 };
      const session = await startSession(test, body);
      await patch(session['session_id'], { current_task_id: 'task-9' });
      const done = await patch(session['session_id'], { status: 'completed' });
      expect(done.body).toMatchObject({
        status: 'completed',
        completed_at: expect.any(String) as string,
        current_task_id: null,
        metadata: { last_task_id: 'task-9' },
      });
      expect(String(done.body['updated_at']) > String(session['updated_at'])).toBe(true);
      expect((await test.get(`/api/machines/${machine_id}`, key)).body['active_sessions']).toEqual([]);
      const again = await patch(session['session_id'], { status: 'completed' });
      expect(again).toMatchObject({ status: 200, body: { completed_at: done.body['completed_at'] } });
      expect((await test.post('/api/sessions', body, key)).status).toBe(201);
    });

    const MOVES: readonly (readonly [string, string, number])[] = [
      ['active', 'paused', 200],
      ['active', 'stalled', 200],
      ['paused', 'active', 200],
      ['paused', 'stalled', 200],
      ['paused', 'completed', 200],
      ['stalled', 'active', 200],
      ['stalled', 'paused', 400],
      ['stalled', 'failed', 200],
      ['completed', 'active', 400],
      ['completed', 'failed', 400],
      ['failed', 'active', 400],
      ['failed', 'completed', 400],
      ['failed', 'failed', 200],
    ];
    it.each(MOVES)('from %s to %s is %d', async (from, to, status) => {
      const { session_id: id } = await startSession(test);
      if (from !== 'active') expect((await patch(id, { status: from })).status).toBe(200);
      const before = await get(id);
      const answer = await test.put(at(id), { status: to }, key); // PUT is PATCH
      expect(answer.status).toBe(status);
      if (status === 200) expect(answer.body['status']).toBe(to);
      else expect(answer.body).toMatchObject({ code: 'INVALID_STATE', details: { from, to } });
      if (status !== 200) expect(await get(id)).toEqual(before);
    });

    it('a resume counts the epoch up and is a sign of life; a pause is neither', async () => {
      const { session_id: id } = await startSession(test);
      await collectionOf(test, 'sessions').updateOne({ session_id: id }, { $set: { last_heartbeat: new Date(0) } });
      expect((await patch(id, { status: 'paused' })).body).toMatchObject({
        epoch: 1,
        last_heartbeat: new Date(0).toJSON(),
      });
      const resumed = (await patch(id, { status: 'active' })).body;
      expect(resumed['epoch']).toBe(2);
      expect(Date.now() - Date.parse(String(resumed['last_heartbeat']))).toBeLessThan(60_000);
    });

    it('a paused session lets another take its pair, and cannot come back while that one is active', async () => {
      const pair = { project_id: 'shared-pair', machine_id: 'm-shared' };
      const first = await startSession(test, pair);
      await patch(first['session_id'], { status: 'paused' });
      const second = await startSession(test, pair);
      expect(await patch(first['session_id'], { status: 'active' })).toMatchObject({
        status: 409,
        body: { code: 'ACTIVE_SESSION_EXISTS', details: { existing_session_id: second['session_id'] } },
      });
      expect(await get(first['session_id'])).toMatchObject({ status: 'paused', epoch: 1 });
    });

    it('[X7] ten changes of different metadata keys at once all stay', async () => {
      const { session_id: id } = await startSession(test, { metadata: { keep: 1, drop: 1 } });
      const keys = Array.from({ length: 10 }, (_, i) => `key${i}`);
      await Promise.all(keys.map((name) => patch(id, { metadata: { [name]: name, drop: null } })));
      expect((await get(id))['metadata']).toEqual({ keep: 1, ...Object.fromEntries(keys.map((name) => [name, name])) });
    });

    it('metadata beyond 64 KiB in all is 400 and nothing of the change is done', async () => {
      const { session_id: id } = await startSession(test);
      const part = 'x'.repeat(16_000);
      for (const name of ['a', 'b', 'c', 'd'])
        expect((await patch(id, { metadata: { [name]: part } })).status).toBe(200);
      const refused = await patch(id, { status: 'paused', metadata: { e: part } });
      expect(refused).toMatchObject({ status: 400, body: { details: [{ field: 'metadata' }] } });
      const after = await get(id);
      expect(after['status']).toBe('active');
      expect(Object.keys(after['metadata'] as object)).toEqual(['a', 'b', 'c', 'd']);
    });

    it.each([
      [{ status: 'asleep' }, 'status'],
      [{ status: null }, 'status'],
      [{ current_task_id: '' }, 'current_task_id'],
      [{ docker_slot: 1.5 }, 'docker_slot'],
      [{ last_heartbeat: '2126-01-01T00:00:00Z' }, 'last_heartbeat'],
      [{ metadata: { failed_at: 1 } }, 'metadata'],
    ])('%j is 400', async (body, field) => {
      const { session_id: id } = await startSession(test);
      expect(await patch(id, body)).toMatchObject({ status: 400, body: { details: [{ field }] } });
    });

    it('of two that want one slot by PATCH one gets it, the other learns who holds it', async () => {
      const machine_id = await aMachine([1, 2]);
      const two = [await startSession(test, { machine_id }), await startSession(test, { machine_id })];
      const answers = await Promise.all(two.map((session) => patch(session['session_id'], { docker_slot: 2 })));
      expect(statusesOf(answers)).toEqual([200, 409]);
      const winner = answers.find((answer) => answer.status === 200)?.body['session_id'];
      expect(answers.find((answer) => answer.status === 409)?.body.details).toMatchObject({
        holder_session_id: winner,
      });
      expect((await patch(winner, { docker_slot: 7 })).body['code']).toBe('SLOT_NOT_DEFINED');
      expect((await patch(winner, { docker_slot: null })).body['docker_slot']).toBeNull();
    });
  });

  describe('failing and ending', () => {
    it('[3.2.a][3.2.b][3.2.f] mark-failed fails its running tasks with it, and repeating changes nothing', async () => {
      const machine_id = await aMachine([1]);
      const session = await startSession(test, { machine_id, docker_slot: 1 });
      const id = session['session_id'];
      await addTask(test, session, ['in_progress']);
      await addTask(test, session, ['in_progress']);
      await addTask(test, session);
      const failed = await test.post(
        at(id, '/mark-failed'),
        { error_message: 'no memory', metadata: { exit: 137 } },
        key,
      );
      expect(failed).toMatchObject({
        status: 200,
        body: {
          status: 'failed',
          completed_at: expect.any(String) as string,
          metadata: { error_message: 'no memory', exit: 137, error_context: { exit: 137 } },
        },
      });
      const { stats, tasks } = (await test.get(at(id, '/tasks'), key)).body as unknown as {
        stats: Wire;
        tasks: { failed: Wire[] };
      };
      expect(stats).toMatchObject({ total: 3, failed: 2, pending: 1, in_progress: 0 });
      expect(tasks.failed[0]?.['error_message']).toBe('Session failed: no memory');
      expect((await test.get(`/api/machines/${machine_id}`, key)).body['active_sessions']).toEqual([]);
      const again = await test.post(at(id, '/mark-failed'), { reason: 'another word' }, key);
      expect(again).toMatchObject({ status: 200, body: failed.body });
    });

    it('mark-failed takes reason and error_details for the same, and needs one of the messages', async () => {
      const { session_id: id } = await startSession(test);
      expect(await test.post(at(id, '/mark-failed'), {}, key)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_REQUIRED_FIELD', details: [{ field: 'error_message' }] },
      });
      const failed = await test.post(at(id, '/mark-failed'), { reason: 'boom', error_details: { exit: 1 } }, key);
      expect(failed.body['metadata']).toMatchObject({ error_message: 'boom', error_context: { exit: 1 } });
      const { session_id: done } = await startSession(test);
      await patch(done, { status: 'completed' });
      expect((await test.post(at(done, '/mark-failed'), { reason: 'boom' }, key)).body['code']).toBe('INVALID_STATE');
    });

    it('[3.2.d] mark-stalled leaves it open, counts it once, and says why until it is back', async () => {
      const { session_id: id } = await startSession(test);
      const mark = (): Promise<Answer> => test.post(at(id, '/mark-stalled'), { reason: 'host rebooted' }, key);
      const stalled = (await mark()).body;
      expect(stalled).toMatchObject({ status: 'stalled', completed_at: null, stall_count: 1 });
      expect(stalled['metadata']).toMatchObject({ stalled_reason: 'host rebooted' });
      expect((await mark()).body).toEqual(stalled);
      expect((await patch(id, { status: 'active' })).body).toMatchObject({ stalled_at: null, metadata: {}, epoch: 2 });
    });

    it('[2.1.g][2.3.d] DELETE removes it with its tasks, and is for administrators', async () => {
      const machine_id = await aMachine([]);
      const session = await startSession(test, { machine_id });
      const task = await addTask(test, session);
      const id = session['session_id'];
      const asClient = await test.call('DELETE', at(id), undefined, { ...key, 'x-api-key': CLIENT_KEY });
      expect(asClient).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
      expect((await test.call('DELETE', at(id), undefined, key)).status).toBe(204);
      expect((await test.get(at(id), key)).status).toBe(404);
      expect((await test.get(`/api/tasks/${String(task['task_id'])}`, key)).status).toBe(404);
      expect((await test.get(`/api/machines/${machine_id}`, key)).body['active_sessions']).toEqual([]);
      expect((await test.call('DELETE', at(id), undefined, key)).status).toBe(404);
    });
  });

  describe('moving between machines and slots', () => {
    const assign = (machine: string, body: unknown): Promise<Answer> =>
      test.post(`/api/machines/${machine}/assign-session`, body, key);

    it('assign-session moves session, machines and slot together, onto the lowest free slot', async () => {
      const [from, to] = [await aMachine([1]), await aMachine([5, 4])];
      const holder = await startSession(test, { machine_id: to, docker_slot: 4 });
      const session = await startSession(test, { machine_id: from, docker_slot: 1 });
      const id = session['session_id'];
      const moved = await assign(to, { session_id: id });
      expect(moved.body).toEqual((await test.get(`/api/machines/${to}`, key)).body);
      expect(moved.body['active_sessions']).toEqual([holder['session_id'], id]);
      expect(await get(id)).toMatchObject({ machine_id: to, docker_slot: 5 });
      expect((await test.get(`/api/machines/${from}`, key)).body['active_sessions']).toEqual([]);
      const third = await startSession(test, { machine_id: from, docker_slot: 1 });
      expect((await assign(to, { session_id: third['session_id'] })).body['code']).toBe('NO_FREE_SLOT');
      const taken = await assign(to, { session_id: third['session_id'], docker_slot: 5 });
      expect(taken).toMatchObject({ status: 409, body: { code: 'SLOT_TAKEN', details: { holder_session_id: id } } });
      expect(await get(third['session_id'])).toMatchObject({ machine_id: from, docker_slot: 1 });
    });

    it('five that are assigned at once get five different slots', async () => {
      const machine = await aMachine([1, 2, 3, 4, 5]);
      const sessions = await Promise.all(Array.from({ length: 5 }, () => startSession(test)));
      const answers = await Promise.all(sessions.map((one) => assign(machine, { session_id: one['session_id'] })));
      expect(statusesOf(answers)).toEqual([200, 200, 200, 200, 200]);
      const slots = await Promise.all(sessions.map(async (one) => (await get(one['session_id']))['docker_slot']));
      expect([...slots].sort()).toEqual([1, 2, 3, 4, 5]);
    });

    it('release-session frees the slot and keeps the session on the machine', async () => {
      const machine = await aMachine([1]);
      const { session_id } = await startSession(test, { machine_id: machine, docker_slot: 1 });
      const release = (on: string): Promise<Answer> =>
        test.post(`/api/machines/${on}/release-session`, { session_id }, key);
      expect(await release(await aMachine([]))).toMatchObject({ status: 400, body: { code: 'INVALID_STATE' } });
      expect(await release(machine)).toMatchObject({ status: 200, body: { active_sessions: [session_id] } });
      expect((await get(session_id))['docker_slot']).toBeNull();
      expect((await startSession(test, { machine_id: machine, docker_slot: 1 }))['docker_slot']).toBe(1);
    });

    it('refuses what is no live session, and machines that are not there or closed', async () => {
      const machine = await aMachine([1]);
      expect((await assign(machine, { session_id: NOWHERE })).body['code']).toBe('SESSION_REFERENCE_INVALID');
      const { session_id } = await startSession(test);
      expect((await assign('nowhere', { session_id })).status).toBe(404);
      await test.call('PATCH', `/api/machines/${machine}`, { status: 'maintenance' }, key);
      expect((await assign(machine, { session_id })).body['code']).toBe('MACHINE_UNAVAILABLE');
      await patch(session_id, { status: 'completed' });
      expect((await assign(machine, { session_id })).body['code']).toBe('INVALID_STATE');
    });
  });

  it('tells of every change in its own events, ids and names only', async () => {
    const session = await startSession(test, { metadata: { secret: 'of the client' } });
    const id = session['session_id'];
    await patch(id, { status: 'paused', metadata: { secret: 'other' } });
    await patch(id, { status: 'active' });
    await test.post(at(id, '/mark-failed'), { error_message: 'boom' }, key);
    const stored = await collectionOf(test, 'deployment_events')
      .find({ sessionId: id })
      .sort({ position: 1 })
      .toArray();
    expect(stored.map((event) => [event['type'], event['seq']])).toEqual([
      ['session_created', 1],
      ['session_updated', 2],
      ['session_updated', 3],
      ['session_failed', 4],
    ]);
    expect(stored[1]?.['data']).toMatchObject({ previous_status: 'active', changed: ['status', 'metadata'] });
    expect(JSON.stringify(stored)).not.toContain('of the client');
  });
});
