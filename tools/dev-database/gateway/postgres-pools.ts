import pg from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { isLostConnection } from './sqlstate.js';

/** Connections for single statements. More would only fight for two cores; requests above wait in line. */
const STATEMENT_CONNECTIONS = 16;
/** Transactions open at once; each keeps its connection. Others wait until one ends. */
const TRANSACTION_CONNECTIONS = 40;
/** How long a restarting server is waited for before a command fails. */
const RECONNECT_PATIENCE_MS = 15_000;

export type Row = Record<string, string | null>;

export interface Statement {
  /** Name under which each connection keeps it prepared; null for one that is not worth it. */
  readonly name: string | null;
  readonly text: string;
}

/** Values are sent in binary form when they are bytes; results are read as text (BSON as `BSONHEX…`). */
export async function query(client: pg.ClientBase, { name, text }: Statement, values: unknown[]): Promise<Row[]> {
  const result = await client.query<Row>({ ...(name ? { name } : {}), text, values, types: AS_TEXT });
  return result.rows;
}

const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** BSON of a result column. @throws TypeError when it is null */
export function bson(value: string | null | undefined): Buffer {
  if (!value) throw new TypeError('the database answered without a document');
  return Buffer.from(value.slice(7), 'hex');
}

export class PostgresPools {
  private readonly statements: pg.Pool;
  private readonly transactions: pg.Pool;

  constructor(socketFolder: string) {
    const common: pg.PoolConfig = {
      host: socketFolder,
      user: 'postgres',
      database: 'postgres',
      application_name: 'gateway',
    };
    this.statements = new pg.Pool({ ...common, max: STATEMENT_CONNECTIONS, idleTimeoutMillis: 60_000 });
    this.transactions = new pg.Pool({ ...common, max: TRANSACTION_CONNECTIONS, idleTimeoutMillis: 30_000 });
    for (const pool of [this.statements, this.transactions]) {
      // An idle connection whose server went away is dropped by the pool; one in use says so at its next statement.
      pool.on('error', () => undefined);
      pool.on('connect', (client) => client.on('error', () => undefined));
    }
  }

  /** Runs one piece of work on a connection of its own. */
  async withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await connect(this.statements);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isLostConnection(error);
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** A connection to keep; the caller releases it (`release(true)` closes it). */
  takeForTransaction(): Promise<pg.PoolClient> {
    return connect(this.transactions);
  }

  /** Interrupts what the connection is doing, from another one. */
  async cancel(client: pg.ClientBase): Promise<void> {
    const backend = (client as unknown as { processID?: number | null }).processID;
    if (backend) await this.withConnection((other) => other.query('SELECT pg_cancel_backend($1)', [backend]));
  }

  async end(): Promise<void> {
    await Promise.all([this.statements.end(), this.transactions.end()]);
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  const deadline = Date.now() + RECONNECT_PATIENCE_MS;
  for (;;) {
    try {
      return await pool.connect();
    } catch (error) {
      if (!isLostConnection(error) || Date.now() > deadline) throw error;
      await pause(50);
    }
  }
}
