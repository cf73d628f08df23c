import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { type Lease, Leases, StaleLease } from '../../../shared/database/leases.js';
import { AppError } from '../../../shared/errors/app-error.js';
import { createLog } from '../../../shared/kernel/log.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import { RunAbandoned } from '../../orchestrator/run-control.js';
import { RunPause } from '../../orchestrator/run-pause.js';
import { RunStop } from '../../orchestrator/run-stop.js';
import { type Operation, isFinal, leaseKey } from './operation.js';
import { OperationClosing } from './operation-closing.js';
import type { OperationJournal } from './operation.journal.js';
import { OperationJournals } from './operation-journals.js';
import { OperationsRepository } from './operations.repository.js';
import { RunPreparation } from './run-preparation.js';
import { StaleDependents } from './stale-dependents.js';

/** Operations looked at in one round of claiming. */
const OPEN_BATCH = 200;
/** How often a worker looks for runs whose process died, in ms; the cron of `stale-operations` is the net below. */
const PATROL_MS = 5_000;
/** Rounds after which an operation that breaks outside of its stacks is ended as failed. */
const MAX_TAKEOVERS = 5;
/** How long a shutdown or an unlock waits for running stacks to let go, in ms; the journal makes leaving early safe. */
const SHUTDOWN_WAIT_MS = 5_000;

const log = createLog('operations');

interface Running {
  readonly stop: AbortController;
  readonly journal: OperationJournal;
  readonly pause: RunPause;
  readonly done: Promise<void>;
}

/** What the worker does with an operation it holds. */
@Injectable()
export class OperationExecution {
  constructor(
    readonly journals: OperationJournals,
    private readonly operations: OperationsRepository,
    private readonly preparation: RunPreparation,
    private readonly orchestrator: OrchestratorService,
    private readonly closing: OperationClosing,
    private readonly stale: StaleDependents,
  ) {}

  /** @throws StaleLease when the lease was lost on the way */
  async run(
    found: Operation,
    lease: Lease,
    journal: OperationJournal,
    signal: AbortSignal,
    pause: RunPause,
  ): Promise<void> {
    const operation = await this.operations.find(found.operationId);
    if (!operation || isFinal(operation)) return;
    const takenOver = operation.status === 'in_progress';
    const recovery = takenOver ? this.closing.recoveryOf(operation) : null;
    if (recovery === 'end') return this.closing.endInterrupted(operation, journal);
    try {
      await this.closing.begin(operation, lease.holder);
      const current = (await this.operations.find(operation.operationId)) ?? operation;
      const previousHolder = takenOver ? (operation.executor ?? '') : null;
      const { request, checks } = await this.preparation.prepare(current, lease, previousHolder);
      const asked = recovery === 'settle' ? { ...request, isGivenUp: true } : request;
      await this.orchestrator.run(asked, journal, signal, checks, pause);
      const ended = await this.operations.find(operation.operationId);
      if (ended) await this.stale.known(ended);
    } catch (error) {
      if (error instanceof StaleLease || error instanceof RunAbandoned) throw error;
      const isRefusal = error instanceof AppError && error.status < 500;
      if (!isRefusal && operation.takeovers < MAX_TAKEOVERS) throw error; // the journal is whole: a later round goes on
      await this.closing.endFailed(operation, journal, error);
    }
  }

  /** The next operation that waits for the environment, now holding it. */
  next(operation: Operation): Promise<Operation | null> {
    return this.closing.promoteNext(operation);
  }
}

/**
 * Executes operations. One operation:
 * 1. take the environment's lease (a preview: its own); somebody else has it → leave it alone;
 * 2. `pending` → `in_progress`; found `in_progress` → its process died: take it over (RUN_RECOVERY);
 * 3. build the run request from the frozen manifest revision and hand it to the orchestrator;
 * 4. renew the lease at a third of its life; when it is lost, stop at once and write nothing more;
 * 5. release the lease and give the environment to the next in the queue.
 */
@Injectable()
export class OperationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #running = new Map<string, Running>();
  readonly #leaseMs: number;
  #closing = false;
  #patrol: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: Config,
    private readonly leases: Leases,
    private readonly operations: OperationsRepository,
    private readonly execution: OperationExecution,
  ) {
    this.#leaseMs = config.runs.leaseSeconds * 1000;
  }

  get isWorker(): boolean {
    return this.config.server.roles.includes('worker');
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.takeBackAndClaim();
    this.#patrol = setInterval(() => {
      this.takeBackAndClaim().catch((error: unknown) =>
        log.warn('open operations could not be looked through', { error }),
      );
    }, PATROL_MS);
  }

  /** Starts the operation soon, without waiting for it. */
  wake(operationId: string): void {
    if (!this.isWorker || this.#closing) return;
    void this.operations
      .find(operationId)
      .then((operation) => (operation ? this.start(operation) : undefined))
      .catch((error: unknown) => log.error('operation could not be started', { error, operationId }));
  }

  /** Looks through pending and running operations for those nobody executes. */
  async claimOpen(): Promise<void> {
    if (!this.isWorker || this.#closing) return;
    for (const operation of await this.operations.listOpen(OPEN_BATCH)) {
      const isWaiting = !operation.active && !operation.preview;
      // its turn may have come when the process that was to give it died
      const due = isWaiting ? await this.execution.next(operation) : operation;
      if (due) await this.start(due);
    }
  }

  /** Asks a run of this process to end; runs elsewhere notice at their next renewal. */
  cancel(operationId: string, stop: RunStop): void {
    this.#running.get(operationId)?.stop.abort(stop);
  }

  /** Stops a run of this process at once, without another write, and waits until it has let go; runs elsewhere notice at their next write. */
  async cutOff(operationId: string): Promise<void> {
    const running = this.#running.get(operationId);
    if (!running) return;
    running.stop.abort(new RunStop('lease_lost'));
    await Promise.race([running.done, new Promise((resolve) => setTimeout(resolve, SHUTDOWN_WAIT_MS).unref())]);
  }

  /** Holds a run of this process back, or lets it go on; runs elsewhere notice at their next renewal. */
  pause(operationId: string, isPaused: boolean): void {
    this.#running.get(operationId)?.pause.set(isPaused);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#patrol);
    const all = [...this.#running.values()];
    for (const { journal, stop } of all) {
      journal.close();
      stop.abort(new RunStop('shutdown'));
    }
    await Promise.race([
      Promise.allSettled(all.map((running) => running.done)),
      new Promise((resolve) => setTimeout(resolve, SHUTDOWN_WAIT_MS).unref()),
    ]);
  }

  /** A process of this machine may have died after our start, or a lease run out. */
  private async takeBackAndClaim(): Promise<void> {
    if (!this.isWorker || this.#closing) return;
    const freed = await this.leases.takeBackOwn();
    if (freed.length > 0) log.warn('leases of dead processes of this machine were freed', { keys: freed });
    await this.claimOpen();
  }

  private async start(operation: Operation): Promise<void> {
    const { operationId } = operation;
    if (this.#running.has(operationId) || isFinal(operation) || !(operation.active || operation.preview)) return;
    const lease = await this.leases.acquire(leaseKey(operation), this.#leaseMs, {
      operationId,
      lockType: operation.type,
      lockedBy: operation.startedBy,
    });
    if (!lease) return;
    if (this.#closing) return this.leases.release(lease);
    const stop = new AbortController();
    if (operation.cancel) stop.abort(RunStop.cancelled(operation.cancel));
    const journal = this.execution.journals.open(operation, lease);
    const pause = new RunPause(operation.paused !== null);
    const done = this.whileHeld(lease, operationId, stop, () =>
      this.execution.run(operation, lease, journal, stop.signal, pause),
    );
    this.#running.set(operationId, { stop, journal, pause, done });
    void done.finally(() => {
      this.#running.delete(operationId);
      if (!this.#closing) void this.startNext(operation);
    });
  }

  /** What fails here is made up for by the next round of claiming. */
  private async startNext(operation: Operation): Promise<void> {
    try {
      const next = await this.execution.next(operation);
      if (next) this.wake(next.operationId);
    } catch (error) {
      log.warn('the next operation of the environment was not started', { error, operationId: operation.operationId });
    }
  }

  private async whileHeld(
    lease: Lease,
    operationId: string,
    stop: AbortController,
    work: () => Promise<void>,
  ): Promise<void> {
    const timer = setInterval(() => {
      void this.keep(lease, operationId, stop);
    }, this.#leaseMs / 3);
    try {
      await work();
    } catch (error) {
      if (error instanceof StaleLease || (error instanceof RunAbandoned && error.stop.kind === 'lease_lost'))
        log.warn('run stopped: its lease is no longer ours', { operationId, key: lease.key });
      else log.error('run ended unexpectedly', { error, operationId });
    } finally {
      clearInterval(timer);
      await this.leases
        .release(lease)
        .catch((error: unknown) => log.warn('lease was not released', { error, key: lease.key }));
    }
  }

  private async keep(lease: Lease, operationId: string, stop: AbortController): Promise<void> {
    try {
      await this.leases.renew(lease, this.#leaseMs);
      const { cancel, paused } = await this.operations.findWishes(operationId);
      this.#running.get(operationId)?.pause.set(paused !== null);
      if (cancel) stop.abort(RunStop.cancelled(cancel));
    } catch (error) {
      if (error instanceof StaleLease) stop.abort(new RunStop('lease_lost'));
      else log.warn('lease could not be renewed, will try again', { error, key: lease.key });
    }
  }
}
