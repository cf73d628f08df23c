/**
 * Transactions: one PostgreSQL connection for each, at REPEATABLE READ, found by logical session and number.
 *
 * A transaction ends by commit, by abort, by any error inside it (as MongoDB does), by age (60 s), or because the
 * connection it was last used on closed and nobody came back for it.
 *
 * A commit writes its id in the same PostgreSQL transaction. Asked again (the client lost the answer, or the gateway or the
 * server died in between) the id tells whether it happened.
 */
import type pg from 'pg';
import type { TransactionMark } from './command.js';
import { CommandError, noSuchTransaction } from './gateway.errors.js';
import { query, type PostgresPools } from './postgres-pools.js';
import { isLostConnection, toCommandError } from './sqlstate.js';

/** MongoDB's transactionLifetimeLimitSeconds. */
const LIFETIME_MS = 60_000;
/** A driver may go on over another connection of its pool; a dead client does not. */
const ORPHAN_GRACE_MS = 5_000;
const REAP_EVERY_MS = 1_000;
/** Committed transactions remembered here, for those that wrote nothing and so left no trace in the database. */
const REMEMBERED_COMMITS = 10_000;

interface Transaction {
  readonly id: string;
  readonly number: bigint;
  readonly client: pg.PoolClient;
  readonly startedAt: number;
  /** What runs on it now and next; statements of one transaction never overlap. */
  tail: Promise<unknown>;
  connection: object;
  orphanedAt: number | null;
  hasWritten: boolean;
}

export class Transactions {
  private readonly open = new Map<string, Transaction>();
  private readonly committed = new Set<string>();
  private readonly reaper = setInterval(() => this.reap(), REAP_EVERY_MS).unref();

  constructor(private readonly pools: PostgresPools) {}

  get size(): number {
    return this.open.size;
  }

  /** Runs a statement of the transaction; any failure ends the transaction. */
  async run<T>(
    mark: TransactionMark,
    connection: object,
    writes: boolean,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const transaction = mark.starts ? await this.start(mark, connection) : this.get(mark);
    transaction.connection = connection;
    transaction.orphanedAt = null;
    if (writes) transaction.hasWritten = true;
    const result = transaction.tail.then(() => {
      if (this.open.get(mark.session) !== transaction)
        throw noSuchTransaction(`Transaction ${mark.number} has been aborted.`);
      return work(transaction.client);
    });
    transaction.tail = result.catch(() => undefined);
    try {
      return await result;
    } catch (error) {
      await this.end(mark.session, transaction);
      const failure = toCommandError(error);
      const isTransient = failure.code === 112 || isLostConnection(error);
      throw isTransient ? failure.withLabel('TransientTransactionError') : failure;
    }
  }

  async commit(mark: TransactionMark): Promise<void> {
    const transaction = this.open.get(mark.session);
    if (!transaction || transaction.number !== mark.number) return this.recall(mark);
    await transaction.tail;
    if (this.open.get(mark.session) !== transaction)
      throw noSuchTransaction(`Transaction ${mark.number} has been aborted.`);
    this.open.delete(mark.session);
    const { client, id, hasWritten } = transaction;
    try {
      if (hasWritten) await query(client, REMEMBER_OUTCOME, [id]);
      await client.query('COMMIT');
      client.release();
      this.remember(id);
    } catch (error) {
      client.release(true);
      if (isLostConnection(error)) return this.recall(mark);
      throw toCommandError(error).withLabel('TransientTransactionError');
    }
  }

  async abort(mark: TransactionMark): Promise<void> {
    const transaction = this.get(mark);
    await this.end(mark.session, transaction);
  }

  /** Ends what a closed session left open. */
  async endSession(session: string): Promise<void> {
    const transaction = this.open.get(session);
    if (transaction) await this.end(session, transaction);
  }

  /** A client's connection closed: transactions last used on it end, unless they are used again soon. */
  connectionClosed(connection: object): void {
    for (const transaction of this.open.values()) {
      if (transaction.connection === connection) transaction.orphanedAt = Date.now();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.reaper);
    await Promise.all([...this.open].map(([session, transaction]) => this.end(session, transaction)));
  }

  private get(mark: TransactionMark): Transaction {
    const transaction = this.open.get(mark.session);
    if (!transaction || transaction.number !== mark.number) {
      throw noSuchTransaction(`Given transaction number ${mark.number} does not match any in-progress transactions.`);
    }
    return transaction;
  }

  private async start(mark: TransactionMark, connection: object): Promise<Transaction> {
    await this.endSession(mark.session); // a new number on a session aborts what was open
    const client = await this.pools.takeForTransaction();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    } catch (error) {
      client.release(true);
      throw toCommandError(error).withLabel('TransientTransactionError');
    }
    const transaction: Transaction = {
      id: outcomeId(mark),
      number: mark.number,
      client,
      startedAt: Date.now(),
      tail: Promise.resolve(),
      connection,
      orphanedAt: null,
      hasWritten: false,
    };
    this.open.set(mark.session, transaction);
    return transaction;
  }

  private async end(session: string, transaction: Transaction): Promise<void> {
    if (this.open.get(session) !== transaction) return;
    this.open.delete(session);
    await transaction.tail;
    try {
      await transaction.client.query('ROLLBACK');
      transaction.client.release();
    } catch {
      transaction.client.release(true); // closing the connection rolls back too
    }
  }

  /** Answers a commit whose transaction is not open (any more) from what the database remembers. */
  private async recall(mark: TransactionMark): Promise<void> {
    if (this.committed.has(outcomeId(mark))) return;
    let rows: unknown[];
    try {
      rows = await this.pools.withConnection((client) => query(client, RECALL_OUTCOME, [outcomeId(mark)]));
    } catch (error) {
      throw toCommandError(error).withLabel('UnknownTransactionCommitResult');
    }
    if (rows.length === 0) throw noSuchTransaction(`Transaction ${mark.number} has been aborted.`);
  }

  private remember(id: string): void {
    this.committed.add(id);
    if (this.committed.size <= REMEMBERED_COMMITS) return;
    const [oldest] = this.committed;
    if (oldest) this.committed.delete(oldest);
  }

  private reap(): void {
    const now = Date.now();
    for (const [session, transaction] of this.open) {
      const isOrphan = transaction.orphanedAt !== null && now - transaction.orphanedAt > ORPHAN_GRACE_MS;
      if (!isOrphan && now - transaction.startedAt < LIFETIME_MS) continue;
      this.pools.cancel(transaction.client).catch(() => undefined); // what it waits for may never come
      this.end(session, transaction).catch(() => undefined);
    }
  }
}

const REMEMBER_OUTCOME = {
  name: 'remember_outcome',
  text: 'INSERT INTO gateway.transaction_outcomes (id) VALUES ($1)',
};
const RECALL_OUTCOME = { name: 'recall_outcome', text: 'SELECT id FROM gateway.transaction_outcomes WHERE id = $1' };

function outcomeId(mark: TransactionMark): string {
  return `${mark.session}:${mark.number}`;
}

/** Commands that make no sense in a transaction, as MongoDB refuses them. */
export function notInTransaction(name: string): CommandError {
  return new CommandError(
    263,
    'OperationNotSupportedInTransaction',
    `Cannot run '${name}' in a multi-document transaction.`,
  );
}
