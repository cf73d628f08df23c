import { Injectable } from '@nestjs/common';
import { StackGraph } from '../../orchestrator/graph.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import type { Operation } from './operation.js';
import { OperationsRepository } from './operations.repository.js';
import { RunRequestBuilder } from './run-request.builder.js';

/** A fence that no lease has: planning writes nothing. */
const NO_FENCE = 0;

/** Which deployed stacks would run again because of what a run of one stack has changed (deployments.md 7.14). */
@Injectable()
export class StaleDependents {
  constructor(
    private readonly builder: RunRequestBuilder,
    private readonly orchestrator: OrchestratorService,
    private readonly operations: OperationsRepository,
  ) {}

  /** The operation with the answer: looked for once, when its run has ended well, and kept with it. */
  async known(operation: Operation): Promise<Operation> {
    if (operation.staleDependents !== null || operation.status !== 'success' || !operation.stack) return operation;
    const staleDependents = operation.preview ? [] : await this.find(operation, operation.stack);
    await this.operations.keepStaleDependents(operation.operationId, staleDependents);
    return { ...operation, staleDependents };
  }

  private async find(operation: Operation, stack: string): Promise<readonly string[]> {
    const everything: Operation = {
      ...operation,
      type: 'deploy',
      stack: null,
      selectedStacks: null,
      overrides: {},
      parameters: { ...operation.parameters, smartSkip: true, force: false, stackFilter: null },
    };
    const request = this.builder.compose(everything, await this.builder.basis(everything), NO_FENCE);
    const dependents = new StackGraph(request.stacks).allDependentsOf(stack);
    const deployed = new Set(request.stacks.filter((s) => s.instance.status === 'deployed').map((s) => s.name));
    const plan = await this.orchestrator.plan(request);
    return plan.stacksToDeploy.filter((name) => dependents.has(name) && deployed.has(name)).sort();
  }
}
