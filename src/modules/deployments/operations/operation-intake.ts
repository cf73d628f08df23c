import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { AppError, Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import { UnitOfWork } from '../../../shared/database/unit-of-work.js';
import type { IrreversibleStep } from '../../../shared/events/events.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { currentContext } from '../../../shared/http/request-context.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import type { Plan } from '../../orchestrator/run-request.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import type { Notice } from '../environments/notice.js';
import { DeploymentLogsRepository } from '../logs/deployment-logs.repository.js';
import { PromotionGate } from '../environments/promotion-gate.js';
import { WebhookTargets } from '../webhooks/webhook-targets.js';
import { OperationClosing } from './operation-closing.js';
import { OperationPlanner, type Planned } from './operation-planner.js';
import { OperationWorker } from './operation-worker.js';
import type { Operation, OperationParameters, OperationType } from './operation.js';
import { OperationsRepository } from './operations.repository.js';
import { type Candidate, disabledEnvironment } from './run-request.builder.js';

/** Operations at once per organization by tier; further ones 429 (api.md 1.8). */
const CONCURRENT: Readonly<Record<string, number>> = { free: 1, standard: 5, enterprise: 20, static: 5 };

export interface Started {
  readonly operation: Operation;
  readonly plan: Plan;
  /** 1 = next; only while it waits. */
  readonly queuePosition: number | null;
  /** Of a rollback: what it cannot bring back. */
  readonly irreversible: readonly IrreversibleStep[];
  /** To know before it runs: an environment that is early in the order of promotion (ENV-W02). */
  readonly warnings: readonly Notice[];
}

/** What a start needs to know besides the caller. */
export interface Start {
  /** As the caller wrote it. */
  readonly webhookUrl?: string | undefined;
  readonly type: OperationType;
  readonly stack: string | null;
  readonly environment: EnvironmentName;
  readonly parameters: OperationParameters;
  readonly overrides: Operation['overrides'];
  readonly resumedFrom?: string;
  /** Preview whose plan is executed. */
  readonly planId?: string;
}

/** An operation that nothing refuses any more but somebody who is faster. */
export interface Prepared extends Planned {
  readonly warnings: readonly Notice[];
}

/** Another operation has got the environment in the meantime. */
class Taken extends Conflict {
  constructor() {
    super('OPERATION_IN_PROGRESS', 'Another operation holds the environment');
  }
}

/** Repositories of operations. */
@Injectable()
export class OperationStores {
  constructor(
    readonly deployments: DeploymentsRepository,
    readonly environments: EnvironmentsRepository,
    readonly operations: OperationsRepository,
    readonly logs: DeploymentLogsRepository,
    readonly unitOfWork: UnitOfWork,
  ) {}
}

/** Small things operations work with. */
@Injectable()
export class OperationTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly ids: Ids,
    readonly closing: OperationClosing,
    readonly webhooks: WebhookTargets,
  ) {}
}

/** Types that a disabled environment takes: nothing new comes into it (deployments.md 9.2). */
const ALSO_WHEN_DISABLED: readonly OperationType[] = [
  'destroy',
  'destroy-stack',
  'rollback',
  'refresh',
  'drift-detect',
  'drift-fix',
  'state-import',
];

/**
 * The one way into an operation, whatever its type: running operation → environment → options → capacity → plan → stored, and
 * claimed or queued. Storing it touches the environment, so that nobody switches or removes that at the same time.
 */
@Injectable()
export class OperationIntake {
  constructor(
    private readonly stores: OperationStores,
    private readonly planner: OperationPlanner,
    private readonly worker: OperationWorker,
    private readonly tools: OperationTools,
    private readonly gate: PromotionGate,
  ) {}

  /** @throws Conflict `OPERATION_IN_PROGRESS` unless the caller waits, or changes nothing */
  async requireFree(deploymentId: string, environment: EnvironmentName, mayWait: boolean): Promise<void> {
    const holder = mayWait ? null : await this.stores.operations.findActive(deploymentId, environment);
    if (holder) throw inProgress(holder, this.tools.clock.now());
  }

  /** @throws what `prepare` and `accept` refuse */
  async start(principal: Principal, deployment: Deployment, start: Start): Promise<Started> {
    const prepared = await this.prepare(principal, deployment, start);
    return this.accept(prepared, (enter) => this.stores.unitOfWork.run(enter));
  }

  /**
   * Everything that can be refused, with nothing stored.
   * @param candidate the manifest that is going to be saved together with the operation; default: the stored one
   * @throws Conflict `OPERATION_IN_PROGRESS`, Refused `ENVIRONMENT_DISABLED`, `INVALID_OPTIONS`, `PROMOTION_BLOCKED` and what planning refuses
   */
  async prepare(
    principal: Principal,
    deployment: Deployment,
    start: Start,
    candidate: Candidate | null = null,
  ): Promise<Prepared> {
    const { environment: name, webhookUrl } = start;
    const webhook = webhookUrl === undefined ? {} : { webhook: this.tools.webhooks.accept(webhookUrl) };
    const parameters = { ...start.parameters, ...webhook };
    const holder = await this.stores.operations.findActive(deployment.deploymentId, name);
    if (holder && !parameters.preview && !parameters.waitForLock) throw inProgress(holder, this.tools.clock.now());
    const environment = candidate?.environment ?? (await this.stores.environments.find(deployment.deploymentId, name));
    const standing = environment !== null && (environment.enabled || ALSO_WHEN_DISABLED.includes(start.type));
    if (!standing) throw await this.notEnabled(deployment.deploymentId, name);
    if (parameters.continueOnError && parameters.rollbackOnError) {
      throw new Refused('INVALID_OPTIONS', 'continueOnError and rollbackOnError exclude each other', {
        details: { options: ['continueOnError', 'rollbackOnError'] },
      });
    }
    const inOrder = start.type === 'deploy' || start.type === 'deploy-stack';
    const warnings = inOrder ? await this.gate.pass(principal, deployment, name, parameters) : [];
    if (!parameters.preview) await this.requireCapacity(principal, deployment.organization);
    const draftOperation = this.newOperation(
      principal,
      deployment,
      { ...start, parameters },
      !holder || parameters.preview,
    );
    return { ...(await this.planner.plan(draftOperation, candidate)), warnings };
  }

  /**
   * Stores the operation and sets it going, or queues it.
   * @param write runs what it is given in one transaction, with whatever has to be stored together with the operation
   * @throws Conflict `OPERATION_IN_PROGRESS`, Refused `ENVIRONMENT_DISABLED` when somebody was faster, and what `write` throws
   */
  async accept(prepared: Prepared, write: (enter: () => Promise<void>) => Promise<unknown>): Promise<Started> {
    const { operation, plan, irreversible, warnings } = prepared;
    const { operations } = this.stores;
    let accepted = operation;
    try {
      await write(() => this.enter(accepted));
    } catch (error) {
      if (!(error instanceof Taken)) throw error;
      const holder = await operations.findActive(operation.deploymentId, operation.environment);
      if (!operation.parameters.waitForLock && holder) throw inProgress(holder, this.tools.clock.now());
      accepted = { ...operation, active: false, activeAt: null };
      await write(() => this.enter(accepted));
    }
    if (accepted.active || accepted.preview) this.worker.wake(accepted.operationId);
    else await this.tools.closing.promoteNext(accepted).then((next) => next && this.worker.wake(next.operationId));
    return { operation: accepted, plan, irreversible, warnings, queuePosition: await this.queuePosition(accepted) };
  }

  /** Inside a transaction. */
  private async enter(operation: Operation): Promise<void> {
    const { deploymentId, environment, type } = operation;
    const mustBeEnabled = !ALSO_WHEN_DISABLED.includes(type);
    if (!(await this.stores.environments.enter(deploymentId, environment, mustBeEnabled))) {
      throw await this.notEnabled(deploymentId, environment);
    }
    if (!(await this.stores.operations.insert(operation))) throw new Taken();
  }

  /** The deployment may have been deleted since the request came. */
  private async notEnabled(deploymentId: string, environment: EnvironmentName): Promise<AppError> {
    const isThere = (await this.stores.deployments.find(deploymentId)) !== null;
    return isThere ? disabledEnvironment(environment) : new NotFound('deployment', deploymentId);
  }

  /** @throws AppError `CONCURRENCY_LIMIT` (429) */
  async requireCapacity(principal: Principal, organization: string): Promise<void> {
    const limit = CONCURRENT[principal.tier] ?? 5;
    const running = await this.stores.operations.countActive(organization);
    if (running < limit) return;
    throw new AppError(
      'CONCURRENCY_LIMIT',
      429,
      `The organization runs ${running} operations at once, its limit is ${limit}`,
      {
        details: { limit, running, tier: principal.tier },
        headers: { 'Retry-After': '30' },
      },
    );
  }

  private newOperation(principal: Principal, deployment: Deployment, start: Start, active: boolean): Operation {
    const now = this.tools.clock.now();
    const operationId = this.tools.ids.operationId();
    const isActive = active && !start.parameters.preview;
    return {
      operationId,
      organization: deployment.organization,
      project: deployment.project,
      deploymentId: deployment.deploymentId,
      environment: start.environment,
      stack: start.stack,
      type: start.type,
      preview: start.parameters.preview,
      status: 'pending',
      phase: 'initializing',
      engine: this.tools.config.engine.engine,
      cloud: this.tools.config.engine.cloud,
      manifestRevision: deployment.revision,
      parameters: start.parameters,
      selectedStacks: null,
      overrides: start.overrides,
      plan: null,
      before: null,
      state: null,
      active: isActive,
      createdAt: now,
      activeAt: isActive ? now : null,
      startedAt: null,
      completedAt: null,
      startedBy: principal.name,
      startedById: principal.userId ?? principal.id,
      correlationId: currentContext()?.correlationId ?? operationId,
      estimatedDuration: 0,
      cancel: null,
      paused: null,
      report: null,
      error: null,
      resumable: false,
      resumedFrom: start.resumedFrom ?? null,
      planId: start.planId ?? null,
      staleDependents: start.type === 'deploy-stack' ? null : [],
      executor: null,
      takeovers: 0,
    };
  }

  /** Place among those that wait, 1 = next; null when it does not wait. */
  async queuePosition(operation: Operation): Promise<number | null> {
    return operation.status === 'pending' && !operation.active && !operation.preview
      ? this.stores.operations.queuePosition(operation)
      : null;
  }
}

function inProgress(holder: Operation, now: Date): Conflict {
  const since = holder.activeAt ?? holder.createdAt;
  return new Conflict(
    'OPERATION_IN_PROGRESS',
    `Operation ${holder.operationId} of ${holder.startedBy} holds ${holder.deploymentId} ${holder.environment}`,
    {
      details: {
        operationId: holder.operationId,
        type: holder.type,
        startedBy: holder.startedBy,
        startedAt: (holder.startedAt ?? holder.createdAt).toISOString(),
        environment: holder.environment,
        ageSeconds: Math.max(0, Math.round((now.getTime() - since.getTime()) / 1000)),
      },
      suggestion: 'Wait for it, cancel it, or send waitForLock: true.',
    },
  );
}
