import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { StallDetection } from '../src/modules/sessions/detection/stall-detection.js';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement } from './report.js';
import { insertSessions } from './session-rows.js';

const SESSIONS = 100_000;
const EXPIRED = 1000;
const THRESHOLD_MS = 180_000;
const HOUR_MS = 3_600_000;

interface Stage {
  readonly stage?: string;
  readonly indexName?: string;
  readonly inputStage?: Stage;
}

/** One search for stalled sessions among 100,000 active ones of which 1,000 have been silent for too long. */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start({
    LOG_LEVEL: 'error',
    SCHEDULER_MODE: 'off',
    STALL_THRESHOLD_MS: String(THRESHOLD_MS),
  });
  try {
    const connection = bench.app.get<Connection>(getConnectionToken());
    // the others beat an hour from now: they must not expire while the rows are written
    await insertSessions(connection, SESSIONS, (i) => (i < EXPIRED ? THRESHOLD_MS + 60_000 : -HOUR_MS));
    const plan = (await connection
      .collection('sessions')
      .find({ status: 'active', last_heartbeat: { $lt: new Date(Date.now() - THRESHOLD_MS) } })
      .explain('executionStats')) as {
      queryPlanner: { winningPlan: Stage };
      executionStats: { totalDocsExamined: number };
    };
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const startedAt = performance.now();
    const marked = await bench.app.get(StallDetection).run({ runId: 'bench', signal: new AbortController().signal });
    const ms = performance.now() - startedAt;
    const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
    if (marked !== EXPIRED) throw new TypeError(`${marked} sessions were marked, not ${EXPIRED}`);
    return {
      bench: 'sweep',
      conditions: {
        ...machine(),
        database: bench.via,
        sessions: SESSIONS,
        expired: EXPIRED,
        index: indexOf(plan.queryPlanner.winningPlan),
      },
      figures: { ms, examined: plan.executionStats.totalDocsExamined, marked, grownMiB },
      goals: { ms: { atMost: 2000 }, examined: { atMost: 1100 } },
    };
  } finally {
    await bench.stop();
  }
}

function indexOf(stage: Stage | undefined): string {
  if (!stage) return 'none';
  return stage.indexName ?? indexOf(stage.inputStage);
}
