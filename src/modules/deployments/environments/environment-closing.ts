import { Injectable } from '@nestjs/common';
import type { EventDraft } from '../../../shared/events/events.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import type { RunPhase, RunReport } from '../../orchestrator/run-request.js';
import { deploymentStatus, type EnvironmentStatus, idleEnvironmentStatus } from '../deployment.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import type { Operation } from '../operations/operation.js';
import type { StackInstance } from './environment.js';
import { EnvironmentDisabling } from './environment-disabling.js';
import { EnvironmentsRepository } from './environments.repository.js';
import { StackInstancesRepository } from './stack-instances.repository.js';
import { versionOf } from './version-of.js';
import { VersionsRepository } from './versions.repository.js';

/** Environment status while a run is in a phase. */
const RUNNING_STATUS: Partial<Record<RunPhase, EnvironmentStatus>> = {
  initializing: 'deploying',
  validating: 'deploying',
  deploying: 'deploying',
  rolling_back: 'rolling_back',
  destroying: 'destroying',
};

/** Clock, secrets and what follows of EnvironmentClosing. */
@Injectable()
export class ClosingTools {
  constructor(
    readonly clock: Clock,
    readonly secrets: SecretBox,
    readonly disabling: EnvironmentDisabling,
  ) {}
}

/** Keeps environment, version and deployment status in step with a run; joins the journal's unit of work. */
@Injectable()
export class EnvironmentClosing {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsRepository,
    private readonly instances: StackInstancesRepository,
    private readonly versions: VersionsRepository,
    private readonly tools: ClosingTools,
  ) {}

  async enterPhase(operation: Operation, phase: RunPhase): Promise<void> {
    const running = RUNNING_STATUS[phase];
    if (!running) return;
    const status = operation.type.startsWith('destroy') && running === 'deploying' ? 'destroying' : running;
    await this.environments.change(operation.deploymentId, operation.environment, {
      status,
      currentOperationId: operation.operationId,
    });
    await this.refreshDeployment(operation.deploymentId);
  }

  /** Version, status and release of the environment, in the transaction that ends the operation. @returns news of what followed */
  async close(operation: Operation, report: RunReport): Promise<readonly EventDraft[]> {
    const { deploymentId, environment, startedBy } = operation;
    const isOver = operation.parameters.disableAfter === true && report.outcome === 'success';
    const news = isOver ? await this.tools.disabling.disable(operation) : [];
    const current = await this.environments.find(deploymentId, environment);
    if (!current) return news;
    const now = this.tools.clock.now();
    const all = await this.instances.listOf(deploymentId, environment);
    const version = report.changed ? current.version + 1 : current.version;
    if (report.changed) {
      await this.versions.insert(
        versionOf({
          operation,
          report,
          version,
          previous: current.version,
          instances: all,
          now,
          secrets: this.tools.secrets,
        }),
      );
    }
    const deployed = report.outcome === 'success' && report.phase === 'deployed';
    await this.environments.change(deploymentId, environment, {
      status: idleEnvironmentStatus(current.enabled, await this.enabled(operation, all), report.rolledBack),
      version,
      currentOperationId: null,
      everDeployed: current.everDeployed || all.some((instance) => instance.status !== 'not_deployed'),
      ...(deployed ? { lastDeployedAt: now, lastDeployedBy: startedBy } : {}),
    });
    if (deployed) await this.deployments.change(deploymentId, { lastDeployedAt: now, lastDeployedBy: startedBy });
    await this.refreshDeployment(deploymentId);
    return news;
  }

  async refreshDeployment(deploymentId: string): Promise<void> {
    const environments = await this.environments.listOf([deploymentId]);
    await this.deployments.change(deploymentId, { status: deploymentStatus(environments) });
  }

  /** Instances of stacks that the operation's manifest revision enables here, and whatever else is still deployed. */
  private async enabled(operation: Operation, instances: readonly StackInstance[]): Promise<readonly StackInstance[]> {
    const revision = await this.deployments.getRevision(operation.deploymentId, operation.manifestRevision);
    if (!revision) return instances;
    return instances.filter(
      (instance) =>
        isStackOn(revision.manifest as unknown as Manifest, instance.stack, operation.environment) ||
        instance.status === 'deployed',
    );
  }
}
