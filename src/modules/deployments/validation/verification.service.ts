import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Conflict } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { stackRef } from '../../orchestrator/engine-config.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import type { Unresolved } from '../../orchestrator/placeholders/resolve.js';
import type { RunView } from '../../orchestrator/run-request.js';
import { parseText, referencedStacks } from '../../orchestrator/placeholders/parse.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import type { StackInstance } from '../environments/environment.js';
import { OperationsService } from '../operations/operations.service.js';
import { RunRequestBuilder } from '../operations/run-request.builder.js';
import { HealthProbe } from './health-probe.port.js';
import { type StackFacts, type StackHealth, verified, worstOf } from './verify-rules.js';

export interface Verification {
  readonly overallStatus: StackHealth;
  readonly verifiedAt: Date;
  readonly stacks: readonly ReturnType<typeof verified>[];
}

/** Share of a request's time that checks may take; what does not fit is told as skipped. */
const BUDGET = 0.7;

/** Outside and clock of VerificationService. */
@Injectable()
export class VerificationTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly engine: StackEngine,
    readonly probe: HealthProbe,
    readonly environments: EnvironmentsRepository,
  ) {}
}

/** Rules POST on demand: does what was deployed still hold (deployments.md 8.5)? */
@Injectable()
export class VerificationService {
  constructor(
    private readonly operations: OperationsService,
    private readonly builder: RunRequestBuilder,
    private readonly orchestrator: OrchestratorService,
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
    const view = this.builder.view(basis);
    const broken = await this.brokenReads(view, standing);
    const stacks = [];
    for (const instance of chosen) {
      const facts = clock.now().getTime() < deadline ? await this.factsOf(view, instance, standing, broken) : null;
      stacks.push(verified(instance.stack, facts));
    }
    return { overallStatus: worstOf(stacks.map(({ status }) => status)), verifiedAt: clock.now(), stacks };
  }

  /** Every read of an output that has no value, by the stacks that are deployed. */
  private async brokenReads(view: RunView, standing: readonly StackInstance[]): Promise<readonly Unresolved[]> {
    const names = standing.filter(({ status }) => status === 'deployed').map(({ stack }) => stack);
    const resolved = await this.orchestrator.resolve(view, names, 'tolerant');
    return [...resolved.values()].flatMap(({ unresolved }) => unresolved);
  }

  private async factsOf(
    { place, stacks }: RunView,
    instance: StackInstance,
    standing: readonly StackInstance[],
    broken: readonly Unresolved[],
  ): Promise<StackFacts> {
    const { stack } = instance;
    const resources = await this.tools.engine.resources(stackRef(place, stack));
    const open = Object.fromEntries(
      Object.entries(instance.outputs).flatMap(([name, { value, secret }]) => (secret ? [] : [[name, value]])),
    );
    return {
      instance,
      resources: resources.length,
      brokenReads: broken
        .filter(({ placeholder }) => stacksIn(placeholder).includes(stack))
        .map(({ stack: by, placeholder, problem }) => ({ by, placeholder, message: problem.message })),
      readers: stacks
        .filter(({ name, config }) => isDeployed(name, standing) && referencedStacks(config).includes(stack))
        .map(({ name }) => name),
      health: await this.tools.probe.ask(stack, open),
    };
  }
}

function isDeployed(name: string, standing: readonly StackInstance[]): boolean {
  return standing.some(({ stack, status }) => stack === name && status === 'deployed');
}

function stacksIn(placeholder: string): string[] {
  return parseText(placeholder).segments.flatMap((segment) =>
    'placeholder' in segment && segment.placeholder.query.kind === 'output' ? [segment.placeholder.query.stack] : [],
  );
}

function nothingDeployed(deploymentId: string, environment: EnvironmentName, stack?: string): Conflict {
  const what = stack ? `Stack ${stack} is not` : 'Nothing is';
  return new Conflict('RESOURCE_CONFLICT', `${what} deployed in ${deploymentId} ${environment}`, {
    details: { deploymentId, environment, ...(stack ? { stack } : {}) },
    suggestion: 'Deploy first.',
  });
}
