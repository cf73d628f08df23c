import type pg from 'pg';
import type { BSON } from 'mongodb';
import { decode } from './bson-scan.js';
import type { Command } from './command.js';
import { CommandError } from './gateway.errors.js';
import { indexOfConstraint, listIndexes } from './index-catalog.js';
import type { ServerError } from './sqlstate.js';

/** What MongoDB tells about a duplicate key, as far as DocumentDB lets us know. */
export interface DuplicateKey {
  readonly errmsg: string;
  readonly keyPattern?: Record<string, unknown>;
  readonly keyValue?: Record<string, unknown>;
}

/**
 * @param indexName as the database named it
 * @param document the document that was to be written, where it is known
 */
export async function describeDuplicate(
  client: pg.ClientBase,
  command: Command,
  indexName: string,
  document: BSON.Document | null,
): Promise<DuplicateKey> {
  const collection = command.collection;
  const indexes = await listIndexes(client, command.database, collection).catch(() => []);
  const keyPattern = indexes.find(({ name }) => name === indexName)?.key;
  const keyValue = keyPattern && document ? valuesOf(keyPattern, document) : undefined;
  const key = keyValue ? ` dup key: ${JSON.stringify(keyValue)}` : '';
  return {
    errmsg: `E11000 duplicate key error collection: ${command.database}.${collection} index: ${indexName}${key}`,
    ...(keyPattern ? { keyPattern } : {}),
    ...(keyValue ? { keyValue } : {}),
  };
}

/** Index name in the text of a write error: `…: Index 'name'`. */
export function indexNamed(message: string): string | null {
  return /Index '(.+)'/.exec(message)?.[1] ?? null;
}

/** A thrown duplicate names a constraint, and its detail holds the document. */
export async function duplicateFromServer(
  client: pg.ClientBase,
  command: Command,
  error: ServerError,
): Promise<CommandError> {
  const own = error.constraint ? await indexOfConstraint(client, error.constraint).catch(() => null) : null;
  const name =
    own?.name ?? indexNamed(error.message) ?? (error.constraint?.startsWith('collection_pk') ? '_id_' : 'unknown');
  const { errmsg, ...fields } = await describeDuplicate(client, command, name, documentInDetail(error.detail));
  return new CommandError(11000, 'DuplicateKey', errmsg, { fields });
}

function documentInDetail(detail: string | undefined): BSON.Document | null {
  const hexadecimal = /=\(BSONHEX([0-9a-fA-F]+)/.exec(detail ?? '')?.[1];
  if (!hexadecimal) return null;
  try {
    return decode(Buffer.from(hexadecimal, 'hex'));
  } catch {
    return null; // a shortened detail
  }
}

/** The document's values at the index's paths; a path that meets an array stays unknown (null), as does a missing field. */
export function valuesOf(keyPattern: Record<string, unknown>, document: BSON.Document): Record<string, unknown> {
  return Object.fromEntries(Object.keys(keyPattern).map((path) => [path, valueAt(document, path.split('.'))]));
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value ?? null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return valueAt((value as Record<string, unknown>)[head], rest);
}
