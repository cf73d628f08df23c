/**
 * Provides a database for development and tests, by the first way that is open (design.md, Database):
 *
 * 1. `MONGODB_URI` is used as it is.
 * 2. `MONGOD_BINARY`, 3. a `mongod` on the PATH, 4. one downloaded by mongodb-memory-server: a one-node replica set.
 * 5. On Linux as root: PostgreSQL with DocumentDB behind the gateway.
 *
 * A data folder stays with the way that filled it: the other kind would start empty beside it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { DatabaseUnavailable } from './dev-database.error.js';
import { startDocumentDb, whyNotDocumentDb } from './documentdb/documentdb.js';
import { FileLock } from './file-lock.js';
import { downloadMongod } from './mongod/download-mongod.js';
import { startMongod } from './mongod/mongod.js';
import { findOnPath, isExecutable } from './processes.js';
import type { Running, StartRequest } from './start-request.js';

export type DatabaseVia = 'given' | 'mongod-binary' | 'mongod-path' | 'mongod-download' | 'documentdb';

export interface ProvideOptions {
  /** Folder for the data; the same folder brings the same data back. */
  readonly dataDir: string;
  /** Port on the loopback address. Default 0: any free one. */
  readonly port?: number;
  /** Receives one line for people about each step. */
  readonly say: (line: string) => void;
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Allows one way only. Default: the first that is open. */
  readonly via?: Exclude<DatabaseVia, 'given'>;
  /** Compiled entry of the gateway. Default: the one of `npm run build`. */
  readonly gatewayEntry?: string;
}

export interface ProvidedDatabase {
  /** Address without a database name, e.g. `mongodb://127.0.0.1:41234/?…`. */
  readonly uri: string;
  readonly via: DatabaseVia;
  /** Processes at work now, by name; empty when the database was given. They change when one had to be started again. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ends every process in order; the data stays. */
  stop(): Promise<void>;
}

interface Way {
  readonly via: Exclude<DatabaseVia, 'given'>;
  readonly title: string;
  /** Starts it, or tells why it cannot. */
  open(request: StartRequest): Promise<Running | string>;
}

const GATEWAY_ENTRY = 'dist/tools/dev-database/gateway/main.js';

const WAYS: readonly Way[] = [
  {
    via: 'mongod-binary',
    title: 'the mongod named by MONGOD_BINARY',
    async open(request) {
      const binary = request.env['MONGOD_BINARY'];
      if (!binary) return 'MONGOD_BINARY is not set';
      if (!isExecutable(binary))
        throw new DatabaseUnavailable(`MONGOD_BINARY names ${binary}, which is no executable file`);
      return startMongod(binary, request);
    },
  },
  {
    via: 'mongod-path',
    title: 'a mongod on the PATH',
    async open(request) {
      const binary = findOnPath('mongod', request.env);
      return binary ? startMongod(binary, request) : 'no mongod is on the PATH';
    },
  },
  {
    via: 'mongod-download',
    title: 'a downloaded mongod',
    async open(request) {
      const download = await downloadMongod(request);
      return download.kind === 'found' ? startMongod(download.binary, request) : download.reason;
    },
  },
  {
    via: 'documentdb',
    title: 'PostgreSQL with DocumentDB',
    async open(request) {
      return whyNotDocumentDb(request.env) ?? startDocumentDb(request);
    },
  },
];

/**
 * @throws DatabaseUnavailable when no way is open (the message lists why, and what to do), when a way that is open fails, or
 * when another process holds the data folder (the message names it)
 */
export async function provideDatabase(options: ProvideOptions): Promise<ProvidedDatabase> {
  const { say, env = process.env, via, port = 0, gatewayEntry = join(PROJECT_ROOT, GATEWAY_ENTRY) } = options;
  const given = env['MONGODB_URI'];
  if (given && !via) {
    say('database: MONGODB_URI is used as it is');
    return { uri: given, via: 'given', pids: {}, stop: () => Promise.resolve() };
  }
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const attempt = FileLock.take(join(dataDir, 'database.lock'));
  if (attempt.kind === 'held') {
    const address = attempt.by.note ? `, serving ${attempt.by.note}` : '';
    throw new DatabaseUnavailable(
      `the data folder ${dataDir} is in use by process ${attempt.by.pid}${address}; stop it or choose another folder`,
    );
  }
  try {
    const request = { dataDir, port, say, env, gatewayEntry };
    const [way, running] = await firstOpen(waysFor(dataDir, via, say), request);
    attempt.lock.annotate(running.uri);
    say(`database: ${way.title}, ${running.uri}, data in ${dataDir}`);
    return {
      uri: running.uri,
      via: way.via,
      get pids() {
        return running.pids();
      },
      stop: async () => {
        await running.stop();
        attempt.lock.release();
      },
    };
  } catch (error) {
    attempt.lock.release();
    throw error;
  }
}

async function firstOpen(ways: readonly Way[], request: StartRequest): Promise<[Way, Running]> {
  const refusals: string[] = [];
  for (const way of ways) {
    const result = await way.open(request);
    if (typeof result !== 'string') return [way, result];
    request.say(`database: not ${way.title}: ${result}`);
    refusals.push(`${way.title}: ${result}`);
  }
  throw new DatabaseUnavailable(
    `no database can be provided (${refusals.join('; ')}). Set MONGODB_URI to a replica set, or MONGOD_BINARY to a mongod ` +
      'program, or allow its download, or run on Debian as root.',
  );
}

/** Data of one kind is not seen by the other: the folder decides, unless a way is asked for. */
function waysFor(dataDir: string, via: ProvideOptions['via'], say: (line: string) => void): readonly Way[] {
  if (via) return WAYS.filter((way) => way.via === via);
  const isOf = (kind: string): boolean => existsSync(join(dataDir, kind));
  if (isOf('documentdb') === isOf('mongod')) return WAYS;
  const keepsTo = isOf('documentdb') ? 'documentdb' : 'mongod';
  say(`database: ${dataDir} holds data of ${keepsTo}, so only that is tried`);
  return WAYS.filter((way) => (way.via === 'documentdb') === (keepsTo === 'documentdb'));
}
