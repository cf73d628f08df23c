import type { Server } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UNKNOWN, type ResourceProvider } from '../../../tools/sandbox-cloud/provider.port.js';
import { SystemClock, type Clock } from '../../shared/kernel/clock.js';
import type { Log } from '../../shared/kernel/log.js';
import type { LocalPackages } from './embedded/providers.js';
import { RunnerPool, type RunnerOptions } from './embedded/runner-pool.js';
import { SecretVault } from './embedded/secret-vault.js';
import {
  type DriftResult,
  type EngineError,
  type OutputValue,
  type ResourceImport,
  StackEngine,
  type StackOutputs,
  type StackRef,
  type StackRun,
  type StackRunResult,
  type StackState,
  type StateResource,
} from './engine.port.js';
import type { BackendAccess } from './platform-access.js';
import { askBackend, withoutCommandLine } from './pulumi/backend-access.js';
import { backendOf, type BackendOptions, type PassphraseBox, passphraseOf } from './pulumi/backend.js';
import { type CommandLine, OLDEST_VERSION } from './pulumi/command-line.js';
import type { CommandEnd } from './pulumi/command.js';
import type { EventReader } from './pulumi/event-reader.js';
import type { LanguageHost } from './pulumi/language-host.js';
import { assertStateOf, countedIn, ignoredIn, outputsIn, pendingIn, plainOutputs } from './pulumi/exported-state.js';
import { DriftReader } from './pulumi/drift-reader.js';
import { IMPORT_FILE, importFile } from './pulumi/import-file.js';
import { isPulumiAlive } from './pulumi/process-check.js';
import type { ServedPackage } from './pulumi/provider-host.js';
import { BackendRefused, isMissingStack, readCommandFailure } from './pulumi/pulumi.errors.js';
import { settlePending } from './pulumi/settle-pending.js';
import type { StackLedger } from './pulumi/stack-ledger.port.js';
import { makeWorkFolder, sweepWorkFolders } from './pulumi/work-folder.js';
import { Workspace } from './pulumi/workspace.js';

export interface PulumiEngineOptions {
  /** Asked once. @throws CommandLineMissing, CommandLineTooOld */
  readonly commandLine: () => Promise<CommandLine>;
  /** The sandbox cloud; absent = CLOUD=aws: the real plug-ins. */
  readonly providerFor?: (stack: StackRef) => ResourceProvider;
  /** Further packages served from here; of meaning with `providerFor` alone. */
  readonly packages?: LocalPackages;
  /** Package → version of the SDK that programs load, e.g. `aws` → `7.48.0`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly ledger: StackLedger;
  readonly secrets: PassphraseBox;
  readonly backend: BackendOptions;
  /** Folder of the work folders. */
  readonly workRoot: string;
  /** PULUMI_HOME of the server: plug-ins and log-in. */
  readonly pulumiHome: string;
  /** What command lines and plug-ins see of the server's environment: PATH, proxies, credentials. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly runners?: Partial<RunnerOptions>;
  /** How long running steps may take after a cancel before they are given up, in ms. Default 60,000 (deployments.md 7.12). */
  readonly graceMs?: number;
  readonly clock?: Clock;
  /** 0 to 1, spreads the pauses between retries of the sandbox. */
  readonly random?: () => number;
  /** See ProviderHostOptions; default true. False lets Pulumi itself mark secrets: the measure of the parity suite. */
  readonly seesSecrets?: boolean;
}

type Mode = 'preview' | 'up' | 'destroy' | 'refresh' | 'import';

const GRACE_MS = 60_000;
const DEFAULT_RUNNERS: RunnerOptions = { size: 2, environment: {} };
const PLAIN = ['--non-interactive', '--color', 'never'];
const NOTHING = { created: 0, updated: 0, deleted: 0, replaced: 0, unchanged: 0 };
const STATE_FILE = 'state.json';

/**
 * Runs stack programs through the Pulumi command line. One run that writes:
 * 1. take the stack in the ledger: a stale fence is refused here;
 * 2. make the stack when there is none; settle what a killed run left pending;
 * 3. one command (`up --skip-preview`, `destroy`, `refresh`). The command line gets its program, its events and, on the
 *    sandbox, its providers from gRPC services of this process: nothing is started but the command line itself, and the
 *    program runs in a runner that has the SDK loaded;
 * 4. counts and outputs are made from its events; only secret outputs, and what a failure left, are read from the state;
 * 5. give the stack back.
 * Of the Automation API this uses what finds and installs the command line, and its protocol (`--client`, `--event-log`). Its
 * `Stack` class runs programs inside the server and asks again for what the events have told: docs/decisions/pulumi-engine.md.
 */
export class PulumiEngine extends StackEngine {
  readonly name = 'pulumi';
  readonly #runners: RunnerPool;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<unknown>>();
  #commandLine: Promise<CommandLine> | undefined;
  #plugins: Promise<void> | undefined;

  constructor(private readonly options: PulumiEngineOptions) {
    super();
    this.#runners = new RunnerPool({ ...DEFAULT_RUNNERS, ...options.runners });
    this.#clock = options.clock ?? new SystemClock();
  }

  /** @throws CommandLineMissing, CommandLineTooOld */
  async warm(): Promise<void> {
    await this.commandLine();
    await Promise.all([
      this.#runners.warm(),
      loadProtocol(),
      this.#installPlugins(),
      sweepWorkFolders(this.options.workRoot, new Date(this.#clock.now().getTime() - performance.now())),
    ]);
  }

  /** Found once; a failure is not kept, so that a later try may succeed. */
  commandLine(): Promise<CommandLine> {
    this.#commandLine ??= this.options.commandLine().catch((error: unknown) => {
      this.#commandLine = undefined;
      throw error;
    });
    return this.#commandLine;
  }

  preview(run: StackRun): Promise<StackRunResult> {
    return this.#tracked(run, 'preview');
  }

  up(run: StackRun): Promise<StackRunResult> {
    return this.#tracked(run, 'up');
  }

  destroy(run: StackRun): Promise<StackRunResult> {
    return this.#tracked(run, 'destroy');
  }

  refresh(run: StackRun): Promise<StackRunResult> {
    return this.#tracked(run, 'refresh');
  }

  /** `refresh --preview-only`; secret values are compared by Pulumi, which blinds them in what it tells. */
  async detectDrift(run: StackRun): Promise<DriftResult> {
    const drift = new DriftReader();
    const detection = this.#withWorkspace(
      run,
      async (workspace): Promise<DriftResult> => {
        const ignored = ignoredIn(await workspace.export());
        const attempt = await this.#execute(run, 'refresh', workspace, randomUUID(), {
          flags: ['--preview-only'],
          onEvent: (event) => drift.accept(event),
        });
        if (attempt.kind === 'no-stack') return { success: true, checked: 0, drifted: [] };
        const error = attempt.error;
        return { success: !error, checked: drift.checked, drifted: drift.found(ignored), ...(error ? { error } : {}) };
      },
      run,
    );
    return this.#awaited(detection);
  }

  /** `import`, by a file of resources and without code. */
  importResources(
    run: StackRun,
    resources: readonly ResourceImport[],
    { preview }: { readonly preview: boolean },
  ): Promise<StackRunResult> {
    return this.#awaited(
      preview
        ? this.#preview(run, 'import', { file: importFile(resources), flags: ['--preview-only'] })
        : this.#write(run, 'import', { file: importFile(resources), flags: ['--yes', '--skip-preview'] }),
    );
  }

  async outputs(stack: StackRef): Promise<StackOutputs> {
    return this.#withWorkspace(stack, async (workspace) => outputsIn(await workspace.export(true)));
  }

  async resources(stack: StackRef): Promise<readonly StateResource[]> {
    return this.#withWorkspace(stack, async (workspace) => countedIn(await workspace.export()));
  }

  async exportState(stack: StackRef): Promise<StackState | null> {
    return this.#withWorkspace(stack, (workspace) => workspace.export());
  }

  /** @throws StateInvalid when it is not a deployment of version 3, or belongs to another stack */
  async importState(stack: StackRef, state: StackState, fence: number): Promise<number> {
    assertStateOf(stack, state);
    await this.#withWorkspace(stack, async (workspace) => {
      const runId = randomUUID();
      await this.#take(workspace, stack, fence, runId);
      try {
        await workspace.makeStack();
        await this.#import(workspace, state);
      } finally {
        await this.options.ledger.close(stack, fence, runId, true);
      }
    });
    return (await this.options.ledger.find(stack))?.serial ?? 0;
  }

  async stackExists(stack: StackRef): Promise<boolean> {
    return (await this.exportState(stack)) !== null;
  }

  /** A command of the older holder that is under way ends in its `close`, which is refused; its lock is broken on demand. */
  async shutOut(stack: StackRef, fence: number, { breakLock }: { readonly breakLock: boolean }): Promise<boolean> {
    await this.options.ledger.raise(stack, fence);
    return breakLock && this.#withWorkspace(stack, (workspace) => workspace.dropLock());
  }

  override async access(stack: StackRef, { probe }: { readonly probe: boolean }): Promise<BackendAccess> {
    const { backend } = this.options;
    const place = backendOf(stack, backend);
    const [organization = ''] = place.stack.split('/');
    const facts = { minimumVersion: OLDEST_VERSION, organization };
    let version: string;
    try {
      version = (await this.commandLine()).version;
    } catch (error) {
      return withoutCommandLine(facts, (error as Error).message);
    }
    const isCloud = /^https?:/.test(place.url);
    const known = { ...facts, cliVersion: version, stack: place.stack, isCloud };
    return this.#withWorkspace(stack, (workspace) => askBackend(workspace, known, probe));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#active);
    await this.#runners.close();
  }

  #tracked(run: StackRun, mode: Exclude<Mode, 'import'>): Promise<StackRunResult> {
    return this.#awaited(mode === 'preview' ? this.#preview(run) : this.#write(run, mode));
  }

  /** `close` waits for it. */
  async #awaited<T>(result: Promise<T>): Promise<T> {
    this.#active.add(result);
    try {
      return await result;
    } finally {
      this.#active.delete(result);
    }
  }

  async #preview(run: StackRun, mode: 'preview' | 'import' = 'preview', extra: Extra = {}): Promise<StackRunResult> {
    const stateVersion = (await this.options.ledger.find(run))?.serial ?? 0;
    return this.#withWorkspace(
      run,
      async (workspace) => {
        let attempt = await this.#execute(run, mode, workspace, randomUUID(), extra);
        if (attempt.kind === 'no-stack') {
          // planned against an empty state of its own: a preview makes nothing, not even a stack
          const url = `file://${join(workspace.folder, 'nothing')}`;
          const empty = await this.#workspace(run, { run, url });
          try {
            await empty.makeStack();
            attempt = await this.#execute(run, mode, empty, randomUUID(), extra);
          } finally {
            await empty.remove();
          }
        }
        return this.#result('preview', workspace, attempt, stateVersion, []);
      },
      run,
    );
  }

  async #write(run: StackRun, mode: Exclude<Mode, 'preview'>, extra: Extra = {}): Promise<StackRunResult> {
    const { ledger } = this.options;
    const runId = randomUUID();
    return this.#withWorkspace(
      run,
      async (workspace) => {
        const before = await this.#take(workspace, run, run.fence, runId);
        let hasChanged = false;
        let attempt: Attempt;
        const repaired: string[] = [];
        try {
          const settled = await this.#settle(run, workspace);
          repaired.push(...settled.sentences);
          for (const message of repaired) run.onEvent({ kind: 'log', level: 'warn', message });
          const asked = settled.needsRefresh ? { ...run, refresh: true } : run;
          const makes = mode === 'up' || mode === 'import';
          if (before === null && makes) await workspace.makeStack();
          attempt = await this.#checked(asked, mode, workspace, runId, extra);
          if (attempt.kind === 'no-stack' && makes) {
            await workspace.makeStack();
            attempt = await this.#checked(asked, mode, workspace, runId, extra);
          }
          hasChanged = repaired.length > 0 || (attempt.kind === 'ran' && attempt.reader.hasChanged);
        } catch (error) {
          if (!(error instanceof BackendRefused)) throw error;
          attempt = { kind: 'refused', error: { ...error.problem } };
        } finally {
          await ledger.close(run, run.fence, runId, hasChanged);
        }
        const serial = (await ledger.find(run))?.serial ?? 0;
        return this.#result(mode, workspace, attempt, serial, [...workspace.repairs, ...repaired]);
      },
      run,
    );
  }

  /** Pulumi imports one after another and keeps what came before a failure: a preview finds that failure first. */
  async #checked(run: StackRun, mode: Mode, workspace: Workspace, runId: string, extra: Extra): Promise<Attempt> {
    if (mode !== 'import') return this.#execute(run, mode, workspace, runId, extra);
    const silent = { ...run, onEvent: () => undefined };
    const plan = await this.#execute(silent, mode, workspace, runId, { ...extra, flags: ['--preview-only'] });
    if (plan.kind !== 'ran' || plan.error) return plan;
    return this.#execute(run, mode, workspace, runId, extra);
  }

  async #take(workspace: Workspace, stack: StackRef, fence: number, runId: string) {
    const before = await this.options.ledger.open(stack, fence, {
      id: runId,
      host: hostname(),
      startedAt: this.#clock.now().toISOString(),
    });
    workspace.holdsLease = true;
    workspace.left = before?.open ?? null;
    return before;
  }

  /** Only after a run that never ended: a run that failed has told its user what is pending. */
  async #settle(run: StackRun, workspace: Workspace) {
    const nothing = { sentences: [] as readonly string[], needsRefresh: false };
    if (!workspace.left) return nothing;
    const state = await workspace.export();
    if (!state || pendingIn(state).length === 0) return nothing;
    const { providerFor, packages = {} } = this.options;
    const settled = await settlePending(state, workspace.left.id, (wanted, region = run.region) =>
      providerFor && wanted === 'aws' ? providerFor({ ...run, region }) : providerFor && packages[wanted],
    );
    await this.#import(workspace, settled.state);
    return settled;
  }

  async #import(workspace: Workspace, state: StackState): Promise<void> {
    await writeFile(join(workspace.folder, STATE_FILE), JSON.stringify(state), { mode: 0o600 });
    await workspace.import(STATE_FILE);
  }

  async #execute(run: StackRun, mode: Mode, workspace: Workspace, runId: string, extra: Extra = {}): Promise<Attempt> {
    if (run.signal.aborted || this.#closing.signal.aborted) return { kind: 'refused', error: CANCELLED };
    const protocol = await loadProtocol();
    const vault = new SecretVault(this.options.secrets);
    vault.watchConfig(run);
    const reader = new protocol.EventReader(run, mode, vault, {
      now: () => performance.now(),
      programEnd: () => host.end,
    });
    const givenUp = new AbortController();
    const host: LanguageHost = new protocol.LanguageHost(run, this.#runners, (stream, line) =>
      reader.line(stream, line),
    );
    const server: Server = protocol.newServer();
    protocol.addServices(server, host, (event) => {
      reader.accept(event);
      extra.onEvent?.(event);
    });
    const packages = this.#servedPackages(run).map(
      (served) =>
        new protocol.ProviderHost(served, {
          run,
          runId,
          seesSecrets: this.options.seesSecrets ?? true,
          onRefusal: (refusal) => reader.refusals.push(refusal),
          onSecret: (value) => vault.watch(value),
          bridge: {
            signal: givenUp.signal,
            sleep: (ms, signal) => this.#clock.sleep(ms, signal),
            random: this.options.random ?? Math.random,
            log: this.options.log,
            mark: (properties) => vault.mark(properties),
          },
        }),
    );
    const stopWatching = this.#watchCancel(run, givenUp);
    try {
      const address = `127.0.0.1:${await protocol.listen(server)}`;
      const attached = await Promise.all(packages.map((served) => served.open()));
      const stopped = AbortSignal.any([run.signal, this.#closing.signal]);
      const { stack } = backendOf(run, this.options.backend);
      if (extra.file !== undefined) await writeFile(join(workspace.folder, IMPORT_FILE), extra.file, { mode: 0o600 });
      const end = await workspace.run(argumentsOf(run, mode, address, stack, extra.flags), {
        environment: {
          PULUMI_DEBUG_COMMANDS: 'true', // shows --event-log
          // the state names plug-ins that nobody needs here: they are neither looked for nor downloaded
          ...(attached.length > 0
            ? { PULUMI_DEBUG_PROVIDERS: attached.join(','), PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true' }
            : {}),
        },
        signal: stopped,
        giveUp: givenUp.signal,
      });
      const problem = end.code === 0 ? undefined : readCommandFailure(vault.redact(end.stderr || end.stdout));
      if (problem && isMissingStack(problem)) return { kind: 'no-stack' };
      const error = end.code === 0 ? undefined : stopped.aborted ? CANCELLED : (reader.failure ?? { ...problem! });
      return { kind: 'ran', reader, vault, end, ...(error ? { error } : {}) };
    } finally {
      stopWatching();
      server.forceShutdown();
      for (const served of packages) served.close();
    }
  }

  #servedPackages(run: StackRun): ServedPackage[] {
    const { providerFor, packages = {}, versions } = this.options;
    if (!providerFor) return [];
    const cloud: ServedPackage = {
      name: 'aws',
      version: versions['aws'] ?? '0.0.0',
      providerFor: (region) => providerFor({ ...run, region }),
    };
    return [
      cloud,
      ...Object.entries(packages).map(([name, provider]): ServedPackage => ({
        name,
        version: versions[name] ?? '0.0.0',
        providerFor: () => provider,
      })),
    ];
  }

  async #result(
    mode: Mode,
    workspace: Workspace,
    attempt: Attempt,
    stateVersion: number,
    repaired: readonly string[],
  ): Promise<StackRunResult> {
    const base = { resources: NOTHING, resourceCount: 0, outputs: {}, stateVersion, repaired };
    if (attempt.kind === 'no-stack') return { ...base, success: true };
    if (attempt.kind === 'refused') return { ...base, success: false, error: attempt.error };
    const { reader, vault } = attempt;
    let { error } = attempt;
    const isTold =
      !error && (mode === 'preview' || ((mode === 'up' || mode === 'destroy') && !reader.hasSecretOutputs));
    if (isTold) {
      return {
        ...base,
        success: true,
        resources: { ...reader.counts },
        resourceCount: reader.present.size,
        outputs: mode === 'preview' ? plannedOutputs(reader) : plainOutputs(reader.outputs),
      };
    }
    let state: StackState | null = null;
    try {
      if (mode !== 'preview') state = await workspace.export(true);
    } catch (refused) {
      if (!(refused instanceof BackendRefused)) throw refused;
      error ??= { ...refused.problem }; // what made the run fail comes first
    }
    const outputs = outputsIn(state);
    for (const { value, secret } of Object.values(outputs)) if (secret) vault.watch(value);
    return {
      ...base,
      success: !error,
      resources: { ...reader.counts },
      resourceCount: countedIn(state).length,
      // a program that failed has given up what it did not come to; what is there stays true
      outputs: error ? { ...plainOutputs(withoutBlinded(reader.outputsBefore)), ...outputs } : outputs,
      ...(error ? { error } : {}),
    };
  }

  async #withWorkspace<T>(ref: StackRef, work: (workspace: Workspace) => Promise<T>, run?: StackRun): Promise<T> {
    const workspace = await this.#workspace(ref, run ? { run } : {});
    try {
      return await work(workspace);
    } finally {
      await workspace.remove();
    }
  }

  async #workspace(ref: StackRef, { run, url }: { run?: StackRun; url?: string }): Promise<Workspace> {
    const { backend, secrets, environment, workRoot, pulumiHome, log } = this.options;
    const { file } = await this.commandLine();
    const place = backendOf(ref, backend);
    const folder = await makeWorkFolder(
      workRoot,
      pulumiHome,
      ref,
      run && { folder: existsSync(run.programDir) ? run.programDir : undefined, config: plainConfig(run) },
    );
    return new Workspace({
      file,
      ref,
      backend:
        url === undefined ? place : { ...place, url, stack: backendOf(ref, { ...backend, url }).stack, isLocal: true },
      folder,
      environment: { ...environment, PULUMI_CONFIG_PASSPHRASE: passphraseOf(backend, secrets) },
      secretsProvider: url === undefined ? backend.secretsProvider : 'passphrase',
      host: hostname(),
      isAlive: isPulumiAlive,
      log,
    });
  }

  /** Cancel: no new step starts; what still runs after the grace time is given up. Closing the engine gives no grace. */
  #watchCancel(run: StackRun, givenUp: AbortController): () => void {
    let timer: NodeJS.Timeout | undefined;
    const onCancel = (): void => {
      timer ??= setTimeout(() => givenUp.abort(), this.options.graceMs ?? GRACE_MS);
    };
    const onClose = (): void => givenUp.abort();
    run.signal.addEventListener('abort', onCancel, { once: true });
    this.#closing.signal.addEventListener('abort', onClose, { once: true });
    return () => {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', onCancel);
      this.#closing.signal.removeEventListener('abort', onClose);
    };
  }

  /** Once for a process: runs side by side would download the same plug-in at the same time. */
  #installPlugins(): Promise<void> {
    this.#plugins ??= this.#install();
    return this.#plugins;
  }

  async #install(): Promise<void> {
    const { providerFor, versions, pulumiHome, log, workRoot, environment } = this.options;
    if (providerFor) return;
    const { file } = await this.commandLine();
    const { runCommand } = await import('./pulumi/command.js');
    await mkdir(workRoot, { recursive: true, mode: 0o700 });
    for (const [name, version] of Object.entries(versions)) {
      if (existsSync(join(pulumiHome, 'plugins', `resource-${name}-v${version}`))) continue;
      log.info('installing a Pulumi plug-in', { plugin: name, version });
      const end: CommandEnd = await runCommand(file, {
        args: ['plugin', 'install', 'resource', name, version, ...PLAIN],
        cwd: workRoot,
        environment: { ...environment, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: 'true' },
        giveUp: this.#closing.signal,
      });
      if (end.code !== 0) {
        log.error('a Pulumi plug-in could not be installed; runs that need it will fail', {
          error: new BackendRefused(readCommandFailure(end.stderr)),
          plugin: name,
          version,
        });
      }
    }
  }
}

/** What a command gets beside what all get. */
interface Extra {
  /** In the place of `--yes --skip-preview`. */
  readonly flags?: readonly string[];
  /** Content of the import file. */
  readonly file?: string;
  readonly onEvent?: (event: string) => void;
}

type Attempt =
  | { readonly kind: 'no-stack' }
  /** It did not come to a run. */
  | { readonly kind: 'refused'; readonly error: EngineError }
  | {
      readonly kind: 'ran';
      readonly reader: EventReader;
      readonly vault: SecretVault;
      readonly end: CommandEnd;
      readonly error?: EngineError;
    };

const CANCELLED: EngineError = {
  class: 'cancelled',
  code: 'OPERATION_CANCELLED',
  message: 'The run was cancelled',
  retryable: false,
};

function argumentsOf(
  run: StackRun,
  mode: Mode,
  address: string,
  stack: string,
  flags: readonly string[] = mode === 'preview' ? [] : ['--yes', '--skip-preview'],
): string[] {
  return [
    mode,
    ...['--stack', stack, '--parallel', String(run.parallel ?? 16)],
    ...flags,
    ...(run.refresh && (mode === 'up' || mode === 'preview' || mode === 'destroy') ? ['--refresh'] : []),
    // an import runs no program
    ...(mode === 'import' ? ['--file', IMPORT_FILE, '--generate-code=false'] : [`--client=${address}`]),
    ...(mode === 'import' ? [] : ['--exec-kind', 'auto.inline']),
    ...['--event-log', `tcp://${address}`, '--suppress-progress', ...PLAIN],
  ];
}

/** What providers find in the stack's configuration file; the program gets everything from its runner. */
function plainConfig(run: StackRun): Record<string, string> {
  return Object.fromEntries(Object.entries(run.config).filter(([key]) => !run.secretKeys.includes(key)));
}

/** The events of a preview blind secrets: their values count as not known yet. */
function plannedOutputs(reader: EventReader): StackOutputs {
  return Object.fromEntries(
    Object.entries(plainOutputs(reader.outputs)).map(([key, output]): [string, OutputValue] => [
      key,
      output.secret ? { value: UNKNOWN, secret: true } : output,
    ]),
  );
}

function withoutBlinded(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain = plainOutputs(outputs);
  return Object.fromEntries(Object.entries(outputs).filter(([key]) => plain[key]?.secret === false));
}

/** The gRPC server and Pulumi's messages are 30 MB of code: loaded by `warm`, or with the first run. */
async function loadProtocol() {
  const [grpc, language, provider, events, reader] = await Promise.all([
    import('./pulumi/grpc.js'),
    import('./pulumi/language-host.js'),
    import('./pulumi/provider-host.js'),
    import('./pulumi/event-service.js'),
    import('./pulumi/event-reader.js'),
  ]);
  return { ...grpc, ...language, ...provider, ...events, ...reader };
}
