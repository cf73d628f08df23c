import type pg from 'pg';
import type { Command } from './command.js';
import { CommandError } from './gateway.errors.js';
import type { PostgresPools } from './postgres-pools.js';
import { toCommandError } from './sqlstate.js';
import type { Transactions } from './transactions.js';

/** MongoDB repeats a single write that met a conflict by itself; so often do we. */
const CONFLICT_ATTEMPTS = 50;

/** Runs a command's statement where it belongs: in its transaction or on any connection, within its time limit. */
export class Executor {
  constructor(
    readonly pools: PostgresPools,
    readonly transactions: Transactions,
  ) {}

  run<T>(
    command: Command,
    connection: object,
    writes: boolean,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const limited = (client: pg.PoolClient): Promise<T> => this.withinTime(command, client, work);
    if (command.transaction) return this.transactions.run(command.transaction, connection, writes, limited);
    return this.repeatOnConflict(() => this.pools.withConnection(limited));
  }

  private async repeatOnConflict<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        const failure = toCommandError(error);
        if (failure.code !== 112 || attempt === CONFLICT_ATTEMPTS) throw error;
      }
    }
  }

  private async withinTime<T>(
    command: Command,
    client: pg.PoolClient,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    if (command.maxTimeMs === null) return work(client);
    let cancelled: Promise<unknown> | null = null;
    const timer = setTimeout(() => {
      cancelled = this.pools.cancel(client).catch(() => undefined);
    }, command.maxTimeMs);
    try {
      return await work(client);
    } catch (error) {
      if (cancelled) throw new CommandError(50, 'MaxTimeMSExpired', 'operation exceeded time limit');
      throw error;
    } finally {
      clearTimeout(timer);
      // A cancellation that comes too late must not hit whoever gets the connection next.
      if (cancelled) await (cancelled as Promise<unknown>).then(() => client.query('SELECT 1')).catch(() => undefined);
    }
  }
}
