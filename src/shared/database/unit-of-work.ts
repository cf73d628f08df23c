import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/**
 * One transaction. Every Mongoose call made inside `work` joins it by itself (transactionAsyncLocalStorage, set in
 * database.module.ts); calls must be awaited one after another. Write conflicts are retried by the driver, so `work` may run
 * more than once and must have no effect outside the database.
 */
@Injectable()
export class UnitOfWork {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined;
    await this.connection.transaction(async () => {
      result = await work();
    });
    return result as T;
  }
}
