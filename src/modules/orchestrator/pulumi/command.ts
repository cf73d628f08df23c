import { spawn } from 'node:child_process';

/** One call of the command line. */
export interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing of the server's own is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted: the command is asked to stop; it ends its running steps and starts none. */
  readonly signal?: AbortSignal;
  /** Aborted: the command gets no more time. */
  readonly giveUp?: AbortSignal;
}

export interface CommandEnd {
  /** null = ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** After the second request to stop: it has saved what is pending by then, or it never will. */
const KILL_MS = 5_000;

/**
 * Runs a command to its end. It is a process group of its own, so that a Ctrl-C in the server's terminal reaches the server
 * alone, which then stops its runs in order.
 * @throws what the system says when it cannot be started
 */
export function runCommand(file: string, command: Command): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, command.args, {
      cwd: command.cwd,
      env: command.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const texts = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => (texts[stream] += chunk));
    }
    let killer: NodeJS.Timeout | undefined;
    const stop = (): void => void child.kill('SIGINT');
    const hurry = (): void => {
      child.kill('SIGINT'); // the second one ends the engine at once; it still saves what was under way
      killer = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
    };
    if (command.signal?.aborted) stop();
    command.signal?.addEventListener('abort', stop, { once: true });
    if (command.giveUp?.aborted) hurry();
    command.giveUp?.addEventListener('abort', hurry, { once: true });
    const done = (): void => {
      clearTimeout(killer);
      command.signal?.removeEventListener('abort', stop);
      command.giveUp?.removeEventListener('abort', hurry);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      resolve({ code, ...texts });
    });
  });
}
