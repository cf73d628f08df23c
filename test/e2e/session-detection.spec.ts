import { HeartbeatsService } from '../../src/modules/sessions/heartbeats.service.js';
import { CLIENT_KEY, TestApp } from './app.harness.js';
import { AS_ADMIN as admin, collectionOf, inPast, startSession, type Wire } from './session-rig.js';

describe('detection of failures', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off', RATE_LIMIT_HEARTBEAT_PER_MINUTE: '5' });
  });
  afterAll(() => test.stop());
  beforeEach(async () => {
    await collectionOf(test, 'sessions').deleteMany({});
  });
  const detect = async (): Promise<Wire> => (await test.post('/api/sessions/detect-failures', undefined, admin)).body;
  const get = async (id: unknown): Promise<Wire> => (await test.get(`/api/sessions/${String(id)}`, admin)).body;

  it('[3.2.c][2.4.b] marks a session that is silent for five minutes, once, and leaves it open', async () => {
    const session = await startSession(test);
    await inPast(test, session['session_id'], 300);
    const found = await detect();
    expect(found).toMatchObject({ count: 1, stalled_sessions: [session['session_id']], skipped: false });
    expect(await get(session['session_id'])).toMatchObject({ status: 'stalled', completed_at: null, stall_count: 1 });
    const list = await test.get('/api/sessions/stalled', admin);
    expect(JSON.stringify(list.body)).toContain(String(session['session_id']));
    expect(await detect()).toMatchObject({ count: 0, stalled_sessions: [] });
  });

  it('[8.1] leaves alone paused sessions, longer thresholds and what is just inside', async () => {
    const paused = await startSession(test);
    await test.call('PATCH', `/api/sessions/${String(paused['session_id'])}`, { status: 'paused' }, admin);
    const patient = await startSession(test, { stall_threshold_ms: 600_000 });
    const fresh = await startSession(test);
    await inPast(test, paused['session_id'], 3000);
    await inPast(test, patient['session_id'], 500);
    await inPast(test, fresh['session_id'], 170);
    expect(await detect()).toMatchObject({ count: 0 });
    await inPast(test, patient['session_id'], 601);
    expect(await detect()).toMatchObject({ stalled_sessions: [patient['session_id']] });
  });

  it('[X4] a heartbeat that races the detector never leaves its session stalled', async () => {
    const sessions = await Promise.all(Array.from({ length: 30 }, () => startSession(test)));
    const ids = sessions.map((session) => String(session['session_id']));
    for (const id of ids) await inPast(test, id, 300);
    const beats = ids.map((id) => test.post(`/api/sessions/${id}/heartbeat`, {}, admin));
    await Promise.all([detect(), ...beats, detect()]);
    expect((await Promise.all(beats)).map(({ status }) => status)).toEqual(ids.map(() => 200));
    const after = await Promise.all(ids.map((id) => get(id)));
    expect(after.map((session) => session['status'])).toEqual(ids.map(() => 'active'));
  });

  it('a session whose heartbeats are refused for their number is never marked', async () => {
    const { session_id: id } = await startSession(test);
    const beat = () => test.post(`/api/sessions/${String(id)}/heartbeat`, {}, admin);
    await inPast(test, id, 300);
    let refused = 0;
    for (let i = 0; i < 7; i += 1) if ((await beat()).status === 429) refused += 1;
    expect(refused).toBeGreaterThan(0);
    await inPast(test, id, 300); // as if none of those that were taken had been
    for (let heard = false; !heard;) {
      const record = await collectionOf(test, 'sessions').findOne({ session_id: id });
      heard = record?.['heard_at'] instanceof Date;
    }
    expect((await detect())['stalled_sessions']).not.toContain(id);
    expect(await get(id)).toMatchObject({ status: 'active' });
  });

  it('[8.2] a machine nobody hears of goes offline, unless a session on it is alive', async () => {
    const register = (machine_id: string) =>
      test.post('/api/machines', { machine_id, hostname: machine_id, docker_slots: [1] }, admin);
    await register('silent-machine');
    await register('busy-machine');
    await startSession(test, { machine_id: 'busy-machine' });
    await collectionOf(test, 'machines').updateMany(
      { machine_id: { $in: ['silent-machine', 'busy-machine'] } },
      { $set: { last_heartbeat: new Date(Date.now() - 700_000) } },
    );
    expect(await detect()).toMatchObject({ offline_machines: ['silent-machine'] });
    expect((await test.get('/api/machines/busy-machine', admin)).body).toMatchObject({ status: 'online' });
    expect(await detect()).toMatchObject({ offline_machines: [] });
  });

  it('[X5] answers that another run is at it, and needs the right of an administrator', async () => {
    await collectionOf(test, 'leases').updateOne(
      { _id: 'job:detect-stalled' as never },
      { $set: { holder: 'elsewhere/1/00000000', expiresAt: new Date(Date.now() + 60_000) } },
    );
    expect(await detect()).toMatchObject({ skipped: true, count: 0 });
    await collectionOf(test, 'leases').updateOne(
      { _id: 'job:detect-stalled' as never },
      { $set: { holder: null, expiresAt: new Date() } },
    );
    const client = await test.post('/api/sessions/detect-failures', undefined, {
      authorization: '',
      'x-api-key': CLIENT_KEY,
    });
    expect(client.status).toBe(403);
  });

  it('[3.2.e] marks a hundred overdue sessions in far less than thirty seconds', async () => {
    const sessions = await Promise.all(Array.from({ length: 100 }, () => startSession(test)));
    const ids = sessions.map((session) => session['session_id']);
    const last_heartbeat = new Date(Date.now() - 300_000);
    await collectionOf(test, 'sessions').updateMany({ session_id: { $in: ids } }, { $set: { last_heartbeat } });
    const found = await detect();
    expect((found['stalled_sessions'] as unknown[]).sort()).toEqual(ids.sort());
    expect(found['duration_ms']).toBeLessThan(30_000);
  });

  it('after an outage of ours nobody is marked, and the brake is told', async () => {
    const { session_id: id } = await startSession(test);
    await inPast(test, id, 900);
    await collectionOf(test, 'ingestion').updateOne(
      {},
      { $set: { since: new Date(Date.now() - 60_000), reason: 'no instance was serving' } },
    );
    expect(await detect()).toMatchObject({ count: 0, skipped: false });
    await collectionOf(test, 'ingestion').updateOne({}, { $set: { since: new Date(Date.now() - 200_000) } });
    expect(await detect()).toMatchObject({ stalled_sessions: [id] });
  });

  it('a heartbeat that we answered with an error of ours puts the brake on, and health shows it', async () => {
    const { session_id: id } = await startSession(test);
    const heartbeats = test.app.get(HeartbeatsService) as unknown as Record<string, unknown>;
    heartbeats['beat'] = () => Promise.reject(new TypeError('a defect'));
    const { status } = await test.post(`/api/sessions/${String(id)}/heartbeat`, {}, admin);
    delete heartbeats['beat'];
    expect(status).toBe(500);
    const brakeOf = async (): Promise<unknown> => {
      const { body } = await test.get('/health/detailed', admin);
      return (body['dependencies'] as Record<string, { readonly brake: unknown }>)['stall_detection']?.brake;
    };
    let brake = await brakeOf();
    while (!(brake as { readonly active: boolean }).active) brake = await brakeOf();
    expect(brake).toMatchObject({ active: true, reason: 'a heartbeat was answered with 500' });
    await inPast(test, id, 300);
    expect(await detect()).toMatchObject({ count: 0 });
  });
});
