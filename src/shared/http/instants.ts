import { invalidField } from '../errors/field-problems.js';

/** A client's clock may run ahead of ours by so much, in ms. */
const AHEAD_MS = 60_000;

/**
 * An instant that a client remembers, such as `updated_since`. Some spellings of ISO 8601 (weeks, ordinal days) are none.
 * @throws AppError 400 naming the field, also for an instant that is still to come
 */
export function pastInstant(field: string, text: string): Date {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) {
    throw invalidField(field, 'format', `${field} must be a date and time of ISO 8601`);
  }
  if (instant.getTime() > Date.now() + AHEAD_MS) {
    throw invalidField(field, 'range', `${field} must not lie in the future`);
  }
  return instant;
}
