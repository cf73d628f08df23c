/** Every timed job of the server on one page. A cron of six fields (with seconds) is UTC; configured ones run in CRON_TZ. */
export const SCHEDULE = {
  staleOperations: {
    name: 'stale-operations',
    cron: '0 * * * * *',
    text: 'Takes over operations whose process died and ends pending ones nobody claimed.',
  },
  idempotencySweep: {
    name: 'idempotency-sweep',
    cron: '0 */10 * * * *',
    text: 'Removes idempotency keys older than a day where TTL deletion is late.',
  },
  driftDetection: {
    name: 'drift-detection',
    cron: '30 * * * * *',
    text: 'Starts the drift detections that are due: by the schedule of an environment, else by DRIFT_DETECTION_CRON.',
  },
  detectStalled: {
    name: 'detect-stalled',
    setting: 'stallDetection',
    // A crash of the holder delays detection by this, the wait for a sweep before it and one after it: 20 + 15 + 20 s < 60 s.
    leaseMs: 15_000,
    text: 'Marks active sessions that are silent for longer than their threshold; also every STALL_SWEEP_SECONDS.',
  },
  detectOfflineMachines: {
    name: 'detect-offline-machines',
    setting: 'stallDetection',
    leaseMs: 120_000,
    text: 'Marks machines offline that neither sent a sign of life nor have a session that did.',
  },
  expireAbandoned: {
    name: 'expire-abandoned',
    setting: 'abandon',
    leaseMs: 120_000,
    text: 'Fails sessions nobody has heard of for a day (paused ones: a week), with a warning an hour before.',
  },
  cleanup: {
    name: 'cleanup',
    setting: 'cleanup',
    leaseMs: 30 * 60_000,
    text: 'Removes sessions that ended longer than RETENTION_DAYS ago, with their tasks; never archived ones.',
  },
  checkConsistency: {
    name: 'check-consistency',
    setting: 'consistency',
    leaseMs: 30 * 60_000,
    text: 'Counts what contradicts itself between sessions, tasks and machines, and repairs what can be.',
  },
} as const satisfies Record<string, TimedJob | ConfiguredJob>;

/** `name` is the lease key, the name shown in /health/detailed and the name an outside scheduler calls it by. */
export interface Job {
  readonly name: string;
  readonly text: string;
  /** How long it may go without a renewal before another instance may start it, in ms; renewed every third. Default 60,000. */
  readonly leaseMs?: number;
}

export interface TimedJob extends Job {
  readonly cron: string;
}

/** Its cron line is a setting. */
export interface ConfiguredJob extends Job {
  readonly setting: 'stallDetection' | 'cleanup' | 'abandon' | 'consistency';
}
