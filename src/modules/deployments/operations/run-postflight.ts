import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/kernel/clock.js';
import type { Postflight } from '../../orchestrator/run.js';
import { StackInspection } from '../validation/stack-inspection.js';
import { DEPLOYING, type Operation } from './operation.js';
import { RunRequestBuilder } from './run-request.builder.js';

/** A fence that no lease has: nothing is written. */
const NO_FENCE = 0;
/** What looking at the stacks of one run may take, in ms; the rest is left to `verify`. */
const BUDGET_MS = 30_000;

/** The rules POST at the end of a run, over the stacks that it has deployed (deployments.md 8.5): findings are warnings. */
@Injectable()
export class RunPostflight {
  constructor(
    private readonly builder: RunRequestBuilder,
    private readonly inspection: StackInspection,
    private readonly clock: Clock,
  ) {}

  /** null = nothing that was deployed. */
  of(operation: Operation): Postflight | null {
    if (operation.preview || !DEPLOYING.includes(operation.type)) return null;
    return async (deployed) => {
      const basis = await this.builder.basis(operation);
      const view = this.builder.compose({ ...operation, selectedStacks: null }, basis, NO_FENCE);
      const deadline = this.clock.now().getTime() + BUDGET_MS;
      const stacks = await this.inspection.inspect(view, basis.instances, deployed, deadline);
      return stacks.flatMap(({ name, checks }) =>
        checks
          .filter(({ status }) => status === 'failed')
          .map(({ ruleId, message }) => ({ code: ruleId, message: `${name}: ${message}`, stack: name })),
      );
    };
  }
}
