import { invalidField } from '../../../shared/errors/field-problems.js';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `30m`, `24h`, `7d` before now, or an instant of ISO 8601.
 * @throws AppError 400 naming the field
 */
export function instantOf(field: string, text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const instant = count && unit ? new Date(now.getTime() - Number(count) * (UNITS_MS[unit] ?? 0)) : isoInstant(text);
  if (!instant || Number.isNaN(instant.getTime())) {
    const forms = field === 'since' ? 'a duration such as 30m, 24h or 7d, or a date and time' : 'a date and time';
    throw invalidField(field, 'format', `${field} must be ${forms} of ISO 8601`);
  }
  return instant;
}

function isoInstant(text: string): Date | null {
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.test(text) ? new Date(text) : null;
}
