import fc from 'fast-check';
import { aSession } from '../../../../test/factories/sessions.js';
import { eventLogInMemory } from '../../../../test/fakes/event-log.js';
import {
  FakeDetectionRepository,
  FakeIngestionRepository,
} from '../../../../test/fakes/fake-detection.repositories.js';
import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import type { Config } from '../../../shared/config/config.js';
import type { DatabaseTime } from '../../../shared/database/database-time.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { SCHEDULE } from '../../../shared/schedule.js';
import { IngestionWatch } from './ingestion-watch.js';
import { StallDetection } from './stall-detection.js';

const START = Date.parse('2030-01-01T00:00:00Z');
const THRESHOLD_S = 180;
const GAP_S = 15;
const SWEEP_S = 20;
const PROOF_S = 5;
/** What the issue allows with one instance. */
const LATEST_S = THRESHOLD_S + 30;
const END_S = 1800;

/** One client: beats every `every` s until it dies; some beats are lost, late, or it sleeps for a while. */
interface Client {
  readonly every: number;
  readonly lossPercent: number;
  /** Up to this many seconds on the way. */
  readonly latency: number;
  readonly sleep: { readonly from: number; readonly to: number } | null;
  readonly diesAt: number | null;
  /** Refused with 429 from here to there. */
  readonly limited: { readonly from: number; readonly to: number } | null;
  readonly ownThreshold: number | null;
}
interface World {
  readonly clients: readonly Client[];
  /** Phase of each detector's sweep in s, and how wrong the clock of its process is in ms. */
  readonly detectors: readonly { readonly phase: number; readonly skewMs: number }[];
  /** All instances are away. */
  readonly outage: { readonly from: number; readonly to: number } | null;
  readonly luck: number;
}

/** Second by second: what arrives, what is proved, who sweeps. Keeps what the rules are judged by. */
class Simulation {
  #second = 0;
  readonly now = (): Date => new Date(START + this.#second * 1000);
  readonly sessions = new FakeDetectionRepository(this.now, 3); // several batches even with few clients
  readonly ingestion = new FakeIngestionRepository(this.now);
  readonly #clock = new ManualClock(new Date(START));
  readonly watch: IngestionWatch;
  readonly #detectors: readonly { readonly phase: number; readonly run: () => Promise<unknown> }[];
  readonly marks: { readonly client: number; readonly second: number }[] = [];
  readonly events = eventLogInMemory(this.#clock).events;
  /** Per client: last second a beat was taken, or refused by our limits; and the last second of our own outage. */
  readonly accepted: number[];
  readonly refused: (number | null)[];
  lastOutage: number | null = null;
  readonly #ids: readonly string[];
  readonly #arrivals = new Map<number, number[]>();

  constructor(readonly world: World) {
    const config = {
      sessions: { stallThresholdMs: THRESHOLD_S * 1000, ingestionGapSeconds: GAP_S },
      server: { roles: ['api'] },
    } as unknown as Config;
    const time = { now: async () => this.now() } as DatabaseTime;
    const sessions = world.clients.map(({ ownThreshold }) =>
      aSession({
        startedAt: this.now(),
        stallThresholdMs: ownThreshold === null ? null : ownThreshold * 1000,
        organization: ownThreshold === null ? 'acme' : 'patient',
      }),
    );
    this.#ids = sessions.map(({ id }) => id);
    this.sessions.add(...sessions);
    this.accepted = sessions.map(() => 0);
    this.refused = sessions.map(() => null);
    this.watch = new IngestionWatch(
      this.ingestion as never,
      this.sessions as never,
      new Metrics(),
      this.#clock,
      config,
    );
    this.#detectors = world.detectors.map(({ phase, skewMs }) => {
      const { log, events } = eventLogInMemory(new ManualClock(new Date(START + skewMs)));
      const detection = new StallDetection(this.sessions as never, this.ingestion as never, time, log, config);
      const run = async (): Promise<void> => {
        await detection.run(
          { runId: `run-${phase}-${this.#second}`, signal: new AbortController().signal },
          (marked) => {
            for (const { id } of marked) this.marks.push({ client: this.#ids.indexOf(id), second: this.#second });
          },
        );
        this.events.rows.push(...events.rows.splice(0));
      };
      return { phase, run };
    });
    this.sendAll();
  }

  get isAway(): boolean {
    const { outage } = this.world;
    return outage !== null && this.#second >= outage.from && this.#second < outage.to;
  }

  async play(judge: (simulation: Simulation, second: number) => void): Promise<void> {
    for (; this.#second < END_S; this.#second += 1) {
      if (this.isAway) this.lastOutage = this.#second;
      const arrived = this.#arrivals.get(this.#second) ?? [];
      // the second half slips in between a detector's reading and its marking
      const early = arrived.filter((_, i) => i % 2 === 0);
      const late = arrived.filter((_, i) => i % 2 === 1);
      early.forEach((client) => this.arrive(client));
      if (this.#second % PROOF_S === 0 && !this.isAway) await this.watch.prove();
      this.sessions.beforeMarking = () => late.splice(0).forEach((client) => this.arrive(client));
      const sweeping = this.#detectors.filter(({ phase }) => this.#second % SWEEP_S === phase);
      if (!this.isAway) await Promise.all(sweeping.map(({ run }) => run()));
      late.splice(0).forEach((client) => this.arrive(client));
      await new Promise((resolve) => setImmediate(resolve)); // notes of refused beats are written
      judge(this, this.#second);
    }
  }

  status(client: number): string | undefined {
    return this.sessions.rows.get(this.#ids[client] ?? '')?.status;
  }

  private arrive(client: number): void {
    const id = this.#ids[client] ?? '';
    const { limited, ownThreshold } = this.world.clients[client] as Client;
    if (this.isAway) return;
    if (limited && this.#second >= limited.from && this.#second < limited.to) {
      this.refused[client] = this.#second;
      return this.watch.heard(ownThreshold === null ? 'acme' : 'patient', id);
    }
    this.accepted[client] = this.#second;
    this.sessions.beat(id);
  }

  private sendAll(): void {
    let state = this.world.luck;
    const dice = (sides: number): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % sides;
    this.world.clients.forEach((client, index) => {
      for (let at = 1; at < (client.diesAt ?? END_S); at += client.every) {
        if (client.sleep && at >= client.sleep.from && at < client.sleep.to) continue;
        if (dice(100) < client.lossPercent) continue;
        const arrival = at + dice(client.latency + 1);
        this.#arrivals.set(arrival, [...(this.#arrivals.get(arrival) ?? []), index]);
      }
    });
  }
}

const window = (maxLength: number): fc.Arbitrary<{ from: number; to: number } | null> =>
  fc.option(
    fc
      .record({ from: fc.integer({ min: 60, max: 900 }), length: fc.integer({ min: 1, max: maxLength }) })
      .map(({ from, length }) => ({ from, to: from + length })),
  );
const worlds: fc.Arbitrary<World> = fc.record({
  clients: fc.array(
    fc.record({
      every: fc.integer({ min: 20, max: 90 }),
      lossPercent: fc.constantFrom(0, 10, 50),
      latency: fc.constantFrom(0, 2, 25),
      sleep: window(600),
      diesAt: fc.option(fc.integer({ min: 30, max: 1200 })),
      limited: window(500),
      ownThreshold: fc.option(fc.constantFrom(60, 240, 400)),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  detectors: fc.array(
    fc.record({ phase: fc.integer({ min: 0, max: SWEEP_S - 1 }), skewMs: fc.constantFrom(0, -600_000, 600_000) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  outage: window(700),
  luck: fc.integer({ min: 1, max: 1_000_000 }),
});

const thresholdOf = (client: Client): number => Math.max(THRESHOLD_S, client.ownThreshold ?? 0);

describe('stall detection through half an hour of loss, latency, sleep, refusals, outages and wrong clocks', () => {
  it('[X4][X11] marks nobody too early, everybody in time, and says so once', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const simulation = new Simulation(world);
        let seen = 0;
        await simulation.play(({ marks, accepted, refused, lastOutage, status }, second) => {
          for (const { client } of marks.slice(seen)) {
            const threshold = thresholdOf(world.clients[client] as Client);
            expect(second - (accepted[client] ?? 0)).toBeGreaterThan(threshold);
            if (refused[client] != null) expect(second - (refused[client] ?? 0)).toBeGreaterThan(threshold);
            if (lastOutage !== null && (world.outage?.to ?? 0) - (world.outage?.from ?? 0) > GAP_S) {
              expect(second - lastOutage).toBeGreaterThan(threshold);
            }
          }
          seen = marks.length;
          world.clients.forEach((client, index) => {
            const excuse = Math.max(accepted[index] ?? 0, refused[index] ?? 0, (lastOutage ?? -PROOF_S) + PROOF_S);
            if (second - excuse > thresholdOf(client) + LATEST_S - THRESHOLD_S) {
              expect(status.call(simulation, index)).toBe('stalled');
            }
          });
        });
        const events = simulation.events.rows.filter(({ type }) => type === 'session_stalled');
        expect(events).toHaveLength(simulation.marks.length);
        const counted = [...simulation.sessions.rows.values()].reduce((sum, row) => sum + row.stallCount, 0);
        expect(counted).toBe(simulation.marks.length);
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it('an outage of ours of ten minutes marks nobody who goes on afterwards', async () => {
    const alive: Client = {
      every: 60,
      lossPercent: 0,
      latency: 1,
      sleep: null,
      diesAt: null,
      limited: null,
      ownThreshold: null,
    };
    const world: World = {
      clients: [alive, { ...alive, every: 90 }, { ...alive, every: 150 }],
      detectors: [
        { phase: 0, skewMs: 0 },
        { phase: 7, skewMs: 0 },
      ],
      outage: { from: 300, to: 900 },
      luck: 7,
    };
    const simulation = new Simulation(world);
    await simulation.play(() => undefined);
    expect(simulation.marks).toEqual([]);
  });

  it('[8.5] a detector that dies with the lease delays the mark to a minute beyond the threshold at most', () => {
    const leaseS = SCHEDULE.detectStalled.leaseMs / 1000;
    for (let holder = 0; holder < SWEEP_S; holder += 1) {
      for (let survivor = 0; survivor < SWEEP_S; survivor += 1) {
        // overdue at 0; the holder takes the lease for its next sweep, and dies with it at once
        const freeAt = holder + leaseS;
        let markedAt = survivor;
        while (markedAt >= holder && markedAt < freeAt) markedAt += SWEEP_S;
        expect(markedAt).toBeLessThan(60);
      }
    }
  });

  it('a session whose every heartbeat is refused for our limits is never marked', async () => {
    const limited: Client = {
      every: 60,
      lossPercent: 0,
      latency: 0,
      sleep: null,
      diesAt: null,
      limited: { from: 100, to: END_S },
      ownThreshold: null,
    };
    const simulation = new Simulation({
      clients: [limited],
      detectors: [{ phase: 3, skewMs: 0 }],
      outage: null,
      luck: 1,
    });
    await simulation.play(() => undefined);
    expect(simulation.marks).toEqual([]);
  });
});
