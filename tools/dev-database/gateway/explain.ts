/**
 * explain: PostgreSQL's plan told in MongoDB's stages.
 *
 * Scans become IXSCAN (below FETCH) or COLLSCAN, sorts in memory SORT, limits LIMIT, grouping GROUP; nodes that only pass
 * rows on are left out. The index of `_id` without a condition on it is how PostgreSQL is made to read everything: that is
 * a COLLSCAN, unless its order is wanted.
 *
 * The collection's statistics are renewed first, so that the plan of a collection filled a moment ago is the one it keeps.
 */
import type pg from 'pg';
import type { BSON } from 'mongodb';
import { encode } from './bson-scan.js';
import { Command } from './command.js';
import type { Executor } from './executor.js';
import { CommandError } from './gateway.errors.js';
import { listIndexes, type IndexEntry } from './index-catalog.js';
import { query } from './postgres-pools.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Scan Direction'?: string;
  readonly 'Custom Plan Provider'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly IndexDetails?: readonly {
    readonly indexName: string;
    readonly isMultiKey?: boolean;
    readonly indexBounds?: unknown;
  }[];
  readonly Plans?: readonly PlanNode[];
}

export interface Stage extends BSON.Document {
  readonly stage: string;
  readonly inputStage?: Stage;
  readonly inputStages?: readonly Stage[];
}

const EXPLAINABLE: Readonly<Record<string, string>> = {
  find: 'find',
  aggregate: 'pipeline',
  count: 'count',
  distinct: 'distinct',
  update: 'update',
  delete: 'delete',
};

export function explain(executor: Executor, command: Command, connection: object): Promise<Record<string, unknown>> {
  const inner = command.document('explain');
  if (!inner) throw new CommandError(9, 'FailedToParse', 'explain needs a command');
  const explained = new Command({ id: 0, command: inner, sequence: null, wantsReply: true, legacy: false });
  const fn = EXPLAINABLE[explained.name] ?? (explained.name === 'findAndModify' ? 'find' : undefined);
  if (!fn) throw new CommandError(59, 'CommandNotFound', `Explain failed due to unknown command: ${explained.name}`);
  const spec = explained.name === 'findAndModify' ? asFind(explained) : inner;
  const runs = command.text('verbosity') !== 'queryPlanner' && !['update', 'delete'].includes(explained.name);
  return executor.run(command, connection, false, async (client) => {
    const collection = explained.collection;
    if (!command.transaction) await renewStatistics(client, command.database, collection);
    const options = runs ? 'ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON' : 'FORMAT JSON';
    const text = `EXPLAIN (${options}) SELECT document FROM documentdb_api_catalog.bson_aggregation_${fn}($1::text, $2::documentdb_core.bson)`;
    const [row] = await query(client, { name: null, text }, [command.database, spec]);
    const [top] = JSON.parse(row?.['QUERY PLAN'] ?? '[]') as { Plan: PlanNode; 'Execution Time'?: number }[];
    if (!top) throw new CommandError(1, 'InternalError', 'the database gave no plan');
    const indexes = await listIndexes(client, command.database, collection).catch(() => []);
    const namespace = `${command.database}.${collection}`;
    return describe(top, indexes, namespace, explained.decode());
  });
}

const TABLE_OF = {
  name: 'table_of',
  text: 'SELECT collection_id FROM documentdb_api_catalog.collections WHERE database_name = $1 AND collection_name = $2',
};

async function renewStatistics(client: pg.ClientBase, database: string, collection: string): Promise<void> {
  const [row] = await query(client, TABLE_OF, [database, collection]);
  const id = row?.['collection_id'];
  if (id) await client.query(`ANALYZE documentdb_data.documents_${Number(id)}`);
}

/** The part of a findAndModify that has a plan: which document it takes. */
function asFind(explained: Command): Buffer {
  const { query: filter = {}, sort = {}, hint } = explained.decode();
  return encode({ find: explained.collection, filter, sort, limit: 1, hint });
}

function describe(
  top: { Plan: PlanNode; 'Execution Time'?: number },
  indexes: readonly IndexEntry[],
  namespace: string,
  command: BSON.Document,
): Record<string, unknown> {
  const winningPlan = toStage(top.Plan, { indexes, wantsIdOrder: sortsById(command) }) ?? { stage: 'EOF' };
  const counts = countExamined(top.Plan);
  const hasRun = top.Plan['Actual Rows'] !== undefined;
  return {
    explainVersion: '1',
    queryPlanner: {
      namespace,
      indexFilterSet: false,
      parsedQuery: command['filter'] ?? command['query'] ?? {},
      winningPlan,
      rejectedPlans: [],
    },
    ...(hasRun
      ? {
          executionStats: {
            executionSuccess: true,
            nReturned: total(top.Plan),
            executionTimeMillis: Math.round(top['Execution Time'] ?? 0),
            totalKeysExamined: counts.keys,
            totalDocsExamined: counts.documents,
            executionStages: { ...winningPlan, nReturned: total(top.Plan) },
          },
        }
      : {}),
    command,
    serverInfo: { version: 'documentdb' },
    ok: 1,
  };
}

interface PlanContext {
  readonly indexes: readonly IndexEntry[];
  readonly wantsIdOrder: boolean;
}

function sortsById(command: BSON.Document): boolean {
  const stages = (command['pipeline'] ?? []) as BSON.Document[];
  const sort = command['sort'] ?? stages.find((stage) => '$sort' in stage)?.['$sort'] ?? {};
  return Object.keys(sort)[0] === '_id';
}

/** Null for a node that has nothing to tell, as one that yields a constant. */
export function toStage(node: PlanNode, context: PlanContext): Stage | null {
  if (readsEverything(node, context)) return { stage: 'COLLSCAN', direction: 'forward' };
  const inputs = (node.Plans ?? []).map((plan) => toStage(plan, context)).filter((stage) => stage !== null);
  const wrap = (stage: string): Stage =>
    inputs.length > 1 ? { stage, inputStages: inputs } : inputs[0] ? { stage, inputStage: inputs[0] } : { stage };
  switch (node['Node Type']) {
    case 'Index Scan':
    case 'Index Only Scan':
      return { stage: 'FETCH', inputStage: indexScan(node, context.indexes) };
    case 'Bitmap Index Scan':
      return indexScan(node, context.indexes);
    case 'Bitmap Heap Scan':
      return wrap('FETCH');
    case 'BitmapOr':
      return { stage: 'OR', inputStages: inputs };
    case 'BitmapAnd':
      return { stage: 'AND_SORTED', inputStages: inputs };
    case 'Seq Scan':
      return { stage: 'COLLSCAN', direction: 'forward' };
    case 'Sort':
    case 'Incremental Sort':
      return wrap('SORT');
    case 'Merge Append':
      return wrap('SORT_MERGE');
    case 'Limit':
      return wrap('LIMIT');
    case 'Aggregate':
    case 'Group':
    case 'WindowAgg':
      return wrap('GROUP');
    default:
      return inputs.length > 1 ? { stage: 'OR', inputStages: inputs } : (inputs[0] ?? null);
  }
}

function readsEverything(node: PlanNode, { wantsIdOrder }: PlanContext): boolean {
  const scan = node['Node Type'] === 'Bitmap Heap Scan' ? node.Plans?.[0] : node;
  if (!scan || scan['Index Name'] !== '_id_' || wantsIdOrder) return false;
  return !scan['Index Cond']?.includes('object_id');
}

function indexScan(node: PlanNode, indexes: readonly IndexEntry[]): Stage {
  const indexName = node['Index Name'] ?? '';
  const index = indexes.find(({ name }) => name === indexName);
  return {
    stage: 'IXSCAN',
    indexName,
    keyPattern: index?.key ?? {},
    isUnique: index?.unique === true || indexName === '_id_',
    isPartial: index?.['partialFilterExpression'] !== undefined,
    direction: node['Scan Direction'] === 'Backward' ? 'backward' : 'forward',
  };
}

function countExamined(node: PlanNode): { keys: number; documents: number } {
  const below = (node.Plans ?? []).map(countExamined);
  let keys = below.reduce((sum, one) => sum + one.keys, 0);
  let documents = below.reduce((sum, one) => sum + one.documents, 0);
  const loops = node['Actual Loops'] ?? 1;
  const removed = ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * loops;
  const type = node['Node Type'];
  if (['Index Scan', 'Index Only Scan', 'Bitmap Index Scan'].includes(type)) keys += total(node) + removed;
  if (['Index Scan', 'Bitmap Heap Scan', 'Seq Scan'].includes(type)) documents += total(node) + removed;
  return { keys, documents };
}

function total(node: PlanNode): number {
  return Math.round((node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1));
}
