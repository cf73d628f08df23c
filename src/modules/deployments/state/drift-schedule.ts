import { CronTime, validateCronExpression } from 'cron';
import { invalidField } from '../../../shared/errors/field-problems.js';
import type { DriftSchedule } from '../environments/environment.js';

/** @throws AppError 400 for what is no cron line of five fields */
export function requireCron(text: string): string {
  const line = text.trim();
  if (line.split(/\s+/).length === 5 && validateCronExpression(line).valid) return line;
  throw invalidField('cron', 'format', 'cron must be a cron expression of 5 fields, e.g. 0 2 * * *');
}

/** The first tick after `now`. */
export function nextTick(cron: string, timeZone: string, now: Date): Date {
  return new CronTime(cron, timeZone).getNextDateFrom(now, timeZone).toJSDate();
}

export function newSchedule(cron: string, isDefault: boolean, timeZone: string, now: Date): DriftSchedule {
  const nextAt = nextTick(cron, timeZone, now);
  return { cron, isDefault, nextAt, lastAt: null, lastOperationId: null, deferred: 0 };
}

/** Not by itself, whatever the default is. */
export const NO_SCHEDULE: DriftSchedule = {
  cron: null,
  isDefault: false,
  nextAt: null,
  lastAt: null,
  lastOperationId: null,
  deferred: 0,
};

/**
 * What the schedule of an environment is once it is due: one that follows the default follows it also to another time, or
 * to nothing. null = none any more.
 */
export function current(
  schedule: DriftSchedule,
  fallback: string | undefined,
): (DriftSchedule & { readonly cron: string }) | null {
  const cron = schedule.isDefault ? (fallback ?? null) : schedule.cron;
  return cron === null ? null : { ...schedule, cron };
}
