import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { SessionRecord } from '../src/modules/sessions/session.schema.js';

const BATCH = 2000;

/**
 * Active sessions straight into the collection, of one organization, each for a project of its own.
 * @param silentMs how long ago the heartbeat of the `i`-th was
 */
export async function insertSessions(
  connection: Connection,
  count: number,
  silentMs: (i: number) => number,
): Promise<void> {
  const sessions = connection.collection<SessionRecord>('sessions');
  const now = Date.now();
  for (let start = 0; start < count; start += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_, k) =>
      row(start + k, now - silentMs(start + k)),
    );
    await sessions.insertMany(rows, { ordered: false });
  }
}

function row(i: number, heartbeatAt: number): SessionRecord {
  const at = new Date(heartbeatAt);
  return {
    session_id: randomUUID(),
    organization: 'bench',
    project_id: `project-${i}`,
    machine_id: `machine-${i % 100}`,
    docker_slot: null,
    status: 'active',
    last_heartbeat: at,
    current_task_id: null,
    started_at: at,
    completed_at: null,
    metadata: { branch: 'main' },
    archived: false,
    archived_at: null,
    stalled_at: null,
    stall_count: 0,
    heartbeat_count: 1,
    stall_threshold_ms: null,
    recovered_from: null,
    recovered_to: null,
    recovery_attempts: 0,
    recovery_lock_until: null,
    epoch: 1,
    progress: null,
    created_by: 'bench',
    active_key: `bench\u0000project-${i}\u0000machine-${i % 100}`,
    created_at: at,
    updated_at: at,
  };
}
