import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provideDatabase } from '../tools/dev-database/provide-database.js';
import { machine, type Measurement, median } from './report.js';
import { startServer } from './server-process.js';

const REPETITIONS = 3;
const IDLE_SECONDS = 30;
const KIB_PER_MB = 1_000_000 / 1024;

/**
 * Memory of the server process that nobody talks to, and how fast it is there. Each repetition starts a new process on the
 * data of the one before (the first, on empty data, is not counted) and looks at it after 30 s. Memory is resident memory
 * (RSS) as the system counts it, Node's own program and libraries included; `pssMb` shares those among all that run Node.
 * Linux only.
 */
export async function measure(): Promise<Measurement> {
  const data = mkdtempSync(join(tmpdir(), 'cloud-bench-'));
  const database = await provideDatabase({ dataDir: join(data, 'db'), say: (line) => console.error(line) });
  try {
    const looks: Look[] = [];
    for (let round = 0; round <= REPETITIONS; round++) {
      const look = await lookAtOne(database.uri, data, round === 0 ? 0 : IDLE_SECONDS);
      if (round > 0) looks.push(look);
    }
    return {
      bench: 'idle',
      conditions: {
        ...machine(),
        ...{ engine: 'embedded', database: database.via, idleSeconds: IDLE_SECONDS, repetitions: REPETITIONS },
      },
      figures: {
        rssMb: median(looks.map((look) => look.rssMb)),
        pssMb: median(looks.map((look) => look.pssMb)),
        startMs: median(looks.map((look) => look.startMs)),
        firstRequestMs: median(looks.map((look) => look.firstRequestMs)),
      },
      goals: { rssMb: { atMost: 180 } },
    };
  } finally {
    await database.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

interface Look {
  readonly rssMb: number;
  readonly pssMb: number;
  /** From starting the process to its `listening` message. */
  readonly startMs: number;
  readonly firstRequestMs: number;
}

async function lookAtOne(databaseUri: string, data: string, idleSeconds: number): Promise<Look> {
  const begunAt = performance.now();
  const server = await startServer(databaseUri, 'bench_idle', data);
  try {
    const startedAt = performance.now();
    await (await fetch(`${server.url}/health/ready`)).text();
    const answeredAt = performance.now();
    await delay(idleSeconds * 1000);
    const memory = readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8');
    return {
      rssMb: megabytes(memory, 'Rss'),
      pssMb: megabytes(memory, 'Pss'),
      startMs: startedAt - begunAt,
      firstRequestMs: answeredAt - startedAt,
    };
  } finally {
    await server.stop();
  }
}

/** `Rss:   123456 kB`, where kB means 1024 bytes. */
function megabytes(rollup: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1];
  return Number(kib) / KIB_PER_MB;
}
