import { Injectable } from '@nestjs/common';
import type { Lease } from '../../../shared/database/leases.js';
import type { RunRequest } from '../../orchestrator/run-request.js';
import type { RunChecks } from '../../orchestrator/run.js';
import { StateBackups } from '../state/state-backups.js';
import type { Operation } from './operation.js';
import { OperationPlanner } from './operation-planner.js';
import { OperationsRepository } from './operations.repository.js';
import { RunPostflight } from './run-postflight.js';
import { RunPreflight } from './run-preflight.js';
import { RunRequestBuilder } from './run-request.builder.js';

export interface PreparedRun {
  readonly request: RunRequest;
  readonly checks: RunChecks;
}

/** The checks around a run. */
@Injectable()
export class RunInspections {
  constructor(
    private readonly preflight: RunPreflight,
    private readonly postflight: RunPostflight,
  ) {}

  of(operation: Operation): RunChecks {
    return { before: this.preflight.of(operation), after: this.postflight.of(operation) };
  }
}

/**
 * From an operation that holds its environment to a run:
 * 1. one that waited in the queue is planned anew, for what it saw then may have changed;
 * 2. the request is composed from the frozen manifest revision;
 * 3. states that it replaces or removes are backed up, and the standing before the run is kept, for a successor's rollback.
 */
@Injectable()
export class RunPreparation {
  constructor(
    private readonly operations: OperationsRepository,
    private readonly planner: OperationPlanner,
    private readonly builder: RunRequestBuilder,
    private readonly checks: RunInspections,
    private readonly backups: StateBackups,
  ) {}

  /** @param previousHolder the process that died while it ran the operation; null = nobody has begun. @throws what refuses the new plan */
  async prepare(operation: Operation, lease: Lease, previousHolder: string | null): Promise<PreparedRun> {
    const planned = previousHolder === null && hasWaited(operation) ? await this.replan(operation) : operation;
    const request = await this.builder.forRun(planned, lease.token, previousHolder);
    if (!planned.before) {
      await this.backups.beforeRun(
        planned,
        request.stacks.filter(({ selected }) => selected).map(({ name }) => name),
      );
      const before = Object.fromEntries(request.stacks.map((stack) => [stack.name, stack.instance]));
      await this.operations.keepBefore(planned.operationId, before);
    }
    return { request, checks: this.checks.of(planned) };
  }

  private async replan(operation: Operation): Promise<Operation> {
    const { operation: planned } = await this.planner.plan({ ...operation, selectedStacks: null });
    const { selectedStacks, plan, estimatedDuration } = planned;
    await this.operations.change(operation.operationId, { selectedStacks, plan, estimatedDuration });
    return planned;
  }
}

function hasWaited({ activeAt, createdAt }: Operation): boolean {
  return activeAt !== null && activeAt.getTime() !== createdAt.getTime();
}
