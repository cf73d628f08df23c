import { BSON } from 'mongodb';
import { decode, documentAt, elements, encode, find, numberAt, TYPE } from './bson-scan.js';
import type { Command } from './command.js';
import type { Cursors } from './cursors.js';
import type { Executor } from './executor.js';
import { listIndexes as readIndexes } from './index-catalog.js';
import { bson, query, type Statement } from './postgres-pools.js';

const FIRST_PAGES: Readonly<Record<string, Statement>> = {
  find: firstPage('find_cursor_first_page'),
  aggregate: firstPage('aggregate_cursor_first_page'),
  listCollections: firstPage('list_collections_cursor_first_page'),
};
const GET_MORE: Statement = {
  name: 'get_more',
  text: 'SELECT cursorpage, continuation FROM documentdb_api.cursor_get_more($1::text, $2::documentdb_core.bson, $3::documentdb_core.bson)',
};
const DELETE_CURSORS: Statement = {
  name: 'delete_cursors',
  text: 'SELECT documentdb_api_internal.delete_cursors($1::bigint[])',
};
const SINGLE: Readonly<Record<string, Statement>> = {
  count: { name: 'count', text: 'SELECT document FROM documentdb_api.count_query($1::text, $2::documentdb_core.bson)' },
  distinct: {
    name: 'distinct',
    text: 'SELECT document FROM documentdb_api.distinct_query($1::text, $2::documentdb_core.bson)',
  },
};

function firstPage(name: string): Statement {
  return {
    name,
    text: `SELECT cursorpage, continuation FROM documentdb_api.${name}($1::text, $2::documentdb_core.bson)`,
  };
}

/** find, aggregate and listCollections: the first page, and a cursor where there is more. */
export function openCursor(
  executor: Executor,
  cursors: Cursors,
  command: Command,
  connection: object,
): Promise<Buffer> {
  const statement = FIRST_PAGES[command.name];
  if (!statement) throw new TypeError(`${command.name} opens no cursor`);
  const writes = command.name === 'aggregate' && (command.raw.includes('$merge') || command.raw.includes('$out'));
  return executor.run(command, connection, writes, async (client) => {
    const [row] = await query(client, statement, [command.database, command.raw]);
    const page = bson(row?.['cursorpage']);
    const id = cursorId(page);
    if (id !== 0n && row?.['continuation']) {
      cursors.add({
        id,
        namespace: command.namespace,
        database: command.database,
        session: command.session,
        inTransaction: command.transaction !== null,
        continuation: bson(row['continuation']),
      });
    }
    return page;
  });
}

export async function getMore(
  executor: Executor,
  cursors: Cursors,
  command: Command,
  connection: object,
): Promise<Buffer> {
  const cursor = cursors.get(command.number('getMore') ?? 0n);
  return executor.run(command, connection, false, async (client) => {
    const [row] = await query(client, GET_MORE, [command.database, command.raw, cursor.continuation]);
    const page = bson(row?.['cursorpage']);
    if (cursorId(page) === 0n || !row?.['continuation']) cursors.remove(cursor.id);
    else cursor.continuation = bson(row['continuation']);
    return page;
  });
}

export async function killCursors(
  executor: Executor,
  cursors: Cursors,
  command: Command,
): Promise<Record<string, unknown>> {
  const ids = ((command.decode()['cursors'] as (BSON.Long | number | bigint)[] | undefined) ?? []).map((id) =>
    BigInt(id.toString()),
  );
  const killed = ids.filter((id) => cursors.remove(id));
  await deleteCursors(executor, killed);
  const longs = (list: bigint[]): BSON.Long[] => list.map((id) => BSON.Long.fromBigInt(id));
  return {
    cursorsKilled: longs(killed),
    cursorsNotFound: longs(ids.filter((id) => !killed.includes(id))),
    cursorsAlive: [],
    cursorsUnknown: [],
    ok: 1,
  };
}

/** Removes the files of cursors nobody reads any more. */
export async function deleteCursors(executor: Executor, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await executor.pools.withConnection((client) => query(client, DELETE_CURSORS, [`{${ids.join(',')}}`]));
}

/** count and distinct. */
export function readOnce(executor: Executor, command: Command, connection: object): Promise<Buffer> {
  const statement = SINGLE[command.name];
  if (!statement) throw new TypeError(`${command.name} is no single read`);
  return executor.run(command, connection, false, async (client) => {
    const [row] = await query(client, statement, [command.database, command.raw]);
    return bson(row?.['document']);
  });
}

export function listIndexes(executor: Executor, command: Command, connection: object): Promise<Buffer> {
  return executor.run(command, connection, false, async (client) => {
    const firstBatch = await readIndexes(client, command.database, command.collection);
    return encode({ cursor: { id: BSON.Long.ZERO, ns: command.namespace, firstBatch }, ok: 1 });
  });
}

export function listDatabases(
  executor: Executor,
  command: Command,
  connection: object,
): Promise<Record<string, unknown>> {
  const statement: Statement = {
    name: 'list_databases',
    text: 'SELECT documentdb_api.list_databases($1::documentdb_core.bson) AS document',
  };
  return executor.run(command, connection, false, async (client) => {
    const [row] = await query(client, statement, [command.raw]);
    return decode(bson(row?.['document']));
  });
}

function cursorId(page: Buffer): bigint {
  const cursor = find(page, 'cursor');
  if (cursor?.type !== TYPE.document) return 0n;
  const body = documentAt(page, cursor);
  for (const element of elements(body)) if (element.name === 'id') return numberAt(body, element) ?? 0n;
  return 0n;
}
