import type { Session } from '../session.js';

/** Why a session cannot be recovered now; null = it can. */
export type RecoveryBlock = 'not_failed_or_stalled' | 'already_recovered' | 'recovery_limit_reached';

/**
 * Number of the recovery that would come next in the chain (sessions.md 9.1): one more than the parent's, or 1 when the parent
 * completed a task: progress resets the count.
 */
export function nextAttempt(session: Pick<Session, 'recoveryAttempts'>, completedTasks: number): number {
  return completedTasks > 0 ? 1 : session.recoveryAttempts + 1;
}

/** @param maxAttempts 0 = no limit */
export function blockOf(
  session: Pick<Session, 'status' | 'recoveredTo' | 'recoveryAttempts'>,
  completedTasks: number,
  maxAttempts: number,
): RecoveryBlock | null {
  if (session.recoveredTo !== null) return 'already_recovered';
  if (session.status !== 'failed' && session.status !== 'stalled') return 'not_failed_or_stalled';
  const isOver = maxAttempts > 0 && nextAttempt(session, completedTasks) > maxAttempts;
  return isOver ? 'recovery_limit_reached' : null;
}

/** What of the original's metadata goes to the new session: what clients wrote. */
export function inheritedMetadata(
  metadata: Readonly<Record<string, unknown>>,
  reserved: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !reserved.includes(key)));
}
