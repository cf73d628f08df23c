import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { provideDatabase } from '../tools/dev-database/provide-database.js';
import { machine, type Measurement, median } from './report.js';
import { type Server, startProcess, startServer } from './server-process.js';

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 50;
const WARM_UP_SECONDS = 2;

/**
 * Both servers run side by side in processes of their own; rounds alternate, so that whatever else the machine does hits both.
 * `ofBare` is the median of the ratios of the rounds.
 */
export async function measure(): Promise<Measurement> {
  const data = mkdtempSync(join(tmpdir(), 'cloud-bench-'));
  const say = (line: string): void => console.error(line);
  const database = await provideDatabase({ dataDir: join(data, 'db'), say });
  const servers: Server[] = [];
  try {
    const ours = await startServer(database.uri, 'bench_health', data);
    servers.push(ours);
    const bare = await startProcess('bench/bare-fastify.js', {});
    servers.push(bare);
    await load(ours.url, WARM_UP_SECONDS);
    await load(bare.url, WARM_UP_SECONDS);
    const rounds: { ours: number; bare: number; p95: number }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const [first, second] = round % 2 ? [bare, ours] : [ours, bare];
      const one = await load(first.url, SECONDS);
      const two = await load(second.url, SECONDS);
      const mine = first === ours ? one : two;
      const base = first === ours ? two : one;
      rounds.push({ ours: mine.rps, bare: base.rps, p95: mine.p97_5Ms });
      say(`round ${round}: ours ${Math.round(mine.rps)}/s, bare ${Math.round(base.rps)}/s`);
    }
    const { version } = createRequire(import.meta.url)('fastify/package.json') as { version: string };
    return {
      bench: 'health',
      conditions: {
        ...machine(),
        fastify: version,
        rounds: ROUNDS,
        secondsPerRound: SECONDS,
        connections: CONNECTIONS,
      },
      figures: {
        ofBare: median(rounds.map((round) => round.ours / round.bare)),
        oursPerSecond: median(rounds.map((round) => round.ours)),
        barePerSecond: median(rounds.map((round) => round.bare)),
        p97_5Ms: median(rounds.map((round) => round.p95)),
      },
      goals: { ofBare: { atLeast: 0.75 } },
    };
  } finally {
    for (const server of servers) await server.stop();
    await database.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

async function load(url: string, seconds: number): Promise<{ readonly rps: number; readonly p97_5Ms: number }> {
  const result = await autocannon({ url: `${url}/health`, connections: CONNECTIONS, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new TypeError(`${url}/health: ${result.non2xx} answers were no success, ${result.errors} failed`);
  }
  return { rps: result.requests.total / result.duration, p97_5Ms: result.latency.p97_5 };
}
