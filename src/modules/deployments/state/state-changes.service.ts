import { Injectable } from '@nestjs/common';
import { Leases } from '../../../shared/database/leases.js';
import { AppError, Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { StackEngine, type StackState } from '../../orchestrator/engine.port.js';
import type { Deployment } from '../deployment.js';
import { scopeOf } from '../deployment-records.js';
import type { StackInstance } from '../environments/environment.js';
import { StackInstancesRepository, untouchedInstance } from '../environments/stack-instances.repository.js';
import { ManifestVault } from '../manifest-vault.js';
import { requireStateConfirmation } from '../operations/confirmations.js';
import { OperationIntake, OperationStores, type Started } from '../operations/operation-intake.js';
import { isFinal, leaseKey, type Operation, type OperationParameters } from '../operations/operation.js';
import { OperationsService } from '../operations/operations.service.js';
import { isStanding } from '../operations/rollback-target.js';
import { StateBackups } from './state-backups.js';
import { StateBackupsRepository } from './state-backups.repository.js';
import { ownerOf, renamed, requireState, writtenAt } from './state-document.js';
import { StackRefs } from './stack-refs.js';
import type { ResourceImportBody, StateImportBody, SyncBody } from './state.dto.js';
import { UPKEEP } from './upkeep.service.js';

/** How long a request waits for its import before it answers 202, in ms; below the gateway's 29 s. */
const IMPORT_WAIT_MS = 25_000;
const LOOK_EVERY_MS = 100;
/** Lease of a sync, in ms: a request is over by then. */
const SYNC_LEASE_MS = 60_000;

export interface StateImported {
  readonly operation: Operation;
  readonly started: Started;
  /** Serial of the state before; 0 = there was none. */
  readonly previousVersion: number;
  /** null while it runs. */
  readonly version: number | null;
  readonly backupId: string | null;
}

export interface SyncConflict {
  readonly stack: string;
  readonly recorded: StackInstance['status'];
  /** What the backend says. */
  readonly actual: 'deployed' | 'destroyed';
  readonly resourceCount: number;
  readonly fixed: boolean;
}

/** Where states are found and kept. */
@Injectable()
export class StatePlaces {
  constructor(
    readonly engine: StackEngine,
    readonly refs: StackRefs,
    readonly backups: StateBackups,
    readonly repository: StateBackupsRepository,
    readonly vault: ManifestVault,
  ) {}
}

/** What a sync writes with. */
@Injectable()
export class SyncTools {
  constructor(
    readonly leases: Leases,
    readonly eventLog: EventLog,
    readonly clock: Clock,
  ) {}
}

/** Bringing states and resources in, and putting records right by the backend (deployments.md 10.3; api.md 3.8). */
@Injectable()
export class StateChangesService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
    private readonly stores: OperationStores,
    private readonly instances: StackInstancesRepository,
    private readonly places: StatePlaces,
    private readonly tools: SyncTools,
  ) {}

  /**
   * Waits for its operation as long as a request may.
   * @throws Refused `CONFIRMATION_REQUIRED`, `STATE_INVALID`, `STATE_VERSION_CONFLICT`; NotFound `STACK_NOT_IN_MANIFEST`, and
   * what every start refuses
   */
  async importState(principal: Principal, deploymentId: string, body: StateImportBody): Promise<StateImported> {
    const { environment, stack, force = false } = body;
    const deployment = await this.operations.load(principal, deploymentId, 'state:write', environment);
    requireStateConfirmation(deploymentId, body, 'A state import in');
    await this.intake.requireFree(deploymentId, environment, false);
    if ((body.state === undefined) === (body.backupId === undefined)) {
      throw invalidField('state', 'required', 'give either state or backupId');
    }
    const instance = await this.instanceOf(deployment, body);
    const state = await this.acceptable(deployment, body, await this.givenState(deploymentId, body));
    const { organization } = deployment;
    const incoming = await this.places.backups.keep(
      { organization, deploymentId, environment, stack, reason: 'incoming', by: principal.name },
      { [stack]: state },
    );
    const started = await this.start(principal, deployment, body, {
      force,
      stateImport: { backupId: incoming.backupId },
    });
    const operation = await this.ended(started.operation);
    const backup = await this.places.repository.findOf(deploymentId, operation.operationId);
    return {
      operation,
      started,
      previousVersion: instance.stateVersion,
      version: operation.state?.stacks[stack]?.stateVersion ?? null,
      backupId: backup?.backupId ?? null,
    };
  }

  /** @throws as importState; a preview needs no confirmation */
  async importResources(principal: Principal, deploymentId: string, body: ResourceImportBody): Promise<Started> {
    const { environment, preview = false, waitForLock = false } = body;
    const deployment = await this.operations.load(principal, deploymentId, 'state:write', environment);
    if (!preview) requireStateConfirmation(deploymentId, body, 'An import of resources in');
    await this.intake.requireFree(deploymentId, environment, preview || waitForLock);
    await this.instanceOf(deployment, body);
    const resources = body.resources.map(({ type, name, id, parent }) => ({
      ...{ type, name, id },
      ...(parent === undefined ? {} : { parent }),
    }));
    return this.start(principal, deployment, body, { preview, waitForLock, stateImport: { resources } });
  }

  /** Outputs, counts and existence of every instance, read again from the backend. @throws Conflict `OPERATION_IN_PROGRESS` */
  async sync(
    principal: Principal,
    deploymentId: string,
    { environment, force = false }: SyncBody,
  ): Promise<{ readonly stacksSynced: number; readonly conflicts: readonly SyncConflict[]; readonly syncedAt: Date }> {
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:deploy', environment);
    await this.intake.requireFree(deploymentId, environment, false);
    const { leases, eventLog, clock } = this.tools;
    const key = leaseKey({ operationId: '', deploymentId, environment, preview: false });
    const info = { lockType: 'sync', lockedBy: principal.name };
    const lease = await leases.acquire(key, SYNC_LEASE_MS, info);
    if (!lease) throw beingChanged(deploymentId, environment);
    try {
      const refs = await this.places.refs.of(deploymentId, environment);
      const all = await this.instances.listOf(deploymentId, environment);
      const changes: { instance: StackInstance; change: Parameters<StackInstancesRepository['change']>[1] }[] = [];
      const conflicts: SyncConflict[] = [];
      for (const instance of all) {
        const resources = await this.places.engine.resources(refs(instance.stack));
        const outputs = resources.length > 0 ? await this.places.engine.outputs(refs(instance.stack)) : {};
        const conflict = conflictOf(instance, resources.length, force);
        if (conflict) conflicts.push(conflict);
        changes.push({
          instance,
          change: { outputs, resourceCount: resources.length, ...(conflict ? fixOf(conflict) : {}) },
        });
      }
      await eventLog.write(deployment.organization, async (append) => {
        await leases.assertHeld(lease);
        for (const { instance, change } of changes) await this.instances.change(instance, change);
        const scope = { ...scopeOf(deployment), environment };
        const names = conflicts.map(({ stack }) => stack);
        append(
          draft('state_synced', scope, {
            stacksSynced: all.length,
            conflicts: names,
            fixed: force && names.length > 0,
            by: principal.name,
          }),
        );
      });
      return { stacksSynced: all.length, conflicts, syncedAt: clock.now() };
    } finally {
      await leases.release(lease);
    }
  }

  private start(
    principal: Principal,
    deployment: Deployment,
    { environment, stack }: Pick<StateImportBody, 'environment' | 'stack'>,
    asked: Partial<OperationParameters>,
  ): Promise<Started> {
    const parameters = { ...UPKEEP, stackFilter: [stack], ...asked };
    return this.intake.start(principal, deployment, {
      type: 'state-import',
      stack,
      environment,
      parameters,
      overrides: {},
    });
  }

  private async givenState(deploymentId: string, { state, backupId, stack }: StateImportBody): Promise<StackState> {
    if (backupId === undefined) return requireState(state);
    const backup = await this.places.repository.find(deploymentId, backupId);
    const kept = backup?.reason === 'incoming' ? undefined : backup?.states[stack];
    if (!kept) throw new NotFound('backup', backupId, { details: { resource: 'backup', id: backupId, stack } });
    return kept;
  }

  /** Of this stack, and not older than what is there; `force` takes anything under the name of this stack. */
  private async acceptable(deployment: Deployment, body: StateImportBody, state: StackState): Promise<StackState> {
    const { stack, environment, force = false } = body;
    const ref = (await this.places.refs.of(deployment.deploymentId, environment))(stack);
    const owner = ownerOf(state);
    const isOwn = owner === null || (owner.stack === ref.stack && owner.project === ref.project);
    if (!isOwn && !force) {
      throw new Refused('STATE_INVALID', `The state belongs to ${owner.project}/${owner.stack}, not to ${ref.stack}`, {
        details: { expected: { stack: ref.stack, project: ref.project }, given: owner },
        suggestion: 'Choose the right file, or set force to take it over under this name.',
      });
    }
    const [given, current] = [writtenAt(state), writtenAt(await this.places.engine.exportState(ref))];
    if (!force && body.backupId === undefined && given && current && given < current) {
      throw new Refused('STATE_VERSION_CONFLICT', `The state of ${stack} has changed since this one was exported`, {
        details: { stack, exportedAt: given.toISOString(), changedAt: current.toISOString() },
        suggestion: 'Export it again, import a backup by its backupId, or set force.',
      });
    }
    return renamed(state, ref);
  }

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND`, `STACK_NOT_IN_MANIFEST` */
  private async instanceOf(
    { deploymentId, organization, revision }: Deployment,
    { environment, stack }: Pick<StateImportBody, 'environment' | 'stack'>,
  ): Promise<StackInstance> {
    if (!(await this.stores.environments.find(deploymentId, environment))) {
      throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
    }
    const known = (await this.instances.listOf(deploymentId, environment)).find((each) => each.stack === stack);
    if (known) return known;
    const manifest = await this.places.vault.open(deploymentId, revision);
    if (manifest?.spec.stacks[stack]) return untouchedInstance({ deploymentId, environment, stack, organization });
    throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
  }

  private async ended({ operationId, ...started }: Operation): Promise<Operation> {
    const until = Date.now() + IMPORT_WAIT_MS;
    for (;;) {
      const operation = (await this.stores.operations.find(operationId)) ?? { operationId, ...started };
      if (isFinal(operation) || Date.now() > until) return operation;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

/** An import that has failed, as the answer of its request. */
export function importFailure({ operationId, error }: Operation): AppError {
  const code = error?.code ?? 'OPERATION_FAILED';
  const details = { operationId, code, ...(error?.details ?? {}) };
  const message = error?.message ?? 'The import failed';
  if (code === 'STATE_CORRUPTED' || code === 'STATE_INVALID') return new Refused('STATE_INVALID', message, { details });
  return new AppError(
    code.startsWith('PULUMI_') ? code : 'OPERATION_FAILED',
    code.startsWith('PULUMI_') ? 502 : 500,
    message,
    {
      details,
    },
  );
}

function conflictOf(instance: StackInstance, resourceCount: number, fixed: boolean): SyncConflict | null {
  const actual = resourceCount > 0 ? 'deployed' : 'destroyed';
  const contradicts = actual === 'deployed' ? !isStanding(instance.status) : instance.status === 'deployed';
  return contradicts ? { stack: instance.stack, recorded: instance.status, actual, resourceCount, fixed } : null;
}

/** The status of the backend; what was applied last is not proven, so that the next deploy runs the stack. */
function fixOf({ actual, fixed }: SyncConflict): Parameters<StackInstancesRepository['change']>[1] {
  return fixed
    ? {
        status: actual,
        fingerprint: null,
        driftDetected: false,
        drift: null,
        lastOperationSucceeded: true,
        bumpVersion: true,
      }
    : {};
}

function beingChanged(deploymentId: string, environment: string): Conflict {
  return new Conflict('OPERATION_IN_PROGRESS', `${deploymentId} ${environment} is being changed`, {
    details: { deploymentId, environment },
    suggestion: 'Try again in a moment.',
  });
}
