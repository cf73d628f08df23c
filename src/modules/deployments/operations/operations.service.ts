import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { AppError, Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import { EventsRepository } from '../../../shared/events/events.repository.js';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { currentContext } from '../../../shared/http/request-context.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { RunStop } from '../../orchestrator/run-stop.js';
import type { Plan, RunType } from '../../orchestrator/run-request.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import { OperationClosing } from './operation-closing.js';
import { OperationPlanner } from './operation-planner.js';
import { OperationWorker } from './operation-worker.js';
import type { CancelBody, DeployBody, DestroyBody, OperationsQuery } from './operation.dto.js';
import { type Operation, type OperationParameters, isFinal } from './operation.js';
import { OperationsRepository } from './operations.repository.js';
import { disabledEnvironment } from './run-request.builder.js';

/** Operations at once per organization by tier; further ones 429 (api.md 1.8). */
const CONCURRENT: Readonly<Record<string, number>> = { free: 1, standard: 5, enterprise: 20, static: 5 };

export interface Started {
  readonly operation: Operation;
  readonly plan: Plan;
  /** 1 = next; only while it waits. */
  readonly queuePosition: number | null;
}

/** What a start needs to know besides the body. */
interface Start {
  readonly type: RunType;
  readonly stack: string | null;
  readonly environment: EnvironmentName;
  readonly parameters: OperationParameters;
  readonly overrides: Operation['overrides'];
  readonly resumedFrom?: string;
}

/** Repositories of OperationsService. */
@Injectable()
export class OperationStores {
  constructor(
    readonly deployments: DeploymentsRepository,
    readonly environments: EnvironmentsRepository,
    readonly operations: OperationsRepository,
    readonly events: EventsRepository,
  ) {}
}

/** Small things OperationsService works with. */
@Injectable()
export class OperationTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly ids: Ids,
    readonly closing: OperationClosing,
  ) {}
}

/** Accepting, listing and cancelling operations. Refusals come in the order of api.md 2.5. */
@Injectable()
export class OperationsService {
  constructor(
    private readonly stores: OperationStores,
    private readonly access: Access,
    private readonly planner: OperationPlanner,
    private readonly worker: OperationWorker,
    private readonly tools: OperationTools,
  ) {}

  async deploy(principal: Principal, deploymentId: string, body: DeployBody): Promise<Started> {
    const permission = body.preview ? 'deployments:preview' : 'deployments:deploy';
    const deployment = await this.load(principal, deploymentId, permission, body.environment);
    if (!body.preview) requireProdConfirmation(deployment, body);
    return this.start(principal, deployment, {
      type: 'deploy',
      stack: null,
      environment: body.environment,
      parameters: this.deployParameters(body),
      overrides: body.overrides ?? {},
    });
  }

  async destroy(principal: Principal, deploymentId: string, body: DestroyBody): Promise<Started> {
    const permission = body.preview ? 'deployments:preview' : 'deployments:destroy';
    const deployment = await this.load(principal, deploymentId, permission, body.environment);
    if (!body.preview) requireDestroyConfirmation(deployment, body);
    return this.start(principal, deployment, {
      type: 'destroy',
      stack: null,
      environment: body.environment,
      parameters: destroyParameters(body),
      overrides: {},
    });
  }

  async list(
    principal: Principal,
    query: OperationsQuery,
    deploymentId?: string,
  ): Promise<{ operations: readonly Operation[]; total: number }> {
    if (deploymentId) await this.load(principal, deploymentId, 'operations:read');
    return this.stores.operations.list(
      {
        visible: this.access.visible(principal, 'operations:read'),
        ...(deploymentId ? { deploymentId } : {}),
        ...(query.environment ? { environment: query.environment } : {}),
        ...(query.type ? { types: query.type } : {}),
        ...(query.status ? { statuses: query.status } : {}),
        ...(query.startedBy ? { startedBy: query.startedBy } : {}),
        ...(query.from ? { from: new Date(query.from) } : {}),
        ...(query.to ? { to: new Date(query.to) } : {}),
      },
      (query.page - 1) * query.limit,
      query.limit,
    );
  }

  async get(principal: Principal, deploymentId: string, operationId: string): Promise<Operation> {
    await this.load(principal, deploymentId, 'operations:read');
    const operation = await this.stores.operations.find(operationId);
    if (!operation || operation.deploymentId !== deploymentId) throw new NotFound('operation', operationId);
    return operation;
  }

  /** Newest 50 log events of the operation, oldest first. */
  async logsOf(operation: Operation): Promise<readonly unknown[]> {
    const events = await this.stores.events.readBefore(
      { organization: operation.organization, operationId: operation.operationId, types: ['log'] },
      Number.MAX_SAFE_INTEGER,
      50,
    );
    return [...events].reverse().map((event) => ({ timestamp: event.timestamp, ...event.data }));
  }

  async queuePosition(operation: Operation): Promise<number | null> {
    return operation.status === 'pending' && !operation.active && !operation.preview
      ? this.stores.operations.queuePosition(operation)
      : null;
  }

  /** Cancelling again repeats the answer; a finished operation is 409. */
  async cancel(principal: Principal, deploymentId: string, operationId: string, body: CancelBody): Promise<Operation> {
    const operation = await this.get(principal, deploymentId, operationId);
    const own = operation.startedById === (principal.userId ?? principal.id);
    const target = {
      organization: operation.organization,
      project: operation.project,
      environment: operation.environment,
      deploymentId,
    };
    this.access.require(principal, own ? 'operations:cancel' : 'operations:cancel-others', target, {
      kind: 'operation',
      id: operationId,
    });
    if (operation.status === 'cancelled') return operation;
    if (isFinal(operation)) throw notCancellable(operation, `has ended as ${operation.status}`);
    if (operation.phase === 'rolling_back')
      throw notCancellable(operation, 'is rolling back, which cannot be cancelled');
    const request = {
      at: this.tools.clock.now(),
      by: principal.name,
      reason: body.reason ?? null,
      force: body.force ?? false,
      rollback: body.rollback ?? false,
    };
    if (operation.status === 'pending' && (await this.tools.closing.endPending(operation, 'cancelled', null))) {
      const next = await this.tools.closing.promoteNext(operation);
      if (next) this.worker.wake(next.operationId);
    } else {
      await this.stores.operations.requestCancel(operationId, request);
      this.worker.cancel(operationId, RunStop.cancelled(request));
    }
    return (await this.stores.operations.find(operationId)) ?? operation;
  }

  /** @throws NotFound also for another organization's deployment; Denied when the principal may not do it there */
  async load(
    principal: Principal,
    deploymentId: string,
    permission: string,
    environment?: EnvironmentName,
  ): Promise<Deployment> {
    const deployment = await this.stores.deployments.find(deploymentId);
    if (!deployment) throw new NotFound('deployment', deploymentId);
    this.access.require(
      principal,
      permission,
      {
        organization: deployment.organization,
        project: deployment.project,
        deploymentId,
        ...(environment ? { environment } : {}),
      },
      { kind: 'deployment', id: deploymentId },
    );
    return deployment;
  }

  private async start(principal: Principal, deployment: Deployment, start: Start): Promise<Started> {
    const { parameters, environment: name } = start;
    const holder = await this.stores.operations.findActive(deployment.deploymentId, name);
    if (holder && !parameters.preview && !parameters.waitForLock) throw inProgress(holder);
    const environment = await this.stores.environments.find(deployment.deploymentId, name);
    const standing = environment !== null && (environment.enabled || start.type.startsWith('destroy'));
    if (!standing) throw disabledEnvironment(name);
    if (parameters.continueOnError && parameters.rollbackOnError) {
      throw new Refused('INVALID_OPTIONS', 'continueOnError and rollbackOnError exclude each other', {
        details: { options: ['continueOnError', 'rollbackOnError'] },
      });
    }
    if (!parameters.preview) await this.requireCapacity(principal, deployment.organization);
    const draftOperation = this.newOperation(principal, deployment, start, !holder || parameters.preview);
    const { operation, plan } = await this.planner.plan(draftOperation);
    return this.accept(operation, plan);
  }

  private async accept(operation: Operation, plan: Plan): Promise<Started> {
    const { operations } = this.stores;
    let accepted = operation;
    if (!(await operations.insert(operation))) {
      const holder = await operations.findActive(operation.deploymentId, operation.environment);
      if (!operation.parameters.waitForLock && holder) throw inProgress(holder);
      accepted = { ...operation, active: false, activeAt: null };
      await operations.insert(accepted);
    }
    if (accepted.active || accepted.preview) this.worker.wake(accepted.operationId);
    else await this.tools.closing.promoteNext(accepted).then((next) => next && this.worker.wake(next.operationId));
    return { operation: accepted, plan, queuePosition: await this.queuePosition(accepted) };
  }

  private async requireCapacity(principal: Principal, organization: string): Promise<void> {
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
      report: null,
      error: null,
      resumable: false,
      resumedFrom: start.resumedFrom ?? null,
      staleDependents: [],
      executor: null,
      takeovers: 0,
    };
  }

  private deployParameters(body: DeployBody): OperationParameters {
    const continueOnError = body.continueOnError ?? false;
    const force = body.force ?? false;
    return {
      preview: body.preview ?? false,
      parallel: parallelOf(body.parallel, this.tools.config.runs.parallelStacks),
      schedule: body.schedule ?? 'ready',
      smartSkip: force ? false : (body.smartSkip ?? true),
      force,
      continueOnError,
      rollbackOnError: body.rollbackOnError ?? !continueOnError,
      stackTimeoutSeconds: body.timeoutSeconds ?? null,
      destructiveConfirmed: false,
      stackFilter: body.stackFilter ?? null,
      skipStacks: body.skipStacks ?? [],
      includeDependencies: body.includeDependencies ?? false,
      skipDependencies: false,
      skipValidation: body.skipValidation ?? false,
      waitForLock: body.waitForLock ?? false,
      message: body.message ?? null,
    };
  }
}

/** Stacks at once in a destroy that does not say (deployments.md 7.1). */
const DESTROY_PARALLEL = 2;

function destroyParameters(body: DestroyBody): OperationParameters {
  return {
    preview: body.preview ?? false,
    parallel: parallelOf(body.parallel, DESTROY_PARALLEL),
    schedule: 'ready',
    smartSkip: false,
    force: body.force ?? false,
    continueOnError: body.continueOnError ?? false,
    rollbackOnError: false,
    stackTimeoutSeconds: body.timeoutSeconds ?? null,
    destructiveConfirmed: !body.preview,
    stackFilter: body.stackFilter ?? null,
    skipStacks: [],
    includeDependencies: false,
    skipDependencies: false,
    skipValidation: false,
    waitForLock: body.waitForLock ?? false,
    message: null,
  };
}

function parallelOf(value: boolean | number | undefined, fallback: number): number {
  if (typeof value === 'number') return value;
  return value === false ? 1 : fallback;
}

/** prod wants `confirm: true` or the deployment id. */
function requireProdConfirmation(deployment: Deployment, body: DeployBody): void {
  if (body.environment !== 'prod' || body.confirm === true || body.confirm === deployment.deploymentId) return;
  throw confirmationRequired(true, 'A deployment to prod');
}

/** dev and stage want `confirm: true` or `skipConfirmation: true`; prod wants the deployment id. */
function requireDestroyConfirmation(deployment: Deployment, body: DestroyBody): void {
  const { confirm } = body;
  if (confirm === deployment.deploymentId) return;
  if (body.environment === 'prod') throw confirmationRequired(deployment.deploymentId, 'Destroying prod');
  if (confirm === true || body.skipConfirmation === true) return;
  throw confirmationRequired(true, `Destroying ${body.environment}`);
}

function confirmationRequired(expected: true | string, what: string): Refused {
  return new Refused('CONFIRMATION_REQUIRED', `${what} needs "confirm": ${JSON.stringify(expected)}`, {
    details: { field: 'confirm', expected },
  });
}

function inProgress(holder: Operation): Conflict {
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
      },
      suggestion: 'Wait for it, cancel it, or send waitForLock: true.',
    },
  );
}

function notCancellable(operation: Operation, why: string): Conflict {
  return new Conflict('OPERATION_NOT_CANCELLABLE', `Operation ${operation.operationId} ${why}`, {
    details: { operationId: operation.operationId, status: operation.status, phase: operation.phase },
  });
}
