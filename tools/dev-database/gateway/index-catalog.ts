import type pg from 'pg';
import type { BSON } from 'mongodb';
import { bson, query } from './postgres-pools.js';
import { decode, encode } from './bson-scan.js';

export interface IndexEntry extends BSON.Document {
  readonly name: string;
  readonly key: Record<string, unknown>;
  readonly unique?: boolean;
}

const LIST = {
  name: 'list_indexes',
  text: 'SELECT cursorpage FROM documentdb_api.list_indexes_cursor_first_page($1::text, $2::documentdb_core.bson)',
};

/** The indexes of a collection as MongoDB lists them, without what only DocumentDB knows of. */
export async function listIndexes(client: pg.ClientBase, database: string, collection: string): Promise<IndexEntry[]> {
  const spec = encode({ listIndexes: collection, cursor: { batchSize: 1000 } });
  const [row] = await query(client, LIST, [database, spec]);
  const page = decode(bson(row?.['cursorpage'])) as { cursor: { firstBatch: IndexEntry[] } };
  return page.cursor.firstBatch.map(({ storageEngine: _own, ...entry }) => entry as IndexEntry);
}

const BY_CONSTRAINT = {
  name: 'index_by_id',
  text:
    'SELECT (index_spec).index_name AS name, database_name, collection_name ' +
    'FROM documentdb_api_catalog.collection_indexes JOIN documentdb_api_catalog.collections USING (collection_id) WHERE index_id = $1',
};

/** Name of the index behind a constraint `documents_rum_index_<id>`; null for any other constraint. */
export async function indexOfConstraint(
  client: pg.ClientBase,
  constraint: string,
): Promise<{ name: string; namespace: string } | null> {
  const id = /_index_(\d+)$/.exec(constraint)?.[1];
  if (!id) return null;
  const [row] = await query(client, BY_CONSTRAINT, [id]);
  return row ? { name: row['name'] ?? '', namespace: `${row['database_name']}.${row['collection_name']}` } : null;
}
