import type { Connection } from 'mongoose';
import { getConnectionToken } from '@nestjs/mongoose';
import { SessionsJobs } from '../../src/modules/sessions/sessions.jobs.js';
import { TestApp } from './app.harness.js';
import { AS_ADMIN as admin, collectionOf, inPast, startSession, type Wire } from './session-rig.js';

const THRESHOLD_MS = 1000;

describe('jobs of the session half', () => {
  const running: TestApp[] = [];
  const start = async (settings: Readonly<Record<string, string>>): Promise<TestApp> => {
    const test = await TestApp.start({ STALL_THRESHOLD_MS: String(THRESHOLD_MS), ...settings });
    running.push(test);
    return test;
  };
  afterEach(async () => {
    for (const test of running.splice(0)) await test.stop();
  });
  /** Asks until it has that status; the test's own time limit ends it otherwise. */
  const reaches = async (test: TestApp, session: Wire, status: string): Promise<Wire> => {
    for (;;) {
      const { body } = await test.get(`/api/sessions/${String(session['session_id'])}`, admin);
      if (body['status'] === status) return body;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const eventsOf = (test: TestApp, session: Wire): Promise<number> =>
    collectionOf(test, 'deployment_events').countDocuments({
      type: 'session_stalled',
      sessionId: session['session_id'],
    });

  it.each([
    ['the sweep', { STALL_SWEEP_SECONDS: '1' }],
    ['the cron line', { STALL_SWEEP_SECONDS: '0', STALL_DETECTION_CRON: '* * * * * *' }],
  ])('[8.1] %s finds a dead session by itself', async (_what, settings) => {
    const test = await start(settings);
    const session = await startSession(test);
    const stalled = await reaches(test, session, 'stalled');
    const silence = Date.parse(String(stalled['stalled_at'])) - Date.parse(String(stalled['last_heartbeat']));
    expect(silence).toBeGreaterThan(THRESHOLD_MS);
    expect(silence).toBeLessThan(THRESHOLD_MS + 30_000);
    expect(await eventsOf(test, session)).toBe(1);
  });

  it('[8.5] when the holder of the lease was killed, the other instance goes on after the lease', async () => {
    const first = await start({ STALL_SWEEP_SECONDS: '0' });
    await collectionOf(first, 'leases').updateOne(
      { _id: 'job:detect-stalled' as never },
      {
        $set: { token: 5, holder: 'elsewhere/1/00000000', expiresAt: new Date(Date.now() + 3000), info: {}, writes: 0 },
      },
      { upsert: true },
    );
    const uri = new URL(String(process.env['MONGODB_URI']));
    uri.pathname = `/${first.app.get<Connection>(getConnectionToken()).name}`;
    const survivor = await start({ MONGODB_URI: uri.toString(), STALL_SWEEP_SECONDS: '1' });
    const session = await startSession(first);
    const stalled = await reaches(survivor, session, 'stalled');
    expect(Date.parse(String(stalled['stalled_at'])) - Date.parse(String(stalled['last_heartbeat']))).toBeLessThan(
      THRESHOLD_MS + 60_000,
    );
    expect(await eventsOf(survivor, session)).toBe(1);
  });

  it('[17] with SCHEDULER_MODE off nothing ticks; by name a job still runs, and an unknown one does not exist', async () => {
    const test = await start({ SCHEDULER_MODE: 'off', STALL_SWEEP_SECONDS: '1', STALL_DETECTION_CRON: '* * * * * *' });
    const session = await startSession(test);
    await inPast(test, session['session_id'], 100);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const { body } = await test.get(`/api/sessions/${String(session['session_id'])}`, admin);
    expect(body['status']).toBe('active');
    const jobs = test.app.get(SessionsJobs);
    expect(await jobs.run('detect-stalled')).toMatchObject({ kind: 'done', affected: 1 });
    expect(await jobs.run('no-such-job')).toBeNull();
  });
});
