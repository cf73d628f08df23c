import type pg from 'pg';
import { decode } from './bson-scan.js';
import type { Command } from './command.js';
import type { Executor } from './executor.js';
import { CommandError } from './gateway.errors.js';
import { listIndexes } from './index-catalog.js';
import { bson, query, type Row } from './postgres-pools.js';
import { notInTransaction } from './transactions.js';

type Definition = (client: pg.ClientBase, command: Command) => Promise<Buffer | Record<string, unknown>>;

const call = async (client: pg.ClientBase, text: string, values: unknown[]): Promise<Row | undefined> =>
  (await query(client, { name: null, text }, values))[0];

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  async create(client, command) {
    await call(client, 'SELECT documentdb_api.create_collection_view($1::text, $2::documentdb_core.bson)', [
      command.database,
      command.raw,
    ]);
    return { ok: 1 };
  },
  async createIndexes(client, command) {
    const text =
      'SELECT documentdb_api_internal.create_indexes_non_concurrently($1::text, $2::documentdb_core.bson, TRUE) AS document';
    const row = await call(client, text, [command.database, command.raw]);
    const { raw, ...rest } = decode(bson(row?.['document']));
    return { ...((raw as { defaultShard?: object } | undefined)?.defaultShard ?? {}), ...rest };
  },
  async drop(client, command) {
    const indexes = await listIndexes(client, command.database, command.collection).catch(() => []);
    const row = await call(client, 'SELECT documentdb_api.drop_collection($1::text, $2::text) AS existed', [
      command.database,
      command.collection,
    ]);
    return row?.['existed'] === 't' ? { nIndexesWas: indexes.length, ns: command.namespace, ok: 1 } : { ok: 1 };
  },
  async dropDatabase(client, command) {
    await call(client, 'SELECT documentdb_api.drop_database($1::text)', [command.database]);
    return { dropped: command.database, ok: 1 };
  },
  async dropIndexes(client, command) {
    const row = await call(client, 'CALL documentdb_api.drop_indexes($1::text, $2::documentdb_core.bson, NULL)', [
      command.database,
      command.raw,
    ]);
    return { ...decode(bson(row?.['retval'])), ok: 1 };
  },
  async collMod(client, command) {
    const text = 'SELECT documentdb_api.coll_mod($1::text, $2::text, $3::documentdb_core.bson) AS document';
    const row = await call(client, text, [command.database, command.collection, command.raw]);
    return bson(row?.['document']);
  },
  async renameCollection(client, command) {
    const {
      renameCollection,
      to,
      dropTarget = false,
    } = command.decode() as { renameCollection: string; to: string; dropTarget?: boolean };
    const [from, target] = [splitNamespace(renameCollection), splitNamespace(to)];
    if (from.database !== target.database) {
      throw new CommandError(115, 'CommandNotSupported', 'a collection can only be renamed inside its database');
    }
    const text = 'SELECT documentdb_api.rename_collection($1::text, $2::text, $3::text, $4::bool)';
    await call(client, text, [from.database, from.collection, target.collection, dropTarget]);
    return { ok: 1 };
  },
};

/** Runs commands that change definitions, one at a time: two at once would lock each other out. */
export class Definitions {
  private tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly executor: Executor) {}

  run(command: Command, connection: object): Promise<Buffer | Record<string, unknown>> {
    const define = DEFINITIONS[command.name];
    if (!define) throw new TypeError(`${command.name} defines nothing`);
    const runNow = (): Promise<Buffer | Record<string, unknown>> =>
      this.executor.run(command, connection, true, (client) => define(client, command));
    if (command.transaction) {
      if (command.name !== 'create' && command.name !== 'createIndexes') throw notInTransaction(command.name);
      return runNow(); // its connection holds locks already; waiting for others here could be for ever
    }
    const result = this.tail.then(runNow);
    this.tail = result.catch(() => undefined);
    return result;
  }
}

function splitNamespace(namespace: string): { database: string; collection: string } {
  const dot = namespace.indexOf('.');
  return { database: namespace.slice(0, dot), collection: namespace.slice(dot + 1) };
}
