import { Conflict } from '../../../shared/errors/app-error.js';
import type { Operation } from './operation.js';

/** @throws Conflict `RESOURCE_CONFLICT` */
export function requireRetryable({ operationId, status }: Operation): void {
  if (status === 'failed' || status === 'cancelled') return;
  throw new Conflict(
    'RESOURCE_CONFLICT',
    `Operation ${operationId} is ${status}; only a failed or cancelled one can be retried`,
    {
      details: { operationId, status },
    },
  );
}
