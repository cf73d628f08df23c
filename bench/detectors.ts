import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { StallDetection } from '../src/modules/sessions/detection/stall-detection.js';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement } from './report.js';
import { insertSessions } from './session-rows.js';

const DETECTORS = 3;
const EXPIRIES = 10_000;
const THRESHOLD_MS = 180_000;

/** Three servers search at the same time, without any lock between them: each session is told of once. */
export async function measure(): Promise<Measurement> {
  const settings = { LOG_LEVEL: 'error', SCHEDULER_MODE: 'off', STALL_THRESHOLD_MS: String(THRESHOLD_MS) };
  const first = await BenchApp.start(settings);
  const servers = [first];
  try {
    while (servers.length < DETECTORS) servers.push(await BenchApp.beside(first, settings));
    const connection = first.app.get<Connection>(getConnectionToken());
    await insertSessions(connection, EXPIRIES, () => THRESHOLD_MS + 60_000);
    const startedAt = performance.now();
    const marked = await Promise.all(
      servers.map(({ app }, i) =>
        app.get(StallDetection).run({ runId: `detector-${i}`, signal: new AbortController().signal }),
      ),
    );
    const ms = performance.now() - startedAt;
    const events = connection.collection('deployment_events');
    const told = await events.countDocuments({ type: 'session_stalled' });
    const sessions = await events.distinct('sessionId', { type: 'session_stalled' });
    const stalled = await connection.collection('sessions').countDocuments({ status: 'stalled' });
    return {
      bench: 'detectors',
      conditions: {
        ...machine(),
        database: first.via,
        detectors: DETECTORS,
        expiries: EXPIRIES,
        shares: marked.join('+'),
      },
      figures: { events: told, excess: told - sessions.length, stalled, ms },
      goals: { events: { atLeast: EXPIRIES }, excess: { atMost: 0 } },
    };
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}
