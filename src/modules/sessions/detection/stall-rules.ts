import type { Brake } from '../../../shared/kernel/brake.js';
import { effectiveThresholdMs } from '../session.js';

/** What the detector reads of a session that has been silent for the global threshold. */
export interface StallCandidate {
  readonly id: string;
  readonly organization: string;
  readonly lastHeartbeatAt: Date;
  /** Newest heartbeat that we refused for our own limits; null = none since the last recorded one. */
  readonly heardAt: Date | null;
  /** Its own threshold in ms; null = the global one. */
  readonly stallThresholdMs: number | null;
}

/**
 * Silent for longer than its threshold, counted from the last moment that speaks for it: its newest heartbeat, one that we
 * refused for our own limits, the end of our own trouble.
 */
export function isDue(candidate: StallCandidate, brake: Brake, globalMs: number, now: Date): boolean {
  const from = Math.max(
    candidate.lastHeartbeatAt.getTime(),
    candidate.heardAt?.getTime() ?? 0,
    brake.since?.getTime() ?? 0,
  );
  return now.getTime() - from > effectiveThresholdMs(candidate, globalMs);
}
