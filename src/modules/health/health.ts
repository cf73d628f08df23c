import type { JobRun } from '../../shared/database/leases.js';

export type HealthStatus = 'ok' | 'degraded' | 'error';

/** A database that answers later than this is degraded, in ms; sessions.md 13. */
const SLOW_DATABASE_MS = 1000;
/** Background jobs are degraded when none ran for this long, in ms; BACKGROUND_JOB_STALE_MS of sessions.md 13. */
const STALE_JOBS_MS = 600_000;

export interface DatabaseProbe {
  /** null = it did not answer in time or not at all. */
  readonly responseMs: number | null;
}

export function databaseStatus({ responseMs }: DatabaseProbe): HealthStatus {
  if (responseMs === null) return 'error';
  return responseMs > SLOW_DATABASE_MS ? 'degraded' : 'ok';
}

/** @param startedAt counts as the last run before there was one */
export function jobsStatus(runs: readonly JobRun[], startedAt: Date, now: Date): HealthStatus {
  const last = lastRunOf(runs) ?? startedAt;
  const reference = last > startedAt ? last : startedAt;
  return now.getTime() - reference.getTime() > STALE_JOBS_MS ? 'degraded' : 'ok';
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
