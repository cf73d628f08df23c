import type { EngineError, EngineEvent, ResourceAction, ResourceCounts, StackRun } from '../engine.port.js';
import { Defect } from '../../../shared/errors/app-error.js';
import type { Clock } from '../../../shared/kernel/clock.js';
import { toEngineError } from './cloud-failure.js';
import type { SecretVault } from './secret-vault.js';
import { Snapshot } from './snapshot.js';
import type { ResourceRecord, StackContents } from './stack-state.js';
import { nameOf } from './urn.js';

/** Ends what is under way after the run has been stopped; the reason is in the context. Never leaves the engine. */
export class RunStopped extends Defect {
  constructor() {
    super('The run has been stopped');
  }
}

/** Saves the snapshot; resolves when everything it holds now is stored. Does nothing in a preview. */
export type Commit = () => Promise<void>;

/**
 * Everything the parts of one run share: the state, the way to say what happens, and the one switch that stops it.
 * Stopped (by a failure, a cancel or a lost state) means: no new step starts, running ones end, then the run ends.
 */
export class RunContext {
  readonly snapshot: Snapshot;
  /** What this run has registered, by URN. */
  readonly registered = new Map<string, ResourceRecord>();
  /** URNs whose resource this run replaces. */
  readonly replaced = new Set<string>();
  /** The state before the run, by URN; records that only wait for their deletion are left out. */
  readonly initial: ReadonlyMap<string, ResourceRecord>;
  readonly counts: Record<keyof ResourceCounts, number> = {
    created: 0,
    updated: 0,
    deleted: 0,
    replaced: 0,
    unchanged: 0,
  };
  /** Resolves once the run is stopped. */
  readonly stop: Promise<void>;
  #announceStop: () => void = () => undefined;
  #isStopped = false;
  #failure: EngineError | undefined;
  #fatal: { readonly error: unknown } | undefined;
  #running = 0;
  #queue: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(
    readonly run: StackRun,
    readonly preview: boolean,
    contents: StackContents,
    readonly vault: SecretVault,
    private readonly clock: Clock,
    readonly commit: Commit,
  ) {
    this.snapshot = new Snapshot(contents);
    this.initial = new Map(contents.resources.filter((record) => !record.delete).map((record) => [record.urn, record]));
    this.stop = new Promise((resolve) => (this.#announceStop = resolve));
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The first failure by time. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** The state could not be kept: nothing may be done any more, and the caller must know. */
  get fatal(): { readonly error: unknown } | undefined {
    return this.#fatal;
  }

  now(): string {
    return this.clock.now().toISOString();
  }

  nowMs(): number {
    return this.clock.now().getTime();
  }

  /** A refresh before the program counts for itself. */
  resetCounts(): void {
    for (const key of Object.keys(this.counts) as (keyof ResourceCounts)[]) this.counts[key] = 0;
  }

  assertOpen(): void {
    if (this.#isStopped) throw new RunStopped();
  }

  /** Records the failure, unless there was one before, and stops the run. */
  fail(error: EngineError): void {
    this.#failure ??= this.#redacted(error);
    this.#halt();
  }

  abandon(error: unknown): void {
    this.#fatal ??= { error };
    this.#halt();
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, urn?: string): void {
    this.#emit({ kind: 'log', level, message: this.vault.redact(message), ...(urn ? { urn } : {}) });
  }

  /** A step that was refused before it began (protected, invalid inputs). */
  refuse(step: { urn: string; type: string; action: ResourceAction }, error: EngineError): RunStopped {
    this.#emit({ kind: 'resource_failed', ...step, name: nameOf(step.urn), error: this.#redacted(error) });
    this.fail(error);
    return new RunStopped();
  }

  /**
   * Runs one step: waits for a free place among `parallel`, reports start and end. A failure of the cloud is reported,
   * recorded, and stops the run.
   * @throws RunStopped when the step did not start or did not succeed
   */
  async step(
    step: { readonly urn: string; readonly type: string; readonly action: ResourceAction },
    work: () => Promise<ResourceRecord | undefined>,
  ): Promise<ResourceRecord | undefined> {
    await this.#enter();
    const named = { ...step, name: nameOf(step.urn) };
    const startedAt = performance.now();
    try {
      this.assertOpen();
      this.#emit({ kind: 'resource_started', ...named });
      const record = await work();
      const durationMs = Math.round(performance.now() - startedAt);
      this.#emit({ kind: 'resource_done', ...named, ...(record?.id ? { id: record.id } : {}), durationMs });
      return record;
    } catch (error) {
      if (error instanceof RunStopped) throw error;
      if (this.#fatal) throw new RunStopped();
      throw this.refuse(step, toEngineError(step, error));
    } finally {
      this.#leave();
    }
  }

  /** Resolves when no step is running. */
  settled(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async #enter(): Promise<void> {
    this.assertOpen();
    if (this.#running >= (this.run.parallel ?? 16)) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running++;
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next) return next(); // the place is handed on
    this.#running--;
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #halt(): void {
    this.#isStopped = true;
    this.#announceStop();
  }

  #redacted(error: EngineError): EngineError {
    return { ...error, message: this.vault.redact(error.message) };
  }

  /** A listener that throws ends the run; it must not make a finished step look failed. */
  #emit(event: EngineEvent): void {
    try {
      this.run.onEvent(event);
    } catch (error) {
      this.abandon(error);
    }
  }
}
