import { machine, type Measurement } from './report.js';
import { SessionLoad } from './session-load.js';

const ROUNDS = 5;
const SECONDS = 4;
const RATE = 1000;
const RATE_SECONDS = 10;
const BEAT = { method: 'POST', path: (id: string) => `/api/sessions/${id}/heartbeat` } as const;

/**
 * Heartbeats of 100 sessions through the whole pipeline (authentication, limits, validation, log, database) against bare Fastify
 * with one findOneAndUpdate of the raw driver on the same database.
 */
export async function measure(): Promise<Measurement> {
  const load = await SessionLoad.start();
  try {
    const few = await load.compare(BEAT, { rounds: ROUNDS, seconds: SECONDS, connections: 16 });
    const many = await load.compare(BEAT, { rounds: ROUNDS, seconds: SECONDS, connections: 50 });
    const pace = { seconds: RATE_SECONDS, connections: 50, rate: RATE };
    const bare = await load.steady(load.bare, BEAT, pace);
    const steady = await load.steady(load.ours, BEAT, pace);
    return {
      bench: 'heartbeat',
      conditions: {
        ...machine(),
        database: load.via,
        sessions: 100,
        rounds: ROUNDS,
        secondsPerRound: SECONDS,
        rate: RATE,
      },
      figures: {
        ofBare: many.ofBare,
        ofBareAt16: few.ofBare,
        oursPerSecond: many.ours.perSecond,
        barePerSecond: many.bare.perSecond,
        p95Ms: steady.p95Ms,
        p99Ms: steady.p99Ms,
        perSecondReached: steady.perSecond,
        bareP95Ms: bare.p95Ms,
        bareP99Ms: bare.p99Ms,
        p95MsAtFullLoad: many.ours.p95Ms,
        bareP95MsAtFullLoad: many.bare.p95Ms,
      },
      goals: { ofBare: { atLeast: 0.85 }, p95Ms: { atMost: 25 } },
    };
  } finally {
    await load.stop();
  }
}
