import { Injectable } from '@nestjs/common';
import { type Lease, Leases } from '../../../shared/database/leases.js';
import { Conflict, NotFound } from '../../../shared/errors/app-error.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import type { Deployment } from '../deployment.js';
import { scopeOf } from '../deployment-records.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { OperationClosing } from '../operations/operation-closing.js';
import { OperationJournals } from '../operations/operation-journals.js';
import { isFinal } from '../operations/operation.js';
import { OperationWorker } from '../operations/operation-worker.js';
import { OperationsRepository } from '../operations/operations.repository.js';
import { OperationsService } from '../operations/operations.service.js';
import { StackRefs } from '../state/stack-refs.js';
import { type EnvironmentLock, EnvironmentLocks, lockKey } from './environment-locks.js';
import type { UnlockBody } from './unlock.dto.js';

/** How long an unlock may take before it is given up for dead, in ms; a command of the backend per stack takes below 1 s. */
const UNLOCK_LEASE_MS = 60_000;

export interface Unlocked {
  readonly unlockedAt: Date;
  /** null = there was no lock. */
  readonly previousLock: EnvironmentLock | null;
  /** Stacks whose backend was told to drop its lock. */
  readonly backendReleased: readonly string[];
}

/** Where stacks are, and who can shut others out of them. */
@Injectable()
export class UnlockPlaces {
  constructor(
    readonly leases: Leases,
    readonly instances: StackInstancesRepository,
    readonly refs: StackRefs,
    readonly engine: StackEngine,
    readonly eventLog: EventLog,
  ) {}
}

/** Ending what holds an environment. */
@Injectable()
export class UnlockTools {
  constructor(
    readonly operations: OperationsRepository,
    readonly journals: OperationJournals,
    readonly closing: OperationClosing,
    readonly worker: OperationWorker,
    readonly clock: Clock,
  ) {}
}

/**
 * Forced unlock (deployments.md 7.11). In this order, so that nobody is let in before the old holder is out:
 * 1. take the environment's lease: an expired one, or with `force` a live one. Its token moves on, so that every entry the old
 *    holder still wants to write into its journal is refused;
 * 2. shut it out of the states as well; with `force` a lock on the backend is dropped, whoever left it;
 * 3. tell it (audited);
 * 4. end its operation as interrupted and resumable: nobody takes it over;
 * 5. release the lease and give the environment to the next in the queue.
 */
@Injectable()
export class UnlocksService {
  constructor(
    private readonly access: OperationsService,
    private readonly locks: EnvironmentLocks,
    private readonly places: UnlockPlaces,
    private readonly tools: UnlockTools,
  ) {}

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND`; Conflict `OPERATION_IN_PROGRESS` while the holder is alive, unless `force` */
  async unlock(principal: Principal, deploymentId: string, body: UnlockBody): Promise<Unlocked> {
    const { environment, force = false } = body;
    const deployment = await this.access.load(principal, deploymentId, 'state:write', environment);
    const instances = await this.places.instances.listOf(deploymentId, environment);
    if (instances.length === 0) throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
    const lock = await this.locks.of(deploymentId, environment);
    const unlockedAt = this.tools.clock.now();
    if (!lock && !force) return { unlockedAt, previousLock: null, backendReleased: [] };
    if (lock?.isFresh && !force) throw alive(deploymentId, environment, lock);
    const lease = await this.take(principal, deploymentId, body);
    try {
      if (lock?.operationId) await this.tools.worker.cutOff(lock.operationId);
      const stacks = instances.map(({ stack }) => stack);
      const backendReleased = await this.shutOut(deploymentId, body, stacks, lease);
      await this.tell(principal, deployment, body, lease, lock, backendReleased);
      await this.end(principal, body, lease, lock);
      return { unlockedAt, previousLock: lock, backendReleased };
    } finally {
      await this.places.leases.release(lease);
      const next = await this.tools.closing.promoteNext({ deploymentId, environment });
      if (next) this.tools.worker.wake(next.operationId);
    }
  }

  private async take(principal: Principal, deploymentId: string, body: UnlockBody): Promise<Lease> {
    const { environment, force = false } = body;
    const { leases } = this.places;
    const info = { lockType: 'unlock', lockedBy: principal.name };
    const key = lockKey(deploymentId, environment);
    if (force) return leases.seize(key, UNLOCK_LEASE_MS, info);
    const lease = await leases.acquire(key, UNLOCK_LEASE_MS, info);
    if (lease) return lease;
    throw alive(deploymentId, environment, await this.locks.of(deploymentId, environment)); // it has come back meanwhile
  }

  private async shutOut(
    deploymentId: string,
    { environment, force = false }: UnlockBody,
    stacks: readonly string[],
    { token }: Lease,
  ): Promise<string[]> {
    const refs = await this.places.refs.of(deploymentId, environment);
    const released: string[] = [];
    for (const stack of stacks) {
      if (await this.places.engine.shutOut(refs(stack), token, { breakLock: force })) released.push(stack);
    }
    return released;
  }

  private async tell(
    principal: Principal,
    deployment: Deployment,
    { environment, reason, force = false }: UnlockBody,
    lease: Lease,
    lock: EnvironmentLock | null,
    backendReleased: readonly string[],
  ): Promise<void> {
    if (!lock && backendReleased.length === 0) return;
    await this.places.eventLog.write(deployment.organization, async (append) => {
      await this.places.leases.assertHeld(lease);
      append(
        draft(
          'environment_unlocked',
          { ...scopeOf(deployment), environment },
          {
            by: principal.name,
            reason,
            force,
            previousLock: lock && {
              operationId: lock.operationId,
              lockType: lock.lockType,
              lockedBy: lock.lockedBy,
              lockedAt: lock.lockedAt.toISOString(),
              ageSeconds: lock.ageSeconds,
              wasFresh: lock.isFresh,
            },
            backendReleased,
          },
        ),
      );
    });
  }

  private async end(
    principal: Principal,
    { reason }: UnlockBody,
    lease: Lease,
    lock: EnvironmentLock | null,
  ): Promise<void> {
    const operation = lock?.operationId ? await this.tools.operations.find(lock.operationId) : null;
    if (!operation || isFinal(operation)) return;
    const journal = this.tools.journals.open(operation, lease);
    await this.tools.closing.endUnlocked(operation, journal, `${principal.name} unlocked its environment: ${reason}`);
  }
}

function alive(deploymentId: string, environment: string, lock: EnvironmentLock | null): Conflict {
  const who = lock?.operationId ? `Operation ${lock.operationId} of ${lock.lockedBy}` : `A ${lock?.lockType ?? 'run'}`;
  return new Conflict('OPERATION_IN_PROGRESS', `${who} is alive and holds ${deploymentId} ${environment}`, {
    details: { environment, ...lock },
    suggestion: 'Cancel it or wait for it. With force: true its run is cut off where it stands.',
  });
}
