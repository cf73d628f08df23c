import { Injectable } from '@nestjs/common';
import { Conflict, Refused } from '../../../shared/errors/app-error.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import type { Plan, RunRequest } from '../../orchestrator/run-request.js';
import { checkManualSkips, selectForDestroy, selectStacks } from '../../orchestrator/selection.js';
import { StacksService } from '../../stacks/stacks.service.js';
import type { Operation } from './operation.js';
import { RunRequestBuilder } from './run-request.builder.js';

/** A fence that no lease has: planning writes nothing. */
const NO_FENCE = 0;

/**
 * Decides what an operation is about before it is accepted (deployments.md 7.3):
 * graph and cycles → selection → programs present → manual skips → plan with its reasons.
 */
@Injectable()
export class OperationPlanner {
  constructor(
    private readonly builder: RunRequestBuilder,
    private readonly orchestrator: OrchestratorService,
    private readonly stacks: StacksService,
  ) {}

  /** @returns the operation with selection, plan and estimate. @throws what refuses it */
  async plan(operation: Operation): Promise<{ readonly operation: Operation; readonly plan: Plan }> {
    const basis = await this.builder.basis(operation);
    const everything = this.builder.compose(operation, basis, NO_FENCE);
    const selectedStacks = select(operation, everything);
    this.requirePrograms(operation, selectedStacks);
    const selected = { ...operation, selectedStacks };
    const request = this.builder.compose(selected, basis, NO_FENCE);
    await this.requireSafeSkips(operation, request);
    const plan = await this.orchestrator.plan(request);
    return { operation: { ...selected, plan, estimatedDuration: plan.estimatedDuration }, plan };
  }

  private requirePrograms(operation: Operation, names: readonly string[]): void {
    if (operation.type.startsWith('destroy')) return;
    const missing = names.filter((name) => !this.stacks.isPresent(name));
    if (missing.length === 0) return;
    throw new Refused('STACK_CODE_NOT_FOUND', `The programs of these stacks are not there: ${missing.join(', ')}`, {
      details: { stacks: missing },
      suggestion: 'Leave them out with stackFilter, or disable them in the manifest.',
    });
  }

  private async requireSafeSkips(operation: Operation, request: RunRequest): Promise<void> {
    const { skipStacks, force } = operation.parameters;
    if (skipStacks.length === 0) return;
    const unskipped = { ...request, stacks: request.stacks.map((stack) => ({ ...stack, skipManually: false })) };
    checkManualSkips(request.stacks, skipStacks, await this.orchestrator.plan(unskipped), force);
  }
}

function select(operation: Operation, { stacks }: RunRequest): readonly string[] {
  const { stackFilter, includeDependencies, skipDependencies, force } = operation.parameters;
  const filter = stackFilter ?? [];
  if (operation.type.startsWith('destroy')) {
    if (stacks.length === 0) {
      throw new Conflict(
        'RESOURCE_CONFLICT',
        `Nothing is deployed in ${operation.deploymentId} ${operation.environment}`,
        {
          details: { deploymentId: operation.deploymentId, environment: operation.environment },
        },
      );
    }
    return selectForDestroy(stacks, { filter, force });
  }
  return selectStacks(stacks, { filter, includeDependencies, skipDependencies, environment: operation.environment });
}
