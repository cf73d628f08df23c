import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/kernel/clock.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import { endpointOutputs, endpointsOf } from '../environments/endpoints.js';
import type { Environment, StackInstance } from '../environments/environment.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { OperationsService } from './operations.service.js';
import { OperationsRepository } from './operations.repository.js';
import { DeploymentLogsRepository } from '../logs/deployment-logs.repository.js';
import type { Operation } from './operation.js';
import { toProgress } from './progress-view.js';

/** Log lines kept in a progress answer per stack (api.md 5.6). */
const LOGS_PER_STACK = 100;

/** What StatusService looks at besides its own stores. */
@Injectable()
export class StatusSources {
  constructor(
    readonly clock: Clock,
    readonly logs: DeploymentLogsRepository,
    readonly catalogue: Catalogue,
  ) {}
}

/** Status and progress of environments: from the running or last operation, else from the stack instances. */
@Injectable()
export class StatusService {
  constructor(
    private readonly access: OperationsService,
    private readonly operations: OperationsRepository,
    private readonly environments: EnvironmentsRepository,
    private readonly instances: StackInstancesRepository,
    private readonly sources: StatusSources,
  ) {}

  async status(
    principal: Principal,
    deploymentId: string,
    environment?: EnvironmentName,
    stack?: string,
  ): Promise<Record<string, unknown>> {
    const deployment = await this.access.load(principal, deploymentId, 'deployments:read');
    const environments = await this.environments.listOf([deploymentId]);
    if (environment) return this.one(deploymentId, environment, environments, stack);
    const all: Record<string, unknown> = {};
    for (const each of environments)
      all[each.environment] = await this.one(deploymentId, each.environment, environments, stack);
    return { deploymentId, status: deployment.status, environments: all };
  }

  async progress(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
    withLogs: boolean,
  ): Promise<Record<string, unknown>> {
    await this.access.load(principal, deploymentId, 'deployments:read');
    const operation = await this.current(deploymentId, environment);
    if (!operation)
      return this.idle(deploymentId, environment, await this.environments.find(deploymentId, environment));
    const progress = toProgress(operation, this.sources.clock.now());
    if (!withLogs) return progress;
    const tail = await this.sources.logs.tail(operation, 1000);
    const stacks = progress['stacks'] as Record<string, Record<string, unknown>>;
    for (const [name, view] of Object.entries(stacks)) {
      const lines = tail.filter(({ stack }) => stack === name).slice(-LOGS_PER_STACK);
      view['logs'] = lines.map(({ timestamp, level, message, metadata }) => ({
        timestamp,
        level,
        message,
        context: metadata,
      }));
    }
    return progress;
  }

  private async one(
    deploymentId: string,
    environment: EnvironmentName,
    environments: readonly Environment[],
    stack?: string,
  ): Promise<Record<string, unknown>> {
    const record = environments.find((each) => each.environment === environment) ?? null;
    const operation = await this.current(deploymentId, environment);
    const view = operation
      ? toProgress(operation, this.sources.clock.now())
      : await this.idle(deploymentId, environment, record);
    const isRunning = operation && !operation.completedAt;
    const stacks = view['stacks'] as Record<string, Record<string, unknown>>;
    const wanted = Object.entries(stacks).filter(([name]) => stack === undefined || name === stack);
    const instances = await this.instances.listOf(deploymentId, environment);
    return {
      ...view,
      status: isRunning ? view['status'] : (record?.status ?? 'disabled'),
      endpoints: endpointsOf(instances, endpointOutputs(this.sources.catalogue.stacks.templates())),
      stacks: Object.fromEntries(
        wanted.map(([name, progress]) => [
          name,
          {
            status: progress['status'],
            layer: progress['layer'],
            progressPercent: progress['progressPercent'],
            durationSeconds: progress['durationSeconds'] ?? null,
            currentResource: (progress['resources'] as { current?: string } | undefined)?.current ?? null,
            driftDetected: instances.find((i) => i.stack === name)?.driftDetected ?? false,
          },
        ]),
      ),
      stacksSkipped: Object.values(stacks)
        .filter((s) => s['status'] === 'skipped')
        .map((s) => ({ name: s['name'], reason: s['skipReason'] })),
    };
  }

  /** The one that holds the environment, else the newest that was no preview. */
  private async current(deploymentId: string, environment: EnvironmentName): Promise<Operation | null> {
    return (
      (await this.operations.findActive(deploymentId, environment)) ??
      this.operations.findLatest(deploymentId, environment)
    );
  }

  private async idle(
    deploymentId: string,
    environment: EnvironmentName,
    record: Environment | null,
  ): Promise<Record<string, unknown>> {
    const instances = await this.instances.listOf(deploymentId, environment);
    const deployed = instances.filter((i) => i.status === 'deployed').length;
    return {
      deploymentId,
      environment,
      operationId: null,
      status: record?.status ?? 'disabled',
      startTime: null,
      totalLayers: 0,
      summary: {
        totalStacks: instances.length,
        deployedStacks: deployed,
        failedStacks: 0,
        skippedStacks: 0,
        progressPercent: 0,
      },
      stacks: Object.fromEntries(instances.map((i) => [i.stack, idleStack(i)])),
      metrics: { durationSeconds: 0, resourcesCreated: 0, resourcesFailed: 0 },
    };
  }
}

/** Progress of a stack that no operation is about. */
export function idleStack(instance: StackInstance): Record<string, unknown> {
  return {
    name: instance.stack,
    status: instance.status,
    layer: null,
    progressPercent: instance.status === 'deployed' ? 100 : 0,
    resources: { total: instance.resourceCount, created: 0, failed: 0 },
    logs: [],
  };
}
