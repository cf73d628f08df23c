import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import { ENVIRONMENTS, type EnvironmentName, type Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { StackEngine, type StackState } from '../../orchestrator/engine.port.js';
import type { Deployment } from '../deployment.js';
import { scopeOf } from '../deployment-records.js';
import type { Environment, StackInstance } from '../environments/environment.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { EnvironmentLocks, toLockDto } from '../locks/environment-locks.js';
import { driftRows } from '../operations/drift-view.js';
import { OperationsRepository } from '../operations/operations.repository.js';
import { OperationsService } from '../operations/operations.service.js';
import { isStanding } from '../operations/rollback-target.js';
import type { BackupFacts, StateBackup } from './state-backup.js';
import { StateBackups } from './state-backups.js';
import { StateBackupsRepository } from './state-backups.repository.js';
import { pulumiStackOf, stackRefOf } from './stack-refs.js';
import type { BackupBody, BackupsQuery, ResourcesQuery } from './state.dto.js';

/** Repositories of StateService. */
@Injectable()
export class StateStores {
  constructor(
    readonly environments: EnvironmentsRepository,
    readonly instances: StackInstancesRepository,
    readonly operations: OperationsRepository,
    readonly backups: StateBackupsRepository,
    readonly locks: EnvironmentLocks,
  ) {}
}

export interface ExportedStates {
  readonly exportedAt: Date;
  readonly operationInProgress: boolean;
  readonly states: Readonly<Record<string, StackState>>;
}

/** What is known of states without changing them (deployments.md 10.3, 10.5; api.md 3.8). */
@Injectable()
export class StateService {
  constructor(
    private readonly operations: OperationsService,
    private readonly stores: StateStores,
    private readonly engine: StackEngine,
    private readonly backups: StateBackups,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  async overview(
    principal: Principal,
    deploymentId: string,
    environment?: EnvironmentName,
  ): Promise<Record<string, unknown>> {
    await this.operations.load(principal, deploymentId, 'deployments:read', environment);
    const all = await this.stores.environments.listOf([deploymentId]);
    const shown = all.filter((each) => environment === undefined || each.environment === environment);
    if (shown.length === 0 && environment) throw noEnvironment(environment);
    const environments: Record<string, unknown> = {};
    for (const { environment: name } of shown) environments[name] = await this.overviewOf(deploymentId, name);
    return { deploymentId, environments };
  }

  /** Every environment that has something deployed. @throws NotFound when none has */
  async exportEnvironments(
    principal: Principal,
    deploymentId: string,
  ): Promise<Readonly<Partial<Record<EnvironmentName, ExportedStates>>>> {
    await this.operations.load(principal, deploymentId, 'state:read');
    const instances = (await this.stores.instances.listOf(deploymentId)).filter(({ status }) => isStanding(status));
    const standing = ENVIRONMENTS.filter((name) => instances.some(({ environment }) => environment === name));
    for (const name of standing) await this.operations.load(principal, deploymentId, 'state:read', name);
    if (standing.length === 0) throw noState(deploymentId, { environment: 'dev' });
    const exported: Partial<Record<EnvironmentName, ExportedStates>> = {};
    for (const environment of standing)
      exported[environment] = await this.export(principal, deploymentId, { environment });
    return exported;
  }

  async export(
    principal: Principal,
    deploymentId: string,
    query: { readonly environment: EnvironmentName; readonly stack?: string },
  ): Promise<ExportedStates> {
    const { deployment, environment, instances } = await this.open(
      principal,
      deploymentId,
      'state:read',
      query.environment,
    );
    const stacks = stacksOf(instances, query.stack);
    const states: Record<string, StackState> = {};
    for (const stack of stacks) {
      const state = await this.engine.exportState(stackRefOf(deployment, environment, stack));
      if (state) states[stack] = state;
    }
    if (Object.keys(states).length === 0) throw noState(deploymentId, query);
    await this.tellExport(principal, deployment, query.environment, Object.keys(states), null);
    const holder = await this.stores.operations.findActive(deploymentId, query.environment);
    return { exportedAt: this.clock.now(), operationInProgress: holder !== null, states };
  }

  async backUp(principal: Principal, deploymentId: string, body: BackupBody): Promise<StateBackup> {
    const { deployment, instances } = await this.open(principal, deploymentId, 'state:read', body.environment);
    const { environment, stack, label } = body;
    const order = {
      ...{ organization: deployment.organization, deploymentId, environment, reason: 'manual' as const },
      ...{ stack: stack ?? null, by: principal.name, ...(label === undefined ? {} : { label }) },
    };
    const backup = await this.backups.take(order, stacksOf(instances, stack));
    if (!backup) throw noState(deploymentId, body);
    await this.tellExport(principal, deployment, environment, Object.keys(backup.states), backup.backupId);
    return backup;
  }

  async backup(principal: Principal, deploymentId: string, backupId: string): Promise<StateBackup> {
    await this.operations.load(principal, deploymentId, 'deployments:read');
    const backup = await this.stores.backups.find(deploymentId, backupId);
    if (!backup || backup.reason === 'incoming') throw new NotFound('backup', backupId);
    const deployment = await this.operations.load(principal, deploymentId, 'state:read', backup.environment);
    await this.tellExport(principal, deployment, backup.environment, Object.keys(backup.states), backupId);
    return backup;
  }

  async listBackups(
    principal: Principal,
    deploymentId: string,
    query: BackupsQuery,
  ): Promise<{ readonly backups: readonly BackupFacts[]; readonly total: number }> {
    await this.operations.load(principal, deploymentId, 'state:read', query.environment);
    const { environment, page, limit, stack } = query;
    return this.stores.backups.list(deploymentId, environment, {
      skip: (page - 1) * limit,
      limit,
      ...(stack ? { stack } : {}),
    });
  }

  /** Resources of an environment as the states have them, by stack and URN (deployments.md 10.5). */
  async inventory(
    principal: Principal,
    deploymentId: string,
    query: ResourcesQuery,
  ): Promise<{
    readonly resources: readonly Record<string, unknown>[];
    readonly byType: readonly { readonly type: string; readonly count: number; readonly stack: string }[];
    readonly total: number;
  }> {
    const { environment: name, stack, type, page, limit } = query;
    const found = await this.open(principal, deploymentId, 'deployments:read', name);
    const all: (Record<string, unknown> & { type: string; stack: string })[] = [];
    const standing = found.instances.filter(({ status }) => isStanding(status));
    for (const instance of standing.filter((each) => stack === undefined || each.stack === stack)) {
      const drifted = new Set(instance.drift?.resources.map(({ urn }) => urn));
      const resources = await this.engine.resources(stackRefOf(found.deployment, found.environment, instance.stack));
      const rows = resources.map((each) => ({
        ...{ urn: each.urn, type: each.type, name: each.name, id: each.id, arn: each.arn ?? null },
        ...{ stack: instance.stack, status: 'created', drifted: drifted.has(each.urn) },
        ...{ protect: each.protect, createdAt: each.createdAt ?? null },
      }));
      all.push(...rows.sort((a, b) => (a.urn < b.urn ? -1 : 1)));
    }
    const wanted = all.filter((each) => type === undefined || each.type === type);
    const counts = new Map<string, { type: string; count: number; stack: string }>();
    for (const each of wanted) {
      const key = `${each.type} ${each.stack}`;
      counts.set(key, { type: each.type, stack: each.stack, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    const byType = [...counts.values()].sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
    return { resources: wanted.slice((page - 1) * limit, page * limit), byType, total: wanted.length };
  }

  async drift(principal: Principal, deploymentId: string, name: EnvironmentName): Promise<Record<string, unknown>> {
    const { environment, instances } = await this.open(principal, deploymentId, 'deployments:read', name);
    const stacks = instances.filter(({ status }) => isStanding(status));
    return {
      deploymentId,
      environment: name,
      schedule: environment.driftSchedule ?? null,
      stacks: stacks.map(({ stack, driftDetected, drift }) => ({
        name: stack,
        driftDetected,
        checkedAt: drift?.checkedAt ?? null,
        operationId: drift?.operationId ?? null,
        resources: driftRows(drift?.resources ?? []),
      })),
    };
  }

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND` */
  private async open(
    principal: Principal,
    deploymentId: string,
    permission: string,
    name: EnvironmentName,
  ): Promise<{ deployment: Deployment; environment: Environment; instances: readonly StackInstance[] }> {
    const deployment = await this.operations.load(principal, deploymentId, permission, name);
    const environment = await this.stores.environments.find(deploymentId, name);
    if (!environment) throw noEnvironment(name);
    return { deployment, environment, instances: await this.stores.instances.listOf(deploymentId, name) };
  }

  private async overviewOf(deploymentId: string, environment: EnvironmentName): Promise<Record<string, unknown>> {
    const instances = await this.stores.instances.listOf(deploymentId, environment);
    const lock = await this.stores.locks.of(deploymentId, environment);
    return {
      stacks: instances.map((instance) => ({
        name: instance.stack,
        pulumiStack: pulumiStackOf(deploymentId, instance.stack, environment),
        version: instance.stateVersion,
        resourceCount: instance.resourceCount,
        status: instance.status,
        driftDetected: instance.driftDetected,
        lastUpdated: instance.lastDeployedAt,
      })),
      lock: lock && toLockDto(lock),
    };
  }

  private async tellExport(
    principal: Principal,
    deployment: Deployment,
    environment: EnvironmentName,
    stacks: readonly string[],
    backupId: string | null,
  ): Promise<void> {
    await this.eventLog.write(deployment.organization, async (append) => {
      append(
        draft('state_exported', { ...scopeOf(deployment), environment }, { stacks, by: principal.name, backupId }),
      );
    });
  }
}

/** A stack that was never touched has no state. @throws NotFound for a stack that the environment does not know */
function stacksOf(instances: readonly StackInstance[], stack: string | undefined): string[] {
  if (stack === undefined) return instances.map((each) => each.stack);
  if (instances.some((each) => each.stack === stack)) return [stack];
  throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
}

function noState(
  deploymentId: string,
  where: { readonly environment: EnvironmentName; readonly stack?: string },
): NotFound {
  const id = `${deploymentId} ${where.environment}${where.stack ? ` ${where.stack}` : ''}`;
  return new NotFound('state', id, { suggestion: 'Nothing was deployed there yet.' });
}

function noEnvironment(name: string): NotFound {
  return new NotFound('environment', name, { code: 'ENVIRONMENT_NOT_FOUND' });
}
