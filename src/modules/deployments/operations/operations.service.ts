import { Injectable } from '@nestjs/common';
import { Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { RunStop } from '../../orchestrator/run-stop.js';
import type { Deployment } from '../deployment.js';
import { requireDestructiveConfirmation, requireProdConfirmation } from './confirmations.js';
import { OperationIntake, OperationStores, OperationTools, type Start, type Started } from './operation-intake.js';
import { OperationWorker } from './operation-worker.js';
import type { CancelBody, DeployBody, DestroyBody, OperationsQuery } from './operation.dto.js';
import { type Operation, type OperationParameters, isFinal } from './operation.js';
import { requireRetryable } from './retryable.js';
import { StaleDependents } from './stale-dependents.js';

/** Accepting, listing and cancelling operations. Refusals come in the order of api.md 2.5. */
@Injectable()
export class OperationsService {
  constructor(
    private readonly stores: OperationStores,
    private readonly access: Access,
    private readonly intake: OperationIntake,
    private readonly worker: OperationWorker,
    private readonly tools: OperationTools,
    private readonly stale: StaleDependents,
  ) {}

  /** Stacks at once in a run that does not say. */
  get parallelStacks(): number {
    return this.tools.config.runs.parallelStacks;
  }

  async deploy(principal: Principal, deploymentId: string, body: DeployBody): Promise<Started> {
    const permission = body.preview ? 'deployments:preview' : 'deployments:deploy';
    const deployment = await this.load(principal, deploymentId, permission, body.environment);
    if (!body.preview) requireProdConfirmation(deploymentId, body, 'A deployment to prod');
    const reviewed = body.planId ? await this.reviewed(deploymentId, body, body.planId) : null;
    if (body.resumedFrom) requireRetryable(await this.get(principal, deploymentId, body.resumedFrom));
    return this.intake.start(principal, deployment, this.deployStart(body, reviewed));
  }

  /** What a deploy is asked to be. @param reviewed the preview whose plan it executes */
  deployStart(body: DeployBody, reviewed: Operation | null = null): Start {
    const parameters = this.deployParameters(body);
    return {
      type: reviewed?.type ?? 'deploy',
      stack: reviewed?.stack ?? null,
      environment: body.environment,
      webhookUrl: body.webhookUrl,
      parameters: reviewed ? boundTo(reviewed.parameters, parameters) : parameters,
      overrides: reviewed?.overrides ?? body.overrides ?? {},
      ...(body.resumedFrom ? { resumedFrom: body.resumedFrom } : {}),
      ...(body.planId ? { planId: body.planId } : {}),
    };
  }

  async destroy(principal: Principal, deploymentId: string, body: DestroyBody): Promise<Started> {
    const permission = body.preview ? 'deployments:preview' : 'deployments:destroy';
    const deployment = await this.load(principal, deploymentId, permission, body.environment);
    if (!body.preview) requireDestructiveConfirmation(deploymentId, body, 'Destroying');
    return this.intake.start(principal, deployment, {
      type: 'destroy',
      stack: null,
      environment: body.environment,
      webhookUrl: body.webhookUrl,
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
    return this.stale.known(operation);
  }

  /** Newest 50 lines of its log, oldest first. */
  async logsOf(operation: Operation): Promise<readonly unknown[]> {
    const lines = await this.stores.logs.tail(operation, 50);
    return lines.map(({ timestamp, stack, level, component, message, metadata }) => {
      const context = { component, ...metadata };
      return { timestamp, stack, stackName: stack, level, message, context };
    });
  }

  queuePosition(operation: Operation): Promise<number | null> {
    return this.intake.queuePosition(operation);
  }

  /** Cancelling again repeats the answer; a finished operation is 409. */
  async cancel(principal: Principal, deploymentId: string, operationId: string, body: CancelBody): Promise<Operation> {
    const operation = await this.get(principal, deploymentId, operationId);
    this.requireControl(principal, operation);
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

  /** May the caller cancel or hold back this operation: its own, or another actor's? @throws Denied */
  requireControl(principal: Principal, operation: Operation): void {
    const { organization, project, environment, deploymentId, operationId } = operation;
    const own = operation.startedById === (principal.userId ?? principal.id);
    const target = { organization, project, environment, deploymentId };
    this.access.require(principal, own ? 'operations:cancel' : 'operations:cancel-others', target, {
      kind: 'operation',
      id: operationId,
    });
  }

  /** @throws NotFound when it is no preview of a deploy here; Refused `INVALID_OPTIONS` when the body decides again what it decided */
  private async reviewed(deploymentId: string, body: DeployBody, planId: string): Promise<Operation> {
    const plan = await this.stores.operations.find(planId);
    const fits =
      plan?.preview && plan.plan && plan.deploymentId === deploymentId && plan.environment === body.environment;
    if (!fits || !plan.type.startsWith('deploy')) throw new NotFound('plan', planId);
    const again = DECIDED_BY_A_PLAN.filter((option) => body[option] !== undefined);
    if (again.length === 0) return plan;
    throw new Refused('INVALID_OPTIONS', `With planId these are decided by the plan: ${again.join(', ')}`, {
      details: { options: again },
      suggestion: 'Leave them out, or make another preview with them.',
    });
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

  private deployParameters(body: DeployBody): OperationParameters {
    const continueOnError = body.continueOnError ?? false;
    const force = body.force ?? false;
    return {
      preview: body.preview ?? false,
      parallel: parallelOf(body.parallel, this.parallelStacks),
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
      strict: body.strict ?? false,
      validateCode: body.validateCode ?? true,
      regenerate: body.regenerate ?? [],
      waitForLock: body.waitForLock ?? false,
      message: body.message ?? null,
      toVersion: null,
    };
  }
}

/** Options that say what is run; the others say how. */
const DECIDED_BY_A_PLAN = [
  'preview',
  'smartSkip',
  'force',
  'stackFilter',
  'skipStacks',
  'includeDependencies',
  'overrides',
  'regenerate',
] as const satisfies readonly (keyof DeployBody)[];

/** What the plan decided, run in the way that is asked for now. */
function boundTo(reviewed: OperationParameters, asked: OperationParameters): OperationParameters {
  const {
    smartSkip,
    force,
    stackFilter,
    skipStacks,
    includeDependencies,
    skipDependencies,
    regenerate = [],
  } = reviewed;
  return { ...asked, smartSkip, force, stackFilter, skipStacks, includeDependencies, skipDependencies, regenerate };
}

/** Stacks at once in a destroy that does not say (deployments.md 7.1). */
const DESTROY_PARALLEL = 2;

export function destroyParameters(body: DestroyBody): OperationParameters {
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
    toVersion: null,
  };
}

function parallelOf(value: boolean | number | undefined, fallback: number): number {
  if (typeof value === 'number') return value;
  return value === false ? 1 : fallback;
}

function notCancellable(operation: Operation, why: string): Conflict {
  return new Conflict('OPERATION_NOT_CANCELLABLE', `Operation ${operation.operationId} ${why}`, {
    details: { operationId: operation.operationId, status: operation.status, phase: operation.phase },
  });
}
