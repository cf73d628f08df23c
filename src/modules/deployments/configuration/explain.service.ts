import { Injectable } from '@nestjs/common';
import { stringify } from 'yaml';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import { Catalogue } from '../catalogue.js';
import { DeploymentsService } from '../deployments.service.js';
import { requireConfig } from '../manifest/config-files.js';
import { isStackOn } from '../manifest/manifest.js';
import { maskSecrets } from '../manifest/secrets.js';
import { RunRequestBuilder } from '../operations/run-request.builder.js';
import { explain, type Explanation } from './explanation.js';
import { SourceLines } from './source-lines.js';
import { TemplateSources } from './template-sources.js';

/** Tells for one stack in one environment where each value of its configuration comes from. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly catalogue: Catalogue,
    private readonly builder: RunRequestBuilder,
    private readonly orchestrator: OrchestratorService,
    private readonly sources: TemplateSources,
  ) {}

  /** @throws NotFound `STACK_NOT_IN_MANIFEST`, `ENVIRONMENT_NOT_FOUND` */
  async explain(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
  ): Promise<Explanation & { readonly revision: number }> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:read');
    const { revision } = deployment;
    const manifest = await this.deployments.manifestOf(deployment);
    const templates = this.catalogue.stacks.templates();
    const merged = requireConfig(manifest, templates, stack, environment);
    const text = stringify(maskSecrets(manifest, templates), { lineWidth: 0 });
    const documents = {
      manifest: new SourceLines('Deployment_Manifest.yaml', text),
      template: this.sources.of(stack),
    };
    if (!isStackOn(manifest, stack, environment)) return { ...explain(merged, null, documents), revision };
    const basis = await this.builder.standing({ deploymentId, environment, manifestRevision: revision });
    const resolved = await this.orchestrator.resolve(this.builder.view(basis), [stack], 'tolerant');
    return { ...explain(merged, resolved.get(stack) ?? null, documents), revision };
  }
}
