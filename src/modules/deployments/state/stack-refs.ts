import { Injectable } from '@nestjs/common';
import { Defect, NotFound } from '../../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { StackRef } from '../../orchestrator/engine.port.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import type { Environment } from '../environments/environment.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';

/** `<deployment id>-<stack>-<environment>` (deployments.md 1.4). */
export function pulumiStackOf(deploymentId: string, stack: string, environment: string): string {
  return `${deploymentId}-${stack}-${environment}`;
}

export function stackRefOf(deployment: Deployment, environment: Environment, stack: string): StackRef {
  return {
    organization: deployment.organization,
    pulumiOrg: deployment.pulumiOrg,
    project: deployment.projectSlug,
    stack: pulumiStackOf(deployment.deploymentId, stack, environment.environment),
    account: environment.account,
    region: environment.region,
  };
}

/** Where the engine finds the stacks of an environment. */
@Injectable()
export class StackRefs {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsRepository,
  ) {}

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND`; Defect when the deployment is gone */
  async of(deploymentId: string, name: EnvironmentName): Promise<(stack: string) => StackRef> {
    const deployment = await this.deployments.find(deploymentId);
    const environment = await this.environments.find(deploymentId, name);
    if (!deployment) throw new Defect(`Deployment ${deploymentId} is gone`);
    if (!environment) throw new NotFound('environment', name, { code: 'ENVIRONMENT_NOT_FOUND' });
    return (stack) => stackRefOf(deployment, environment, stack);
  }
}
