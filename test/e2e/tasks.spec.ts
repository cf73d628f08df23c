import { randomUUID } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import type { Answer } from './app.harness.js';
import { CLIENT_KEY, TestApp } from './app.harness.js';

type Item = Readonly<Record<string, unknown>>;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('tasks of sessions', () => {
  let app: TestApp;
  let sessionId: string;
  const key = { 'X-API-Key': CLIENT_KEY };
  const projectId = 'shop';
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    const body = { project_id: projectId, machine_id: `machine-${randomUUID()}` };
    sessionId = String((await app.post('/api/sessions', body, key)).body['session_id']);
  });
  const aTask = (fields: Item = {}): Item => ({
    session_id: sessionId,
    project_id: projectId,
    task_name: 'Write tests',
    ...fields,
  });
  const created = async (fields: Item = {}): Promise<string> =>
    String((await app.post('/api/tasks', aTask(fields), key)).body['task_id']);
  const patch = (id: string, body: Item): Promise<Answer> => app.call('PATCH', `/api/tasks/${id}`, body, key);
  const currentTask = async (): Promise<unknown> =>
    (await app.get(`/api/sessions/${sessionId}`, key)).body['current_task_id'];
  const items = (answer: Answer): readonly Item[] => answer.body as unknown as readonly Item[];

  it('[3.1.a] a new one is pending, with a UUID, its times and its address', async () => {
    const made = await app.post('/api/tasks', aTask({ metadata: { branch: 'main' } }), key);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      task_id: expect.stringMatching(UUID) as string,
      ...aTask(),
      github_issue_id: null,
      status: 'pending',
      started_at: null,
      completed_at: null,
      error_message: null,
      metadata: { branch: 'main' },
      attempt: 1,
      retry_of: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      updated_at: made.body['created_at'],
    });
    expect(made.headers.get('location')).toBe(`/api/tasks/${String(made.body['task_id'])}`);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect((await app.get(String(made.headers.get('location')), key)).body).toEqual(made.body);
  });

  it('[3.1.b] a session that is malformed or unknown is refused with the field', async () => {
    for (const session_id of ['invalid-uuid', randomUUID()]) {
      const refused = await app.post('/api/tasks', aTask({ session_id }), key);
      expect(refused).toMatchObject({
        status: 400,
        body: { code: 'SESSION_REFERENCE_INVALID', details: [{ field: 'session_id' }] },
      });
    }
    expect((await app.post('/api/tasks', aTask({ project_id: 'other' }), key)).body).toMatchObject({
      code: 'PROJECT_MISMATCH',
      details: [{ field: 'project_id' }],
    });
  });

  it('[3.1.c][3.1.d] starting and completing set their times, and a GET shows them', async () => {
    const id = await created();
    const started = await patch(id, { status: 'in_progress' });
    expect(started.body).toMatchObject({ status: 'in_progress', completed_at: null });
    expect(Math.abs(Date.now() - Date.parse(String(started.body['started_at'])))).toBeLessThan(5000);
    await app.put(`/api/tasks/${id}`, { status: 'completed' }, key);
    const { body } = await app.get(`/api/tasks/${id}`, key);
    expect(body).toMatchObject({ status: 'completed', started_at: started.body['started_at'] });
    expect(Date.parse(String(body['completed_at']))).toBeGreaterThanOrEqual(Date.parse(String(body['started_at'])));
    expect(Date.parse(String(body['updated_at']))).toBeGreaterThan(Date.parse(String(body['created_at'])));
  });

  it('[3.1.e] what is in progress is the current task of its session until it ends, if it still is', async () => {
    const [one, two] = [await created(), await created()];
    await app.post(`/api/tasks/${one}/start`, undefined, key);
    expect(await currentTask()).toBe(one);
    await app.post(`/api/tasks/${two}/start`, undefined, key);
    expect(await currentTask()).toBe(two);
    await app.post(`/api/tasks/${one}/complete`, undefined, key);
    expect(await currentTask()).toBe(two);
    await app.call('DELETE', `/api/tasks/${two}`, undefined, key);
    expect(await currentTask()).toBeNull();
    const three = await created();
    for (const [status, current] of [
      ['in_progress', three],
      ['blocked', null],
      ['in_progress', three],
      ['failed', null],
    ] as const) {
      await patch(three, { status, ...(status === 'failed' ? { error_message: 'no' } : {}) });
      expect(await currentTask()).toBe(current);
    }
  });

  it('[3.1.f] lists are those of the filter, newest first, in pages by offset and by cursor', async () => {
    const mine = [await created(), await created(), await created()];
    const page = await app.get(`/api/tasks?session_id=${sessionId}&limit=2`, key);
    expect(items(page).map((task) => task['task_id'])).toEqual([mine[2], mine[1]]);
    expect(page.headers.get('x-total-count')).toBe('3');
    const cursor = page.headers.get('x-next-cursor') ?? '';
    await created();
    const rest = await app.get(`/api/tasks?session_id=${sessionId}&limit=2&cursor=${cursor}`, key);
    expect(items(rest).map((task) => task['task_id'])).toEqual([mine[0]]);
    expect(rest.headers.get('x-next-cursor')).toBeNull();
    const skipped = await app.get(`/api/tasks?session_id=${sessionId}&offset=3`, key);
    expect(items(skipped).map((task) => task['task_id'])).toEqual([mine[0]]);
    await patch(String(mine[0]), { status: 'completed' });
    const done = await app.get(`/api/tasks?session_id=${sessionId}&status=completed&project_id=${projectId}`, key);
    expect(items(done).map((task) => task['task_id'])).toEqual([mine[0]]);
    const since = encodeURIComponent(String(items(done)[0]?.['updated_at']));
    expect(items(await app.get(`/api/tasks?session_id=${sessionId}&updated_since=${since}`, key))).toEqual(items(done));
    expect(items(await app.get(`/api/tasks?session_id=${randomUUID()}`, key))).toEqual([]);
  });

  it('[3.1.g] failing needs a message; a retry counts and keeps it', async () => {
    const id = await created();
    for (const body of [{ status: 'failed' }, { status: 'failed', error_message: ' ' }]) {
      expect(await patch(id, body)).toMatchObject({ status: 400, body: { details: [{ field: 'error_message' }] } });
    }
    expect((await app.post(`/api/tasks/${id}/fail`, {}, key)).body.code).toBe('VALIDATION_REQUIRED_FIELD');
    const failed = await app.post(`/api/tasks/${id}/fail`, { error_message: '$no' }, key);
    expect(failed.body).toMatchObject({ status: 'failed', error_message: '$no' });
    expect((await patch(id, { status: 'pending' })).body).toMatchObject({
      attempt: 2,
      error_message: null,
      completed_at: null,
      metadata: { last_error: '$no' },
    });
  });

  it('a move that is not in the table changes nothing; the same status again neither', async () => {
    const id = await created();
    const done = await patch(id, { status: 'completed' });
    expect(await patch(id, { status: 'in_progress', github_issue_id: '7' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_STATE', details: { from: 'completed', to: 'in_progress' } },
    });
    expect((await patch(id, { status: 'completed' })).body).toEqual(done.body);
    expect((await app.get(`/api/tasks/${id}`, key)).body).toEqual(done.body);
  });

  it('history of a closed session may arrive late, but nothing starts there any more', async () => {
    await app.call('PATCH', `/api/sessions/${sessionId}`, { status: 'completed' }, key);
    const id = await created();
    expect(await patch(id, { status: 'in_progress' })).toMatchObject({ status: 400, body: { code: 'INVALID_STATE' } });
    expect(await patch(id, { status: 'completed' })).toMatchObject({ status: 200 });
    const db = app.app.get<Connection>(getConnectionToken());
    const [task, session] = await Promise.all([
      db.collection('tasks').findOne({ task_id: id }),
      db.collection('sessions').findOne({ session_id: sessionId }),
    ]);
    expect(task?.['session_closed_at']).toEqual(session?.['completed_at']);
  });

  it('lists of new tasks are stored whole or not at all', async () => {
    const wrong = { tasks: [aTask(), aTask({ project_id: 'other' })] };
    expect(await app.post('/api/tasks/bulk', wrong, key)).toMatchObject({
      status: 400,
      body: { code: 'PROJECT_MISMATCH', details: [{ field: 'tasks[1].project_id' }] },
    });
    expect((await app.get(`/api/tasks/stats?session_id=${sessionId}`, key)).body['total']).toBe(0);
    const made = await app.post('/api/tasks/bulk', { tasks: ['a', 'b'].map((task_name) => aTask({ task_name })) }, key);
    expect([made.status, items(made).map((task) => task['task_name'])]).toEqual([201, ['a', 'b']]);
    await patch(String(items(made)[0]?.['task_id']), { status: 'completed' });
    expect((await app.get(`/api/tasks/stats?session_id=${sessionId}&project_id=${projectId}`, key)).body).toEqual({
      total: 2,
      pending: 1,
      in_progress: 0,
      completed: 1,
      failed: 0,
      blocked: 0,
      completion_percentage: 50,
    });
  });

  it('of a list of changes each is answered for itself', async () => {
    const [one, two] = [await created(), await created()];
    const updates = [
      { task_id: one, status: 'in_progress' },
      { task_id: two, status: 'failed' },
      { task_id: 'unknown', status: 'blocked' },
    ];
    const answer = await app.call('PATCH', '/api/tasks/bulk', { updates }, key);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        results: [
          { task_id: one, ok: true, task: { status: 'in_progress' } },
          { task_id: two, ok: false, code: 'VALIDATION_REQUIRED_FIELD' },
          { task_id: 'unknown', ok: false, code: 'RESOURCE_NOT_FOUND', message: 'Task unknown not found' },
        ],
      },
    });
    expect(await currentTask()).toBe(one);
  });

  it('[X8] one Idempotency-Key makes one task, whatever is repeated', async () => {
    const headers = { ...key, 'Idempotency-Key': `task-${randomUUID()}` };
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.post('/api/tasks', aTask(), headers)));
    expect(answers.every((a) => a.status === 201 || a.body.code === 'IDEMPOTENCY_IN_PROGRESS')).toBe(true);
    const replay = await app.post('/api/tasks', aTask(), headers);
    expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(replay.headers.get('location')).toBe(`/api/tasks/${String(replay.body['task_id'])}`);
    expect((await app.get(`/api/tasks?session_id=${sessionId}`, key)).headers.get('x-total-count')).toBe('1');
    const other = await app.post('/api/tasks', aTask({ task_name: 'Other' }), headers);
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it.each([
    ['POST', '', 'VALIDATION_REQUIRED_FIELD', 'task_name', { task_name: undefined }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'task_name', { task_name: 7 }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'task_name', { task_name: 'x'.repeat(501) }],
    ['POST', '', 'VALIDATION_UNKNOWN_FIELD', 'task_id', { task_id: 'mine' }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'metadata', { metadata: { $where: 1 } }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'metadata', { metadata: { 'a.b': 1 } }],
    ['POST', '', 'RESERVED_METADATA_KEY', 'metadata', { metadata: { archived: true } }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'metadata', { metadata: { a: 'x'.repeat(17_000) } }],
    ['POST', '/bulk', 'VALIDATION_INVALID_FORMAT', 'tasks', { tasks: [] }],
    ['POST', '/bulk', 'VALIDATION_FAILED', 'tasks[0].session_id', { tasks: [{ task_name: 'x' }] }],
    ['PATCH', '/bulk', 'VALIDATION_REQUIRED_FIELD', 'updates[0].task_id', { updates: [{ status: 'pending' }] }],
    ['PATCH', '/any', 'VALIDATION_INVALID_FORMAT', 'status', { status: 'stalled' }],
    ['PATCH', '/any', 'VALIDATION_REQUIRED_FIELD', 'status', { status: null }],
    ['PATCH', '/any', 'VALIDATION_UNKNOWN_FIELD', 'project_id', { project_id: 'x' }],
    ['GET', '?limit=201', 'VALIDATION_INVALID_FORMAT', 'limit', undefined],
    ['GET', '?offset=-1', 'VALIDATION_INVALID_FORMAT', 'offset', undefined],
    ['GET', '?status[$ne]=x', 'VALIDATION_UNKNOWN_FIELD', 'status[$ne]', undefined],
    ['GET', '?sesion_id=x', 'VALIDATION_UNKNOWN_FIELD', 'sesion_id', undefined],
    ['GET', '?updated_since=yesterday', 'VALIDATION_INVALID_FORMAT', 'updated_since', undefined],
    ['GET', '?updated_since=2026-W03', 'VALIDATION_INVALID_FORMAT', 'updated_since', undefined],
    ['GET', '?cursor=nonsense', 'VALIDATION_INVALID_FORMAT', 'cursor', undefined],
  ])('[X12] %s /api/tasks%s is refused as %s of %s', async (method, path, code, field, fields) => {
    const isCreate = method === 'POST' && path === '';
    const body = isCreate ? aTask(fields) : fields;
    const answer = await app.call(method, `/api/tasks${path}`, body, key);
    expect(answer).toMatchObject({ status: 400, body: { code } });
    expect((answer.body.details as readonly { field: string }[]).map((one) => one.field)).toContain(field);
    expect((await app.get(`/api/tasks?session_id=${sessionId}`, key)).headers.get('x-total-count')).toBe('0');
  });

  it.each([
    ['malformed JSON', '{"task_name":', 400, 'VALIDATION_MALFORMED_JSON'],
    ['a list', [], 400, undefined],
    ['a body of 1 MB', { task_name: 'x'.repeat(1_000_000) }, 413, 'PAYLOAD_TOO_LARGE'],
  ])('%s is refused', async (_name, body, status, code) => {
    const answer = await app.post('/api/tasks', body, key);
    expect(answer).toMatchObject({ status, body: { success: false, ...(code ? { code } : {}) } });
  });

  it("another organization's task is not found, on every route", async () => {
    const db = app.app.get<Connection>(getConnectionToken());
    const mine = await created();
    const { _id, ...stored } = (await db.collection('tasks').findOne({ task_id: mine })) ?? {};
    const foreign = randomUUID();
    await db.collection('tasks').insertOne({ ...stored, task_id: foreign, organization: 'elsewhere' });
    for (const id of [foreign, 'no-uuid']) {
      const missing = { status: 404, body: { code: 'RESOURCE_NOT_FOUND', message: `Task ${id} not found` } };
      expect(await app.get(`/api/tasks/${id}`, key)).toMatchObject(missing);
      expect(await patch(id, { status: 'completed' })).toMatchObject(missing);
      expect(await app.post(`/api/tasks/${id}/start`, undefined, key)).toMatchObject(missing);
      expect(await app.call('DELETE', `/api/tasks/${id}`, undefined, key)).toMatchObject(missing);
    }
    const list = await app.get(`/api/tasks?session_id=${sessionId}`, key);
    expect(items(list).map((task) => task['task_id'])).toEqual([mine]);
    expect(_id).toBeDefined();
  });

  it('a wrong method is told the right ones', async () => {
    const answer = await app.call('DELETE', '/api/tasks', undefined, key);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });
});
