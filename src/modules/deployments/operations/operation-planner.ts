import { Injectable } from '@nestjs/common';
import { Conflict, Refused } from '../../../shared/errors/app-error.js';
import type { IrreversibleStep } from '../../../shared/events/events.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import type { Plan, RunRequest } from '../../orchestrator/run-request.js';
import { isUpkeep } from '../../orchestrator/run-nodes.js';
import { checkManualSkips, selectForDestroy, selectStacks } from '../../orchestrator/selection.js';
import { StacksService } from '../../stacks/stacks.service.js';
import type { Operation } from './operation.js';
import { OperationsRepository } from './operations.repository.js';
import { requireFresh } from './plan-freshness.js';
import { type Candidate, type RunBasis, RunRequestBuilder, stickyPath } from './run-request.builder.js';

/** A fence that no lease has: planning writes nothing. */
const NO_FENCE = 0;

/** An operation with selection, plan and estimate. */
export interface Planned {
  readonly operation: Operation;
  readonly plan: Plan;
  /** Of a rollback: what it cannot bring back. */
  readonly irreversible: readonly IrreversibleStep[];
}

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
    private readonly operations: OperationsRepository,
  ) {}

  /** @param candidate the manifest that it is planned with, where it is not stored yet. @throws what refuses it */
  async plan(operation: Operation, candidate: Candidate | null = null): Promise<Planned> {
    const basis = await this.builder.basis(operation, candidate);
    requireKept(operation, basis);
    const everything = this.builder.compose(operation, basis, NO_FENCE);
    const selectedStacks = select(operation, everything);
    this.requirePrograms(operation, everything, selectedStacks);
    const selected = { ...operation, selectedStacks };
    const request = this.builder.compose(selected, basis, NO_FENCE);
    await this.requireSafeSkips(operation, request);
    const plan = await this.orchestrator.plan(request);
    await this.requireReviewed(operation, plan);
    const irreversible = request.rollbackTo ? await this.orchestrator.irreversibleOf(request) : [];
    return { operation: { ...selected, plan, estimatedDuration: plan.estimatedDuration }, plan, irreversible };
  }

  /** A run bound to a reviewed preview does exactly what that said. @throws Conflict `PLAN_STALE` */
  private async requireReviewed(operation: Operation, plan: Plan): Promise<void> {
    const reviewed = operation.planId ? await this.operations.find(operation.planId) : null;
    if (!reviewed?.plan) return;
    const before = { plan: reviewed.plan, manifestRevision: reviewed.manifestRevision };
    requireFresh(reviewed.operationId, before, { plan, manifestRevision: operation.manifestRevision });
  }

  private requirePrograms(operation: Operation, request: RunRequest, selected: readonly string[]): void {
    const names = request.rollbackTo ? Object.keys(request.rollbackTo.deploy) : selected;
    if (operation.type.startsWith('destroy') || (isUpkeep(request.type) && request.type !== 'drift-fix')) return;
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

/** @throws Refused `INVALID_OPTIONS` naming values to make anew that are not kept */
function requireKept({ parameters: { regenerate = [] } }: Operation, { sticky }: RunBasis): void {
  const kept = Object.entries(sticky).flatMap(([stack, values]) =>
    Object.keys(values).map((key) => `${stack}.${stickyPath(key)}`),
  );
  const unknown = regenerate.filter((path) => !kept.includes(path));
  if (unknown.length === 0) return;
  throw new Refused('INVALID_OPTIONS', `No random value is kept at ${unknown.join(', ')}`, {
    details: { options: ['regenerate'], unknown, kept: [...new Set(kept)].sort() },
    suggestion: 'Name places that hold a random password or id and were deployed before.',
  });
}

function select(operation: Operation, { type, stacks, rollbackTo }: RunRequest): readonly string[] {
  if (type === 'state-import') return stacks.map(({ name }) => name);
  if (rollbackTo) {
    const names = operation.stack ? [operation.stack] : stacks.map(({ name }) => name);
    return requireChanges(operation, names, rollbackTo);
  }
  const { stackFilter, includeDependencies, skipDependencies, force } = operation.parameters;
  const filter = stackFilter ?? [];
  if (operation.type.startsWith('destroy') || isUpkeep(type)) {
    if (stacks.length === 0) {
      throw new Conflict(
        'RESOURCE_CONFLICT',
        `Nothing is deployed in ${operation.deploymentId} ${operation.environment}`,
        {
          details: { deploymentId: operation.deploymentId, environment: operation.environment },
        },
      );
    }
    return selectForDestroy(stacks, { filter, force: force || isUpkeep(type) });
  }
  return selectStacks(stacks, { filter, includeDependencies, skipDependencies, environment: operation.environment });
}

function requireChanges(
  { deploymentId, environment }: Operation,
  names: readonly string[],
  { version, deploy, destroy }: NonNullable<RunRequest['rollbackTo']>,
): readonly string[] {
  if (Object.keys(deploy).length > 0 || destroy.length > 0) return names;
  throw new Conflict('RESOURCE_CONFLICT', `${deploymentId} ${environment} is as it was in version ${version}`, {
    details: { deploymentId, environment, version },
    suggestion: 'Choose another version.',
  });
}
