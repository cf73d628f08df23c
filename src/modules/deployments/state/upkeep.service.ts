import { Injectable } from '@nestjs/common';
import { Conflict, Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import type { ResourceDrift } from '../../orchestrator/engine.port.js';
import type { Deployment } from '../deployment.js';
import type { StackInstance } from '../environments/environment.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { requireDestructiveConfirmation } from '../operations/confirmations.js';
import { OperationIntake, OperationTools, type Started } from '../operations/operation-intake.js';
import type { OperationParameters } from '../operations/operation.js';
import { OperationsService } from '../operations/operations.service.js';
import { isStanding } from '../operations/rollback-target.js';
import type { DriftFixBody, RefreshBody } from './upkeep.dto.js';

/** What needs a person: stack → resources that an update in place would not put right. */
export interface ManualReview {
  readonly stack: string;
  readonly resource: ResourceDrift;
}

/** Refresh and drift (deployments.md 10.3, 10.4). */
@Injectable()
export class UpkeepService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
    private readonly instances: StackInstancesRepository,
    private readonly tools: OperationTools,
  ) {}

  async refresh(principal: Principal, deploymentId: string, body: RefreshBody): Promise<Started> {
    const preview = body.preview ?? false;
    const permission = preview ? 'deployments:preview' : 'deployments:deploy';
    const deployment = await this.operations.load(principal, deploymentId, permission, body.environment);
    return this.start(principal, deployment, 'refresh', body.environment, {
      preview,
      stackFilter: body.stacks ?? null,
      waitForLock: body.waitForLock ?? false,
    });
  }

  /** @throws Conflict `RESOURCE_CONFLICT` when nothing is deployed */
  async detect(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
    stacks: readonly string[] | undefined,
  ): Promise<Started> {
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:validate', environment);
    return this.detectIn(principal, deployment, environment, stacks);
  }

  /** Takes no lock, so that it never stands in anybody's way. */
  detectIn(
    principal: Principal,
    deployment: Deployment,
    environment: EnvironmentName,
    stacks?: readonly string[],
  ): Promise<Started> {
    return this.start(principal, deployment, 'drift-detect', environment, {
      preview: true,
      stackFilter: stacks ?? null,
    });
  }

  /**
   * @throws Refused `CONFIRMATION_REQUIRED`, `MANUAL_REVIEW_REQUIRED`; Conflict `RESOURCE_CONFLICT` when no drift is known, and
   * what every start refuses
   */
  async fix(
    principal: Principal,
    deploymentId: string,
    body: DriftFixBody,
  ): Promise<Started & { readonly manual: readonly ManualReview[] }> {
    const { environment, preview = false, waitForLock = false } = body;
    const permission = preview ? 'deployments:preview' : 'deployments:deploy';
    const deployment = await this.operations.load(principal, deploymentId, permission, environment);
    if (!preview) requireDestructiveConfirmation(deploymentId, body, 'Putting drift right in');
    await this.intake.requireFree(deploymentId, environment, preview || waitForLock);
    const flagged = await this.flagged(deploymentId, environment, body.stacks);
    const manual = flagged.flatMap((instance) => manualOf(instance));
    if (manual.length > 0 && !preview) throw manualReview(manual);
    const started = await this.start(principal, deployment, 'drift-fix', environment, {
      preview,
      stackFilter: flagged.map(({ stack }) => stack),
      waitForLock,
    });
    return { ...started, manual };
  }

  private async flagged(
    deploymentId: string,
    environment: EnvironmentName,
    stacks: readonly string[] | undefined,
  ): Promise<readonly StackInstance[]> {
    const standing = (await this.instances.listOf(deploymentId, environment)).filter(({ status }) =>
      isStanding(status),
    );
    const unknown = (stacks ?? []).filter((name) => !standing.some(({ stack }) => stack === name));
    if (unknown.length > 0) {
      throw new Refused('NO_STACK_MATCHED', `Not deployed in ${environment}: ${unknown.join(', ')}`, {
        details: { stacks: unknown, deployed: standing.map(({ stack }) => stack) },
      });
    }
    const flagged = standing.filter(({ stack, driftDetected }) => driftDetected && (stacks?.includes(stack) ?? true));
    if (flagged.length > 0) return flagged;
    throw new Conflict('RESOURCE_CONFLICT', `No drift is known in ${deploymentId} ${environment}`, {
      details: { deploymentId, environment, ...(stacks ? { stacks } : {}) },
      suggestion: 'POST …/drift-detect looks for it.',
    });
  }

  private start(
    principal: Principal,
    deployment: Deployment,
    type: 'refresh' | 'drift-detect' | 'drift-fix',
    environment: EnvironmentName,
    asked: Partial<OperationParameters>,
  ): Promise<Started> {
    const parallel = this.tools.config.runs.parallelStacks;
    const parameters = { ...UPKEEP, parallel, ...asked };
    return this.intake.start(principal, deployment, { type, stack: null, environment, parameters, overrides: {} });
  }
}

/** One stack that fails keeps no other from being looked after. */
export const UPKEEP: OperationParameters = {
  preview: false,
  parallel: 1,
  schedule: 'ready',
  smartSkip: false,
  force: false,
  continueOnError: true,
  rollbackOnError: false,
  stackTimeoutSeconds: null,
  destructiveConfirmed: false,
  stackFilter: null,
  skipStacks: [],
  includeDependencies: false,
  skipDependencies: false,
  skipValidation: true,
  waitForLock: false,
  message: null,
  toVersion: null,
};

function manualOf({ stack, drift }: StackInstance): ManualReview[] {
  return (drift?.resources ?? [])
    .filter(({ repair }) => repair === 'create' || repair === 'replace')
    .map((resource) => ({ stack, resource }));
}

function manualReview(manual: readonly ManualReview[]): Refused {
  const what = manual.map(({ stack, resource }) => {
    const deed = resource.repair === 'create' ? 'vanished' : 'would be replaced';
    return `${resource.type} "${resource.name}" of ${stack} ${deed}`;
  });
  return new Refused('MANUAL_REVIEW_REQUIRED', `A person has to decide: ${what.join('; ')}`, {
    details: {
      resources: manual.map(({ stack, resource: { urn, type, name, repair } }) => ({ stack, urn, type, name, repair })),
    },
    suggestion: 'Deploy the stack to restore what is declared, or refresh it to accept what is there.',
  });
}
