import { randomUUID } from 'node:crypto';
import type { Session } from '../../src/modules/sessions/session.js';
import { activeKeyOf, type SessionRecord, slotKeyOf } from '../../src/modules/sessions/session.schema.js';
import { isLive } from '../../src/modules/sessions/session.js';

export const SESSION_START = new Date('2030-01-01T00:00:00Z');
let count = 0;

/** An active session of `acme` that was just made; each has an id and a project of its own. */
export function aSession(fields: Partial<Session> = {}): Session {
  count += 1;
  const startedAt = fields.startedAt ?? SESSION_START;
  return {
    id: randomUUID(),
    organization: 'acme',
    projectId: `project-${count}`,
    machineId: 'machine-1',
    dockerSlot: null,
    status: 'active',
    lastHeartbeatAt: startedAt,
    currentTaskId: null,
    startedAt,
    createdAt: startedAt,
    updatedAt: startedAt,
    completedAt: null,
    metadata: {},
    isArchived: false,
    archivedAt: null,
    stalledAt: null,
    stallCount: 0,
    heartbeatCount: 0,
    stallThresholdMs: null,
    recoveredFrom: null,
    recoveredTo: null,
    recoveryAttempts: 0,
    recoveryLockUntil: null,
    epoch: 1,
    progress: null,
    createdBy: 'user-0000000000000001',
    ...fields,
  };
}

/** The same as a stored document, with the keys that go with its state: for tests that put sessions into the past. */
export function aSessionRecord(fields: Partial<Session> & { readonly heardAt?: Date } = {}): SessionRecord {
  const { heardAt, ...rest } = fields;
  const session = aSession(rest);
  const { status, dockerSlot } = session;
  return {
    session_id: session.id,
    organization: session.organization,
    project_id: session.projectId,
    machine_id: session.machineId,
    docker_slot: dockerSlot,
    status,
    last_heartbeat: session.lastHeartbeatAt,
    current_task_id: session.currentTaskId,
    started_at: session.startedAt,
    completed_at: session.completedAt,
    metadata: session.metadata,
    archived: session.isArchived,
    archived_at: session.archivedAt,
    stalled_at: session.stalledAt,
    stall_count: session.stallCount,
    heartbeat_count: session.heartbeatCount,
    stall_threshold_ms: session.stallThresholdMs,
    recovered_from: session.recoveredFrom,
    recovered_to: session.recoveredTo,
    recovery_attempts: session.recoveryAttempts,
    recovery_lock_until: session.recoveryLockUntil,
    epoch: session.epoch,
    progress: session.progress,
    created_by: session.createdBy,
    ...(status === 'active' ? { active_key: activeKeyOf(session) } : {}),
    ...(isLive(status) && dockerSlot !== null ? { slot_key: slotKeyOf(session, dockerSlot) } : {}),
    ...(heardAt ? { heard_at: heardAt } : {}),
    created_at: session.createdAt,
    updated_at: session.updatedAt,
  };
}
