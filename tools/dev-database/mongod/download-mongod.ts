import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../folders.js';
import { dyingWithUs, ended, onLines } from '../processes.js';

/** No byte for so long means that the mirror cannot be reached (or not any more). */
const SILENCE_MS = 6_000;
/** A failed attempt is not repeated for so long, so that starts stay fast where there is no network. */
const FAILURE_HOLDS_MS = 6 * 3_600_000;
const FAILURE_FILE = 'download-failed.json';

export type Download =
  { readonly kind: 'found'; readonly binary: string } | { readonly kind: 'failed'; readonly reason: string };

export interface DownloadRequest {
  readonly say: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Lies in the compiled folder beside ours. */
  readonly gatewayEntry: string;
}

/** A mongod from mongodb-memory-server's mirror, kept in the cache folder. */
export async function downloadMongod({ say, env, gatewayEntry }: DownloadRequest): Promise<Download> {
  const folder = join(cacheFolder(env), 'mongod');
  mkdirSync(folder, { recursive: true });
  const isCached = readdirSync(folder).some((name) => name.startsWith('mongod-'));
  const earlier = isCached ? null : earlierFailure(folder);
  if (earlier) return { kind: 'failed', reason: `${earlier} (remove ${join(folder, FAILURE_FILE)} to try again)` };
  if (!isCached) say('database: trying to download a mongod (about 100 MB, once)');
  const download = await attempt(folder, join(dirname(gatewayEntry), '../mongod/download-main.js'), env);
  if (download.kind === 'failed')
    writeFileSync(join(folder, FAILURE_FILE), JSON.stringify({ at: Date.now(), reason: download.reason }));
  else rmSync(join(folder, FAILURE_FILE), { force: true });
  return download;
}

async function attempt(folder: string, entry: string, env: NodeJS.ProcessEnv): Promise<Download> {
  const { NODE_OPTIONS: _ours, ...inherited } = env;
  const [file = '', ...args] = dyingWithUs('KILL', [process.execPath, entry, folder], env);
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, MONGOMS_MAX_RETRIES: '0' },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) onLines(stream, (line) => lines.push(line));
  let bytes = size(folder);
  let growsAt = Date.now();
  let isSilent = false;
  const watch = setInterval(() => {
    const now = size(folder);
    if (now !== bytes) growsAt = Date.now();
    bytes = now;
    if (Date.now() - growsAt < SILENCE_MS) return;
    isSilent = true;
    child.kill('SIGKILL');
  }, 500);
  child.once('error', (error) => lines.push(`failed ${error.message}`));
  await ended(child);
  clearInterval(watch);
  const found = lines.find((line) => line.startsWith('found '));
  if (found) return { kind: 'found', binary: found.slice('found '.length) };
  if (isSilent) return { kind: 'failed', reason: `the download gave nothing for ${SILENCE_MS / 1000} s` };
  const text = lines.find((line) => line.startsWith('failed '))?.slice('failed '.length) ?? lines.at(-1) ?? 'no answer';
  return {
    kind: 'failed',
    reason: `it cannot be downloaded (${text.replace(/,?\s*Details:?\s*$/, '').slice(0, 200)})`,
  };
}

function earlierFailure(folder: string): string | null {
  try {
    const { at, reason } = JSON.parse(readFileSync(join(folder, FAILURE_FILE), 'utf8')) as {
      at: number;
      reason: string;
    };
    const minutes = Math.round((Date.now() - at) / 60_000);
    return Date.now() - at < FAILURE_HOLDS_MS ? `${reason}, tried ${minutes} minutes ago` : null;
  } catch {
    return null;
  }
}

function size(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    try {
      return sum + statSync(join(folder, name)).size;
    } catch {
      return sum; // renamed meanwhile
    }
  }, 0);
}
