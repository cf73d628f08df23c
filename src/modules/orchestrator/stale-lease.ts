import { AppError } from '../../shared/errors/app-error.js';

/** The run has lost its lease; told by its code, because `StaleLease` lives with the database. */
export function isStaleLease(error: unknown): boolean {
  return error instanceof AppError && error.code === 'STALE_LEASE';
}
