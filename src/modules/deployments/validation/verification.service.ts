import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Conflict } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import { OperationsService } from '../operations/operations.service.js';
import { RunRequestBuilder } from '../operations/run-request.builder.js';
import { StackInspection } from './stack-inspection.js';
import { type StackHealth, type StackVerdict, worstOf } from './verify-rules.js';

export interface Verification {
  readonly overallStatus: StackHealth;
  readonly verifiedAt: Date;
  readonly stacks: readonly StackVerdict[];
}

/** Share of a request's time that checks may take; what does not fit is told as skipped. */
const BUDGET = 0.7;

/** Settings, time and environments of VerificationService. */
@Injectable()
export class VerificationTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly environments: EnvironmentsRepository,
  ) {}
}

/** Rules POST on demand: does what was deployed still hold (deployments.md 8.5)? */
@Injectable()
export class VerificationService {
  constructor(
    private readonly operations: OperationsService,
    private readonly builder: RunRequestBuilder,
    private readonly inspection: StackInspection,
    private readonly tools: VerificationTools,
  ) {}

  /** @throws Conflict `RESOURCE_CONFLICT` while nothing is deployed there */
  async verify(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
    stack?: string,
  ): Promise<Verification> {
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:validate', environment);
    if (!(await this.tools.environments.find(deploymentId, environment)))
      throw nothingDeployed(deploymentId, environment);
    const basis = await this.builder.standing({ deploymentId, environment, manifestRevision: deployment.revision });
    const standing = basis.instances.filter(({ status }) => status === 'deployed' || status === 'failed');
    const chosen = standing.filter((instance) => !stack || instance.stack === stack);
    if (chosen.length === 0) throw nothingDeployed(deploymentId, environment, stack);
    const { clock, config } = this.tools;
    const deadline = clock.now().getTime() + config.server.requestTimeoutMs * BUDGET;
    const names = chosen.map((instance) => instance.stack);
    const stacks = await this.inspection.inspect(this.builder.view(basis), basis.instances, names, deadline);
    return { overallStatus: worstOf(stacks.map(({ status }) => status)), verifiedAt: clock.now(), stacks };
  }
}

function nothingDeployed(deploymentId: string, environment: EnvironmentName, stack?: string): Conflict {
  const what = stack ? `Stack ${stack} is not` : 'Nothing is';
  return new Conflict('RESOURCE_CONFLICT', `${what} deployed in ${deploymentId} ${environment}`, {
    details: { deploymentId, environment, ...(stack ? { stack } : {}) },
    suggestion: 'Deploy first.',
  });
}
