import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Conflict } from '../errors/app-error.js';
import { currentContext } from '../http/request-context.js';

/** One try and five more (sessions.md 7.1); a caller waits, so it is told. Work without a caller goes on for the driver's two minutes. */
const REQUEST_ATTEMPTS = 6;

/** Mean pause before the first repetition, ms; doubled for each further one, with full jitter. */
const BACKOFF_MS = 5;

function concurrentModification(): Conflict {
  return new Conflict(
    'CONCURRENT_MODIFICATION',
    'Others were changing the same records all the time; nothing was changed',
    {
      suggestion: 'Read the current state and send the request again',
      headers: { 'Retry-After': '1' },
    },
  );
}

/**
 * One transaction. Every Mongoose call made inside `work` joins it by itself (transactionAsyncLocalStorage, set in
 * database.module.ts); calls must be awaited one after another. Write conflicts are retried by the driver, so `work` may run
 * more than once and must have no effect outside the database.
 */
@Injectable()
export class UnitOfWork {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** @throws Conflict `CONCURRENT_MODIFICATION` when, in a request, others wrote the same documents six times in a row */
  async run<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined;
    let attempts = 0;
    const isRequest = currentContext() !== undefined;
    await this.connection.transaction(async () => {
      attempts += 1;
      if (isRequest && attempts > REQUEST_ATTEMPTS) throw concurrentModification();
      // before the first read, which fixes the snapshot: whoever was in the way has gone by then
      if (attempts > 1) await new Promise((resolve) => setTimeout(resolve, Math.random() * BACKOFF_MS * 2 ** attempts));
      result = await work();
    });
    return result as T;
  }
}
