import type pg from 'pg';
import type { BSON } from 'mongodb';
import { decode, encode, find } from './bson-scan.js';
import type { Command } from './command.js';
import { describeDuplicate, duplicateFromServer, indexNamed } from './duplicate-key.js';
import type { Executor } from './executor.js';
import { writeConflict } from './gateway.errors.js';
import { bson, query, type Statement } from './postgres-pools.js';
import { meaningOf, toCommandError, unpackState, type ServerError } from './sqlstate.js';

type WriteKind = 'insert' | 'update' | 'delete';

const STATEMENT_ARRAY: Readonly<Record<WriteKind, string>> = {
  insert: 'documents',
  update: 'updates',
  delete: 'deletes',
};

/** `write_id` makes a repeated write answer what the first one did. */
const WRITES: Readonly<Record<WriteKind, Statement>> = {
  insert: writeStatement('insert'),
  update: writeStatement('update'),
  delete: writeStatement('delete'),
};
const WRITE_BATCH_ONCE: Statement = {
  name: 'write_once',
  text: 'SELECT gateway.write_once($1, $2::text, $3::documentdb_core.bson, $4::documentdb_core.bsonsequence, $5) AS p_result',
};
const FIND_AND_MODIFY: Statement = {
  name: 'find_and_modify',
  text: 'SELECT p_result FROM documentdb_api.find_and_modify($1::text, $2::documentdb_core.bson, $3)',
};

function writeStatement(kind: WriteKind): Statement {
  return {
    name: kind,
    text: `SELECT p_result FROM documentdb_api.${kind}($1::text, $2::documentdb_core.bson, $3::documentdb_core.bsonsequence, $4)`,
  };
}

/** insert, update and delete. */
export async function write(executor: Executor, command: Command, connection: object): Promise<Buffer> {
  const kind = command.name as WriteKind;
  let hasFailed = false;
  const reply = await executor.run(command, connection, true, async (client) => {
    const result = await duplicatesDescribed(client, command, () => writeOn(client, command, kind));
    hasFailed = find(result, 'writeErrors') !== null;
    return hasFailed ? translateWriteErrors(client, command, result) : result;
  });
  // Inside a transaction a failed statement ends it, as it does in MongoDB.
  if (hasFailed && command.transaction) await executor.transactions.endSession(command.transaction.session);
  return reply;
}

async function writeOn(client: pg.ClientBase, command: Command, kind: WriteKind): Promise<Buffer> {
  const { database, raw, writeId } = command;
  const documents = command.sequence?.documents ?? null;
  // DocumentDB itself remembers a single statement; of a batch it would repeat the rest.
  const isBatch = writeId !== null && command.documents(STATEMENT_ARRAY[kind]).length > 1;
  const [row] = isBatch
    ? await query(client, WRITE_BATCH_ONCE, [kind, database, raw, documents, writeId])
    : await query(client, WRITES[kind], [database, raw, documents, writeId]);
  return bson(row?.['p_result']);
}

export function findAndModify(executor: Executor, command: Command, connection: object): Promise<Buffer> {
  return executor.run(command, connection, true, (client) =>
    duplicatesDescribed(client, command, async () => {
      const [row] = await query(client, FIND_AND_MODIFY, [command.database, command.raw, command.writeId]);
      return bson(row?.['p_result']);
    }),
  );
}

/** A duplicate key thrown as an error is looked up while the connection is at hand; in a transaction it is lost by then. */
async function duplicatesDescribed(
  client: pg.ClientBase,
  command: Command,
  work: () => Promise<Buffer>,
): Promise<Buffer> {
  try {
    return await work();
  } catch (error) {
    if (toCommandError(error).code !== 11000) throw error;
    if (command.transaction) await client.query('ROLLBACK');
    throw await duplicateFromServer(client, command, error as ServerError);
  }
}

interface WriteError extends BSON.Document {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

/** DocumentDB reports packed states instead of codes, and duplicates without their key. */
async function translateWriteErrors(client: pg.ClientBase, command: Command, result: Buffer): Promise<Buffer> {
  const reply = decode(result) as { writeErrors: WriteError[] };
  const writeErrors: BSON.Document[] = [];
  for (const error of reply.writeErrors) {
    const [code] = error.code > 0xffffff ? meaningOf(unpackState(error.code)) : [error.code];
    if (code === 112) throw writeConflict();
    const indexName = code === 11000 ? indexNamed(error.errmsg) : null;
    const described = indexName
      ? await describeDuplicate(client, command, indexName, documentOf(command, error.index))
      : {};
    writeErrors.push({ ...error, code, ...described });
  }
  return encode({ ...reply, writeErrors });
}

/** What statement `index` was to write: an inserted document, or the fields an update sets and its equality conditions. */
function documentOf(command: Command, index: number): BSON.Document | null {
  const kind = command.name as WriteKind;
  const raw = command.documents(STATEMENT_ARRAY[kind])[index];
  if (!raw) return null;
  const statement = decode(raw);
  if (kind === 'insert') return statement;
  const change = statement['u'] as BSON.Document | undefined;
  if (!change || Array.isArray(change)) return null;
  const isReplacement = !Object.keys(change)[0]?.startsWith('$');
  return isReplacement
    ? change
    : { ...equalities(statement['q'] as BSON.Document), ...change['$set'], ...change['$setOnInsert'] };
}

function equalities(filter: BSON.Document): BSON.Document {
  return Object.fromEntries(
    Object.entries(filter ?? {}).filter(([name, value]) => !name.startsWith('$') && !isCondition(value)),
  );
}

function isCondition(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value)[0]?.startsWith('$') === true;
}
