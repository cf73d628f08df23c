import { randomBytes } from 'node:crypto';
import mongoose, { type Connection, type Model } from 'mongoose';
import { RecoveryRepository } from '../../src/modules/sessions/recovery/recovery.repository.js';
import { RetentionRepository } from '../../src/modules/sessions/retention/retention.repository.js';
import type { Session } from '../../src/modules/sessions/session.js';
import { SESSIONS, type SessionRecord, sessionSchema } from '../../src/modules/sessions/session.schema.js';
import { ensureIndexes } from '../../src/shared/database/indexes.js';
import { aSession, aSessionRecord } from '../factories/sessions.js';
import { FakeRecoveryRepository, FakeRetentionRepository } from '../fakes/fake-session-endings.repositories.js';

const DAY_MS = 86_400_000;
const NOW = new Date('2030-06-01T00:00:00Z');
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY_MS);
const ids = (sessions: readonly Session[]): readonly string[] => sessions.map(({ id }) => id);

interface Stores {
  readonly recovery: Pick<RecoveryRepository, keyof RecoveryRepository>;
  readonly retention: Pick<RetentionRepository, keyof RetentionRepository>;
  add(sessions: readonly Session[]): Promise<void>;
}

let connection: Connection;
let model: Model<SessionRecord>;
beforeAll(async () => {
  connection = await mongoose
    .createConnection(String(process.env['MONGODB_URI']), {
      dbName: `endings_${randomBytes(4).toString('hex')}`,
      autoIndex: false,
      autoCreate: false,
    })
    .asPromise();
  model = connection.model(SESSIONS, sessionSchema(31 * 86_400)) as unknown as Model<SessionRecord>;
  await ensureIndexes(model);
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

async function onDatabase(): Promise<Stores> {
  await model.deleteMany({});
  return {
    recovery: new RecoveryRepository(model as never),
    retention: new RetentionRepository(model as never),
    add: async (sessions) => {
      await model.collection.insertMany(sessions.map((session) => aSessionRecord(session)) as never[]);
    },
  };
}

function onFakes(): Promise<Stores> {
  const rows = new Map<string, Session>();
  return Promise.resolve({
    recovery: new FakeRecoveryRepository(rows, () => new Date()),
    retention: new FakeRetentionRepository(rows, () => new Date()),
    add: (sessions) => {
      for (const session of sessions) rows.set(session.id, session);
      return Promise.resolve();
    },
  });
}

describe.each([
  ['the fakes', onFakes],
  ['the database', onDatabase],
])('what happens to sessions at their end, in %s', (_name, open) => {
  let stores: Stores;
  beforeEach(async () => {
    stores = await open();
  });
  const all = { limit: 50, offset: 0, after: null };
  const ended = (days: number, fields: Partial<Session> = {}): Session =>
    aSession({ status: 'completed', completedAt: daysAgo(days), ...fields });
  const archived = (days: number, fields: Partial<Session> = {}): Session =>
    ended(days + 1, { isArchived: true, archivedAt: daysAgo(days), metadata: { archived: true }, ...fields });

  it('[10] expired are the ended ones, oldest first; neither live nor archived ones, whichever flag says so', async () => {
    const [older, old] = [ended(50), ended(40, { status: 'failed', organization: 'beta' })];
    await stores.add([
      old,
      older,
      ended(20),
      archived(99),
      ended(99, { metadata: { archived: true } }),
      aSession({ lastHeartbeatAt: daysAgo(99) }),
    ]);
    const expired = { organization: null, archived: false, before: daysAgo(30) };
    const { retention } = stores;
    expect(ids(await retention.listExpired(expired, 10))).toEqual([older.id, old.id]);
    expect(ids(await retention.listExpired({ ...expired, organization: 'acme' }, 10))).toEqual([older.id]);
    expect(ids(await retention.listExpired(expired, 10, { except: [older.id] }))).toEqual([old.id]);
    expect(ids(await retention.listExpired(expired, 1, { skip: 1 }))).toEqual([old.id]);
  });

  it('[10] with a retention of archives, those archived before are listed by that', async () => {
    const [one, two] = [archived(60), archived(10)];
    await stores.add([one, two, ended(99)]);
    const expired = { organization: null, archived: true, before: daysAgo(30) };
    expect(ids(await stores.retention.listExpired(expired, 10))).toEqual([one.id]);
  });

  it('[3.4.c] archives an ended session once, and no live or foreign one', async () => {
    const [session, live] = [ended(3, { metadata: { branch: 'main' } }), aSession()];
    await stores.add([session, live]);
    const { retention } = stores;
    expect(await retention.archive({ organization: 'beta', id: session.id })).toBeNull();
    expect(await retention.archive(live)).toBeNull();
    const kept = await retention.archive(session);
    expect(kept).toMatchObject({ isArchived: true, status: 'completed', metadata: { branch: 'main', archived: true } });
    expect(kept?.archivedAt).toEqual(kept?.metadata['archived_at']);
    expect(await retention.archive(session)).toBeNull();
  });

  it('[5.1] lists archived ones of an organization, newest archive first, page by page', async () => {
    const [one, two, three] = [archived(3, { projectId: 'p' }), archived(2, { projectId: 'p' }), archived(1)];
    await stores.add([two, one, three, archived(0, { organization: 'beta' }), ended(1)]);
    const { retention } = stores;
    const first = await retention.listArchived('acme', {}, { ...all, limit: 2 });
    expect([ids(first.items), first.total]).toEqual([[three.id, two.id], 3]);
    const second = await retention.listArchived('acme', {}, { ...all, limit: 2, after: first.next });
    expect([ids(second.items), second.next]).toEqual([[one.id], null]);
    expect(ids((await retention.listArchived('acme', { projectId: 'p' }, all)).items)).toEqual([two.id, one.id]);
    expect((await retention.listArchived('acme', { machineId: 'none' }, all)).total).toBe(0);
  });

  it('[10] names live sessions that work on something, and finds nothing held twice where the rules hold', async () => {
    const [busy, idle] = [aSession({ currentTaskId: 't', dockerSlot: 1 }), aSession({ dockerSlot: 2 })];
    await stores.add([busy, idle, ended(1, { currentTaskId: 't' })]);
    const working: unknown[] = [];
    for await (const batch of stores.retention.working(1)) working.push(...batch);
    expect(working).toEqual([{ id: busy.id, organization: 'acme', currentTaskId: 't' }]);
    expect(await stores.retention.countHeldTwice()).toEqual({ pairs: 0, slots: 0 });
  });

  it('[9.1] prepares failed and stalled sessions that nobody recovered; released ones lose their slot', async () => {
    const stalled = aSession({ status: 'stalled', dockerSlot: 4 });
    const [failed, recovered] = [ended(1, { status: 'failed' }), ended(1, { status: 'failed', recoveredTo: 'x' })];
    const active = aSession();
    await stores.add([stalled, failed, recovered, active]);
    const { recovery } = stores;
    const prepared = await recovery.prepare(stalled, 60_000, false);
    expect(prepared).toMatchObject({ dockerSlot: 4, metadata: { recovery_prepared_at: expect.any(Date) } });
    expect(prepared?.recoveryLockUntil?.getTime()).toBeGreaterThan(Date.now() + 30_000);
    expect(await recovery.prepare(stalled, 60_000, true)).toMatchObject({
      dockerSlot: null,
      machineId: stalled.machineId,
      metadata: { machine_released: true },
    });
    expect(await recovery.prepare(failed, 60_000, false)).not.toBeNull();
    for (const other of [recovered, active, { organization: 'beta', id: failed.id }]) {
      expect(await recovery.prepare(other, 60_000, false)).toBeNull();
    }
  });

  it('[3.3.d] links a completed original to the session that took over, once', async () => {
    const original = ended(1, { metadata: { branch: 'main' } });
    const successor = aSession({ recoveredFrom: original.id });
    await stores.add([original, successor, aSession({ status: 'stalled' })]);
    const { recovery } = stores;
    expect(await recovery.linkTo(original, successor.id, 'stalled', 2)).toMatchObject({
      recoveredTo: successor.id,
      metadata: {
        branch: 'main',
        recovery: {
          recovered_to: successor.id,
          recovered_at: expect.any(Date),
          previous_status: 'stalled',
          attempt: 2,
        },
      },
    });
    expect(await recovery.linkTo(original, 'another', 'stalled', 2)).toBeNull();
    expect((await recovery.findSuccessor('acme', original.id))?.id).toBe(successor.id);
    expect(await recovery.findSuccessor('beta', original.id)).toBeNull();
  });

  it('[5.2] lists the recoverable, newest sign of life first, by age', async () => {
    const [young, old] = [
      aSession({ status: 'stalled', lastHeartbeatAt: daysAgo(1) }),
      ended(2, { status: 'failed', lastHeartbeatAt: daysAgo(2) }),
    ];
    await stores.add([old, young, ended(1), aSession(), archived(1, { status: 'failed' })]);
    const list = async (filter: object): Promise<readonly string[]> =>
      ids(await stores.recovery.listRecoverable('acme', filter, 10));
    expect(await list({})).toEqual([young.id, old.id]);
    expect(await list({ silentBefore: daysAgo(1.5) })).toEqual([old.id]);
    expect(await list({ silentAfter: daysAgo(1.5) })).toEqual([young.id]);
    expect(await list({ projectId: old.projectId })).toEqual([old.id]);
    expect(await list({ machineId: 'none' })).toEqual([]);
    expect(await stores.recovery.listRecoverable('beta', {}, 10)).toEqual([]);
  });
});
