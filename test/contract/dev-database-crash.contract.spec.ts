/** What was acknowledged survives the death of any part, and nothing outlives its owner. */
import { MongoClient } from 'mongodb';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNotDocumentDb } from '../../tools/dev-database/documentdb/documentdb.js';
import { identify, isAlive, onLines, type ProcessIdentity } from '../../tools/dev-database/processes.js';
import { provideDatabase } from '../../tools/dev-database/provide-database.js';

interface Running {
  readonly child: ChildProcess;
  readonly uri: string;
  readonly pids: { postgres: number; gateway: number };
}

const impossible = whyNotDocumentDb(process.env);
const describeWhere = impossible ? describe.skip : describe;

describeWhere(`PostgreSQL with DocumentDB${impossible ? ` (${impossible})` : ''}`, () => {
  let dataDir: string;
  let started: ChildProcess[];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'cloud-crash-'));
    started = [];
  });

  afterEach(async () => {
    await Promise.all(started.filter(isRunning).map((child) => endOf(child, () => child.kill('SIGTERM'))));
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(): Promise<Running> {
    const main = join(process.env['DEV_DATABASE_BUILD'] ?? '', 'main.js');
    const { MONGODB_URI: _given, NODE_OPTIONS: _jest, ...env } = process.env;
    const child = spawn(process.execPath, [main, '--data', dataDir, '--via', 'documentdb'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    return new Promise((resolve, reject) => {
      const prose: string[] = [];
      onLines(child.stderr, (line) => prose.push(line));
      onLines(child.stdout, (line) => resolve({ child, ...(JSON.parse(line) as Omit<Running, 'child'>) }));
      child.once('exit', () => reject(new TypeError(`it ended: ${prose.join(' | ')}`)));
    });
  }

  it.each(['postgres', 'gateway'] as const)(
    'keeps every acknowledged write when the %s is killed, and goes on',
    async (part) => {
      const { uri, pids, child } = await start();
      const client = new MongoClient(uri, { serverSelectionTimeoutMS: 15_000 });
      const numbers = client.db('crash').collection<{ _id: number }>('numbers');
      const acknowledged: number[] = [];
      const insertUntil = async (count: number): Promise<void> => {
        for (let _id = acknowledged.length; acknowledged.length < count; _id += 1) {
          await numbers.insertOne({ _id }).then(
            () => acknowledged.push(_id),
            () => undefined, // not acknowledged: may or may not be there
          );
        }
      };
      await insertUntil(30);
      const going = insertUntil(200);
      process.kill(pids[part], 'SIGKILL');
      await going;
      const found = new Set((await numbers.find().toArray()).map(({ _id }) => _id));
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
      await client.close();
      await endOf(child, () => child.kill('SIGTERM'));
    },
    60_000,
  );

  it('leaves no process behind when its owner is killed, and has everything at the next start', async () => {
    const first = await start();
    const client = new MongoClient(first.uri);
    await client.db('crash').collection('kept').insertOne({ n: 1 });
    await client.close();
    const family = descendants(first.child.pid ?? 0).map(identify);
    expect(family.length).toBeGreaterThan(4);

    await endOf(first.child, () => first.child.kill('SIGKILL'));
    const second = await start();
    const again = new MongoClient(second.uri);
    expect(await again.db('crash').collection('kept').countDocuments()).toBe(1);
    await again.close();
    await eventuallyGone(family);
  }, 60_000);

  it('ends everything when told to, and leaves the folder free', async () => {
    const { child } = await start();
    const family = descendants(child.pid ?? 0).map(identify);
    await endOf(child, () => child.kill('SIGINT'));
    expect(child.exitCode).toBe(0);
    expect(family.filter(isAlive)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual(['documentdb']);
  }, 60_000);

  it('refuses a second one on the same folder, naming the holder', async () => {
    const { child, uri } = await start();
    const attempt = provideDatabase({ dataDir, via: 'documentdb', say: () => undefined });
    await expect(attempt).rejects.toThrow(new RegExp(`in use by process ${child.pid}, serving ${uri}`));
  }, 60_000);
});

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function endOf(child: ChildProcess, cause: () => unknown): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    cause();
  });
}

/** Ids of all processes below this one. */
function descendants(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
      } catch {
        return []; // ended meanwhile
      }
    });
  const below = (pid: number): number[] =>
    parents.filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)]);
  return below(root);
}

async function eventuallyGone(family: readonly ProcessIdentity[]): Promise<void> {
  for (const deadline = Date.now() + 10_000; family.some(isAlive) && Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(family.filter(isAlive)).toEqual([]);
}
