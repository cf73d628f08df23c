/** A mongod program as a replica set of one node, with its data on disk. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient, MongoServerError } from 'mongodb';
import { DatabaseUnavailable } from '../dev-database.error.js';
import { dyingWithUs, endGently, onLines } from '../processes.js';
import type { Running, StartRequest } from '../start-request.js';

const SET = 'cloud';
const START_PATIENCE_MS = 60_000;
const NOT_YET_INITIALIZED = 94;

export async function startMongod(binary: string, { dataDir, port, env }: StartRequest): Promise<Running> {
  const folder = join(dataDir, 'mongod');
  mkdirSync(folder, { recursive: true });
  const listening = port === 0 ? await freePort() : port;
  const child = launch(binary, folder, listening, env);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) {
      onLines(stream, (line) => {
        lines.push(line);
        if (lines.length > 5) lines.shift();
      });
    }
  }
  try {
    await becomePrimary(child, listening);
  } catch (error) {
    await endGently(child, [['SIGTERM', 5_000]]);
    throw new DatabaseUnavailable(`${binary} did not become ready on ${folder}: ${lines.join(' | ')}`, {
      cause: error,
    });
  }
  return {
    uri: `mongodb://127.0.0.1:${listening}/?replicaSet=${SET}`,
    pids: () => (child.pid && child.exitCode === null ? { mongod: child.pid } : ({} as Record<string, number>)),
    stop: () => endGently(child, [['SIGTERM', 20_000]]),
  };
}

function launch(binary: string, folder: string, port: number, env: NodeJS.ProcessEnv): ChildProcess {
  const options = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', SET];
  const small = ['--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '128', '--nounixsocket'];
  const [file = '', ...args] = dyingWithUs('TERM', [binary, ...options, ...small], env);
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

/** Starts the replica set, or moves an old one to this port, and waits until the node takes writes. */
async function becomePrimary(child: ChildProcess, port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 500,
  });
  const member = { _id: 0, host: `127.0.0.1:${port}` };
  try {
    for (const deadline = Date.now() + START_PATIENCE_MS; Date.now() < deadline; await pause(50)) {
      if (child.exitCode !== null) throw new DatabaseUnavailable(`mongod ended with ${child.exitCode}`);
      try {
        const admin = client.db('admin');
        const hello = await admin.command({ hello: 1 });
        if (hello['isWritablePrimary'] === true && hello['me'] === member.host) return;
        await configure(client, member);
      } catch (error) {
        if (error instanceof DatabaseUnavailable) throw error; // anything else: not up yet
      }
    }
    throw new DatabaseUnavailable('no primary in time');
  } finally {
    await client.close();
  }
}

async function configure(client: MongoClient, member: { _id: number; host: string }): Promise<void> {
  const admin = client.db('admin');
  try {
    const { config } = (await admin.command({ replSetGetConfig: 1 })) as unknown as {
      config: { version: number; members: { host: string }[] };
    };
    if (config.members[0]?.host === member.host) return;
    await admin.command({
      replSetReconfig: { ...config, version: config.version + 1, members: [member] },
      force: true,
    });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== NOT_YET_INITIALIZED) throw error;
    await admin.command({ replSetInitiate: { _id: SET, members: [member] } });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
