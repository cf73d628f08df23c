import { randomBytes } from 'node:crypto';
import mongoose, { type Connection, type Model } from 'mongoose';
import { DetectionRepository } from '../../src/modules/sessions/detection/detection.repository.js';
import { IngestionRepository } from '../../src/modules/sessions/detection/ingestion.repository.js';
import { INGESTION, ingestionSchema } from '../../src/modules/sessions/detection/ingestion.schema.js';
import { StallDetection } from '../../src/modules/sessions/detection/stall-detection.js';
import type { Session } from '../../src/modules/sessions/session.js';
import { SESSIONS, type SessionRecord, sessionSchema } from '../../src/modules/sessions/session.schema.js';
import type { Config } from '../../src/shared/config/config.js';
import { DatabaseTime } from '../../src/shared/database/database-time.js';
import { ensureIndexes } from '../../src/shared/database/indexes.js';
import { Leases } from '../../src/shared/database/leases.js';
import { LEASES, leaseSchema } from '../../src/shared/database/lease.schema.js';
import { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { EventBus } from '../../src/shared/events/event-bus.js';
import { EventLog } from '../../src/shared/events/event-log.js';
import { InProcessEventRelay } from '../../src/shared/events/event-relay.port.js';
import { counterSchema, DEPLOYMENT_EVENTS, EVENT_COUNTERS, eventSchema } from '../../src/shared/events/event.schema.js';
import { EventsRepository } from '../../src/shared/events/events.repository.js';
import { SystemClock } from '../../src/shared/kernel/clock.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { Metrics } from '../../src/shared/metrics/metrics.js';
import { SCHEDULE } from '../../src/shared/schedule.js';
import { aSession, aSessionRecord } from '../factories/sessions.js';
import { FakeDetectionRepository, FakeIngestionRepository } from '../fakes/fake-detection.repositories.js';
import { ManualClock } from '../fakes/manual-clock.js';

const THRESHOLD_MS = 180_000;
const GAP_MS = 15_000;

interface Stores {
  readonly sessions: Pick<DetectionRepository, keyof DetectionRepository>;
  readonly ingestion: Pick<IngestionRepository, keyof IngestionRepository>;
  /** The clock that the stores judge by. */
  now(): Promise<Date>;
  add(sessions: readonly Session[]): Promise<void>;
  /** Moves the newest proof of life into the past. */
  age(ms: number): Promise<void>;
}

let connection: Connection;
let model: Model<SessionRecord>;

beforeAll(async () => {
  mongoose.set('transactionAsyncLocalStorage', true);
  connection = await mongoose
    .createConnection(String(process.env['MONGODB_URI']), {
      dbName: `detection_${randomBytes(4).toString('hex')}`,
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

function onDatabase(): Stores {
  const ingestion = connection.models[INGESTION] ?? connection.model(INGESTION, ingestionSchema);
  return {
    sessions: new DetectionRepository(model as never),
    ingestion: new IngestionRepository(ingestion as never),
    now: () => new DatabaseTime(connection).now(),
    add: async (sessions) => {
      await model.collection.insertMany(sessions.map((session) => aSessionRecord(session)) as never[]);
    },
    age: async (ms) => {
      const doc = await ingestion.collection.findOne();
      const alive_at = new Date((doc?.['alive_at'] as Date).getTime() - ms);
      await ingestion.collection.updateOne({}, { $set: { alive_at } });
    },
  };
}

function onFakes(): Stores {
  const now = (): Date => new Date();
  const sessions = new FakeDetectionRepository(now);
  const ingestion = new FakeIngestionRepository(now);
  return {
    sessions,
    ingestion,
    now: () => Promise.resolve(now()),
    add: (list) => Promise.resolve(sessions.add(...list)),
    age: (ms) => {
      const { state } = ingestion;
      if (state) ingestion.state = { ...state, aliveAt: new Date(state.aliveAt.getTime() - ms) };
      return Promise.resolve();
    },
  };
}

describe.each([
  ['the fakes', onFakes],
  ['the database', onDatabase],
])('what the detector stores, in %s', (_name, open) => {
  let stores: Stores;
  let now: Date;
  let organization: string;
  const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
  const silent = (seconds: number, fields: Partial<Session> = {}): Session =>
    aSession({ organization, lastHeartbeatAt: ago(seconds), ...fields });
  const cutoff = (): Date => new Date(now.getTime() - THRESHOLD_MS);
  const candidates = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const batch of stores.sessions.silentSince(cutoff())) {
      ids.push(...batch.filter((each) => each.organization === organization).map(({ id }) => id));
    }
    return ids.sort();
  };

  beforeEach(async () => {
    stores = open();
    now = await stores.now();
    organization = `org-${randomBytes(4).toString('hex')}`;
  });

  it('reads active sessions that are silent, and no others', async () => {
    const overdue = [silent(200), silent(4000)];
    await stores.add([
      ...overdue,
      silent(100),
      silent(9000, { status: 'paused' }),
      silent(9000, { status: 'stalled' }),
    ]);
    expect(await candidates()).toEqual(overdue.map(({ id }) => id).sort());
  });

  it('marks what is still silent, reports only what this run marked, and frees the pair', async () => {
    const [first, second, fresh] = [silent(200), silent(300, { stallCount: 2 }), silent(10)];
    await stores.add([first, second, fresh]);
    const ids = [first.id, second.id, fresh.id];
    const marked = await stores.sessions.markStalled(organization, ids, cutoff(), 'run-1');
    expect(marked.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    expect(marked.find(({ id }) => id === second.id)).toMatchObject({
      status: 'stalled',
      stallCount: 3,
      completedAt: null,
      lastHeartbeatAt: second.lastHeartbeatAt,
    });
    const age = Math.abs((marked[0]?.stalledAt?.getTime() ?? 0) - (await stores.now()).getTime());
    expect(age).toBeLessThan(10_000);
    expect(await stores.sessions.markStalled(organization, ids, cutoff(), 'run-2')).toEqual([]);
    expect(await stores.sessions.markStalled('other', [fresh.id], now, 'run-3')).toEqual([]);
  });

  it('a refused heartbeat that was noted after the candidates were read keeps the session from being marked', async () => {
    const session = silent(200);
    await stores.add([session]);
    await stores.sessions.noteHeard('other', [session.id]);
    await stores.sessions.noteHeard(organization, [session.id]);
    expect(await stores.sessions.markStalled(organization, [session.id], cutoff(), 'run')).toEqual([]);
  });

  it('lists the silent, longest first, and lets the warning out once', async () => {
    const [long, short] = [silent(80_000), silent(70_000, { status: 'stalled' })];
    await stores.add([short, long, silent(60_000, { status: 'paused' })]);
    const list = async (unwarnedOnly: boolean): Promise<readonly Session[]> =>
      (await stores.sessions.listSilent(['active', 'stalled'], ago(60_000), 1000, { unwarnedOnly })).filter(
        (session) => session.organization === organization,
      );
    expect((await list(true)).map(({ id }) => id)).toEqual([long.id, short.id]);
    const first = await stores.sessions.markExpiring(long, ['active', 'stalled']);
    expect(first?.id).toBe(long.id);
    expect(await stores.sessions.markExpiring(long, ['active', 'stalled'])).toBeNull();
    expect((await list(true)).map(({ id }) => id)).toEqual([short.id]);
    expect(await list(false)).toHaveLength(2);
    expect(await stores.sessions.isStillSilent(long, ['active'])).toBe(true);
    expect(await stores.sessions.isStillSilent({ ...long, lastHeartbeatAt: ago(1) }, ['active'])).toBe(false);
    expect(await stores.sessions.isStillSilent(short, ['active'])).toBe(false);
  });

  it('a first proof finds no gap; a late one and reported trouble start the count of silence anew', async () => {
    if ((await stores.ingestion.find()) === null) {
      expect(await stores.ingestion.prove(GAP_MS, null)).toMatchObject({ since: null, reason: null });
    }
    await stores.age(GAP_MS + 1000);
    const late = await stores.ingestion.prove(GAP_MS, null);
    expect(late.since).toEqual(late.aliveAt);
    const next = await stores.ingestion.prove(GAP_MS, null);
    expect(next.since).toEqual(late.since);
    const troubled = await stores.ingestion.prove(GAP_MS, 'a heartbeat was answered with 503');
    expect(troubled).toMatchObject({ since: troubled.aliveAt, reason: 'a heartbeat was answered with 503' });
    expect(await stores.ingestion.find()).toEqual(troubled);
  });
});

describe('detection on the database', () => {
  let events: EventsRepository;
  beforeAll(async () => {
    events = new EventsRepository(
      connection.model(DEPLOYMENT_EVENTS, eventSchema(30)) as never,
      connection.model(EVENT_COUNTERS, counterSchema) as never,
      new RandomIds(),
    );
    await events.prepare();
  });
  beforeEach(async () => {
    await model.deleteMany({});
    await connection.collection(INGESTION).deleteMany({});
  });

  const config = {
    sessions: { stallThresholdMs: THRESHOLD_MS, ingestionGapSeconds: GAP_MS / 1000 },
  } as unknown as Config;
  /** A process of its own: its own queue of writers, its own clock. */
  const aDetector = (skewMs = 0): StallDetection => {
    const clock = skewMs === 0 ? new SystemClock() : new ManualClock(new Date(Date.now() + skewMs));
    const log = new EventLog(new UnitOfWork(connection), events, new InProcessEventRelay(), new EventBus(), clock);
    const { sessions, ingestion } = onDatabase();
    return new StallDetection(sessions as never, ingestion as never, new DatabaseTime(connection), log, config);
  };
  const turn = (runId: string) => ({ runId, signal: new AbortController().signal });
  const expired = async (count: number, organization: string): Promise<void> => {
    const lastHeartbeatAt = new Date(Date.now() - 300_000);
    for (let done = 0; done < count; done += 1000) {
      const records = Array.from({ length: Math.min(1000, count - done) }, () =>
        aSessionRecord({ organization, lastHeartbeatAt }),
      );
      await model.collection.insertMany(records as never[], { ordered: false });
    }
  };

  it('[3.2.c][8.1] of three detectors at once, without any lock, every expiry is told once', async () => {
    await expired(1200, 'acme');
    const detectors = [aDetector(), aDetector(600_000), aDetector(-600_000)];
    const counts = await Promise.all(detectors.map((detector, i) => detector.run(turn(`run-${i}`))));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1200);
    expect(await events.count({ organization: 'acme', types: ['session_stalled'] })).toBe(1200);
    expect(await model.countDocuments({ status: 'stalled', stall_count: 1 })).toBe(1200);
  });

  it('[X11] an app clock that is ten minutes wrong changes no verdict', async () => {
    const fresh = aSessionRecord({ organization: 'skewed', lastHeartbeatAt: new Date(Date.now() - 60_000) });
    const late = aSessionRecord({ organization: 'skewed', lastHeartbeatAt: new Date(Date.now() - 240_000) });
    await model.collection.insertMany([fresh, late] as never[]);
    expect(await aDetector(600_000).run(turn('ahead'))).toBe(1);
    expect(await aDetector(-600_000).run(turn('behind'))).toBe(0);
    expect(await model.findOne({ session_id: fresh.session_id }).lean()).toMatchObject({ status: 'active' });
  });

  it('after an outage of ours nobody is marked for a threshold', async () => {
    await expired(3, 'away');
    const { ingestion, age } = onDatabase();
    await ingestion.prove(GAP_MS, null);
    await age(600_000);
    expect(await aDetector().run(turn('while away'))).toBe(0);
    await ingestion.prove(GAP_MS, null);
    expect(await aDetector().run(turn('back'))).toBe(0);
  });

  it('[X5] a run whose lease is held elsewhere does nothing, and the next one does it', async () => {
    await expired(2, 'leased');
    const leaseModel = connection.models[LEASES] ?? connection.model(LEASES, leaseSchema);
    const leases = new Leases(leaseModel as never, new Metrics());
    await leases.prepare();
    const holder = await leases.acquire('job:detect-stalled', 60_000);
    const detect = () => leases.once(SCHEDULE.detectStalled, (given) => aDetector().run(given));
    expect(await detect()).toEqual({ kind: 'skipped', because: 'running' });
    await leases.release(holder as NonNullable<typeof holder>);
    expect(await detect()).toMatchObject({ kind: 'done', affected: 2 });
  });

  it('reads by index and only what is silent', async () => {
    await expired(20, 'plan');
    const alive = Array.from({ length: 300 }, () =>
      aSessionRecord({ organization: 'plan', lastHeartbeatAt: new Date() }),
    );
    await model.collection.insertMany(alive as never[]);
    const plan = await model.collection
      .find({ status: 'active', last_heartbeat: { $lt: new Date(Date.now() - THRESHOLD_MS) } })
      .explain('executionStats');
    expect(JSON.stringify(plan)).toContain('IXSCAN');
    expect(JSON.stringify(plan)).not.toContain('COLLSCAN');
    const stats = (plan as { executionStats?: { totalDocsExamined?: number } }).executionStats;
    expect(stats?.totalDocsExamined).toBeLessThanOrEqual(22);
  });
});
