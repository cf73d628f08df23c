import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import mongoose, { type Connection, type Model } from 'mongoose';
import { DetectionRepository } from '../../src/modules/sessions/detection/detection.repository.js';
import { RecoveryRepository } from '../../src/modules/sessions/recovery/recovery.repository.js';
import { RetentionRepository } from '../../src/modules/sessions/retention/retention.repository.js';
import {
  isLive,
  LIVE,
  SESSION_MOVES,
  type SessionStatus,
  sourcesOf,
  TERMINAL,
} from '../../src/modules/sessions/session.js';
import { SESSIONS, type SessionRecord, sessionSchema } from '../../src/modules/sessions/session.schema.js';
import { duplicateOf, SessionsRepository } from '../../src/modules/sessions/sessions.repository.js';
import { ensureIndexes } from '../../src/shared/database/indexes.js';

const ORGANIZATION = 'acme';

/** What may happen to one of three sessions that share a project and a machine, so that they compete for the pair and a slot. */
type Deed =
  | {
      readonly kind:
        'create' | 'heartbeat' | 'complete' | 'fail' | 'recover' | 'detect' | 'archive' | 'prepare' | 'remove';
    }
  | { readonly kind: 'change'; readonly to: 'active' | 'paused' | 'stalled' };
interface Step {
  readonly who: 0 | 1 | 2;
  readonly deed: Deed;
}
interface Modelled {
  status: SessionStatus;
  isArchived: boolean;
  isRecovered: boolean;
  isLocked: boolean;
}

const steps: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  deed: fc.oneof(
    fc.record({
      kind: fc.constantFrom(
        'create' as const,
        'heartbeat' as const,
        'complete' as const,
        'fail' as const,
        'recover' as const,
        'detect' as const,
        'archive' as const,
        'prepare' as const,
        'remove' as const,
      ),
    }),
    fc.record({
      kind: fc.constant('change' as const),
      to: fc.constantFrom('active' as const, 'paused' as const, 'stalled' as const),
    }),
  ),
});

describe('random moves of sessions against a model', () => {
  let connection: Connection;
  let model: Model<SessionRecord>;
  beforeAll(async () => {
    mongoose.set('transactionAsyncLocalStorage', true);
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), {
        dbName: `moves_${randomBytes(4).toString('hex')}`,
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

  it('[4.1][7.2] do what the table of moves says, and refused ones change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), async (list) => {
        const world = new World(model);
        for (const step of list) await world.take(step);
      }),
      { numRuns: 25 },
    );
  });

  it('[4.1] every state can be reached, and only the ended ones are ends', () => {
    const all = Object.keys(SESSION_MOVES) as SessionStatus[];
    for (const to of all) expect([to, sourcesOf(to).length > 0]).toEqual([to, true]);
    for (const from of all) expect(SESSION_MOVES[from].length === 0).toBe(TERMINAL.includes(from));
  });
});

/** Three sessions in the store and in a model of a few lines. */
class World {
  readonly #ids = [randomUUID(), randomUUID(), randomUUID()];
  readonly #project = randomUUID();
  readonly #known: (Modelled | null)[] = [null, null, null];
  readonly #sessions: SessionsRepository;
  readonly #detection: DetectionRepository;
  readonly #recovery: RecoveryRepository;
  readonly #retention: RetentionRepository;

  constructor(private readonly model: Model<SessionRecord>) {
    this.#sessions = new SessionsRepository(model as never);
    this.#detection = new DetectionRepository(model as never);
    this.#recovery = new RecoveryRepository(model as never);
    this.#retention = new RetentionRepository(model as never);
  }

  async take({ who, deed }: Step): Promise<void> {
    const before = await this.stored(who);
    const expected = this.expect(who, deed);
    const wasTaken = await this.act(who, deed);
    expect([deed, wasTaken]).toEqual([deed, expected !== 'refused']);
    const after = await this.stored(who);
    if (expected === 'refused') {
      expect(after).toEqual(before);
      return;
    }
    this.#known[who] = expected;
    this.judge(after, expected);
  }

  /** The rules once more, as simply as they can be said. */
  private expect(who: number, deed: Deed): Modelled | null | 'refused' {
    const now = this.#known[who] ?? null;
    const isPairTaken = this.#known.some((each, i) => i !== who && each?.status === 'active');
    const become = (status: SessionStatus, more: Partial<Modelled> = {}): Modelled | 'refused' =>
      now === null || (status === 'active' && now.status !== 'active' && isPairTaken)
        ? 'refused'
        : { ...now, status, ...(status === 'active' || !isLive(status) ? { isLocked: false } : {}), ...more };
    if (deed.kind === 'create') {
      return now || isPairTaken
        ? 'refused'
        : { status: 'active', isArchived: false, isRecovered: false, isLocked: false };
    }
    if (now === null) return 'refused';
    switch (deed.kind) {
      case 'heartbeat':
        if (!isLive(now.status) || (now.status === 'stalled' && now.isLocked)) return 'refused';
        return now.status === 'stalled' ? become('active') : now;
      case 'change':
        return SESSION_MOVES[now.status].includes(deed.to) ? become(deed.to) : 'refused';
      case 'detect':
        return now.status === 'active' ? become('stalled') : 'refused';
      case 'complete':
        return isLive(now.status) ? become('completed') : 'refused';
      case 'fail':
        return isLive(now.status) ? become('failed') : 'refused';
      case 'recover':
        return now.status === 'failed' || now.status === 'stalled'
          ? become('completed', { isRecovered: true })
          : 'refused';
      case 'prepare':
        return (now.status === 'failed' || now.status === 'stalled') && !now.isRecovered
          ? { ...now, isLocked: true }
          : 'refused';
      case 'archive':
        return !isLive(now.status) && !now.isArchived ? { ...now, isArchived: true } : 'refused';
      case 'remove':
        return isLive(now.status) || now.isArchived ? 'refused' : null;
      default:
        return deed.kind satisfies never;
    }
  }

  private async act(who: number, deed: Deed): Promise<boolean> {
    const key = { organization: ORGANIZATION, id: this.#ids[who] ?? '' };
    const later = new Date(Date.now() + 3_600_000);
    try {
      switch (deed.kind) {
        case 'create': {
          if (this.#known[who]) return false;
          const claim = { projectId: this.#project, machineId: 'm', dockerSlot: null, metadata: {} };
          return (
            (await this.#sessions.insert({ ...key, ...claim, stallThresholdMs: null, createdBy: 'test' })) !== null
          );
        }
        case 'heartbeat':
          return (
            ((await this.#sessions.recordHeartbeat(key, {})) ??
              (await this.#sessions.recordLateHeartbeat(key, {}, new Date()))) !== null
          );
        case 'change':
          return (await this.#sessions.change(key, sourcesOf(deed.to), { status: deed.to })) !== null;
        case 'detect':
          return (await this.#detection.markStalled(ORGANIZATION, [key.id], later, randomUUID())).length === 1;
        case 'complete':
          return (await this.#sessions.close(key, 'completed', LIVE, null)) !== null;
        case 'fail':
          return (await this.#sessions.close(key, 'failed', LIVE, { message: 'x', context: {} })) !== null;
        case 'recover': {
          const from = ['failed', 'stalled'] as const;
          const before = await this.#sessions.find(key);
          if (!(await this.#sessions.close(key, 'completed', from, null))) return false;
          return (await this.#recovery.linkTo(key, randomUUID(), before?.status ?? '', 1)) !== null;
        }
        case 'prepare':
          return (await this.#recovery.prepare(key, 600_000, false)) !== null;
        case 'archive':
          return (await this.#retention.archive(key)) !== null;
        case 'remove':
          return (await this.#sessions.remove(key, { from: TERMINAL, endedBefore: later })) !== null;
        default:
          return deed satisfies never;
      }
    } catch (error) {
      if (duplicateOf(error) === 'pair') return false;
      throw error;
    }
  }

  private judge(after: SessionRecord | null, expected: Modelled | null): void {
    if (expected === null) {
      expect(after).toBeNull();
      return;
    }
    expect(after).toMatchObject({ status: expected.status, archived: expected.isArchived });
    expect([expected.status, typeof after?.active_key]).toEqual([
      expected.status,
      expected.status === 'active' ? 'string' : 'undefined',
    ]);
    expect(after?.completed_at !== null).toBe(!isLive(expected.status));
    expect(after?.stalled_at !== null).toBe(expected.status === 'stalled');
    expect(after?.recovered_to !== null).toBe(expected.isRecovered);
    expect(after?.archived_at !== null).toBe(expected.isArchived);
  }

  private stored(who: number): Promise<SessionRecord | null> {
    return this.model.findOne({ session_id: this.#ids[who] }).lean<SessionRecord>().exec();
  }
}
