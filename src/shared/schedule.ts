/** Every timed job of the server on one page. Cron in six fields (with seconds), UTC. */
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
} as const satisfies Record<string, Job>;

/** `name` is the lease key and the name shown in /health/detailed. */
export interface Job {
  readonly name: string;
  readonly cron: string;
  readonly text: string;
}
