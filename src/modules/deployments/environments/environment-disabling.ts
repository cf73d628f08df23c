import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../../../shared/events/event-bus.js';
import { draft, type EventDraft } from '../../../shared/events/events.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Defect } from '../../../shared/errors/app-error.js';
import { Catalogue } from '../catalogue.js';
import { scopeOf } from '../deployment-records.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { changeList } from '../manifest/change-list.js';
import { enabledEnvironments } from '../manifest/manifest.js';
import { ManifestVault } from '../manifest-vault.js';
import { DeploymentMirror } from '../mirror/deployment-mirror.js';
import type { Operation } from '../operations/operation.js';
import { withDisabled } from './environment-switch.js';
import { EnvironmentsRepository } from './environments.repository.js';

/** What EnvironmentDisabling reads and writes. */
@Injectable()
export class DisablingRecords {
  constructor(
    readonly deployments: DeploymentsRepository,
    readonly environments: EnvironmentsRepository,
    readonly vault: ManifestVault,
  ) {}
}

/** Disables an environment when the destroy that was to come first has succeeded (deployments.md 9.2). */
@Injectable()
export class EnvironmentDisabling implements OnModuleInit {
  constructor(
    private readonly records: DisablingRecords,
    private readonly catalogue: Catalogue,
    private readonly mirror: DeploymentMirror,
    private readonly bus: EventBus,
    private readonly clock: Clock,
  ) {}

  /** Files follow after the commit. */
  onModuleInit(): void {
    this.bus.on(['environment_disabled'], async ({ scope, data }) => {
      if (data['destroyResources'] === true && scope.deploymentId) await this.refreshMirror(scope.deploymentId);
    });
  }

  /** A further revision of the manifest and its news; joins the unit of work that ends the operation. */
  async disable({ deploymentId, environment, startedBy }: Operation): Promise<readonly EventDraft[]> {
    const { deployments, environments, vault } = this.records;
    const deployment = await deployments.find(deploymentId);
    const before = deployment && (await vault.open(deploymentId, deployment.revision));
    if (!deployment || !before?.spec.environments[environment]?.enabled) return [];
    const after = withDisabled(before, environment);
    const now = this.clock.now();
    const revision = deployment.revision + 1;
    const changes = changeList(before, after, this.catalogue.stacks.templates());
    const written = await deployments.change(
      deploymentId,
      { revision, updatedAt: now, updatedBy: startedBy, environmentsEnabled: enabledEnvironments(after) },
      deployment.revision,
    );
    if (!written) throw new Defect(`Deployment ${deploymentId} moved on inside a transaction`);
    await vault.store(deployment, after, { revision, author: startedBy, changes, createdAt: now });
    await environments.change(deploymentId, environment, { enabled: false, disabledAt: now, disabledBy: startedBy });
    return [
      draft('deployment_updated', scopeOf(deployment), { revision, changes, updatedBy: startedBy }),
      disabledEvent(deployment, environment, startedBy, true),
    ];
  }

  private async refreshMirror(deploymentId: string): Promise<void> {
    const deployment = await this.records.deployments.find(deploymentId);
    const manifest = deployment && (await this.records.vault.open(deploymentId, deployment.revision));
    if (manifest) await this.mirror.update(deployment, manifest, this.catalogue.stacks.templates());
  }
}

export function disabledEvent(
  deployment: Parameters<typeof scopeOf>[0],
  environment: EnvironmentName,
  by: string,
  destroyResources: boolean,
): EventDraft {
  return draft('environment_disabled', { ...scopeOf(deployment), environment }, { by, destroyResources });
}
