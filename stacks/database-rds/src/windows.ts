import { assertThat, type ConfigKey } from '../../shared/index.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY = 24 * 60;
const WEEK = DAYS.length * DAY;
/** Minutes; AWS takes no shorter window. */
const SHORTEST = 30;

/** Minutes of the week, the end not included; an end before its start runs over the turn of the week. */
interface Window {
  readonly start: number;
  readonly length: number;
}

const TIME = '([01]\\d|2[0-3]):([0-5]\\d)';
const DAILY = new RegExp(`^${TIME}-${TIME}$`);
const WEEKLY = new RegExp(`^(${DAYS.join('|')}):${TIME}-(${DAYS.join('|')}):${TIME}$`);

const minuteOf = (hours = '', minutes = ''): number => Number(hours) * 60 + Number(minutes);
const between = (start: number, end: number, cycle: number): Window => ({
  start,
  length: (end - start + cycle) % cycle,
});

function overlap(one: Window, other: Window): boolean {
  const offset = (other.start - one.start + WEEK) % WEEK;
  return offset < one.length || offset + other.length > WEEK;
}

/**
 * Windows in UTC, `hh:mm-hh:mm` every day for backups and `ddd:hh:mm-ddd:hh:mm` once a week for maintenance: AWS refuses windows
 * under 30 minutes, and those that overlap.
 */
export function assertWindows(
  backup: { readonly key: ConfigKey; readonly value: string | undefined },
  maintenance: { readonly key: ConfigKey; readonly value: string | undefined },
): void {
  const daily = backup.value === undefined ? null : DAILY.exec(backup.value);
  if (backup.value !== undefined) {
    assertThat(backup.key, backup.value, daily !== null, 'expected hh:mm-hh:mm in UTC');
  }
  const weekly = maintenance.value === undefined ? null : WEEKLY.exec(maintenance.value);
  if (maintenance.value !== undefined) {
    assertThat(maintenance.key, maintenance.value, weekly !== null, 'expected ddd:hh:mm-ddd:hh:mm in UTC');
  }
  const backups = daily && between(minuteOf(daily[1], daily[2]), minuteOf(daily[3], daily[4]), DAY);
  if (backups) assertThat(backup.key, backup.value, backups.length >= SHORTEST, `at least ${SHORTEST} minutes`);
  const at = (day = '', hours?: string, minutes?: string) => DAYS.indexOf(day) * DAY + minuteOf(hours, minutes);
  const upkeep = weekly && between(at(weekly[1], weekly[2], weekly[3]), at(weekly[4], weekly[5], weekly[6]), WEEK);
  if (upkeep) assertThat(maintenance.key, maintenance.value, upkeep.length >= SHORTEST, `at least ${SHORTEST} minutes`);
  if (!backups || !upkeep) return;
  const meets = DAYS.some((_, day) => overlap({ ...backups, start: backups.start + day * DAY }, upkeep));
  assertThat(maintenance.key, maintenance.value, !meets, `overlaps the backup window ${backup.value}`);
}
