import { type Lease, type Leases, StaleLease } from '../../../shared/database/leases.js';
import type { EventLog } from '../../../shared/events/event-log.js';
import type { EventDraft } from '../../../shared/events/events.js';
import type { DriftFinding, InstanceChange, JournalEntry, RunJournal } from '../../orchestrator/run-journal.port.js';
import type { RunReport } from '../../orchestrator/run-request.js';
import type { EnvironmentClosing } from '../environments/environment-closing.js';
import type { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import type { StateBackups } from '../state/state-backups.js';
import type { Operation } from './operation.js';
import type { OperationsRepository } from './operations.repository.js';

/** What the journal writes to. */
export interface JournalStores {
  readonly eventLog: EventLog;
  readonly leases: Leases;
  readonly operations: OperationsRepository;
  readonly instances: StackInstancesRepository;
  readonly environments: EnvironmentClosing;
  readonly backups: StateBackups;
}

/**
 * The journal of one operation in MongoDB. States are backed up before an automatic rollback. Every entry is one transaction:
 * 1. the lease must still be ours (a change of hands before the commit makes the transaction fail);
 * 2. operation, stack instances, sticky values, environment and version are written;
 * 3. the events are numbered and stored.
 * @throws StaleLease when the run has lost its lease, the operation has ended or the journal was closed
 */
export class OperationJournal implements RunJournal {
  readonly #stores: JournalStores;
  readonly #operation: Operation;
  readonly #lease: Lease;
  #closed = false;

  constructor(stores: JournalStores, operation: Operation, lease: Lease) {
    this.#stores = stores;
    this.#operation = operation;
    this.#lease = lease;
  }

  /** Nothing more is written: the process is going to end and a successor will take over. */
  close(): void {
    this.#closed = true;
  }

  async record(entry: JournalEntry): Promise<void> {
    const { eventLog, leases, environments, backups } = this.#stores;
    const { rollback } = entry;
    if (entry.phase === 'rolling_back' && rollback?.trigger === 'auto' && !this.#closed) {
      await backups.beforeRollback(this.#operation, rollback.stacks);
    }
    await eventLog.write(this.#operation.organization, async (append) => {
      if (this.#closed) throw new StaleLease(this.#lease.key, this.#lease.token);
      await leases.assertHeld(this.#lease);
      const news: EventDraft[] = [];
      await this.writeOperation(entry);
      for (const [stack, finding] of Object.entries(entry.drift ?? {})) await this.writeDrift(stack, finding);
      if (!this.#operation.preview) {
        for (const [stack, change] of Object.entries(entry.instances ?? {})) await this.writeInstance(stack, change);
        await this.writeSticky(entry);
        if (entry.report) news.push(...(await environments.close(this.#operation, entry.report)));
        else if (entry.phase) await environments.enterPhase(this.#operation, entry.phase);
      }
      for (const event of [...entry.events, ...news]) append(event);
    });
  }

  private async writeOperation(entry: JournalEntry): Promise<void> {
    const fields: Record<string, unknown> = {};
    if (entry.phase) Object.assign(fields, { phase: entry.phase, 'state.phase': entry.phase });
    if (entry.totalLayers !== undefined) fields['state.totalLayers'] = entry.totalLayers;
    if (entry.rollback) fields['state.rollback'] = entry.rollback;
    if (entry.report) Object.assign(fields, closingFields(entry.report));
    if (Object.keys(fields).length === 0 && !entry.stacks?.length) return;
    const written = await this.#stores.operations.recordStep(this.#operation.operationId, {
      stacks: entry.stacks ?? [],
      fields,
    });
    if (!written) throw new StaleLease(this.#lease.key, this.#lease.token);
  }

  private async writeDrift(stack: string, { drifted, stackVersion }: DriftFinding): Promise<void> {
    const { deploymentId, environment, operationId } = this.#operation;
    const drift = { checkedAt: new Date(), operationId, resources: drifted };
    await this.#stores.instances.keepDrift({ deploymentId, environment, stack }, stackVersion, drift);
  }

  private async writeSticky(entry: JournalEntry): Promise<void> {
    if (!entry.sticky) return;
    await this.#stores.instances.keepSticky(this.#operation.deploymentId, this.#operation.environment, entry.sticky);
  }

  private async writeInstance(stack: string, change: InstanceChange): Promise<void> {
    const { deploymentId, environment, organization, startedBy } = this.#operation;
    const { instances } = this.#stores;
    await instances.change(
      { deploymentId, environment, stack, organization },
      instanceChange(change, startedBy, new Date()),
    );
    if (change.kind === 'destroyed') await instances.forgetSticky(deploymentId, environment, stack);
  }
}

/** What a change of a run makes of the stored instance. */
export function instanceChange(
  change: InstanceChange,
  by: string,
  now: Date,
): Parameters<StackInstancesRepository['change']>[1] {
  switch (change.kind) {
    case 'running':
      return { status: change.status };
    case 'deployed':
      return {
        status: 'deployed',
        fingerprint: change.fingerprint,
        lastConfig: change.config,
        outputs: change.outputs,
        dependencies: change.dependencies,
        codeHash: change.codeHash,
        resourceCount: change.resourceCount,
        stateVersion: change.stateVersion,
        lastOperationSucceeded: true,
        driftDetected: false,
        drift: null,
        lastDeployedAt: now,
        lastDeployedBy: by,
        duration: change.durationSeconds,
        bumpVersion: true,
      };
    case 'failed':
      return {
        status: 'failed',
        lastOperationSucceeded: false,
        ...(change.outputs ? { outputs: change.outputs } : {}),
        ...(change.resourceCount === undefined ? {} : { resourceCount: change.resourceCount }),
        bumpVersion: true,
      };
    case 'refreshed':
      return {
        outputs: change.outputs,
        resourceCount: change.resourceCount,
        stateVersion: change.stateVersion,
        driftDetected: false,
        drift: null,
        // it is proven no longer that what was applied last is there
        ...(change.changed ? { fingerprint: null, bumpVersion: true } : {}),
      };
    case 'imported':
      return {
        status: change.resourceCount > 0 ? 'deployed' : 'destroyed',
        outputs: change.outputs,
        resourceCount: change.resourceCount,
        stateVersion: change.stateVersion,
        fingerprint: null,
        lastOperationSucceeded: true,
        driftDetected: false,
        drift: null,
        bumpVersion: true,
      };
    case 'destroyed':
      return {
        status: 'destroyed',
        fingerprint: null,
        lastConfig: null,
        outputs: {},
        dependencies: [],
        resourceCount: 0,
        lastOperationSucceeded: true,
        driftDetected: false,
        drift: null,
        bumpVersion: true,
      };
  }
}

function closingFields(report: RunReport): Record<string, unknown> {
  const { state, ...rest } = report;
  return {
    status: report.outcome,
    phase: report.phase,
    'state.phase': report.phase,
    ...(state.rollback ? { 'state.rollback': state.rollback } : {}),
    report: rest,
    error: report.error ?? null,
    resumable: report.error?.code === 'ORCHESTRATOR_INTERRUPTED',
    completedAt: new Date(),
    active: false,
  };
}
