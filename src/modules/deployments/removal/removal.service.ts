import { Injectable } from '@nestjs/common';
import { Conflict, Invalid } from '../../../shared/errors/app-error.js';
import { draft } from '../../../shared/events/events.js';
import { Access } from '../../../shared/http/access.port.js';
import { ENVIRONMENTS, type Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { scopeOf, targetOf } from '../deployment-records.js';
import type { Deployment } from '../deployment.js';
import { DeploymentStores } from '../deployment-stores.js';
import type { Operation } from '../operations/operation.js';
import { OperationsService } from '../operations/operations.service.js';
import { isStanding } from '../operations/rollback-target.js';
import type { RemovedDto } from './removal.dto.js';

/**
 * Deleting deployments (deployments.md 7.10). The record is marked, its environments and stack instances go; manifest revisions,
 * versions, operations, events and the files of its folder are kept as the archive. The id stays reserved.
 */
@Injectable()
export class RemovalService {
  constructor(
    private readonly operations: OperationsService,
    private readonly stores: DeploymentStores,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /**
   * @param force also while stacks are deployed: their resources are not destroyed
   * @throws Conflict `OPERATION_IN_PROGRESS`; Invalid `DEPLOYMENT_HAS_ACTIVE_STACKS`
   */
  async remove(principal: Principal, deploymentId: string, force: boolean): Promise<RemovedDto> {
    const { deployments, environments, instances, mirror, eventLog } = this.stores;
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:delete');
    await this.requireRight(principal, deployment, force);
    await this.requireIdle(deploymentId);
    if (!force) await this.requireNothingDeployed(deploymentId);
    const deletedAt = this.clock.now();
    await mirror.archive(deployment);
    try {
      await eventLog.write(deployment.organization, async (append) => {
        // again, where nobody can come between
        await this.requireIdle(deploymentId);
        if (!force) await this.requireNothingDeployed(deploymentId);
        await deployments.change(deploymentId, { deletedAt, updatedAt: deletedAt, updatedBy: principal.name });
        await environments.removeAll(deploymentId);
        await instances.removeAll(deploymentId);
        append(draft('deployment_deleted', scopeOf(deployment), { deletedBy: principal.name, force }));
      });
    } catch (error) {
      await mirror.restore(deployment);
      throw error;
    }
    return { deploymentId, deletedAt, deletedBy: principal.name, archived: true };
  }

  /** What was ever deployed to prod, and what is forced, is the administrator's (api.md 2.4). */
  private async requireRight(principal: Principal, deployment: Deployment, force: boolean): Promise<void> {
    const { deploymentId } = deployment;
    const prod = await this.stores.environments.find(deploymentId, 'prod');
    const environment = force || prod?.everDeployed ? 'prod' : 'dev';
    const target = { ...targetOf(deployment), environment } as const;
    this.access.require(principal, 'deployments:delete', target, { kind: 'deployment', id: deploymentId });
  }

  private async requireIdle(deploymentId: string): Promise<void> {
    const open = { deploymentId, statuses: ['pending', 'in_progress'] };
    const [holder] = (await this.stores.operations.list(open, 0, 1)).operations;
    if (holder) throw inProgress(holder);
  }

  private async requireNothingDeployed(deploymentId: string): Promise<void> {
    const standing = (await this.stores.instances.listOf(deploymentId)).filter(({ status }) => isStanding(status));
    if (standing.length === 0) return;
    const activeStacks = [...new Set(standing.map(({ stack }) => stack))].sort();
    const environments = ENVIRONMENTS.filter((name) => standing.some(({ environment }) => environment === name));
    throw new Invalid(
      'DEPLOYMENT_HAS_ACTIVE_STACKS',
      `${deploymentId} still has ${standing.length} deployed stacks in ${environments.join(', ')}`,
      { details: { activeStacks, environments }, suggestion: 'Destroy these environments first.' },
    );
  }
}

function inProgress(holder: Operation): Conflict {
  const { operationId, type, startedBy, environment, deploymentId } = holder;
  return new Conflict('OPERATION_IN_PROGRESS', `Operation ${operationId} of ${startedBy} runs on ${deploymentId}`, {
    details: { operationId, type, startedBy, environment },
    suggestion: 'Wait for it, or cancel it.',
  });
}
