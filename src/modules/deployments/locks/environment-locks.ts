import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { type HeldLease, Leases } from '../../../shared/database/leases.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { leaseKey, type Operation } from '../operations/operation.js';
import { OperationsRepository } from '../operations/operations.repository.js';

/** Who has an environment, since when, and who waits for it (deployments.md 7.11). */
export interface EnvironmentLock {
  /** null = no operation: a sync, which is over soon. */
  readonly operationId: string | null;
  /** Type of the operation, or `sync`. */
  readonly lockType: string | null;
  readonly lockedBy: string | null;
  readonly lockedAt: Date;
  /** null = an operation that nobody executes at the moment. */
  readonly expiresAt: Date | null;
  readonly ageSeconds: number;
  /** Whoever executes it has given a sign of life in time; false = it may be unlocked without force. */
  readonly isFresh: boolean;
  /** First in, first out. */
  readonly waiting: readonly WaitingOperation[];
}

export interface WaitingOperation {
  readonly operationId: string;
  readonly type: string;
  readonly startedBy: string;
  readonly since: Date;
  /** 1 = next. */
  readonly queuePosition: number;
}

export function lockKey(deploymentId: string, environment: EnvironmentName): string {
  return leaseKey({ operationId: '', deploymentId, environment, preview: false });
}

/** The lease of an environment and the operation that holds it, put together: either may be there without the other. */
@Injectable()
export class EnvironmentLocks {
  constructor(
    private readonly leases: Leases,
    private readonly operations: OperationsRepository,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** null = nobody has it. */
  async of(deploymentId: string, environment: EnvironmentName): Promise<EnvironmentLock | null> {
    const lease = await this.leases.look(lockKey(deploymentId, environment));
    const operation = await this.operations.findActive(deploymentId, environment);
    // an operation that has ended keeps its lease for a moment
    const isOfHolder = lease && (lease.info['operationId'] ?? null) === (operation?.operationId ?? null);
    const held = isOfHolder && (lease.isLive || operation) ? lease : null;
    if (!held && !operation) return null;
    const waiting = await this.operations.listWaiting(deploymentId, environment);
    return {
      ...(held ? fromLease(held, operation) : this.fromOperation(operation as Operation)),
      waiting: waiting.map(({ operationId, type, startedBy, createdAt }, index) => ({
        ...{ operationId, type, startedBy, since: createdAt, queuePosition: index + 1 },
      })),
    };
  }

  /** Nobody executes it: just accepted, or left behind by a process that died. */
  private fromOperation(operation: Operation): Omit<EnvironmentLock, 'waiting'> {
    const lockedAt = operation.activeAt ?? operation.createdAt;
    const ageMs = Math.max(0, this.clock.now().getTime() - lockedAt.getTime());
    return {
      operationId: operation.operationId,
      lockType: operation.type,
      lockedBy: operation.startedBy,
      lockedAt,
      expiresAt: null,
      ageSeconds: Math.round(ageMs / 1000),
      isFresh: operation.status === 'pending' && ageMs < this.config.runs.leaseSeconds * 1000,
    };
  }
}

function fromLease(lease: HeldLease, operation: Operation | null): Omit<EnvironmentLock, 'waiting'> {
  const text = (name: string): string | null => (typeof lease.info[name] === 'string' ? lease.info[name] : null);
  return {
    operationId: text('operationId') ?? operation?.operationId ?? null,
    lockType: text('lockType') ?? operation?.type ?? null,
    lockedBy: text('lockedBy') ?? operation?.startedBy ?? null,
    lockedAt: lease.acquiredAt,
    expiresAt: lease.expiresAt,
    ageSeconds: Math.round(lease.ageMs / 1000),
    isFresh: lease.isLive,
  };
}

/** `lock` of the state overview and `previousLock` of an unlock (api.md 3.8). */
export function toLockDto(lock: EnvironmentLock): Record<string, unknown> {
  return { locked: true, ...lock };
}
