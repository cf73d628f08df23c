import { Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsService } from '../deployments.service.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { stackGraph } from '../manifest/manifest-context.js';
import { RunRequestBuilder } from '../operations/run-request.builder.js';
import type { Check } from './check-groups.js';
import { FullChecks, type FullResult } from './full-checks.js';

/** Environments of a deployment as checks look at them: a manifest, saved or not, over what stands there. */
@Injectable()
export class EnvironmentViews {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly builder: RunRequestBuilder,
    private readonly catalogue: Catalogue,
    private readonly checks: FullChecks,
  ) {}

  /** With secrets in clear. */
  manifestOf(deployment: Deployment): Promise<Manifest> {
    return this.deployments.manifestOf(deployment);
  }

  /** @param stacks only these; default all that are on */
  async fullChecks(
    { deploymentId, revision: manifestRevision }: Deployment,
    manifest: Manifest,
    environments: readonly EnvironmentName[],
    checks: ReadonlySet<Check>,
    strict: boolean,
    stacks?: readonly string[],
  ): Promise<FullResult> {
    const views = [];
    for (const environment of environments) {
      const basis = await this.builder.standing({ deploymentId, environment, manifestRevision });
      const view = this.builder.view({ ...basis, manifest });
      views.push({ manifest, environment, view, ...(stacks ? { stacks } : {}) });
    }
    return this.checks.check(views, checks, strict);
  }

  /** What the stack needs and is not deployed there, by name. */
  async undeployedDependencies(
    { deploymentId, revision: manifestRevision }: Deployment,
    manifest: Manifest,
    environment: EnvironmentName,
    stack: string,
  ): Promise<string[]> {
    if (!isStackOn(manifest, stack, environment)) return [];
    const { instances } = await this.builder.standing({ deploymentId, environment, manifestRevision });
    const deployed = new Set(instances.filter(({ status }) => status === 'deployed').map((each) => each.stack));
    const needs = stackGraph(manifest, this.catalogue.stacks.templates(), environment).dependenciesOf(stack);
    return [...needs].filter((name) => !deployed.has(name)).sort();
  }
}
