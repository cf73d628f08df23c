/** Only the unix socket is served, and only to root and the account of the server: no network port, no password. */
export const HBA = 'local all postgres peer map=cloud\n';
export const IDENT = 'cloud root postgres\ncloud postgres postgres\n';

/** Connections PostgreSQL accepts; the gateway's pools stay below (gateway/pools.ts). */
const MAX_CONNECTIONS = 80;

/** postgresql.conf of every data folder, written at each start so that a changed setting reaches old folders. */
export function clusterSettings(): string {
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: '/data',
    unix_socket_permissions: '0700',
    max_connections: MAX_CONNECTIONS,
    shared_preload_libraries: 'pg_cron,pg_documentdb_core,pg_documentdb,pg_documentdb_extended_rum',
    // Memory: a developer's machine with two cores, beside everything else.
    shared_buffers: '64MB',
    work_mem: '8MB',
    maintenance_work_mem: '32MB',
    dynamic_shared_memory_type: 'mmap', // the root folder has no /dev/shm
    max_wal_size: '512MB',
    min_wal_size: '64MB',
    wal_buffers: '4MB',
    wal_level: 'minimal',
    max_wal_senders: 0,
    io_method: 'sync', // no worker processes for reads that come from the page cache
    max_worker_processes: 12,
    max_parallel_workers_per_gather: 0,
    max_logical_replication_workers: 0,
    autovacuum_max_workers: 1,
    autovacuum_naptime: '5s', // plans follow statistics, and tests fill collections from nothing
    // Plans as MongoDB makes them: an index wherever one serves, its order instead of a sort. The data lies in memory.
    enable_seqscan: 'off',
    random_page_cost: 0.01,
    seq_page_cost: 0.01,
    jit: 'off', // compiling costs more than any statement here takes
    // Durability: what was acknowledged survives the death of every process and of the machine.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    deadlock_timeout: '200ms',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'fatal',
    log_checkpoints: 'off',
    'cron.database_name': 'postgres',
    'cron.use_background_workers': 'on', // no connection over the network, which does not exist
    'cron.log_run': 'off',
    'cron.log_statement': 'off',
    'documentdb.alternate_index_handler_name': 'extended_rum', // the other kind of index cannot give its order
    'documentdb.localhost_connection_string': 'host=/data',
    'documentdb.useFileBasedPersistedCursors': 'on', // cursors then need no connection of their own
    'documentdb.defaultCursorExpiryTimeLimitSeconds': 660, // a minute longer than the gateway keeps a cursor
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

/** Changes with INITIAL_SQL: a template or data folder of another revision gets the statements (again). */
export const REVISION = '2';

/**
 * Run in the template, and in a data folder of another revision; each statement may run again. The index build jobs start a process every two seconds for background builds, which the
 * gateway does not use. `transaction_outcomes` remembers commits so that a repeated commit can be answered exactly;
 * `batch_replies` does the same for a batch of writes (one statement alone is remembered by DocumentDB itself).
 */
export const INITIAL_SQL = `
CREATE EXTENSION IF NOT EXISTS documentdb CASCADE;
CREATE EXTENSION IF NOT EXISTS documentdb_extended_rum CASCADE;
SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname LIKE 'documentdb_index_build_task%';
CREATE SCHEMA IF NOT EXISTS gateway;
CREATE TABLE IF NOT EXISTS gateway.transaction_outcomes (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS gateway.batch_replies (id text PRIMARY KEY, reply bytea NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS transaction_outcomes_at ON gateway.transaction_outcomes (at);
CREATE INDEX IF NOT EXISTS batch_replies_at ON gateway.batch_replies (at);
CREATE OR REPLACE FUNCTION gateway.write_once(kind text, db text, spec documentdb_core.bson, docs documentdb_core.bsonsequence, write_id text)
RETURNS documentdb_core.bson LANGUAGE plpgsql AS $$
DECLARE known bytea; result documentdb_core.bson;
BEGIN
  SELECT reply INTO known FROM gateway.batch_replies WHERE id = write_id;
  IF FOUND THEN RETURN documentdb_core.bson_from_bytea(known); END IF;
  CASE kind
    WHEN 'insert' THEN SELECT p_result INTO result FROM documentdb_api.insert(db, spec, docs);
    WHEN 'update' THEN SELECT p_result INTO result FROM documentdb_api.update(db, spec, docs);
    WHEN 'delete' THEN SELECT p_result INTO result FROM documentdb_api.delete(db, spec, docs);
  END CASE;
  INSERT INTO gateway.batch_replies (id, reply) VALUES (write_id, documentdb_core.bson_to_bytea(result));
  RETURN result;
END $$;
CREATE OR REPLACE FUNCTION gateway.forget_old() RETURNS void LANGUAGE sql AS $$
  DELETE FROM gateway.transaction_outcomes WHERE at < now() - interval '1 hour';
  DELETE FROM gateway.batch_replies WHERE at < now() - interval '1 hour';
  DELETE FROM documentdb_data.retryable_writes WHERE write_time < now() - interval '1 hour';
$$;
SELECT cron.schedule('gateway_forget_old', '*/10 * * * *', 'SELECT gateway.forget_old()');
`;
