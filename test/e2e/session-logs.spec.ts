import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FULL_KEY, testSettings } from './app.harness.js';
import { ServerProcess } from './server-process.js';

interface Line {
  readonly level: string;
  readonly timestamp: string;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** A real process in production, so that the lines are those of production. */
describe('what the server logs', () => {
  const data = mkdtempSync(join(tmpdir(), 'cloud-logs-'));
  const key = { 'x-api-key': '2f1c8a52-3b1e-4d7a-9c55-7d6f0a1b2c3d', authorization: '' };
  let server: ServerProcess;
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = key) =>
    server.call(method, path, body, headers);
  const lines = async (wanted: (line: Line) => boolean): Promise<readonly Line[]> => {
    for (let look = 0; look < 50; look += 1) {
      const found = server.output
        .split('\n')
        .filter((text) => text.startsWith('{') && text.endsWith('}'))
        .map((text) => JSON.parse(text) as Line)
        .filter(wanted);
      if (found.length > 0) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return [];
  };

  beforeAll(async () => {
    server = await ServerProcess.start({
      ...testSettings(data),
      NODE_ENV: 'production',
      LOG_LEVEL: 'debug',
      JWT_SECRET: 'a secret of at least thirty-two characters',
      ENCRYPTION_KEY: 'ab'.repeat(32),
      API_KEYS: `test:${key['x-api-key']}`,
    });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  });

  it('[4.1.e] starts with a line that names the environment', async () => {
    const [started] = await lines(({ message }) => message.startsWith('app.started'));
    expect(JSON.stringify(started)).toContain('NODE_ENV=production');
  });

  it('[1.3.e] a failed authentication leaves time, address and a masked key, and the key nowhere', async () => {
    await call('GET', '/api/sessions', undefined, { 'x-api-key': 'invalid-key-123', authorization: '' });
    const [failed] = await lines(({ message }) => message === 'auth.failed');
    expect(failed).toMatchObject({ level: 'WARN', context: { ip: '127.0.0.1', key_hint: '****-123' } });
    expect(server.output).not.toContain('invalid-key-123');
  });

  it('[5.1.a][5.1.b][5.1.d] every line of a request has its id, and a session is found by its own', async () => {
    const made = await call('POST', '/api/sessions', { project_id: 'p-log', machine_id: 'm-log' });
    const id = String(made.body['session_id']);
    const requestId = made.headers.get('x-request-id');
    await call('POST', `/api/sessions/${id}/heartbeat`, {});
    const [created] = await lines(({ message }) => message === 'session.created');
    expect(created?.context).toMatchObject({
      session_id: id,
      project_id: 'p-log',
      machine_id: 'm-log',
      request_id: requestId,
    });
    await lines(({ message, context }) => message === 'heartbeat.received' && context['session_id'] === id);
    const ofRequest = await lines(({ context }) => context['request_id'] === requestId);
    expect(ofRequest.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['session.created', 'http.request']),
    );
    const ofSession = await lines(({ context }) => context['session_id'] === id);
    expect(ofSession.length).toBeGreaterThanOrEqual(2);
  });

  it('[5.1.c] a failure of ours is an ERROR line, and what a client did wrong is not', async () => {
    await call('GET', '/api/sessions/unknown');
    const [refused] = await lines(
      ({ message, context }) => message === 'http.request' && context['status_code'] === 404,
    );
    expect(refused?.level).toBe('WARN');
    const made = await call('POST', '/api/sessions', { project_id: 'p-err', machine_id: 'm-err' });
    await call('POST', `/api/sessions/${String(made.body['session_id'])}/mark-failed`, { error_message: 'boom' });
    const [failed] = await lines(({ message }) => message === 'session.failed');
    expect(failed).toMatchObject({ level: 'ERROR', context: { error_message: 'boom' } });
  });

  it('[X15] no line carries a key, a password or a body', () => {
    for (const secret of [key['x-api-key'], FULL_KEY, 'Correct-Horse-7', 'ab'.repeat(32)]) {
      expect(server.output).not.toContain(secret);
    }
  });

  it('the lines that wait for company leave when the server ends in order', async () => {
    const made = await call('POST', '/api/sessions', { project_id: 'p-last', machine_id: 'm-last' });
    await server.stop();
    const id = made.headers.get('x-request-id');
    expect(await lines(({ context }) => context['request_id'] === id)).not.toEqual([]);
  });
});
