import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement } from './report.js';
import { insertSessions } from './session-rows.js';

const SESSIONS = 20_000;
const CALLS = 3;

/** What a route or job asks; `via` is called over HTTP, so that the queries are those that really run. */
const ROUTES: readonly string[] = [
  '/api/sessions?limit=50',
  '/api/sessions?project_id=project-7',
  '/api/sessions?machine_id=machine-7&status=active',
  '/api/sessions?status=stalled',
  '/api/sessions?updated_since=2026-01-01T00:00:00.000Z',
  '/api/sessions/health',
  '/api/sessions/stalled',
  '/api/sessions/stale?threshold=60',
  '/api/sessions/active?project_id=project-7',
  '/api/sessions/failed',
  '/api/sessions/recoverable',
  '/api/sessions/archived',
  '/api/sessions/by-project/project-7',
  '/api/sessions/by-machine/machine-7',
  '/api/tasks?limit=50',
  '/api/tasks?session_id=none',
  '/api/tasks?project_id=project-7&status=pending',
  '/api/machines',
  '/api/machines/available',
];
/** Commands of these collections are judged. */
const COLLECTIONS = ['sessions', 'tasks', 'machines'];

interface Stage {
  readonly stage?: string;
  readonly indexName?: string;
  readonly inputStage?: Stage;
  readonly inputStages?: readonly Stage[];
}

/** Every query behind the hot routes, heard from the driver while the routes are called, explained one by one. */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start({ LOG_LEVEL: 'error', SCHEDULER_MODE: 'off' });
  try {
    const connection = bench.app.get<Connection>(getConnectionToken());
    await insertSessions(connection, SESSIONS, (i) => (i % 50) * 10_000);
    await connection.collection('sessions').updateMany({}, { $set: { organization: bench.sessionOrganization } });
    const heard = new Map<string, Record<string, unknown>>();
    connection.getClient().on('commandStarted', ({ commandName, command }) => {
      const collection = String(command[commandName]);
      if ((commandName === 'find' || commandName === 'aggregate') && COLLECTIONS.includes(collection)) {
        heard.set(shapeOf(collection, command), { ...command });
      }
    });
    const times: number[] = [];
    for (let call = 0; call < CALLS; call += 1) {
      for (const route of ROUTES) {
        const startedAt = performance.now();
        await bench.getSessions(route);
        times.push(performance.now() - startedAt);
      }
    }
    const commands = [...heard.entries()];
    const bad: string[] = [];
    for (const [shape, command] of commands) {
      const stages = await explain(connection, command);
      const scans = stages.filter((stage) => stage === 'COLLSCAN' || stage === 'SORT');
      if (scans.length > 0) bad.push(`${scans.join('+')}: ${shape}`);
    }
    for (const line of bad) console.error(line);
    return {
      bench: 'query-plans',
      conditions: { ...machine(), database: bench.via, sessions: SESSIONS, routes: ROUTES.length },
      figures: { queries: commands.length, withoutIndex: bad.length, slowestRouteMs: Math.max(...times) },
      goals: { withoutIndex: { atMost: 0 }, queries: { atLeast: 10 } },
    };
  } finally {
    await bench.stop();
  }
}

async function explain(connection: Connection, command: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const { lsid: _session, $db: _db, $clusterTime: _time, cursor, ...rest } = command as Record<string, unknown>;
  const query = 'pipeline' in rest ? { ...rest, cursor: cursor ?? {} } : rest;
  const answer = (await connection.db?.command({ explain: query, verbosity: 'queryPlanner' })) as {
    queryPlanner?: { winningPlan?: Stage };
    stages?: readonly { readonly $cursor?: { readonly queryPlanner?: { readonly winningPlan?: Stage } } }[];
  };
  const plan = answer.queryPlanner?.winningPlan ?? answer.stages?.[0]?.$cursor?.queryPlanner?.winningPlan;
  return stagesOf(plan);
}

function stagesOf(stage: Stage | undefined): string[] {
  if (!stage) return [];
  return [stage.stage ?? '', ...stagesOf(stage.inputStage), ...(stage.inputStages ?? []).flatMap(stagesOf)];
}

/** Queries that differ in values alone are one. */
function shapeOf(collection: string, command: Readonly<Record<string, unknown>>): string {
  const { filter, sort, pipeline } = command;
  return `${collection} ${JSON.stringify({ filter, sort, pipeline }, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !(value instanceof Date)
      ? value
      : typeof value === 'number'
        ? value
        : '?',
  )}`;
}
