import { machine, type Measurement } from './report.js';
import { SessionLoad } from './session-load.js';

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 50;
const READ = { method: 'GET', path: (id: string) => `/api/sessions/${id}` } as const;

/** An authenticated GET of one session against bare Fastify with one findOne of the raw driver on the same database. */
export async function measure(): Promise<Measurement> {
  const load = await SessionLoad.start();
  try {
    const { ofBare, ours, bare } = await load.compare(READ, {
      rounds: ROUNDS,
      seconds: SECONDS,
      connections: CONNECTIONS,
    });
    return {
      bench: 'session-read',
      conditions: {
        ...machine(),
        database: load.via,
        rounds: ROUNDS,
        secondsPerRound: SECONDS,
        connections: CONNECTIONS,
      },
      figures: { ofBare, oursPerSecond: ours.perSecond, barePerSecond: bare.perSecond, p95Ms: ours.p95Ms },
      goals: { ofBare: { atLeast: 0.8 } },
    };
  } finally {
    await load.stop();
  }
}
