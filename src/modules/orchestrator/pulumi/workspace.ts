import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../shared/kernel/log.js';
import type { StackRef, StackState } from '../engine.port.js';
import { type Backend, localFolder } from './backend.js';
import { runCommand, type Command, type CommandEnd } from './command.js';
import { parseState } from './exported-state.js';
import {
  BackendRefused,
  isExistingStack,
  isMissingStack,
  isWithoutUpdate,
  readCommandFailure,
  readLockHolders,
} from './pulumi.errors.js';
import { judgeLock } from './stale-lock.js';
import type { OpenRun } from './stack-ledger.port.js';
import type { WorkFolder } from './work-folder.js';

export interface WorkspaceOptions {
  /** Executable of the command line. */
  readonly file: string;
  readonly ref: StackRef;
  readonly backend: Backend;
  readonly folder: WorkFolder;
  readonly environment: Readonly<Record<string, string>>;
  readonly secretsProvider: string;
  readonly host: string;
  readonly isAlive: (pid: number) => boolean;
  readonly log: Log;
}

/** The command line on one stack, in one work folder. */
export class Workspace {
  /** Locks that were broken, one sentence each. */
  readonly repairs: string[] = [];
  /** The run that never ended, from before this one; known only to a holder of the lease, who alone may break locks. */
  left: OpenRun | null = null;
  /** True for a run that has taken the stack in the ledger. */
  holdsLease = false;

  constructor(private readonly options: WorkspaceOptions) {}

  get folder(): string {
    return this.options.folder.path;
  }

  /** A stale lock is broken once; every other failure is the caller's to read. */
  async run(args: readonly string[], extra: Partial<Omit<Command, 'args'>> = {}): Promise<CommandEnd> {
    const end = await this.#once(args, extra);
    if (end.code === 0 || !this.holdsLease) return end;
    return (await this.#breakStaleLock(end.stderr)) ? this.#once(args, extra) : end;
  }

  /** @throws BackendRefused */
  async must(args: readonly string[], extra: Partial<Omit<Command, 'args'>> = {}): Promise<string> {
    const end = await this.run(args, extra);
    if (end.code === 0) return end.stdout;
    throw new BackendRefused(readCommandFailure(end.stderr || end.stdout));
  }

  /** Makes the stack; one that is there is left as it is. */
  async makeStack(): Promise<void> {
    const { backend, secretsProvider } = this.options;
    const end = await this.run([
      ...['stack', 'init', backend.stack, '--no-select'],
      ...['--secrets-provider', secretsProvider, '--non-interactive', '--color', 'never'],
    ]);
    if (end.code === 0 || isExistingStack(end.stderr)) return;
    throw new BackendRefused(readCommandFailure(end.stderr || end.stdout));
  }

  /** @param showSecrets in clear: for outputs alone, never kept. @returns null when there is no such stack */
  async export(showSecrets = false): Promise<StackState | null> {
    const { backend } = this.options;
    const end = await this.run([
      ...['stack', 'export', '--stack', backend.stack, '--non-interactive', '--color', 'never'],
      ...(showSecrets ? ['--show-secrets'] : []),
    ]);
    if (end.code === 0) return parseState(end.stdout);
    const problem = readCommandFailure(end.stderr || end.stdout);
    if (isMissingStack(problem)) return null;
    throw new BackendRefused(problem);
  }

  /** @param file in the work folder */
  async import(file: string): Promise<void> {
    const { stack } = this.options.backend;
    await this.must(['stack', 'import', '--stack', stack, '--file', join(this.folder, file), '--non-interactive']);
  }

  /**
   * Whoever holds the lock, also somebody else's: for a person who knows. Where there is none nothing happens.
   * @returns false when there is no such stack
   * @throws BackendRefused
   */
  async dropLock(): Promise<boolean> {
    const { ref, backend, log } = this.options;
    const end = await this.#once(['cancel', '--yes', '--stack', backend.stack, '--non-interactive'], {});
    if (end.code === 0) {
      log.warn('the backend was told to drop the lock of a stack', { stack: ref.stack });
      return true;
    }
    const problem = readCommandFailure(end.stderr || end.stdout);
    if (isMissingStack(problem) || isWithoutUpdate(end.stderr)) return false;
    throw new BackendRefused(problem);
  }

  remove(): Promise<void> {
    return this.options.folder.remove();
  }

  async #once(args: readonly string[], extra: Partial<Omit<Command, 'args'>>): Promise<CommandEnd> {
    const { file, folder, environment, backend } = this.options;
    const local = localFolder(backend);
    if (local !== undefined) await mkdir(local, { recursive: true, mode: 0o700 });
    return runCommand(file, {
      cwd: folder.path,
      ...extra,
      args,
      environment: {
        ...environment,
        PULUMI_HOME: folder.home,
        PULUMI_BACKEND_URL: backend.url,
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_AUTOMATION_API: 'true',
        // a work folder is new for every run: what encrypts the secrets is known from the state
        PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
        ...extra.environment,
      },
    });
  }

  async #breakStaleLock(stderr: string): Promise<boolean> {
    const locks = readLockHolders(stderr);
    if (locks.length === 0) return false;
    const { host, isAlive, log, ref, backend } = this.options;
    const judged = locks.map((lock) => judgeLock(lock, { host, left: this.left, isAlive }));
    const reasons = judged.map(({ reason }) => reason);
    if (judged.some(({ isStale }) => !isStale)) {
      log.warn('the lock of the backend is not ours to break', { stack: ref.stack, reasons });
      return false;
    }
    log.warn('breaking a stale lock of the backend', { stack: ref.stack, reasons });
    const end = await this.#once(['cancel', '--yes', '--stack', backend.stack, '--non-interactive'], {});
    if (end.code !== 0) return false;
    this.repairs.push(...reasons.map((reason) => `The lock of the state was released: ${reason}.`));
    return true;
  }
}
