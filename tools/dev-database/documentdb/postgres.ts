/**
 * PostgreSQL of the root folder on a data folder of the caller.
 *
 * The server sees the data folder as /data: bound there in a mount namespace of its own, so the mount ends with its last
 * process. Where mounting is not permitted, the root folder is first copied beside the data (hard links where the file
 * system allows) and /data is a real folder in that copy.
 *
 * It ends with us: the kernel sends SIGINT (fast shutdown) when our process dies, and its children follow it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { shortFolderPath } from './socket-path.js';
import { DatabaseUnavailable } from '../dev-database.error.js';
import { endGently, identify, isAlive, onLines, run } from '../processes.js';
import { clusterSettings, HBA, IDENT, INITIAL_SQL, REVISION } from './cluster-settings.js';
import { BIN, DATA, REVISION_FILE, TEMPLATE } from './cluster-template.js';
import { postgresAccount, type Account } from './root-folder.js';
import type { Separation } from './sandbox.js';

const SOCKET = '.s.PGSQL.5432';
/** The root folder's copy beside the data, where mounting is not permitted. */
const COPY = 'root';
/** How long crash recovery of a development database may take. */
const START_PATIENCE_MS = 60_000;

export interface PostgresRequest {
  readonly root: string;
  /** Folder of the caller; cluster and socket live in its subfolder `documentdb`. */
  readonly dataDir: string;
  readonly separation: Separation;
  readonly say: (line: string) => void;
}

export class Postgres {
  private child: ChildProcess | null = null;
  private lastLines: string[] = [];

  private constructor(
    private readonly root: string,
    /** Holds cluster and socket; on this side of the root folder. */
    readonly socketFolder: string,
    private readonly account: Account,
    private readonly separation: Separation,
  ) {}

  /** Prepares the data folder (a copy of the template when it is new), and the root folder to run in. */
  static async prepare({ root, dataDir, separation, say }: PostgresRequest): Promise<Postgres> {
    const own = join(dataDir, 'documentdb');
    mkdirSync(own, { recursive: true });
    const account = postgresAccount(root);
    const isPlain = separation === 'plain' || existsSync(join(own, COPY)); // a folder that once was plain stays so
    const runRoot = isPlain ? await privateCopy(root, own, say) : root;
    const socketFolder = isPlain ? join(runRoot, DATA) : own;
    const cluster = join(socketFolder, 'cluster');
    if (isPlain && existsSync(join(own, 'cluster'))) renameSync(join(own, 'cluster'), cluster);
    if (!existsSync(cluster)) {
      rmSync(`${cluster}.partial`, { recursive: true, force: true });
      await run(['cp', '-a', '--reflink=auto', join(root, TEMPLATE), `${cluster}.partial`]);
      await run(['sync', '-f', `${cluster}.partial`]);
      renameSync(`${cluster}.partial`, cluster);
    }
    await chown(socketFolder, account.uid, account.gid);
    return new Postgres(runRoot, socketFolder, account, isPlain ? 'plain' : 'namespaces');
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** @param onExit called when the server ends without having been asked to */
  async start(onExit: (reason: string) => void): Promise<void> {
    const cluster = join(this.socketFolder, 'cluster');
    await waitForPredecessor(cluster);
    writeFileSync(join(cluster, 'postgresql.conf'), clusterSettings());
    writeFileSync(join(cluster, 'pg_hba.conf'), HBA);
    writeFileSync(join(cluster, 'pg_ident.conf'), IDENT);
    mkdirSync(join(cluster, 'pg_documentdb_cursor_files'), { recursive: true });
    await chown(join(cluster, 'pg_documentdb_cursor_files'), this.account.uid, this.account.gid);

    const deadline = Date.now() + START_PATIENCE_MS;
    for (;;) {
      const child = this.launch();
      const outcome = await this.becomesReady(child, deadline);
      if (outcome === 'ready') {
        await this.bringUpToDate(join(cluster, REVISION_FILE));
        child.once('exit', (code, signal) => {
          if (this.child !== child) return;
          this.child = null;
          onExit(signal ? `killed by ${signal}` : `exit code ${code}`);
        });
        return;
      }
      this.child = null;
      const text = this.lastLines.join(' | ');
      // Processes of a killed predecessor give up their shared memory within moments.
      if (!/shared memory block|lock file/.test(text) || Date.now() > deadline) {
        throw new DatabaseUnavailable(`PostgreSQL did not start on ${this.socketFolder}: ${text || outcome}`);
      }
      await pause(200);
    }
  }

  /** Fast shutdown with a checkpoint; an immediate one when that takes too long. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (child)
      await endGently(child, [
        ['SIGINT', 20_000],
        ['SIGQUIT', 5_000],
      ]);
  }

  private launch(): ChildProcess {
    const { uid, gid } = this.account;
    const bind = this.separation === 'namespaces' ? `mount --bind "$2" "$1${DATA}"; ` : '';
    const script =
      `${bind}exec chroot "$1" setpriv --reuid ${uid} --regid ${gid} --clear-groups --pdeathsig INT ` +
      // Our death before the signal was arranged would go unnoticed: look once, afterwards.
      `sh -c '[ "$PPID" = "$0" ] && exec ${BIN}/postgres -D ${DATA}/cluster' "$3"`;
    const shell = ['sh', '-euc', script, 'postgres', this.root, this.socketFolder, String(process.pid)];
    const command =
      this.separation === 'namespaces' ? ['unshare', '--mount', '--propagation', 'private', ...shell] : shell;
    const child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      detached: true, // Ctrl-C reaches us alone; we then stop it in order
    });
    this.lastLines = [];
    for (const stream of [child.stdout, child.stderr]) {
      onLines(stream, (line) => {
        this.lastLines.push(line);
        if (this.lastLines.length > 6) this.lastLines.shift();
      });
    }
    child.on('error', (error) => this.lastLines.push(error.message));
    this.child = child;
    return child;
  }

  /** Old data folders learn what templates were given since. */
  private async bringUpToDate(revisionFile: string): Promise<void> {
    if (existsSync(revisionFile) && readFileSync(revisionFile, 'utf8') === REVISION) return;
    using socketHost = shortFolderPath(this.socketFolder);
    const client = new pg.Client({ host: socketHost.path, user: 'postgres', database: 'postgres' });
    await client.connect();
    try {
      await client.query(INITIAL_SQL);
    } finally {
      await client.end();
    }
    writeFileSync(revisionFile, REVISION);
  }

  private async becomesReady(child: ChildProcess, deadline: number): Promise<string> {
    using socketHost = shortFolderPath(this.socketFolder);
    while (Date.now() < deadline) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        await pause(20); // its last lines
        return `ended with ${child.exitCode ?? child.signalCode}`;
      }
      if (await acceptsSessions(`${socketHost.path}/${SOCKET}`)) return 'ready';
      await pause(15);
    }
    await endGently(child, [['SIGQUIT', 3_000]]);
    return `not ready within ${START_PATIENCE_MS / 1000} s`;
  }
}

/** A server that is still shutting down, or recovering nothing of ours, must be gone before the next one starts. */
async function waitForPredecessor(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const deadline = Date.now() + 30_000;
  while (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !isAlive(identify(pid)) || !runsOn(pid, cluster)) {
      rmSync(file, { force: true }); // PostgreSQL would take any living process of that id for a server
      return;
    }
    if (Date.now() > deadline) throw new DatabaseUnavailable(`PostgreSQL process ${pid} still runs on ${cluster}`);
    await pause(50);
  }
}

/** A server works inside its cluster folder; the paths differ between namespaces, the folder's identity does not. */
function runsOn(pid: number, cluster: string): boolean {
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(cluster)];
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch {
    return false;
  }
}

/** Opens a session as far as "authentication ok": during start-up and recovery the server refuses instead. */
function acceptsSessions(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('connect', () => socket.write(startupMessage({ user: 'postgres', database: 'postgres' })));
    socket.once('data', (data) => end(data[0] === 0x52)); // 'R', authentication; 'E' would be an error
  });
}

function startupMessage(parameters: Record<string, string>): Buffer {
  const body = Buffer.from(
    Object.entries(parameters)
      .map(([name, value]) => `${name}\0${value}\0`)
      .join('') + '\0',
  );
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(196_608, 4); // protocol 3.0
  return Buffer.concat([head, body]);
}

async function privateCopy(root: string, own: string, say: (line: string) => void): Promise<string> {
  const copy = join(own, COPY);
  if (existsSync(copy)) return copy;
  say('mounting is not permitted here: copying the root folder beside the data (once)');
  rmSync(`${copy}.partial`, { recursive: true, force: true });
  try {
    await run(['cp', '-al', root, `${copy}.partial`]);
  } catch {
    rmSync(`${copy}.partial`, { recursive: true, force: true });
    cpSync(root, `${copy}.partial`, { recursive: true, verbatimSymlinks: true });
  }
  mkdirSync(join(`${copy}.partial`, DATA), { recursive: true });
  renameSync(`${copy}.partial`, copy);
  return copy;
}
