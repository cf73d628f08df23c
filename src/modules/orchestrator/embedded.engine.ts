import type { ResourceProvider } from '../../../tools/sandbox-cloud/provider.port.js';
import { SystemClock, type Clock } from '../../shared/kernel/clock.js';
import type { Log } from '../../shared/kernel/log.js';
import { adopt } from './embedded/adoption.js';
import { deleteLeftovers } from './embedded/deletions.js';
import { findDrift } from './embedded/drift.js';
import { containsSecret, isObject, withoutSecrets } from './embedded/property-value.js';
import { type LocalPackages, Providers } from './embedded/providers.js';
import { Registrations } from './embedded/registrations.js';
import { refreshAll, settlePending } from './embedded/repair.js';
import { RunContext, RunStopped } from './embedded/run-context.js';
import { RunnerPool, type RunnerOptions } from './embedded/runner-pool.js';
import { SecretVault } from './embedded/secret-vault.js';
import { isCounted, readState, writeState, type ResourceRecord, type StackContents } from './embedded/stack-state.js';
import { StateWriter } from './embedded/state-writer.js';
import { Steps } from './embedded/steps.js';
import { nameOf, ROOT_STACK_TYPE } from './embedded/urn.js';
import { StateInvalid } from './engine.errors.js';
import {
  type DriftResult,
  type EngineError,
  type ResourceDrift,
  type ResourceImport,
  type SecretBox,
  StackEngine,
  type StackOutputs,
  type StackRef,
  type StackRun,
  type StackRunResult,
  type StackState,
  type StackStateStore,
  type StateResource,
} from './engine.port.js';

export interface EmbeddedEngineOptions {
  /** The cloud of one stack; called once per run and region. */
  readonly providerFor: (stack: StackRef) => ResourceProvider;
  /** Packages besides the cloud's that programs may use; default none. */
  readonly packages?: LocalPackages;
  readonly states: StackStateStore;
  readonly secrets: SecretBox;
  readonly log: Log;
  readonly runners?: Partial<RunnerOptions>;
  /** How long running steps may take after a cancel before they are given up, in ms. Default 60,000 (deployments.md 7.12). */
  readonly graceMs?: number;
  readonly clock?: Clock;
  /** 0 to 1, spreads the pauses between retries. */
  readonly random?: () => number;
}

type Mode = 'preview' | 'up' | 'destroy' | 'refresh';

/** What is done instead of a run of the program. */
interface Errand {
  readonly isReadOnly: boolean;
  readonly work: (context: RunContext, providers: Providers) => Promise<void>;
}

const GRACE_MS = 60_000;
/** A provider that does not even end when its signal is aborted is left behind after this. */
const GIVE_UP_MS = 1_000;
const DEFAULT_RUNNERS: RunnerOptions = { size: 2, environment: {} };
const NOTHING: StackContents = { resources: [], pending: [] };

/**
 * An engine of our own that runs unmodified Pulumi programs without the Pulumi command line: it speaks the SDK's resource
 * monitor protocol, plans and applies, and keeps its state in Pulumi's deployment format. One run:
 * 1. load the state, settle what a killed run left under way, refresh when asked;
 * 2. run the program in a runner process; each registration is planned and done as it comes (`Registrations`);
 * 3. when the program has ended well, delete what it no longer wants;
 * 4. every step has saved the state before and after, so there is nothing left to save.
 * Drift detection and adoption do 1, then their own errand. A failure stops new steps, lets running ones end, and is a result; only a state that cannot be kept is thrown.
 */
export class EmbeddedEngine extends StackEngine {
  readonly name = 'embedded';
  readonly #runners: RunnerPool;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<unknown>>();

  constructor(private readonly options: EmbeddedEngineOptions) {
    super();
    this.#runners = new RunnerPool({ ...DEFAULT_RUNNERS, ...options.runners });
    this.#clock = options.clock ?? new SystemClock();
  }

  async warm(): Promise<void> {
    await Promise.all([this.#runners.warm(), loadProtocol()]);
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

  async detectDrift(run: StackRun): Promise<DriftResult> {
    const drifted: ResourceDrift[] = [];
    const work = async (context: RunContext, providers: Providers): Promise<void> => {
      drifted.push(...(await findDrift(context, providers)));
    };
    const { success, error, resources } = await this.#tracked(run, 'refresh', { isReadOnly: true, work });
    const { unchanged, updated, deleted } = resources;
    return { success, checked: unchanged + updated + deleted, drifted, ...(error ? { error } : {}) };
  }

  importResources(
    run: StackRun,
    resources: readonly ResourceImport[],
    { preview }: { readonly preview: boolean },
  ): Promise<StackRunResult> {
    const work = (context: RunContext, providers: Providers): Promise<void> => adopt(context, providers, resources);
    return this.#tracked(run, 'refresh', { isReadOnly: preview, work });
  }

  async outputs(stack: StackRef): Promise<StackOutputs> {
    return outputsOf((await this.#contents(stack)).resources);
  }

  async resources(stack: StackRef): Promise<readonly StateResource[]> {
    const { resources } = await this.#contents(stack);
    return resources
      .filter((record) => isCounted(record) && !record.pendingReplacement)
      .map(({ urn, type, id, protect, outputs, created }) => ({
        urn,
        type,
        name: nameOf(urn),
        id,
        protect,
        ...(typeof outputs['arn'] === 'string' ? { arn: outputs['arn'] } : {}),
        ...(created === undefined ? {} : { createdAt: created }),
      }));
  }

  async exportState(stack: StackRef): Promise<StackState | null> {
    return (await this.options.states.load(stack))?.state ?? null;
  }

  /** @throws StateInvalid when it is not a deployment of version 3, contradicts itself, or belongs to another stack */
  async importState(stack: StackRef, state: StackState, fence: number): Promise<number> {
    const vault = new SecretVault(this.options.secrets);
    const contents = readState(state, vault);
    const own = `urn:pulumi:${stack.stack}::${stack.project}::`;
    const foreign = contents.resources.find((record) => !record.urn.startsWith(own));
    if (foreign) throw new StateInvalid(`the state belongs to another stack: ${foreign.urn}`);
    // written anew, because secrets may have come in clear
    const { deployment } = writeState(contents, vault, this.#clock.now());
    const { manifest = deployment['manifest'] } = state.deployment;
    return this.options.states.save(stack, { version: 3, deployment: { ...deployment, manifest } }, fence);
  }

  async stackExists(stack: StackRef): Promise<boolean> {
    return (await this.options.states.load(stack)) !== null;
  }

  async shutOut(stack: StackRef, fence: number): Promise<boolean> {
    await this.options.states.raise(stack, fence);
    return false;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#active);
    await this.#runners.close();
  }

  async #contents(stack: StackRef): Promise<StackContents> {
    const loaded = await this.options.states.load(stack);
    return loaded ? readState(loaded.state, new SecretVault(this.options.secrets)) : NOTHING;
  }

  async #tracked(run: StackRun, mode: Mode, errand?: Errand): Promise<StackRunResult> {
    const result = this.#execute(run, mode, errand);
    this.#active.add(result);
    try {
      return await result;
    } finally {
      this.#active.delete(result);
    }
  }

  async #execute(run: StackRun, mode: Mode, errand?: Errand): Promise<StackRunResult> {
    const { states, secrets, log, providerFor, packages = {}, random = Math.random } = this.options;
    const loaded = await states.load(run);
    const vault = new SecretVault(secrets);
    vault.watchConfig(run);
    let contents = NOTHING;
    let corrupted: EngineError | undefined;
    try {
      if (loaded) contents = readState(loaded.state, vault);
    } catch (error) {
      if (!(error instanceof StateInvalid)) throw error;
      corrupted = { class: 'state_corruption', code: 'STATE_CORRUPTED', message: error.message, retryable: false };
    }

    const writer = new StateWriter(
      { stack: run, fence: run.fence, store: states, vault, serial: loaded?.serial ?? 0, now: () => this.#clock.now() },
      (error) => context.abandon(error),
    );
    const preview = errand?.isReadOnly ?? mode === 'preview';
    const context: RunContext = new RunContext(run, preview, contents, vault, this.#clock, () =>
      preview ? Promise.resolve() : writer.commit(context.snapshot),
    );
    const givenUp = new AbortController();
    const stopWatching = this.#watchCancel(run, context, givenUp);
    const bridge = {
      signal: givenUp.signal,
      sleep: (ms: number, signal?: AbortSignal) => this.#clock.sleep(ms, signal),
      random,
      log,
      mark: vault.mark.bind(vault),
    };
    const providers = new Providers(context, providerFor, packages, bridge);
    const steps = new Steps(context, givenUp.signal);
    const repaired: string[] = [];
    const work = async (): Promise<void> => {
      try {
        if (corrupted) context.fail(corrupted);
        context.assertOpen();
        repaired.push(...(await settlePending(context, providers)));
        for (const sentence of repaired) context.log('warn', sentence);
        if (errand) return await errand.work(context, providers);
        if (mode === 'refresh' || run.refresh) await refreshAll(context, providers);
        context.assertOpen();
        if (mode === 'refresh') return;
        context.resetCounts();
        if (mode === 'up' || preview) await this.#runProgram(context, providers, steps, givenUp.signal);
        context.assertOpen();
        await deleteLeftovers(context, providers, steps);
      } catch (error) {
        if (!(error instanceof RunStopped)) context.abandon(error);
      }
      await context.settled();
    };
    await Promise.race([work(), aborted(givenUp.signal).then(() => delay(GIVE_UP_MS))]);
    writer.close();
    stopWatching();
    if (context.fatal) throw context.fatal.error;

    const { resources } = context.snapshot.contents();
    return {
      success: context.failure === undefined,
      outputs: outputsOf(resources),
      resources: { ...context.counts },
      resourceCount: resources.filter((record) => isCounted(record) && !record.delete && !record.pendingReplacement)
        .length,
      stateVersion: writer.serial,
      repaired: repaired.map((sentence) => vault.redact(sentence)),
      ...(context.failure ? { error: context.failure } : {}),
    };
  }

  async #runProgram(context: RunContext, providers: Providers, steps: Steps, givenUp: AbortSignal): Promise<void> {
    const { runProgram, MonitorService } = await loadProtocol();
    const registrations = new Registrations(context, providers, steps);
    await runProgram(context, new MonitorService(context, registrations, providers), this.#runners, givenUp);
    if (!context.fatal) await registrations.settleStackOutputs();
  }

  /** Cancel: the run stops; what still runs after the grace time is given up. Closing the engine gives no grace. */
  #watchCancel(run: StackRun, context: RunContext, givenUp: AbortController): () => void {
    let timer: NodeJS.Timeout | undefined;
    const cancel = (graceMs: number) => (): void => {
      context.fail({
        class: 'cancelled',
        code: 'OPERATION_CANCELLED',
        message: 'The run was cancelled',
        retryable: false,
      });
      clearTimeout(timer); // closing the engine cuts a cancel's grace short
      timer = setTimeout(() => givenUp.abort(), graceMs);
    };
    const onCancel = cancel(this.options.graceMs ?? GRACE_MS);
    const onClose = cancel(0);
    const watched = [
      [run.signal, onCancel],
      [this.#closing.signal, onClose],
    ] as const;
    for (const [signal, listener] of watched) {
      if (signal.aborted) listener();
      else signal.addEventListener('abort', listener, { once: true });
    }
    // without the state no answer of the cloud is of use
    void context.stop.then(() => context.fatal && givenUp.abort());
    return () => {
      clearTimeout(timer);
      for (const [signal, listener] of watched) signal.removeEventListener('abort', listener);
    };
  }
}

/** The gRPC server and Pulumi's messages are 30 MB of code: loaded by `warm`, or when the first program runs. */
async function loadProtocol() {
  const [{ runProgram }, { MonitorService }] = await Promise.all([
    import('./embedded/program-run.js'),
    import('./embedded/monitor.service.js'),
  ]);
  return { runProgram, MonitorService };
}

function outputsOf(resources: readonly ResourceRecord[]): StackOutputs {
  const root = resources.find((record) => record.type === ROOT_STACK_TYPE);
  return Object.fromEntries(
    Object.entries(root?.outputs ?? {}).map(([key, value]) => [
      key,
      { value: plain(withoutSecrets(value)), secret: containsSecret(value) },
    ]),
  );
}

/** Copies, so that nobody changes the state through an output. */
function plain(value: unknown): unknown {
  return Array.isArray(value) || isObject(value) ? structuredClone(value) : value;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
