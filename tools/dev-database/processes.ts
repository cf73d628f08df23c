import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { DatabaseUnavailable } from './dev-database.error.js';

/** One process for good: its id alone may have been given to another one since. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as Linux counts it (clock ticks since boot); null where /proc does not tell. */
  readonly startedAt: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedAt: startTicks(pid) };
}

export function isAlive(who: ProcessIdentity): boolean {
  try {
    process.kill(who.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedAt = startTicks(who.pid);
  return startedAt === null || who.startedAt === null || startedAt === who.startedAt;
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets, so fields count from its last bracket. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? null);
  } catch {
    return null;
  }
}

export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | null {
  for (const folder of [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    if (folder && isExecutable(join(folder, name))) return join(folder, name);
  }
  return null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Command line that runs `command` so that the kernel signals it when we die, however hard. Linux only; elsewhere the
 * command is returned as it is. The signal is lost when a program changes its user later, so put this around the last
 * such step.
 */
export function dyingWithUs(
  signal: 'KILL' | 'INT' | 'TERM',
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): string[] {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv', env) : null;
  return setpriv ? [setpriv, '--pdeathsig', signal, ...command] : [...command];
}

export interface RunOptions extends SpawnOptions {
  /** Called with every line of either output. */
  readonly onLine?: (line: string) => void;
  /** Kills the command after this many ms. Default: never. */
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** Runs a command to its end and returns its output. @throws DatabaseUnavailable with its last lines when it fails. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { onLine, timeoutMs, input, ...spawnOptions } = options;
  const [file, ...args] = command;
  const child = spawn(file ?? '', args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) {
      onLines(stream, (line) => {
        lines.push(line);
        if (lines.length > 2000) lines.shift();
        onLine?.(line);
      });
    }
  }
  const timer = timeoutMs ? setTimeout(() => child.kill('SIGKILL'), timeoutMs) : null;
  const ending = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : signal ? `killed by ${signal}` : `exit code ${code}`),
    );
  });
  if (timer) clearTimeout(timer);
  if (ending) throw new DatabaseUnavailable(`${file} failed (${ending}): ${lines.slice(-6).join(' | ')}`);
  return lines.join('\n');
}

export function onLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) onLine(part.trimEnd());
  });
  stream.on('end', () => {
    if (rest) onLine(rest.trimEnd());
  });
}

/** Resolves once the child has ended, at once if it already has. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Sends the signals one after the other, each with the patience given for it in ms, and SIGKILL at last. */
export async function endGently(
  child: ChildProcess,
  steps: readonly (readonly [NodeJS.Signals, number])[],
): Promise<void> {
  const end = ended(child);
  for (const [signal, patienceMs] of steps) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (await within(end, patienceMs)) return;
  }
  child.kill('SIGKILL');
  await end;
}

export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
