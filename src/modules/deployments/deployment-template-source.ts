import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Principal } from '../../shared/http/principal.js';
import { CustomTemplatesService } from '../templates/custom-templates.service.js';
import { DeploymentSource, type TemplateFromDeployment } from '../templates/deployment-source.port.js';
import { Catalogue } from './catalogue.js';
import { DeploymentsService } from './deployments.service.js';
import { templateOfManifest } from './manifest/template-of-manifest.js';

/** How a deployment becomes a template, for `POST /templates {fromDeployment}`. */
@Injectable()
export class DeploymentTemplateSource extends DeploymentSource implements OnModuleInit {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly catalogue: Catalogue,
    private readonly customTemplates: CustomTemplatesService,
  ) {
    super();
  }

  onModuleInit(): void {
    this.customTemplates.readDeploymentsThrough(this);
  }

  async describe(principal: Principal, deploymentId: string): Promise<TemplateFromDeployment> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:read');
    const manifest = await this.deployments.manifestOf(deployment);
    const { organization, createdBy, contact } = deployment;
    const people = [createdBy, ...(contact.email === null ? [] : [contact.email])];
    return { organization, document: templateOfManifest(manifest, this.catalogue.stacks.knownTemplates(), people) };
  }
}
