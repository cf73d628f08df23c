import { Injectable } from '@nestjs/common';
import { AppError, Conflict, Denied, NotFound } from '../../shared/errors/app-error.js';
import { draft } from '../../shared/events/events.js';
import { Access } from '../../shared/http/access.port.js';
import { isPlatformAdmin, organizationsOf, type EnvironmentName, type Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { isDuplicateKey } from '../../shared/database/base.repository.js';
import type { Finding } from '../templates/finding.js';
import type { StackTemplates } from '../templates/stack-template.js';
import type { Deployment, EnvironmentStatus } from './deployment.js';
import { Catalogue } from './catalogue.js';
import { environmentRows, newDeployment, scopeOf, targetOf } from './deployment-records.js';
import { DeploymentStores } from './deployment-stores.js';
import type { DeploymentFilter } from './deployments.repository.js';
import type { CreateDeploymentBody, DeploymentsQuery, ManifestStackView } from './deployment.dto.js';
import { type EndpointOutputs, endpointOutputs } from './environments/endpoints.js';
import type { Environment, EnvironmentVersion, StackInstance } from './environments/environment.js';
import { untouchedInstance } from './environments/stack-instances.repository.js';
import { freeDeploymentId, requireDeploymentId } from './manifest/deployment-id.js';
import { completeInputs, type InitInputs } from './manifest/init-inputs.js';
import { initLines } from './logs/init-lines.js';
import { type Initialised, initialiseManifest } from './manifest/initialise-manifest.js';
import { stackGraph } from './manifest/manifest-context.js';
import { maskSecrets } from './manifest/secrets.js';
import { declaredEnvironments, isStackOn, type Manifest } from './manifest/manifest.js';

/** Active deployments by tier (api.md 1.8). */
const ACTIVE_LIMIT: Readonly<Record<string, number>> = { free: 5, standard: 50, static: 50 };
const INACTIVE = ['initialized', 'destroyed', 'rolled_back'];
/** No deployment is in them, but an environment of it may be (api.md 5.1). */
const ENVIRONMENT_STATUSES: readonly EnvironmentStatus[] = ['ready', 'disabled', 'rolling_back', 'rolled_back'];

/** A deployment with everything its views show. */
export interface DeploymentDetail {
  readonly deployment: Deployment;
  readonly environments: readonly Environment[];
  readonly instances: readonly StackInstance[];
  readonly stacks: readonly ManifestStackView[];
  readonly endpoints: EndpointOutputs;
  readonly manifest: Manifest;
  readonly warnings: readonly Finding[];
}

/** Initialising, reading and editing deployments. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /** All or nothing: what fails leaves nothing behind (deployments.md 3.2). */
  async initialise(principal: Principal, body: CreateDeploymentBody): Promise<DeploymentDetail> {
    const { organization, org, deploymentId: wanted, templateVersion, ...rest } = body;
    const given = { ...rest, organization: organization ?? org } as unknown as InitInputs;
    const inputs = completeInputs(given);
    const custom = wanted === undefined || wanted === null ? null : requireDeploymentId(wanted);
    this.requireOwnOrganization(principal, inputs.organization, inputs.project);
    await this.requireQuota(principal, inputs.organization);
    const template = await this.catalogue.templates.forInitialising({
      template: inputs.template,
      organization: inputs.organization,
      ...(templateVersion === undefined ? {} : { templateVersion }),
    });
    if (custom && (await this.stores.deployments.idTaken(custom))) throw idTaken(custom);
    const now = this.clock.now();
    const deploymentId = custom ?? (await freeDeploymentId(now, (id) => this.stores.deployments.idTaken(id)));
    const initialised = initialiseManifest(given, {
      ...this.catalogue.surroundings(inputs.organization),
      template,
      deploymentId,
      now,
      userEmail: principal.name,
    });
    const deployment = newDeployment(principal, initialised.manifest, {
      deploymentId,
      idSource: custom ? 'custom' : 'generated',
      now,
    });
    await this.insert(principal, deployment, initialised);
    return this.detailOf(deployment, initialised.warnings);
  }

  async list(
    principal: Principal,
    query: DeploymentsQuery,
  ): Promise<{ items: readonly { deployment: Deployment; environments: readonly Environment[] }[]; total: number }> {
    const [key, ...value] = query.tag?.split(':') ?? [];
    const filter: DeploymentFilter = {
      visible: this.access.visible(principal, 'deployments:read'),
      ...(query.organization ? { organization: query.organization } : {}),
      ...(query.project ? { project: query.project } : {}),
      ...(query.template ? { template: query.template } : {}),
      ...(query.environment ? { environment: query.environment } : {}),
      ...(query.status ? await this.statusFilter(principal, query.status) : {}),
      ...(key ? { tag: { key, value: value.join(':') } } : {}),
      ...(query.search ? { search: query.search } : {}),
      withDestroyed: query.all,
    };
    const { deployments, total } = await this.stores.deployments.list(filter, {
      sortBy: query.sortBy,
      descending: query.sortOrder === 'desc',
      skip: (query.page - 1) * query.limit,
      limit: query.limit,
    });
    const environments = await this.stores.environments.listOf(deployments.map((d) => d.deploymentId));
    const items = deployments.map((deployment) => ({
      deployment,
      environments: environments.filter((e) => e.deploymentId === deployment.deploymentId),
    }));
    return { items, total };
  }

  async get(principal: Principal, deploymentId: string): Promise<DeploymentDetail> {
    return this.detailOf(await this.load(principal, deploymentId, 'deployments:read'), []);
  }

  async manifest(
    principal: Principal,
    deploymentId: string,
    environment?: EnvironmentName,
  ): Promise<{ manifest: unknown; revision: number }> {
    const deployment = await this.load(principal, deploymentId, 'deployments:read');
    const manifest = maskSecrets(await this.manifestOf(deployment), this.catalogue.stacks.knownTemplates());
    if (!environment) return { manifest, revision: deployment.revision };
    const slice = {
      ...manifest,
      spec: {
        environments: { [environment]: manifest.spec.environments[environment] },
        stacks: Object.fromEntries(
          Object.entries(manifest.spec.stacks).filter(([name]) => isStackOn(manifest, name, environment)),
        ),
      },
    };
    return { manifest: slice, revision: deployment.revision };
  }

  async versions(
    principal: Principal,
    deploymentId: string,
    query: {
      readonly environment: EnvironmentName;
      readonly stack?: string;
      readonly page: number;
      readonly limit: number;
    },
  ): Promise<{ versions: readonly EnvironmentVersion[]; total: number; current: number }> {
    await this.load(principal, deploymentId, 'deployments:read');
    const environment = await this.stores.environments.find(deploymentId, query.environment);
    const found = await this.stores.versions.list(deploymentId, query.environment, {
      skip: (query.page - 1) * query.limit,
      limit: query.limit,
      ...(query.stack ? { stack: query.stack } : {}),
    });
    return { ...found, current: environment?.version ?? 0 };
  }

  async load(principal: Principal, deploymentId: string, permission: string): Promise<Deployment> {
    const deployment = await this.stores.deployments.find(deploymentId);
    if (!deployment) throw new NotFound('deployment', deploymentId);
    this.access.require(principal, permission, targetOf(deployment), { kind: 'deployment', id: deploymentId });
    return deployment;
  }

  /** With secrets in clear. */
  async manifestOf(deployment: Deployment): Promise<Manifest> {
    const manifest = await this.stores.vault.open(deployment.deploymentId, deployment.revision);
    if (!manifest) throw new NotFound('manifest revision', String(deployment.revision));
    return manifest;
  }

  /** Statuses that only environments have are looked for there. */
  private async statusFilter(
    principal: Principal,
    given: readonly string[],
  ): Promise<Pick<DeploymentFilter, 'statuses' | 'orAmong'>> {
    const ofEnvironments = ENVIRONMENT_STATUSES.filter((status) => given.includes(status));
    const statuses = statusesOf(given);
    if (ofEnvironments.length === 0) return { statuses };
    const organizations = this.access.visible(principal, 'deployments:read').scopes?.map((s) => s.organization);
    return { statuses, orAmong: await this.stores.environments.deploymentsWith(ofEnvironments, organizations ?? null) };
  }

  private async detailOf(deployment: Deployment, warnings: readonly Finding[]): Promise<DeploymentDetail> {
    const stackTemplates = this.catalogue.stacks.templates();
    const manifest = maskSecrets(await this.manifestOf(deployment), stackTemplates);
    return {
      deployment,
      manifest,
      warnings,
      environments: await this.stores.environments.listOf([deployment.deploymentId]),
      instances: await this.stores.instances.listOf(deployment.deploymentId),
      stacks: stackViews(manifest, stackTemplates),
      endpoints: endpointOutputs(stackTemplates),
    };
  }

  private async insert(principal: Principal, deployment: Deployment, initialised: Initialised): Promise<void> {
    const { deployments, environments, instances, mirror, vault } = this.stores;
    const { deploymentId, organization } = deployment;
    const { manifest, warnings, inputs } = initialised;
    const rows = environmentRows(deployment, manifest);
    const stackTemplates = this.catalogue.stacks.knownTemplates();
    const lines = initLines({ deployment, manifest, stackTemplates, variables: inputs.variables, warnings });
    await mirror.create(deployment, manifest, stackTemplates);
    try {
      await this.stores.eventLog.write(organization, async (append) => {
        await deployments.insert(
          deployment,
          rows.filter((row) => row.enabled).map((row) => row.environment),
        );
        await vault.store(deployment, manifest, {
          revision: 1,
          author: principal.name,
          changes: [],
          createdAt: deployment.createdAt,
        });
        await environments.insertAll(rows);
        await instances.insertAll(
          rows.flatMap(({ environment }) =>
            Object.keys(manifest.spec.stacks)
              .filter((stack) => isStackOn(manifest, stack, environment))
              .map((stack) => untouchedInstance({ deploymentId, environment, stack, organization })),
          ),
        );
        append(
          draft('deployment_created', scopeOf(deployment), {
            organization,
            project: deployment.project,
            template: deployment.template,
            createdBy: principal.name,
          }),
        );
        const scope = { ...scopeOf(deployment), operationType: 'init' };
        for (const { level, component, message } of lines) {
          append(draft('log', scope, { stack: null, stackName: null, level, message, context: { component } }));
        }
      });
    } catch (error) {
      await mirror.remove(deployment);
      throw isDuplicateKey(error) ? idTaken(deploymentId) : error;
    }
  }

  private requireOwnOrganization(principal: Principal, organization: string, project: string): void {
    if (!isPlatformAdmin(principal) && !organizationsOf(principal).includes(organization)) {
      throw new Denied('AUTHZ_RESOURCE_ACCESS_DENIED', 403, `Organization "${organization}" is not one of yours`, {
        details: { field: 'organization', organizations: organizationsOf(principal) },
      });
    }
    this.access.require(
      principal,
      'deployments:create',
      { organization, project },
      { kind: 'organization', id: organization },
    );
  }

  private async requireQuota(principal: Principal, organization: string): Promise<void> {
    const limit = ACTIVE_LIMIT[principal.tier];
    if (limit === undefined) return;
    const used = await this.stores.deployments.countActive(organization);
    if (used < limit) return;
    throw new AppError(
      'QUOTA_EXCEEDED',
      403,
      `The organization has ${used} active deployments, its limit is ${limit}`,
      {
        details: { quota: 'activeDeployments', limit, used, tier: principal.tier },
      },
    );
  }
}

/** Stacks of the manifest with the layer they have in the first environment they are on in; 0 = off everywhere. */
function stackViews(manifest: Manifest, stackTemplates: StackTemplates): ManifestStackView[] {
  const environments = declaredEnvironments(manifest);
  const graphs = new Map(environments.map((name) => [name, stackGraph(manifest, stackTemplates, name)]));
  return Object.entries(manifest.spec.stacks).map(([name, block]) => {
    const environment = environments.find((each) => isStackOn(manifest, name, each));
    const graph = environment && graphs.get(environment);
    return {
      name,
      enabled: block.enabled,
      layer: graph?.layerOf(name) ?? 0,
      dependencies: graph ? [...graph.dependenciesOf(name)] : block.dependencies,
    };
  });
}

function statusesOf(given: readonly string[]): string[] {
  const all = ['initialized', 'deploying', 'deployed', 'partial', 'failed', 'destroying', 'destroyed'];
  return given.flatMap((status) => {
    if (status === 'active') return all.filter((each) => !INACTIVE.includes(each));
    if (status === 'inactive') return all.filter((each) => INACTIVE.includes(each));
    return [status];
  });
}

function idTaken(deploymentId: string): Conflict {
  return new Conflict('RESOURCE_ALREADY_EXISTS', `Deployment id ${deploymentId} is taken`, {
    details: { resource: 'deployment', id: deploymentId, field: 'deploymentId' },
    suggestion: 'Choose another id, or leave it out to get one.',
  });
}
