import type { LockHolder } from './pulumi.errors.js';
import type { OpenRun } from './stack-ledger.port.js';

/**
 * Whether a lock of the backend may be broken. Rule: only a lock of ours whose run is over for certain.
 * - We hold the lease of the stack (the caller's fence is the highest), so no run of ours goes on by right.
 * - A lock made on this machine is stale when its process is gone.
 * - A lock made on another machine is stale when it is that of the run the ledger knows as never ended: its server has lost
 *   the lease, and its command line cannot go on without that server (program, events and providers are served by it).
 * - Any other lock is somebody else's (`pulumi up` by hand): it stays.
 */
export interface LockJudgement {
  readonly isStale: boolean;
  /** One sentence for log and audit. */
  readonly reason: string;
}

export function judgeLock(
  lock: LockHolder,
  facts: {
    readonly host: string;
    /** The run that never ended, from before ours. */
    readonly left: OpenRun | null;
    readonly isAlive: (pid: number) => boolean;
  },
): LockJudgement {
  const who = `${lock.user}@${lock.host} (process ${lock.pid}, since ${lock.lockedAt})`;
  if (lock.host === facts.host) {
    return facts.isAlive(lock.pid)
      ? { isStale: false, reason: `${who} is still running on this machine` }
      : { isStale: true, reason: `${who} has ended without releasing it` };
  }
  // a second of tolerance: lock times have no fractions
  const began = facts.left ? Date.parse(facts.left.startedAt) - 1_000 : Infinity;
  if (facts.left?.host === lock.host && Date.parse(lock.lockedAt) >= began) {
    return { isStale: true, reason: `${who} belonged to run ${facts.left.id}, whose server has lost its lease` };
  }
  return { isStale: false, reason: `${who} is not a run of ours` };
}
