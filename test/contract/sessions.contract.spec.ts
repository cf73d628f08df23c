import { randomBytes, randomUUID } from 'node:crypto';
import mongoose, { type Connection, type Model } from 'mongoose';
import { type Session, SESSION_STATUSES } from '../../src/modules/sessions/session.js';
import { SESSIONS, type SessionRecord, sessionSchema } from '../../src/modules/sessions/session.schema.js';
import { duplicateOf, type NewSession, SessionsRepository } from '../../src/modules/sessions/sessions.repository.js';
import { SessionViewsRepository } from '../../src/modules/sessions/session-views.repository.js';
import { aSession, aSessionRecord } from '../factories/sessions.js';
import { FakeSessionsRepository } from '../fakes/fake-sessions.repository.js';

interface Store {
  readonly sessions: Pick<SessionsRepository, keyof SessionsRepository>;
  add(...sessions: readonly Session[]): Promise<void>;
}

let connection: Connection;
let model: Model<SessionRecord>;
beforeAll(async () => {
  mongoose.set('transactionAsyncLocalStorage', true);
  connection = await mongoose
    .createConnection(String(process.env['MONGODB_URI']), {
      dbName: `sessions_${randomBytes(4).toString('hex')}`,
      autoIndex: false,
      autoCreate: false,
    })
    .asPromise();
  model = connection.model<SessionRecord>(SESSIONS, sessionSchema(86_400));
  await new SessionsRepository(model).prepare();
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

const onDatabase = async (): Promise<Store> => ({
  sessions: new SessionsRepository(model),
  add: async (...sessions) => {
    await model.collection.insertMany(sessions.map((session) => aSessionRecord(session)) as never[]);
  },
});
const inMemory = async (): Promise<Store> => {
  const sessions = new FakeSessionsRepository(() => new Date());
  return { sessions, add: async (...rows) => sessions.add(...rows) };
};
const aNew = (fields: Partial<NewSession> = {}): NewSession => ({
  organization: 'acme',
  id: randomUUID(),
  projectId: `project-${randomUUID()}`,
  machineId: 'machine-1',
  dockerSlot: null,
  metadata: {},
  stallThresholdMs: null,
  createdBy: 'key-1',
  ...fields,
});
const secondsOld = (date: Date | null): number => (date ? Math.abs(Date.now() - date.getTime()) / 1000 : Infinity);
const refusedBy = (work: Promise<unknown>): Promise<string | null> => work.then(() => null, duplicateOf);

describe.each([
  ['in memory', inMemory],
  ['on the database', onDatabase],
])('sessions %s', (_where, open) => {
  let store: Store;
  let sessions: Store['sessions'];
  beforeEach(async () => {
    store = await open();
    sessions = store.sessions;
  });
  const added = async (fields: Partial<Session> = {}): Promise<Session> => {
    const session = aSession({ lastHeartbeatAt: new Date('2020-01-01'), ...fields });
    await store.add(session);
    return session;
  };

  it('a new one is active from now on, with what it was given and nothing taken for an expression', async () => {
    const wish = aNew({
      projectId: `$status ${randomUUID()}`,
      metadata: { text: '$$NOW', list: ['$a'] },
      dockerSlot: 4,
      machineId: randomUUID(),
    });
    const made = await sessions.insert(wish);
    expect(made).toMatchObject({ ...wish, status: 'active', epoch: 1, stallCount: 0, recoveredFrom: null });
    for (const time of [made.startedAt, made.createdAt, made.updatedAt, made.lastHeartbeatAt]) {
      expect(secondsOld(time)).toBeLessThan(60);
    }
    expect(await sessions.find(wish)).toEqual(made);
    expect(await sessions.find({ ...wish, organization: 'other' })).toBeNull();
    expect(await sessions.findActive(wish)).toEqual(made);
    expect(await sessions.findSlotHolder(wish, 4)).toEqual(made);
    expect(await sessions.findSlotHolder(wish, 5)).toBeNull();
  });

  it('one active session holds a pair, one live session a slot, one session follows another', async () => {
    const wish = aNew({ dockerSlot: 1, machineId: randomUUID(), recoveredFrom: randomUUID() });
    await sessions.insert(wish);
    const again = (fields: Partial<NewSession>) => refusedBy(sessions.insert({ ...wish, id: randomUUID(), ...fields }));
    expect(await again({ dockerSlot: null, recoveredFrom: null })).toBe('pair');
    expect(await again({ projectId: 'another', recoveredFrom: null })).toBe('slot');
    expect(await again({ projectId: 'another', dockerSlot: 2 })).toBe('recovery');
    expect(await again({ organization: 'other', recoveredFrom: null })).toBeNull();
    await sessions.change(wish, ['active'], { status: 'paused' });
    expect(await again({ dockerSlot: null, recoveredFrom: null })).toBeNull();
    expect(await again({ projectId: 'another', recoveredFrom: null })).toBe('slot');
    await sessions.close(wish, 'completed', ['paused'], null);
    expect(await again({ projectId: 'another', recoveredFrom: null })).toBeNull();
  });

  it('a plain heartbeat moves time and count of an active or paused session, and of no other', async () => {
    for (const status of SESSION_STATUSES) {
      const session = await added({ status, machineId: randomUUID() });
      const beaten = await sessions.recordHeartbeat(session, {});
      if (status === 'active' || status === 'paused') {
        expect(beaten).toMatchObject({ status, heartbeatCount: 1, epoch: 1 });
        expect(secondsOld(beaten?.lastHeartbeatAt ?? null)).toBeLessThan(60);
      } else {
        expect(beaten).toBeNull();
        expect(await sessions.find(session)).toEqual(session);
      }
    }
  });

  it('a plain heartbeat never moves time backwards, and needs the epoch, the task and the organization', async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    const session = await added({ lastHeartbeatAt: ahead, epoch: 3, currentTaskId: 'a' });
    expect((await sessions.recordHeartbeat(session, { epoch: 3, currentTaskId: 'a' }))?.lastHeartbeatAt).toEqual(ahead);
    expect(await sessions.recordHeartbeat(session, { epoch: 2 })).toBeNull();
    expect(await sessions.recordHeartbeat(session, { currentTaskId: 'b' })).toBeNull();
    expect(await sessions.recordHeartbeat(session, { currentTaskId: null })).toBeNull();
    expect(await sessions.recordHeartbeat({ ...session, organization: 'other' }, {})).toBeNull();
    expect((await sessions.find(session))?.heartbeatCount).toBe(1);
  });

  it('a heartbeat merges metadata per key, up to 64 KiB in all, and keeps progress', async () => {
    const session = await added({ metadata: { a: 1, b: { c: 1 } } });
    const progress = { percent: 10, message: '$status' };
    const merged = await sessions.recordHeartbeat(session, { metadata: { a: null, b: 2, d: '$status' }, progress });
    expect(merged).toMatchObject({ metadata: { b: 2, d: '$status' }, progress });
    expect(merged?.metadata).not.toHaveProperty('a');
    const tooMuch = await sessions.recordHeartbeat(session, { metadata: { big: 'x'.repeat(66_000) } });
    expect(tooMuch).toMatchObject({ heartbeatCount: 2, metadata: merged?.metadata as object, progress });
  });

  it('a late heartbeat revives a stalled session unless it is locked, and leaves a paused one paused', async () => {
    const now = new Date();
    const stalled = {
      status: 'stalled',
      stalledAt: now,
      metadata: { machine_released: true, stalled_reason: 'x', own: 1 },
    } as const;
    const session = await added({ ...stalled, recoveryLockUntil: new Date(now.getTime() - 1) });
    const revived = await sessions.recordLateHeartbeat(session, { currentTaskId: 't', epoch: 1 }, now);
    expect(revived).toMatchObject({
      status: 'active',
      stalledAt: null,
      recoveryLockUntil: null,
      currentTaskId: 't',
      metadata: { own: 1 },
      heartbeatCount: 1,
      epoch: 1,
    });
    expect(await sessions.findActive(session)).toEqual(revived);
    const locked = await added({ ...stalled, recoveryLockUntil: new Date(now.getTime() + 60_000) });
    expect(await sessions.recordLateHeartbeat(locked, {}, now)).toBeNull();
    const paused = await added({ status: 'paused' });
    expect(await sessions.recordLateHeartbeat(paused, { currentTaskId: 't' }, now)).toMatchObject({
      status: 'paused',
      currentTaskId: 't',
    });
    for (const status of ['completed', 'failed'] as const) {
      expect(await sessions.recordLateHeartbeat(await added({ status }), {}, now)).toBeNull();
    }
  });

  it('a late heartbeat fails when another session has the pair', async () => {
    const session = await added({ status: 'stalled' });
    await added({ projectId: session.projectId, machineId: session.machineId });
    expect(await refusedBy(sessions.recordLateHeartbeat(session, {}, new Date()))).toBe('pair');
    expect(await sessions.find(session)).toEqual(session);
  });

  it('a change happens from the named states only, and all of it', async () => {
    const session = await added({ metadata: { a: 1 } });
    expect(await sessions.change(session, ['paused'], { status: 'stalled' })).toBeNull();
    expect(await sessions.find(session)).toEqual(session);
    const stalled = await sessions.change(session, ['active'], {
      status: 'stalled',
      metadata: { b: 1 },
      dockerSlot: 9,
    });
    expect(stalled).toMatchObject({
      status: 'stalled',
      stallCount: 1,
      dockerSlot: 9,
      metadata: { a: 1, b: 1 },
      epoch: 1,
    });
    expect(secondsOld(stalled?.stalledAt ?? null)).toBeLessThan(60);
    expect(await sessions.findActive(session)).toBeNull();
    expect((await sessions.findSlotHolder(session, 9))?.id).toBe(session.id);
    const resumed = await sessions.change(session, ['stalled'], { status: 'active', dockerSlot: null });
    expect(resumed).toMatchObject({ status: 'active', epoch: 2, stalledAt: null, stallCount: 1, dockerSlot: null });
    expect(secondsOld(resumed?.lastHeartbeatAt ?? null)).toBeLessThan(60);
    expect(await sessions.findSlotHolder(session, 9)).toBeNull();
    expect((await sessions.findActive(session))?.id).toBe(session.id);
  });

  it('a change of the machine takes pair and slot along', async () => {
    const [from, to] = [randomUUID(), randomUUID()];
    const session = await added({ machineId: from, dockerSlot: 1 });
    const moved = await sessions.change(session, ['active'], { machineId: to, dockerSlot: 2 });
    expect(moved).toMatchObject({ machineId: to, dockerSlot: 2 });
    expect(await sessions.findActive(session)).toBeNull();
    expect(await sessions.findSlotHolder(session, 1)).toBeNull();
    expect((await sessions.findActive({ ...session, machineId: to }))?.id).toBe(session.id);
    expect((await sessions.findSlotHolder({ ...session, machineId: to }, 2))?.id).toBe(session.id);
  });

  it('a closed session keeps its first end and its last task, and its failure in the metadata', async () => {
    const session = await added({
      status: 'stalled',
      stalledAt: new Date(),
      currentTaskId: '$status',
      dockerSlot: 3,
      machineId: randomUUID(),
    });
    const context = { exit: 137, note: '$machine_id', gone: null };
    const failed = await sessions.close(session, 'failed', ['stalled'], { message: '$project_id', context });
    expect(failed).toMatchObject({
      status: 'failed',
      currentTaskId: null,
      stalledAt: null,
      metadata: {
        last_task_id: '$status',
        error_message: '$project_id',
        exit: 137,
        note: '$machine_id',
        error_context: context,
      },
    });
    expect(failed?.metadata['failed_at']).toBeInstanceOf(Date);
    expect(failed?.metadata).not.toHaveProperty('gone');
    expect(await sessions.findSlotHolder(session, 3)).toBeNull();
    expect(await sessions.close(session, 'completed', ['active'], null)).toBeNull();
    const completed = await sessions.close(session, 'completed', ['failed'], null);
    expect(completed).toMatchObject({
      status: 'completed',
      completedAt: failed?.completedAt,
      metadata: failed?.metadata as object,
    });
  });

  it('a failure whose context would be too much keeps it once', async () => {
    const session = await added({ metadata: { full: 'x'.repeat(55_000) } });
    const context = { dump: 'y'.repeat(8000) };
    const failed = await sessions.close(session, 'failed', ['active'], { message: 'm', context });
    expect(failed?.metadata).toMatchObject({ error_message: 'm', error_context: context });
    expect(failed?.metadata).not.toHaveProperty('dump');
  });

  it('is removed only when it is one that may go', async () => {
    const ended = new Date('2030-01-01');
    const before = new Date('2030-01-02');
    const session = await added({ status: 'failed', completedAt: ended });
    const kept = await added({ status: 'failed', completedAt: ended, isArchived: true, archivedAt: ended });
    expect(await sessions.remove(session, { from: ['completed'] })).toBeNull();
    expect(await sessions.remove(session, { from: ['failed'], endedBefore: ended })).toBeNull();
    expect(await sessions.remove(kept, { from: ['failed'], endedBefore: before })).toBeNull();
    expect(await sessions.remove(session, { from: ['failed'], archivedBefore: before })).toBeNull();
    expect(await sessions.remove(session, { from: ['failed'], endedBefore: before })).toEqual(session);
    expect(await sessions.remove(kept, { from: ['failed'], archivedBefore: before })).toEqual(kept);
    expect(await sessions.find(session)).toBeNull();
  });

  it('loses its current task only while it still is that one', async () => {
    const session = await added({ currentTaskId: 'a' });
    expect(await sessions.clearCurrentTask(session, 'b')).toBeNull();
    expect(await sessions.clearCurrentTask(session, 'a')).toMatchObject({ currentTaskId: null });
  });

  it('lists newest first, filtered, in pages that meet without gap', async () => {
    const projectId = randomUUID();
    const made = [3, 1, 2, 2].map((day) =>
      aSession({ projectId, machineId: randomUUID(), createdAt: new Date(2030, 0, day) }),
    );
    const [third, first, second, tie] = made as [Session, Session, Session, Session];
    await store.add(
      ...made,
      aSession({ projectId, machineId: 'x', isArchived: true, status: 'completed', createdAt: new Date(2030, 0, 9) }),
    );
    const order = [third, tie, second, first].map((session) => session.id);
    const whole = { limit: 10, offset: 0, after: null };
    const page = await sessions.list('acme', { projectId }, whole);
    expect(page).toMatchObject({ total: 4, next: null });
    expect(page.items.map((session) => session.id)).toEqual(order);
    expect((await sessions.list('other', { projectId }, whole)).total).toBe(0);
    expect((await sessions.list('acme', { projectId, withArchived: true }, whole)).total).toBe(5);
    expect((await sessions.list('acme', { projectId, machineId: first.machineId }, whole)).items).toEqual([first]);
    expect((await sessions.list('acme', { projectId, status: 'paused' }, whole)).total).toBe(0);
    const one = await sessions.list('acme', { projectId }, { limit: 2, offset: 0, after: null });
    const two = await sessions.list('acme', { projectId }, { limit: 2, offset: 0, after: one.next });
    expect([...one.items, ...two.items].map((session) => session.id)).toEqual(order);
    expect(two.next).toBeNull();
  });
});

describe('query plans of sessions', () => {
  beforeAll(async () => {
    const many = Array.from({ length: 400 }, (_, i) =>
      aSessionRecord({
        organization: `plans-${i % 4}`,
        projectId: `project-${i}`,
        machineId: `machine-${i % 40}-${i}`,
        status: SESSION_STATUSES[i % 5] ?? 'active',
      }),
    );
    await model.collection.insertMany(many as never[]);
  });
  const now = new Date();
  const own = { organization: 'plans-1' };
  const CASES: readonly (readonly [
    string,
    Record<string, unknown>,
    Record<string, 1 | -1> | null,
    readonly string[],
  ])[] = [
    ['a heartbeat', { session_id: 'x', ...own, status: { $in: ['active', 'paused'] } }, null, []],
    ['[1.1.e] one by its id', { session_id: 'x', ...own }, null, []],
    ['[1.1.e] those of a project', { ...own, project_id: 'project-1' }, null, []],
    ['[1.1.e] those of a machine', { ...own, machine_id: 'machine-1' }, null, []],
    ['[1.1.e] by last heartbeat', { last_heartbeat: { $lt: now } }, null, []],
    ['the holder of a pair', { active_key: { $eq: 'a', $type: 'string' } }, null, []],
    ['the holder of a slot', { slot_key: { $eq: 'a', $type: 'string' } }, null, []],
    ['the list of an organization', { ...own, archived: false }, { created_at: -1, _id: -1 }, ['SORT']],
    [
      'silent ones of an organization',
      { ...own, status: 'active', last_heartbeat: { $lt: now } },
      { last_heartbeat: 1 },
      ['SORT'],
    ],
    ['stalled ones of an organization', { ...own, status: 'stalled' }, { last_heartbeat: 1 }, ['SORT']],
    ['archived ones of an organization', { ...own, archived: true }, null, []],
  ];
  it.each(CASES)('%s: by an index', async (_what, filter, sort, without) => {
    const found = model.collection.find(filter).limit(50);
    const plan = await (sort ? found.sort(sort) : found).explain();
    const stages = [...JSON.stringify(plan).matchAll(/"stage":"(\w+)"/g)].map(([, stage]) => stage ?? '');
    expect(stages).not.toContain('COLLSCAN');
    expect(stages).toContain('IXSCAN');
    for (const stage of without) expect(stages).not.toContain(stage);
    // By the id and nothing else: an index on the organization would be read as a whole.
    const indexes = [...JSON.stringify(plan).matchAll(/"indexName":"(\w+)"/g)].map(([, name]) => name ?? '');
    if ('session_id' in filter) expect(indexes.filter((name) => !name.startsWith('session_id_1'))).toEqual([]);
  });

  it('[2.4.f] the counts of the summary stand on an index', async () => {
    const plan = await model.collection
      .aggregate([{ $match: own }, { $group: { _id: '$status', count: { $sum: 1 } } }])
      .explain();
    expect(JSON.stringify(plan)).not.toContain('COLLSCAN');
    const counts = await new SessionViewsRepository(model).countByStatus(own.organization, {});
    expect(counts).toEqual({ active: 20, paused: 20, stalled: 20, completed: 20, failed: 20 });
  });
});
