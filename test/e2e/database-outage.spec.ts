import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, TestApp, testSettings } from './app.harness.js';
import { DatabaseProxy } from './database-proxy.js';
import { AS_ADMIN, startSession } from './session-rig.js';

describe('the database is away', () => {
  let wire: DatabaseProxy;
  let test: TestApp;
  let beat: () => Promise<Answer>;

  beforeAll(async () => {
    const settings = testSettings(mkdtempSync(join(tmpdir(), 'cloud-outage-')));
    wire = await DatabaseProxy.start(String(settings['MONGODB_URI']));
    test = await TestApp.start({
      ...settings,
      MONGODB_URI: wire.uri,
      DB_QUERY_TIMEOUT_MS: '500',
      REQUEST_TIMEOUT_MS: '2000',
      MONGO_SERVER_SELECTION_TIMEOUT_MS: '300',
      CIRCUIT_OPEN_MS: '1000',
    });
    const { session_id } = await startSession(test);
    beat = () => test.post(`/api/sessions/${String(session_id)}/heartbeat`, {}, AS_ADMIN);
  });
  afterAll(async () => {
    wire.mend();
    await test.stop();
    await wire.stop();
  });

  it('[5.2.f] a query that hangs ends as 504, and the next one works when the wire is free again', async () => {
    wire.hold();
    const answer = await beat();
    wire.mend();
    expect(answer.status).toBe(504);
    expect(['DATABASE_TIMEOUT', 'REQUEST_TIMEOUT']).toContain(answer.body.code);
    for (let look = 0; look < 100 && (await beat()).status !== 200; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await beat()).toMatchObject({ status: 200 });
  });

  it('[5.2.e][5.3.c] a cut wire is 503, then an open circuit; health says so; it all comes back', async () => {
    wire.cut();
    const answers: Answer[] = [];
    for (let i = 0; i < 60 && answers.at(-1)?.body.details !== 'open'; i += 1) {
      const answer = await beat();
      answers.push(answer);
      if ((answer.body.details as { reason?: string } | undefined)?.reason === 'circuit_open') break;
    }
    for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect(answers.at(-1)?.body).toMatchObject({
      message: expect.stringContaining('circuit'),
      details: { reason: 'circuit_open' },
    });
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    const health = await test.get('/health/detailed', AS_ADMIN);
    expect(health).toMatchObject({
      status: 503,
      body: { status: 'error', dependencies: { database: { status: 'error', connected: false } } },
    });
    expect((await test.get('/health', { authorization: '' })).status).toBe(200);
    wire.mend();
    for (let look = 0; look < 100; look += 1) {
      if ((await beat()).status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await beat()).toMatchObject({ status: 200 });
  });
});
