import type { JobRun } from '../../shared/database/leases.js';

export type HealthStatus = 'ok' | 'degraded' | 'error';

/** A database that answers later than this is degraded, in ms; sessions.md 13. */
const SLOW_DATABASE_MS = 1000;

export interface DatabaseProbe {
  /** null = it did not answer in time or not at all. */
  readonly responseMs: number | null;
}

export function databaseStatus({ responseMs }: DatabaseProbe): HealthStatus {
  if (responseMs === null) return 'error';
  return responseMs > SLOW_DATABASE_MS ? 'degraded' : 'ok';
}

/**
 * @param startedAt counts as the last run before there was one
 * @param staleMs degraded when none ran for this long: BACKGROUND_JOB_STALE_MS (sessions.md 13)
 */
export function jobsStatus(runs: readonly JobRun[], startedAt: Date, now: Date, staleMs: number): HealthStatus {
  const last = lastRunOf(runs) ?? startedAt;
  const reference = last > startedAt ? last : startedAt;
  return now.getTime() - reference.getTime() > staleMs ? 'degraded' : 'ok';
}

export function lastRunOf(runs: readonly JobRun[]): Date | null {
  const times = runs.flatMap((run) => (run.lastRunAt ? [run.lastRunAt.getTime()] : []));
  return times.length > 0 ? new Date(Math.max(...times)) : null;
}

/** error > degraded > ok. */
export function worst(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('error')) return 'error';
  return statuses.includes('degraded') ? 'degraded' : 'ok';
}
