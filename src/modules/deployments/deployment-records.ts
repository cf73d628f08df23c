import type { EventScope } from '../../shared/events/events.js';
import type { Principal } from '../../shared/http/principal.js';
import { currentContext } from '../../shared/http/request-context.js';
import type { Deployment } from './deployment.js';
import type { Environment } from './environments/environment.js';
import { declaredEnvironments, type Manifest } from './manifest/manifest.js';
import { directoryName } from './manifest/names.js';
import { slugOf } from './manifest/slug.js';

/** The record of a deployment that has just been initialised. */
export function newDeployment(
  principal: Principal,
  manifest: Manifest,
  made: { deploymentId: string; idSource: 'generated' | 'custom'; now: Date },
): Deployment {
  const { deployment } = manifest;
  return {
    deploymentId: made.deploymentId,
    idSource: made.idSource,
    organization: deployment.org,
    organizationSlug: slugOf(deployment.org),
    project: deployment.project,
    projectSlug: slugOf(deployment.project),
    pulumiOrg: deployment.pulumiOrg,
    domain: deployment.domain,
    description: deployment.description ?? '',
    template: deployment.template,
    templateVersion: deployment.templateVersion ?? '',
    directory: `./cloud/deploy/${directoryName(made.deploymentId, deployment.org, deployment.project)}`,
    contact: {
      email: deployment.contact?.email ?? principal.name,
      team: deployment.contact?.team ?? deployment.team ?? null,
    },
    costCenter: deployment.costCenter ?? '',
    tags: deployment.tags ?? {},
    status: 'initialized',
    revision: 1,
    createdAt: made.now,
    createdBy: principal.name,
    updatedAt: made.now,
    updatedBy: principal.name,
    lastDeployedAt: null,
    lastDeployedBy: null,
    deletedAt: null,
  };
}

/** Records of the environments a manifest declares, nothing deployed in them yet. */
export function environmentRows(deployment: Deployment, manifest: Manifest): Environment[] {
  return declaredEnvironments(manifest).map((name): Environment => {
    const block = manifest.spec.environments[name];
    const enabled = block?.enabled ?? false;
    return {
      deploymentId: deployment.deploymentId,
      environment: name,
      organization: deployment.organization,
      enabled,
      account: block?.account ?? '',
      region: block?.region ?? '',
      status: enabled ? 'ready' : 'disabled',
      version: 0,
      currentOperationId: null,
      lastDeployedAt: null,
      lastDeployedBy: null,
      everDeployed: false,
      enabledAt: enabled ? deployment.updatedAt : null,
      enabledBy: enabled ? deployment.updatedBy : null,
      disabledAt: null,
      disabledBy: null,
    };
  });
}

export function targetOf(deployment: Deployment): { organization: string; project: string; deploymentId: string } {
  return { organization: deployment.organization, project: deployment.project, deploymentId: deployment.deploymentId };
}

export function scopeOf(deployment: Deployment): EventScope {
  const correlationId = currentContext()?.correlationId;
  return {
    organization: deployment.organization,
    project: deployment.project,
    deploymentId: deployment.deploymentId,
    ...(correlationId ? { correlationId } : {}),
  };
}
