import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { PROJECT_ROOT } from '../../../shared/kernel/paths.js';
import { RunnerUnavailable } from '../engine.errors.js';
import type { RunnerStart } from './runner.js';

export interface RunnerOptions {
  /** Processes kept ready. Default 2; 0 = every program starts cold. */
  readonly size: number;
  /** Folder for compiled code (`NODE_COMPILE_CACHE`): halves the load time of later runners. Absent = no cache. */
  readonly cacheDir?: string;
  /** Environment of every program; nothing of the server's own environment reaches it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  /** Exit code; null = ended by `signal`. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last lines of the error stream. */
  readonly stderr: string;
}

export interface ProgramStart {
  readonly programDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
}

const SDK_RUNNER = '@pulumi/pulumi/cmd/run/index.js';
/**
 * What a program loads before its first own line. The SDK's inspector session comes first: 20 ms in an empty process,
 * 200 ms in a full one.
 */
const PRELOAD = [
  '@pulumi/pulumi/runtime/closure/v8Hooks.js',
  '@pulumi/pulumi',
  '@pulumi/pulumi/cmd/run/tracing.js',
  '@pulumi/pulumi/cmd/run/error.js',
  'source-map-support',
  'minimist',
  'ini',
  '@pulumi/aws',
];
/**
 * Young generation of 4 MB: a runner that waits holds 145 instead of 190 MB. With 2 MB collecting garbage takes a fifth
 * of a program's time; with more nothing gets faster.
 */
const NODE_FLAGS = ['--max-semi-space-size=4'];
const STDERR_LINES = 40;
const STREAM_END_MS = 500;

const projectRequire = createRequire(join(PROJECT_ROOT, 'package.json'));
/** Finds what the SDK itself would find. */
const sdkRequire = createRequire(projectRequire.resolve(SDK_RUNNER));

/** Forked processes with the SDK loaded. Each runs one program and ends; a fresh one takes its place. */
export class RunnerPool {
  readonly #idle: Runner[] = [];
  readonly #running = new Set<Runner>();
  #closed = false;

  constructor(private readonly options: RunnerOptions) {}

  /** Resolves when the whole pool is ready. @throws RunnerUnavailable when a process does not start */
  async warm(): Promise<void> {
    this.#fill();
    await Promise.all(this.#idle.map((runner) => runner.ready));
  }

  /** Starts the program at once. @throws RunnerUnavailable */
  async start(program: ProgramStart): Promise<RunningProgram> {
    const sdkRunner = sdkRunnerOf(program.programDir);
    const ours = sdkRunner === projectRequire.resolve(SDK_RUNNER);
    const runner = (ours ? this.#take() : undefined) ?? this.#fork(ours ? PRELOAD : []);
    this.#running.add(runner);
    void runner.ended.then(() => {
      this.#running.delete(runner);
    });
    await runner.ready;
    const running = runner.run({ sdkRunner, environment: program.environment, argv: program.argv }, program.onLine);
    // Loading the SDK takes half a second of a core, which this program can use better: as long as another runner waits,
    // the next one is made when the program has ended (measured: 250 instead of 330 ms a small stack on two cores).
    if (this.#idle.length === 0) this.#fill();
    else void runner.ended.then(() => this.#fill());
    return running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#idle.splice(0), ...this.#running];
    for (const runner of all) runner.kill();
    await Promise.all(all.map((runner) => runner.ended));
  }

  #take(): Runner | undefined {
    return this.#idle.shift();
  }

  #fill(): void {
    while (!this.#closed && this.#idle.length < this.options.size) {
      const runner = this.#fork(PRELOAD);
      this.#idle.push(runner);
      // one that dies while it waits is not replaced before the next use: no restart loop
      void runner.ended.then(() => {
        const index = this.#idle.indexOf(runner);
        if (index >= 0) this.#idle.splice(index, 1);
      });
    }
  }

  #fork(preload: readonly string[]): Runner {
    const { environment, cacheDir } = this.options;
    return new Runner(preload, { ...environment, ...(cacheDir ? { NODE_COMPILE_CACHE: cacheDir } : {}) });
  }
}

export interface RunningProgram {
  readonly ended: Promise<ProgramEnd>;
  kill(): void;
}

class Runner implements RunningProgram {
  readonly ready: Promise<void>;
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #stderr: string[] = [];
  #onLine: ProgramStart['onLine'] | undefined;

  constructor(preload: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = fork(
      runnerFile(),
      preload.map((module) => sdkRequire.resolve(module)),
      {
        env: environment,
        execArgv: NODE_FLAGS,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    const lines = (['stdout', 'stderr'] as const).map((stream) => {
      const reader = createInterface({ input: this.#child[stream]! });
      reader.on('line', (line) => {
        if (stream === 'stderr' && this.#stderr.push(line) > STDERR_LINES) this.#stderr.shift();
        this.#onLine?.(stream, line);
      });
      return once(reader, 'close');
    });
    const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      // also when it cannot be reached any more; its exit follows or has been
      this.#child.on('error', () => resolve({ code: -1, signal: null }));
    });
    this.ended = exit.then(async (end) => {
      // a process that the program has started may hold the streams open
      await Promise.race([Promise.all(lines), delay(STREAM_END_MS, undefined, { ref: false })]);
      return { ...end, stderr: this.#stderr.join('\n') };
    });
    const started = new Promise<true>((resolve) => this.#child.once('message', () => resolve(true)));
    this.ready = Promise.race([started, this.ended]).then((first) => {
      if (first !== true) throw new RunnerUnavailable(first.stderr || `exit code ${first.code}`);
    });
    this.ready.catch(() => undefined); // whoever takes it is told
  }

  run(start: RunnerStart, onLine: ProgramStart['onLine']): RunningProgram {
    this.#onLine = onLine;
    this.#child.send(start);
    return this;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** The SDK's runner that the program's own `@pulumi/pulumi` brings; ours when the program brings none. */
function sdkRunnerOf(programDir: string): string {
  try {
    return createRequire(join(programDir, 'index.js')).resolve(SDK_RUNNER);
  } catch {
    return projectRequire.resolve(SDK_RUNNER);
  }
}

/** Compiled beside the server; in tests Node runs the TypeScript itself. */
function runnerFile(): string {
  const file = 'src/modules/orchestrator/embedded/runner';
  const source = join(PROJECT_ROOT, `${file}.ts`);
  const fromBuild = process.argv[1]?.startsWith(join(PROJECT_ROOT, 'dist')) ?? false;
  return fromBuild || !existsSync(source) ? join(PROJECT_ROOT, 'dist', `${file}.js`) : source;
}
