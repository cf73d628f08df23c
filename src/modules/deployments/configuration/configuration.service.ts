import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import { DeploymentStores } from '../deployment-stores.js';
import { DeploymentsService } from '../deployments.service.js';
import { configFiles, type GeneratedConfigFile } from '../manifest/config-files.js';
import { dependencyView, type DependencyView } from './dependency-view.js';

/** What follows from a manifest: the graph of an environment, the generated configuration files. */
@Injectable()
export class ConfigurationService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND` */
  async dependencies(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
  ): Promise<DependencyView> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:read');
    const manifest = await this.deployments.manifestOf(deployment);
    if (!manifest.spec.environments[environment]) {
      throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
    }
    return dependencyView(manifest, this.catalogue.surroundings(deployment.organization), environment);
  }

  /** Writes them anew into the mirror, where there is one; edits by hand are lost (deployments.md 3.5). */
  async generate(
    principal: Principal,
    deploymentId: string,
  ): Promise<{ readonly directory: string; readonly files: readonly GeneratedConfigFile[] }> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:update');
    const manifest = await this.deployments.manifestOf(deployment);
    const templates = this.catalogue.stacks.templates();
    await this.stores.mirror.update(deployment, manifest, templates);
    return { directory: deployment.directory, files: configFiles(manifest, templates, deployment.revision) };
  }
}
