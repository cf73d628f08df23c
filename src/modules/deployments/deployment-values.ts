import { Injectable } from '@nestjs/common';
import { NotFound } from '../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../shared/http/principal.js';
import { OrchestratorService } from '../orchestrator/orchestrator.service.js';
import type { ValueReader } from '../orchestrator/value-reader.js';
import { DeploymentStores } from './deployment-stores.js';
import { RunRequestBuilder } from './operations/run-request.builder.js';

/** Outputs and look-ups of a deployed environment for other modules (deployments.md 5.8). Rights are the caller's to check. */
@Injectable()
export class DeploymentValues {
  constructor(
    private readonly stores: DeploymentStores,
    private readonly builder: RunRequestBuilder,
    private readonly orchestrator: OrchestratorService,
  ) {}

  /** As it stands now; the reader keeps what it has read. @throws NotFound */
  async of(deploymentId: string, environment: EnvironmentName): Promise<ValueReader> {
    const deployment = await this.stores.deployments.find(deploymentId);
    if (!deployment) throw new NotFound('deployment', deploymentId);
    if (!(await this.stores.environments.find(deploymentId, environment))) {
      throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
    }
    const manifestRevision = deployment.revision;
    const basis = await this.builder.standing({ deploymentId, environment, manifestRevision });
    return this.orchestrator.values(this.builder.view(basis));
  }
}
