import { randomUUID } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Config } from '../../src/shared/config/config.js';
import type { Answer } from './app.harness.js';
import { CLIENT_KEY, FULL_KEY, TestApp } from './app.harness.js';

type Item = Readonly<Record<string, unknown>>;

describe('machines and their slots', () => {
  let app: TestApp;
  let db: Connection;
  const key = { 'X-API-Key': CLIENT_KEY };
  const admin = { 'X-API-Key': FULL_KEY };
  beforeAll(async () => {
    app = await TestApp.start();
    db = app.app.get<Connection>(getConnectionToken());
  });
  afterAll(() => app.stop());

  const items = (answer: Answer): readonly Item[] => answer.body as unknown as readonly Item[];
  const registered = async (fields: Item = {}): Promise<string> => {
    const body = { hostname: 'build-host', docker_slots: [1, 2, 3], ...fields };
    return String((await app.post('/api/machines', body, key)).body['machine_id']);
  };
  const get = async (id: string): Promise<Item> => (await app.get(`/api/machines/${id}`, key)).body;
  const patch = (id: string, body: Item): Promise<Answer> => app.call('PATCH', `/api/machines/${id}`, body, key);
  const beat = (id: string, body?: Item): Promise<Answer> => app.post(`/api/machines/${id}/heartbeat`, body, key);
  const create = (machine_id: string, fields: Item = {}): Promise<Answer> =>
    app.post('/api/sessions', { project_id: randomUUID(), machine_id, ...fields }, key);
  const created = async (machineId: string, fields: Item = {}): Promise<string> =>
    String((await create(machineId, fields)).body['session_id']);

  it('[2.3.a][2.3.b] a new one is online with a made id, its slots and its address', async () => {
    const given = { hostname: 'build-host', docker_slots: [1, 2, 3], metadata: { os: 'linux' } };
    const made = await app.post('/api/machines', { ...given, slot_info: { '2': { cpu_limit: 1.5 } } }, key);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      ...given,
      machine_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      active_sessions: [],
      status: 'online',
      last_heartbeat: made.body['created_at'],
      slot_info: { '2': { cpu_limit: 1.5, memory_limit_mb: null, note: null } },
      created_at: expect.stringMatching(/Z$/) as string,
      updated_at: made.body['created_at'],
    });
    expect(Math.abs(Date.now() - Date.parse(String(made.body['created_at'])))).toBeLessThan(5000);
    expect((await app.get(String(made.headers.get('location')), key)).body).toEqual(made.body);
    const empty = await app.post('/api/machines', { hostname: 'x', docker_slots: [], machine_id: 'a:b.c_d-1' }, key);
    expect(empty.body).toMatchObject({ machine_id: 'a:b.c_d-1', docker_slots: [] });
    expect((await app.get(String(empty.headers.get('location')), key)).status).toBe(200);
  });

  it('a taken id is told with the machine that is there', async () => {
    const machine_id = await registered({ metadata: { fingerprint: 'f1' } });
    const again = await app.post('/api/machines', { machine_id, hostname: 'other', docker_slots: [] }, key);
    expect(again).toMatchObject({
      status: 409,
      body: {
        code: 'MACHINE_EXISTS',
        details: { machine_id, hostname: 'build-host', metadata: { fingerprint: 'f1' } },
      },
    });
    expect(await get(machine_id)).toMatchObject({ hostname: 'build-host' });
  });

  it('[2.3.c][2.3.d] a session stands on its machine as long as it lives', async () => {
    const id = await registered();
    const ends: readonly ((session: string) => Promise<Answer>)[] = [
      (session) => app.call('DELETE', `/api/sessions/${session}`, undefined, admin),
      (session) => app.call('PATCH', `/api/sessions/${session}`, { status: 'completed' }, key),
      (session) => app.call('PATCH', `/api/sessions/${session}`, { status: 'failed' }, key),
      (session) => app.post(`/api/sessions/${session}/mark-failed`, { error_message: 'crashed' }, key),
    ];
    const stays = await created(id);
    for (const end of ends) {
      const session = await created(id);
      expect((await get(id))['active_sessions']).toEqual([stays, session]);
      expect((await end(session)).status).toBeLessThan(300);
      expect((await get(id))['active_sessions']).toEqual([stays]);
    }
  });

  it('[2.3.e] a heartbeat brings it online, moves its time and lists its live sessions', async () => {
    const id = await registered();
    const session = await created(id);
    await patch(id, { status: 'offline' });
    await db.collection('machines').updateOne({ machine_id: id }, { $set: { active_sessions: ['gone'] } });
    const before = await get(id);
    const first = await beat(id);
    expect(first.body).toMatchObject({ status: 'online', active_sessions: [session], message: 'machine online' });
    expect(Date.parse(String(first.body['last_heartbeat']))).toBeGreaterThan(
      Date.parse(String(before['last_heartbeat'])),
    );
    const second = await beat(id, { metadata: { load: '$load' } });
    expect(second.body).toMatchObject({ message: 'heartbeat recorded', metadata: { load: '$load' } });
    await patch(id, { status: 'maintenance' });
    expect((await beat(id)).body).toMatchObject({ status: 'maintenance', message: 'heartbeat recorded' });
  });

  it('a machine that is registered after its sessions lists them from its first heartbeat on', async () => {
    const machine_id = `late-${randomUUID()}`;
    const session = await created(machine_id, { docker_slot: 9 });
    expect((await app.post('/api/machines', { machine_id, hostname: 'x', docker_slots: [] }, key)).body).toMatchObject({
      active_sessions: [],
    });
    expect((await beat(machine_id)).body['active_sessions']).toEqual([session]);
  });

  it('[2.3.f] lists are those of the filter, newest first, in pages', async () => {
    const hostname = `host-${randomUUID()}`;
    const ids = [await registered({ hostname }), await registered({ hostname }), await registered({ hostname })];
    await patch(String(ids[1]), { status: 'offline' });
    const online = await app.get(`/api/machines?hostname=${hostname}&status=online`, key);
    expect(items(online).map((one) => one['machine_id'])).toEqual([ids[2], ids[0]]);
    const all = await app.get('/api/machines?status=online&limit=200', key);
    expect(new Set(items(all).map((one) => one['status']))).toEqual(new Set(['online']));
    const page = await app.get(`/api/machines?hostname=${hostname}&limit=2`, key);
    expect(page.headers.get('x-total-count')).toBe('3');
    const cursor = page.headers.get('x-next-cursor') ?? '';
    const rest = await app.get(`/api/machines?hostname=${hostname}&limit=2&cursor=${cursor}`, key);
    expect(items(rest).map((one) => one['machine_id'])).toEqual([ids[0]]);
  });

  it('PATCH and PUT change facts and leave the heartbeat', async () => {
    const id = await registered({ metadata: { a: 1, b: 2 } });
    const before = await get(id);
    await patch(id, { hostname: 'renamed', metadata: { b: null, c: 3 } });
    const after = await app.put(`/api/machines/${id}`, { docker_slots: [1, 5], slot_info: { '5': {} } }, key);
    expect(after.body).toMatchObject({
      hostname: 'renamed',
      docker_slots: [1, 5],
      slot_info: { '5': { cpu_limit: null } },
      last_heartbeat: before['last_heartbeat'],
    });
    expect(after.body['metadata']).toEqual({ a: 1, c: 3 });
  });

  it('[X19] maintenance takes no session, and lets those that are there go on', async () => {
    const id = await registered();
    const session = await created(id);
    await patch(id, { status: 'maintenance' });
    expect(await create(id)).toMatchObject({
      status: 409,
      body: { code: 'MACHINE_UNAVAILABLE', details: { machine_id: id, status: 'maintenance' } },
    });
    expect((await app.post(`/api/sessions/${session}/heartbeat`, undefined, key)).status).toBe(200);
    await patch(id, { status: 'offline' });
    expect((await create(id)).status).toBe(201);
    expect((await get(id))['status']).toBe('offline');
  });

  it('[X20] a slot that is held cannot be taken away; free ones can', async () => {
    const id = await registered();
    const session = await created(id, { docker_slot: 2 });
    expect(await patch(id, { docker_slots: [1, 3] })).toMatchObject({
      status: 409,
      body: { code: 'SLOT_IN_USE', details: { machine_id: id, slots: [{ docker_slot: 2, session_id: session }] } },
    });
    expect((await get(id))['docker_slots']).toEqual([1, 2, 3]);
    expect((await patch(id, { docker_slots: [2] })).status).toBe(200);
    await app.call('PATCH', `/api/sessions/${session}`, { status: 'completed' }, key);
    expect((await patch(id, { docker_slots: [] })).status).toBe(200);
  });

  it('a slot is had by one; whoever asks for it is told who', async () => {
    const id = await registered();
    const holder = await created(id, { docker_slot: 1 });
    const refused = await create(id, { docker_slot: 1 });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SLOT_TAKEN' } });
    expect(JSON.stringify(refused.body.details)).toContain(holder);
    expect((await create(id, { docker_slot: 7 })).body).toMatchObject({
      code: 'SLOT_NOT_DEFINED',
      details: { docker_slots: [1, 2, 3] },
    });
    expect((await get(id))['active_sessions']).toEqual([holder]);
  });

  it('available machines and statistics count free slots', async () => {
    const before = (await app.get('/api/machines/stats', key)).body;
    const [free, used] = [await registered({ docker_slots: [4, 8] }), await registered({ docker_slots: [1, 2, 3] })];
    await created(used, { docker_slot: 2 });
    const available = items(await app.get('/api/machines/available', key));
    expect(available.find((one) => one['machine_id'] === used)).toMatchObject({
      total_slots: 3,
      occupied_slots: 1,
      available_slots: 2,
      available_slot_numbers: [1, 3],
    });
    const counts = available.map((one) => Number(one['available_slots']));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(available.map((one) => one['machine_id'])).toContain(free);
    const after = (await app.get('/api/machines/stats', key)).body;
    const grown = Object.keys(after).map((name) => [name, Number(after[name]) - Number(before[name])]);
    expect(Object.fromEntries(grown)).toEqual({
      total: 2,
      online: 2,
      offline: 0,
      maintenance: 0,
      total_slots: 5,
      occupied_slots: 1,
      available_slots: 4,
      live_sessions: 1,
    });
  });

  it('[X10] heartbeats that race creates and ends on two servers leave exactly the live sessions listed', async () => {
    const second = await TestApp.start({ MONGODB_URI: app.app.get(Config).database.uri });
    try {
      const id = await registered({ docker_slots: [] });
      const sessions = await Promise.all(Array.from({ length: 6 }, () => created(id)));
      const answers = await Promise.all(
        sessions.flatMap((session, i) => {
          const [one, other] = i % 2 === 0 ? [app, second] : [second, app];
          return [
            one.post('/api/sessions', { project_id: randomUUID(), machine_id: id }, key),
            other.post(`/api/machines/${id}/heartbeat`, undefined, key),
            ...(i % 2 === 0 ? [one.call('PATCH', `/api/sessions/${session}`, { status: 'completed' }, key)] : []),
            one.post(`/api/machines/${id}/heartbeat`, undefined, key),
          ];
        }),
      );
      // Two servers that write one machine may get in each other's way; whoever is refused has changed nothing.
      const codes = answers.filter((answer) => answer.status >= 400).map((answer) => answer.body.code);
      expect(codes.filter((code) => code !== 'CONCURRENT_MODIFICATION')).toEqual([]);
      const live = items(await app.get(`/api/sessions?machine_id=${id}&status=active`, key));
      expect(live.length).toBeGreaterThan(3);
      const listed = (await get(id))['active_sessions'] as readonly string[];
      expect([...listed].sort()).toEqual(live.map((one) => String(one['session_id'])).sort());
    } finally {
      await second.stop();
    }
  });

  it('[X8] one Idempotency-Key makes one machine, and its repetition is no conflict', async () => {
    const headers = { ...key, 'Idempotency-Key': `machine-${randomUUID()}` };
    const body = { machine_id: `m-${randomUUID()}`, hostname: 'x', docker_slots: [1] };
    const first = await app.post('/api/machines', body, headers);
    const replay = await app.post('/api/machines', body, headers);
    expect([replay.status, replay.headers.get('idempotency-replayed'), replay.body]).toEqual([201, 'true', first.body]);
    expect((await app.post('/api/machines', body, key)).body.code).toBe('MACHINE_EXISTS');
    const other = await app.post('/api/machines', { ...body, hostname: 'y' }, headers);
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('removing takes an administrator and a machine without live sessions', async () => {
    const id = await registered();
    const session = await created(id);
    const remove = (headers: Record<string, string>): Promise<Answer> =>
      app.call('DELETE', `/api/machines/${id}`, undefined, headers);
    expect(await remove(key)).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
    expect(await remove(admin)).toMatchObject({
      status: 409,
      body: { code: 'RESOURCE_CONFLICT', details: { session_ids: [session] } },
    });
    await app.call('PATCH', `/api/sessions/${session}`, { status: 'completed' }, key);
    expect((await remove(admin)).status).toBe(204);
    expect(await remove(admin)).toMatchObject({ status: 404, body: { message: `Machine ${id} not found` } });
  });

  it.each([
    ['POST', '', 'VALIDATION_REQUIRED_FIELD', 'hostname', { docker_slots: [] }],
    ['POST', '', 'VALIDATION_REQUIRED_FIELD', 'docker_slots', { hostname: 'x' }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'docker_slots', { hostname: 'x', docker_slots: 3 }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'docker_slots', { hostname: 'x', docker_slots: ['1'] }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'docker_slots', { hostname: 'x', docker_slots: [1, 1] }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'docker_slots', { hostname: 'x', docker_slots: [65_536] }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'machine_id', { hostname: 'x', docker_slots: [], machine_id: 'a b' }],
    ['POST', '', 'VALIDATION_UNKNOWN_FIELD', 'status', { hostname: 'x', docker_slots: [], status: 'online' }],
    ['POST', '', 'VALIDATION_INVALID_FORMAT', 'slot_info', { hostname: 'x', docker_slots: [1], slot_info: { a: {} } }],
    [
      'POST',
      '',
      'VALIDATION_INVALID_FORMAT',
      'slot_info',
      { hostname: 'x', docker_slots: [1], slot_info: { '1': { cpu: 2 } } },
    ],
    ['PATCH', '/any', 'VALIDATION_INVALID_FORMAT', 'status', { status: 'stalled' }],
    ['PATCH', '/any', 'VALIDATION_REQUIRED_FIELD', 'docker_slots', { docker_slots: null }],
    ['PATCH', '/any', 'VALIDATION_UNKNOWN_FIELD', 'last_heartbeat', { last_heartbeat: '2099-01-01T00:00:00Z' }],
    ['POST', '/any/heartbeat', 'VALIDATION_UNKNOWN_FIELD', 'timestamp', { timestamp: '2099-01-01T00:00:00Z' }],
    ['POST', '/any/heartbeat', 'RESERVED_METADATA_KEY', 'metadata', { metadata: { archived: true } }],
    ['GET', '?status=broken', 'VALIDATION_INVALID_FORMAT', 'status', undefined],
    ['GET', '?hostname[$ne]=x', 'VALIDATION_UNKNOWN_FIELD', 'hostname[$ne]', undefined],
    ['GET', '?limit=0', 'VALIDATION_INVALID_FORMAT', 'limit', undefined],
  ])('[X12] %s /api/machines%s is refused as %s of %s', async (method, path, code, field, body) => {
    const answer = await app.call(method, `/api/machines${path}`, body, key);
    expect(answer).toMatchObject({ status: 400, body: { code } });
    expect((answer.body.details as readonly { field: string }[]).map((one) => one.field)).toEqual([field]);
  });

  it("another organization's machine is not found, and its id is free", async () => {
    const machine_id = `foreign-${randomUUID()}`;
    const { _id, ...stored } = (await db.collection('machines').findOne({ machine_id: await registered() })) ?? {};
    await db.collection('machines').insertOne({ ...stored, machine_id, organization: 'elsewhere' });
    const missing = { status: 404, body: { code: 'RESOURCE_NOT_FOUND', message: `Machine ${machine_id} not found` } };
    expect(await app.get(`/api/machines/${machine_id}`, key)).toMatchObject(missing);
    expect(await patch(machine_id, { hostname: 'mine' })).toMatchObject(missing);
    expect(await beat(machine_id)).toMatchObject(missing);
    expect(await app.call('DELETE', `/api/machines/${machine_id}`, undefined, admin)).toMatchObject(missing);
    expect(items(await app.get('/api/machines?limit=200', key)).map((one) => one['machine_id'])).not.toContain(
      machine_id,
    );
    expect(await registered({ machine_id })).toBe(machine_id);
    expect(_id).toBeDefined();
  });

  it('every literal route is reachable', async () => {
    for (const path of ['available', 'stats']) expect((await app.get(`/api/machines/${path}`, key)).status).toBe(200);
  });
});
