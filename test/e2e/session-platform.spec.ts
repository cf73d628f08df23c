import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { MachinesModule } from '../../src/modules/machines/machines.module.js';
import { SessionsModule } from '../../src/modules/sessions/sessions.module.js';
import { TasksModule } from '../../src/modules/tasks/tasks.module.js';
import { AuthModule } from '../../src/modules/auth/auth.module.js';
import { HealthModule } from '../../src/modules/health/health.module.js';
import { SESSIONS } from '../../src/modules/sessions/session.schema.js';
import { CLIENT_KEY, FULL_KEY, TestApp } from './app.harness.js';
import { AS_ADMIN, collectionOf, endedInPast, inPast, startSession } from './session-rig.js';

describe('the platform under the session half', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test.stop());

  it('[1.2.b] the container resolves all five modules', () => {
    for (const module of [SessionsModule, TasksModule, MachinesModule, AuthModule, HealthModule]) {
      expect(test.app.get(module, { strict: false })).toBeInstanceOf(module);
    }
  });

  it('[1.2.c][5.3.b] with a valid URI the app connects, and detailed health says so in time', async () => {
    const { status, body } = await test.get('/health/detailed', AS_ADMIN);
    expect(status).toBe(200);
    expect(body['dependencies']).toMatchObject({ database: { status: 'ok', connected: true } });
    const { response_time_ms } = (body['dependencies'] as { database: { response_time_ms: number } }).database;
    expect(response_time_ms).toBeLessThan(5000);
  });

  it('[1.2.f] the documentation answers HTML to people and the schema to programs', async () => {
    const page = await test.get('/api/docs', { accept: 'text/html', authorization: '' });
    expect(page.headers.get('content-type')).toContain('text/html');
    const schema = await test.get('/api/docs', { accept: 'application/json', authorization: '' });
    expect(schema).toMatchObject({ status: 200, body: { openapi: '3.1.0' } });
    expect(await test.get('/api/docs-json', { accept: 'text/html', authorization: '' })).toMatchObject({
      body: { paths: expect.objectContaining({ '/api/sessions': expect.anything() }) },
    });
  });

  it('[1.3.d][5.3.a] GET /health is open and says how long it has been up', async () => {
    const { status, body } = await test.get('/health', { authorization: '' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok' });
    expect(Number(body['uptime'])).toBeGreaterThan(0);
  });

  it('[1.1.d] storing a session with a foreign status fails with a validation error', async () => {
    const session = await startSession(test);
    const model = test.app.get<Connection>(getConnectionToken()).model(SESSIONS);
    await expect(
      model.updateOne({ session_id: session['session_id'] }, { $set: { status: 'sleeping' } }, { runValidators: true }),
    ).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(model.create({ ...session, session_id: 'x', status: 'sleeping' })).rejects.toThrow();
  });

  it.each([
    ['a webview', 'vscode-webview://1a2b', 'vscode-webview://1a2b'],
    ['a foreign page', 'https://evil.example', null],
  ])('[1.4.d] OPTIONS tells %s whether it may call', async (_who, origin, allowed) => {
    const headers = { origin, 'access-control-request-method': 'POST', authorization: '' };
    const answer = await test.call('OPTIONS', '/api/sessions', undefined, headers);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
  });

  it.each(['/health/detailed', '/metrics'])('[X17] %s is 401 without a key', async (path) => {
    expect(await test.get(path, { authorization: '' })).toMatchObject({ status: 401 });
  });

  it('[5.2.b] a missing project_id is 400 with an entry for the field', async () => {
    const answer = await test.post('/api/sessions', { machine_id: 'm' }, AS_ADMIN);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'VALIDATION_REQUIRED_FIELD',
        details: [{ field: 'project_id', messages: ['project_id is required'] }],
      },
    });
  });

  it('[5.2.a] an unexpected exception yields all error fields and no internals', async () => {
    const session = await startSession(test);
    const id = String(session['session_id']);
    // a document that no code of ours could have written
    await collectionOf(test, 'sessions').updateOne({ session_id: id }, { $set: { last_heartbeat: 'broken' } });
    const { status, body } = await test.get(`/api/sessions/${id}/health`, AS_ADMIN);
    expect(status).toBe(500);
    expect(body).toMatchObject({
      success: false,
      statusCode: 500,
      error: 'Internal Server Error',
      code: 'INTERNAL_ERROR',
    });
    expect(Object.keys(body).sort()).toEqual(
      ['code', 'error', 'message', 'path', 'request_id', 'statusCode', 'success', 'timestamp'].sort(),
    );
    expect(body.message).toBe('An unexpected error occurred');
    await collectionOf(test, 'sessions').deleteOne({ session_id: id });
  });

  it('[5.3.d] five active sessions are counted by the metrics', async () => {
    const quiet = await TestApp.start();
    for (let i = 0; i < 5; i += 1) await startSession(quiet);
    const { body } = await quiet.get('/metrics', AS_ADMIN);
    await quiet.stop();
    expect(String(body['text'])).toContain('active_sessions_count 5');
  });

  it('[5.1.e] every answer names its request, whatever became of it', async () => {
    const answers = await Promise.all([
      test.get('/api/sessions', AS_ADMIN),
      test.get('/api/sessions', { authorization: '' }),
      test.get('/api/sessions/none', AS_ADMIN),
      test.get('/api/nowhere', AS_ADMIN),
    ]);
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(4);
    expect(answers.slice(1).map(({ body }) => body['request_id'])).toEqual(ids.slice(1));
  });

  it('[4.4.b][4.4.c][4.4.d] a session lives by its heartbeats, stalls in silence, fails and is recovered', async () => {
    const session = await startSession(test, { metadata: { branch: 'main' } });
    const path = `/api/sessions/${String(session['session_id'])}`;
    for (let beat = 1; beat <= 5; beat += 1) {
      expect(await test.post(`${path}/heartbeat`, {}, AS_ADMIN)).toMatchObject({
        status: 200,
        body: { heartbeat_count: beat, status: 'active' },
      });
    }
    await inPast(test, session['session_id'], 250);
    await test.post('/api/sessions/detect-failures', undefined, AS_ADMIN);
    expect((await test.get(path, AS_ADMIN)).body).toMatchObject({ status: 'stalled', completed_at: null });
    await test.post(`${path}/mark-failed`, { error_message: 'gone' }, AS_ADMIN);
    const recovered = await test.post(`${path}/recover`, { new_machine_id: 'another' }, AS_ADMIN);
    expect(recovered).toMatchObject({ status: 201, body: { status: 'active', metadata: { branch: 'main' } } });
    expect((await test.get(path, AS_ADMIN)).body).toMatchObject({
      status: 'completed',
      recovered_to: recovered.body['session_id'],
    });
  });

  it('[4.4.f] what a project left is all gone after the cleanup', async () => {
    const project = { project_id: 'to-be-cleaned' };
    const one = await startSession(test, project);
    await test.post('/api/tasks', { session_id: one['session_id'], ...project, task_name: 't' }, AS_ADMIN);
    await test.call('PATCH', `/api/sessions/${String(one['session_id'])}`, { status: 'completed' }, AS_ADMIN);
    await endedInPast(test, one['session_id'], 40);
    expect((await test.post('/api/sessions/cleanup', undefined, AS_ADMIN)).body).toMatchObject({ remaining: false });
    expect((await test.get('/api/sessions?project_id=to-be-cleaned&include_archived=true', AS_ADMIN)).body).toEqual([]);
    expect((await test.get('/api/tasks?project_id=to-be-cleaned', AS_ADMIN)).body).toEqual([]);
  });

  it('[5.2.c][5.2.d] requests 101 to 110 of a minute are 429 with the time to wait, and every answer shows the limit', async () => {
    const limited = await TestApp.start({ RATE_LIMIT_PER_MINUTE: '100' });
    const key = { authorization: '', 'x-api-key': CLIENT_KEY };
    const answers = [];
    for (let i = 0; i < 110; i += 1) answers.push(await limited.get('/api/sessions', key));
    const beat = await limited.post('/api/sessions/none/heartbeat', {}, key);
    const other = await limited.get('/api/sessions', { authorization: '', 'x-api-key': FULL_KEY });
    await limited.stop();
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array<number>(100).fill(200),
      ...Array<number>(10).fill(429),
    ]);
    expect(answers[109]?.body).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' });
    expect(Number(answers[109]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('100');
    expect(answers[0]?.headers.get('x-ratelimit-remaining')).toBe('99');
    expect(Number(answers[0]?.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    expect(beat.status).toBe(404); // heartbeats have a bucket of their own
    expect(other.status).toBe(200);
  });
});
