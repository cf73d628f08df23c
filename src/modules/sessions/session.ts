/** States and rules of a session (sessions.md 3.1, 4.1). Times are the database's. */
export type SessionStatus = 'active' | 'paused' | 'stalled' | 'completed' | 'failed';
export const SESSION_STATUSES: readonly SessionStatus[] = ['active', 'paused', 'stalled', 'completed', 'failed'];
/** Hold their slot and their place on the machine. */
export const LIVE: readonly SessionStatus[] = ['active', 'paused', 'stalled'];
export const TERMINAL: readonly SessionStatus[] = ['completed', 'failed'];

/** How far the work is, as the client last said with a heartbeat. */
export interface SessionProgress {
  /** 0 to 100; null = unknown. */
  readonly percent: number | null;
  /** Up to 500 characters; null = none. */
  readonly message: string | null;
}

export interface Session {
  /** UUID v4, made by the server. */
  readonly id: string;
  readonly organization: string;
  /** GitHub project id or number, as text. */
  readonly projectId: string;
  /** Need not be registered. */
  readonly machineId: string;
  readonly dockerSlot: number | null;
  readonly status: SessionStatus;
  /** Never moves backwards. */
  readonly lastHeartbeatAt: Date;
  /** Free text: the client's own name of what it works on. */
  readonly currentTaskId: string | null;
  readonly startedAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Set once, on entering a terminal state. */
  readonly completedAt: Date | null;
  /** Up to 64 KiB, the server's own keys included. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly isArchived: boolean;
  readonly archivedAt: Date | null;
  /** Set on each entry to stalled, cleared on leaving. */
  readonly stalledAt: Date | null;
  readonly stallCount: number;
  readonly heartbeatCount: number;
  /** Lengthens the global threshold, never shortens it. */
  readonly stallThresholdMs: number | null;
  /** Original of a recovery. */
  readonly recoveredFrom: string | null;
  /** The session that took over. */
  readonly recoveredTo: string | null;
  /** Recoveries in a row without a completed task. */
  readonly recoveryAttempts: number;
  /** Until then heartbeats of the stalled original are refused. */
  readonly recoveryLockUntil: Date | null;
  /**
   * Number of the process that owns the work, from 1: one more for every explicit resume and for every recovery. A heartbeat
   * that names an older one is from a process that was replaced.
   */
  readonly epoch: number;
  readonly progress: SessionProgress | null;
  /** Id of the key or user that made it. */
  readonly createdBy: string;
}

/**
 * Every move that a client may ask for with PATCH. `completed` of a failed session and a stall found by the detector are not
 * asked for and have their own conditional writes. The same status again is no move and changes nothing.
 */
export const SESSION_MOVES: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  active: ['paused', 'stalled', 'completed', 'failed'],
  paused: ['active', 'stalled', 'completed', 'failed'],
  stalled: ['active', 'completed', 'failed'],
  completed: [],
  failed: [],
};

/** States from which PATCH may lead to `to`: the filter of the conditional write. */
export function sourcesOf(to: SessionStatus): readonly SessionStatus[] {
  return SESSION_STATUSES.filter((from) => SESSION_MOVES[from].includes(to));
}

export function isLive(status: SessionStatus): boolean {
  return LIVE.includes(status);
}

/** The silence after which a session is overdue, in ms: its own wish only lengthens it. */
export function effectiveThresholdMs(session: Pick<Session, 'stallThresholdMs'>, globalMs: number): number {
  return Math.max(globalMs, session.stallThresholdMs ?? 0);
}

export function sinceHeartbeatMs(session: Pick<Session, 'lastHeartbeatAt'>, now: Date): number {
  return Math.max(0, now.getTime() - session.lastHeartbeatAt.getTime());
}

/** Active, and silent for longer than its threshold. `now` is the database's. */
export function isOverdue(
  session: Pick<Session, 'status' | 'lastHeartbeatAt' | 'stallThresholdMs'>,
  globalMs: number,
  now: Date,
): boolean {
  return session.status === 'active' && sinceHeartbeatMs(session, now) > effectiveThresholdMs(session, globalMs);
}

/** What every answer on health says: marked already, or overdue and about to be. */
export function isStalled(
  session: Pick<Session, 'status' | 'lastHeartbeatAt' | 'stallThresholdMs'>,
  globalMs: number,
  now: Date,
): boolean {
  return session.status === 'stalled' || isOverdue(session, globalMs, now);
}

export { RESERVED_METADATA_KEYS, STORED_METADATA_BYTES } from '../../shared/kernel/metadata-limits.js';

/** What the health of a session suggests to do. */
export type SessionAdvice = 'CHECK_PROCESS' | 'RESUME_SESSION' | 'REVIEW_FAILURE' | 'RECOVER_SESSION';

/** @param isSilent stalled, or overdue and about to be */
export function adviceFor(session: Pick<Session, 'status'>, isSilent: boolean): readonly SessionAdvice[] {
  switch (session.status) {
    case 'active':
      return isSilent ? ['CHECK_PROCESS'] : [];
    case 'paused':
      return ['RESUME_SESSION'];
    case 'stalled':
      return ['CHECK_PROCESS', 'RECOVER_SESSION'];
    case 'failed':
      return ['REVIEW_FAILURE', 'RECOVER_SESSION'];
    case 'completed':
      return [];
    default:
      return session.status satisfies never;
  }
}
