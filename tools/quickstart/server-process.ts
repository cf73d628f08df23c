import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readSync, fstatSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SERVER_NODE_FLAGS } from '../../src/shared/kernel/node-flags.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import type { DataFolder } from './data-folder.js';
import type { Options } from './options.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export class ServerFailed extends Error {
  override readonly name = 'ServerFailed';
}

const START_PATIENCE_MS = 60_000;
/** The server says goodbye to its clients for 2 s and lets running stacks reach a safe point. */
const STOP_PATIENCE_MS = 20_000;
const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 15;

/** Environment of the server: what the caller gave wins, an option given on the command line above all. */
export function serverEnvironment(
  options: Options,
  folder: Pick<DataFolder, 'path' | 'administrator' | 'bootstrapKey'>,
  given: Environment,
): Environment {
  const isGiven = (name: string): boolean => given[name] !== undefined && given[name] !== '';
  const defaults: Record<string, string> = {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: '3000',
    DATA_DIR: folder.path,
    DEPLOY_ROOT: join(folder.path, 'deploy'),
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    SANDBOX_SPEED: '0.02',
    DEFAULT_ORGANIZATION: 'demo',
  };
  if (!isGiven('API_KEYS')) defaults['API_KEYS'] = `quickstart:${folder.bootstrapKey()}`;
  if (!isGiven('BOOTSTRAP_ADMIN_EMAIL') && !isGiven('BOOTSTRAP_ADMIN_PASSWORD')) {
    const { email, password } = folder.administrator();
    defaults['BOOTSTRAP_ADMIN_EMAIL'] = email;
    defaults['BOOTSTRAP_ADMIN_PASSWORD'] = password;
  }
  const environment: Record<string, string | undefined> = { ...given };
  for (const [name, value] of Object.entries(defaults)) if (!isGiven(name)) environment[name] = value;
  if (options.port !== undefined) environment['PORT'] = String(options.port);
  if (options.engine) environment['ENGINE'] = options.engine;
  if (options.cloud) environment['CLOUD'] = options.cloud;
  if (options.json) environment['LOG_TO_STDERR'] = 'true';
  return environment;
}

/** Says early, and in words, that a port is taken. @throws ServerFailed */
export async function requireFreePort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    probe.once('error', resolve);
    probe.listen(port, host, () => resolve(null));
  });
  probe.close();
  if (!problem) return;
  const why = problem.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${problem.message})`;
  throw new ServerFailed(`port ${port} on ${host} ${why}; choose another with --port, 0 takes any free one`);
}

/** The server as a child. It notices our death by its IPC channel; a signal of the terminal reaches us alone. */
export class ServerProcess {
  #isStopping = false;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    /** Resolves when the process has ended without being asked. */
    readonly died: Promise<string>,
  ) {}

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** @param logFile null = log to our stderr. @throws ServerFailed with the last lines of the log */
  static async start(environment: Environment, logFile: string | null): Promise<ServerProcess> {
    const log = logFile === null ? 2 : openSync(logFile, 'a', 0o600);
    const from = logFile === null ? 0 : fstatSync(log).size;
    const child = fork(join(PROJECT_ROOT, 'dist/src/main.js'), [], {
      cwd: PROJECT_ROOT,
      env: environment as NodeJS.ProcessEnv,
      execArgv: [...SERVER_NODE_FLAGS],
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    if (logFile !== null) closeSync(log);
    const ending = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
    });
    let timer: NodeJS.Timeout | undefined;
    const started = await Promise.race([
      new Promise<{ url: string }>((resolve) => {
        child.on('message', (message: { event?: string; url?: string }) => {
          if (message.event === 'listening' && message.url) resolve({ url: reachable(message.url) });
        });
      }),
      ending,
      new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve(`no answer within ${START_PATIENCE_MS / 1000} s`), START_PATIENCE_MS);
      }),
    ]);
    clearTimeout(timer);
    if (typeof started === 'string') {
      child.kill('SIGKILL');
      const lines = logFile === null ? '' : `\n${tail(logFile, from)}\nThe whole log: ${logFile}`;
      throw new ServerFailed(`the server did not start (${started})${lines}`);
    }
    return new ServerProcess(child, started.url, ending);
  }

  /** Ends the server in order; kills it when it takes too long. */
  async stop(): Promise<void> {
    if (this.#isStopping) return void (await this.died);
    this.#isStopping = true;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_PATIENCE_MS);
    await this.died;
    clearTimeout(timer);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }
}

/** An address that listens everywhere is reached on the loopback. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]').replace(/\/$/, '');
}

/** Last lines the server wrote since `from` bytes. */
function tail(file: string, from: number): string {
  const log = openSync(file, 'r');
  try {
    const { size } = fstatSync(log);
    const start = Math.max(from, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(log, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    closeSync(log);
  }
}
