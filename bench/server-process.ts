import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { SERVER_NODE_FLAGS } from '../src/shared/kernel/node-flags.js';
import { PROJECT_ROOT } from '../src/shared/kernel/paths.js';

export interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Our server in a process of its own, started as `npm start` does. @param data folder for keys and mirror @param output file descriptor of its output */
export function startServer(
  databaseUri: string,
  databaseName: string,
  data: string,
  settings: Readonly<Record<string, string>> = {},
  output = 2,
): Promise<Server> {
  const environment = {
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'warn',
    LOG_TO_STDERR: 'true',
    MONGODB_URI: withName(databaseUri, databaseName),
    DATA_DIR: join(data, 'server'),
    DEPLOY_ROOT: join(data, 'deploy'),
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    API_KEYS: 'bench:bench-key-0123456789',
    ...settings,
  };
  return startProcess('src/main.js', environment, SERVER_NODE_FLAGS, output);
}

/** Starts a compiled entry and waits for its `listening` message. @param entry below dist/ */
export async function startProcess(
  entry: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  output = 2,
): Promise<Server> {
  const child = fork(join(PROJECT_ROOT, 'dist', entry), {
    env: { ...process.env, ...env },
    execArgv: [...flags],
    stdio: ['ignore', output, output, 'ipc'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: { event?: string; url?: string }) => {
      if (message.event === 'listening' && message.url) resolve(message.url);
    });
    child.once('exit', (code) => reject(new TypeError(`${entry} ended with ${code} before it listened`)));
  });
  return { url, pid: child.pid ?? 0, stop: () => stopped(child) };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** `mongodb://host/?options` → with a database name. */
function withName(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}
