import { Injectable } from '@nestjs/common';
import { AppError, Conflict, Denied, NotFound } from '../../shared/errors/app-error.js';
import { EventLog } from '../../shared/events/event-log.js';
import { draft } from '../../shared/events/events.js';
import { Access } from '../../shared/http/access.port.js';
import { isPlatformAdmin, organizationsOf, type EnvironmentName, type Principal } from '../../shared/http/principal.js';
import { currentContext } from '../../shared/http/request-context.js';
import { Clock } from '../../shared/kernel/clock.js';
import { isDuplicateKey } from '../../shared/database/base.repository.js';
import type { Finding } from '../templates/finding.js';
import type { StackTemplates } from '../templates/stack-template.js';
import type { Deployment } from './deployment.js';
import { Catalogue } from './catalogue.js';
import { DeploymentsRepository, type DeploymentFilter } from './deployments.repository.js';
import type {
  CreateDeploymentBody,
  DeploymentsQuery,
  ManifestStackView,
  UpdateDeploymentBody,
} from './deployment.dto.js';
import type { Environment, EnvironmentVersion, StackInstance } from './environments/environment.js';
import { EnvironmentClosing } from './environments/environment-closing.js';
import { EnvironmentsRepository } from './environments/environments.repository.js';
import { StackInstancesRepository, untouchedInstance } from './environments/stack-instances.repository.js';
import { VersionsRepository } from './environments/versions.repository.js';
import { changeList } from './manifest/change-list.js';
import { freeDeploymentId, requireDeploymentId } from './manifest/deployment-id.js';
import { completeInputs, type InitInputs } from './manifest/init-inputs.js';
import { initialiseManifest } from './manifest/initialise-manifest.js';
import { stackGraph } from './manifest/manifest-context.js';
import { replaceManifest } from './manifest/replace-manifest.js';
import { maskSecrets, restoreMasked } from './manifest/secrets.js';
import { ManifestVault } from './manifest-vault.js';
import { declaredEnvironments, isStackOn, type Manifest } from './manifest/manifest.js';
import { directoryName } from './manifest/names.js';
import { slugOf } from './manifest/slug.js';
import { editManifest } from './manifest/edit-manifest.js';
import { manifestRefusal, validateManifest } from './manifest/validation.js';
import { DeploymentMirror } from './mirror/deployment-mirror.js';
import { OperationsRepository } from './operations/operations.repository.js';

/** Active deployments by tier (api.md 1.8). */
const ACTIVE_LIMIT: Readonly<Record<string, number>> = { free: 5, standard: 50, static: 50 };
const INACTIVE = ['initialized', 'destroyed', 'rolled_back'];

/** A deployment with everything its views show. */
export interface DeploymentDetail {
  readonly deployment: Deployment;
  readonly environments: readonly Environment[];
  readonly instances: readonly StackInstance[];
  readonly stacks: readonly ManifestStackView[];
  readonly manifest: Manifest;
  readonly warnings: readonly Finding[];
}

/** Repositories and the mirror of DeploymentsService. */
@Injectable()
export class DeploymentStores {
  constructor(
    readonly deployments: DeploymentsRepository,
    readonly environments: EnvironmentsRepository,
    readonly instances: StackInstancesRepository,
    readonly versions: VersionsRepository,
    readonly operations: OperationsRepository,
    readonly closing: EnvironmentClosing,
    readonly mirror: DeploymentMirror,
    readonly vault: ManifestVault,
  ) {}
}

/** Initialising, reading and editing deployments. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
    private readonly access: Access,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  /** All or nothing: what fails leaves nothing behind (deployments.md 3.2). */
  async initialise(principal: Principal, body: CreateDeploymentBody): Promise<DeploymentDetail> {
    const { organization, org, deploymentId: wanted, ...rest } = body;
    const given = { ...rest, organization: organization ?? org } as unknown as InitInputs;
    const inputs = completeInputs(given);
    const custom = wanted === undefined || wanted === null ? null : requireDeploymentId(wanted);
    this.requireOwnOrganization(principal, inputs.organization, inputs.project);
    await this.requireQuota(principal, inputs.organization);
    const template = this.catalogue.templates.forInitialising(inputs);
    if (custom && (await this.stores.deployments.idTaken(custom))) throw idTaken(custom);
    const now = this.clock.now();
    const deploymentId = custom ?? (await freeDeploymentId(now, (id) => this.stores.deployments.idTaken(id)));
    const initialised = initialiseManifest(given, {
      ...this.catalogue.surroundings(),
      template,
      deploymentId,
      now,
      userEmail: principal.name,
    });
    const deployment = this.newDeployment(principal, initialised.manifest, {
      deploymentId,
      idSource: custom ? 'custom' : 'generated',
      now,
    });
    await this.insert(principal, deployment, initialised.manifest);
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
      ...(query.status ? { statuses: statusesOf(query.status) } : {}),
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
    const manifest = maskSecrets(await this.manifestOf(deployment), this.catalogue.stacks.templates());
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

  /** Every save is validated, makes a revision and tells what changed; a running operation keeps its frozen revision. */
  async update(
    principal: Principal,
    deploymentId: string,
    body: UpdateDeploymentBody,
    ifRevision?: number,
  ): Promise<{ deployment: Deployment; changes: readonly string[]; configFiles: number }> {
    const deployment = await this.load(principal, deploymentId, 'deployments:update');
    const before = await this.manifestOf(deployment);
    const touched = body.manifest === undefined ? touchedEnvironments(body) : declaredEnvironments(before);
    this.requireEnvironmentRights(principal, deployment, touched);
    const surroundings = { ...this.catalogue.surroundings(), deploymentId };
    const base = body.manifest === undefined ? before : replaceManifest(before, body.manifest, surroundings);
    const after = restoreMasked(editManifest(base, body), before, this.catalogue.stacks.templates());
    for (const environment of switchedEnvironments(before, after)) {
      this.access.require(
        principal,
        'environments:manage',
        { ...targetOf(deployment), environment },
        { kind: 'deployment', id: deploymentId },
      );
    }
    await this.requireEnvironmentsFree(deployment, before, after);
    return this.save(principal, deployment, before, after, ifRevision);
  }

  /** Merges deeply into tier 2c; null removes a key. */
  async configureStack(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
    configuration: Readonly<Record<string, unknown>>,
    ifRevision?: number,
  ): Promise<{ deployment: Deployment; changes: readonly string[]; configFiles: number }> {
    const deployment = await this.load(principal, deploymentId, 'deployments:update');
    this.requireEnvironmentRights(principal, deployment, [environment]);
    const before = await this.manifestOf(deployment);
    if (!before.spec.stacks[stack]) throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
    const body = { stacks: { [stack]: { environments: { [environment]: { config: configuration } } } } };
    const after = restoreMasked(editManifest(before, body), before, this.catalogue.stacks.templates());
    return this.save(principal, deployment, before, after, ifRevision);
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
  private async manifestOf(deployment: Deployment): Promise<Manifest> {
    const manifest = await this.stores.vault.open(deployment.deploymentId, deployment.revision);
    if (!manifest) throw new NotFound('manifest revision', String(deployment.revision));
    return manifest;
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
    };
  }

  private async insert(principal: Principal, deployment: Deployment, manifest: Manifest): Promise<void> {
    const { deployments, environments, instances, mirror, vault } = this.stores;
    const { deploymentId, organization } = deployment;
    const rows = environmentRows(deployment, manifest);
    await mirror.create(deployment, manifest, this.catalogue.stacks.templates());
    try {
      await this.eventLog.write(organization, async (append) => {
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
      });
    } catch (error) {
      await mirror.remove(deployment);
      throw isDuplicateKey(error) ? idTaken(deploymentId) : error;
    }
  }

  private async save(
    principal: Principal,
    deployment: Deployment,
    before: Manifest,
    after: Manifest,
    ifRevision?: number,
  ): Promise<{ deployment: Deployment; changes: readonly string[]; configFiles: number }> {
    const stackTemplates = this.catalogue.stacks.templates();
    const surroundings = { ...this.catalogue.surroundings(), deploymentId: deployment.deploymentId };
    const refusal = manifestRefusal(validateManifest(after, surroundings).findings);
    if (refusal) throw refusal;
    const changes = changeList(before, after, stackTemplates);
    const configFiles = countConfigFiles(after);
    if (ifRevision !== undefined && ifRevision !== deployment.revision)
      throw revisionMoved(ifRevision, deployment.revision);
    if (changes.length === 0) return { deployment, changes, configFiles };
    const now = this.clock.now();
    const revision = deployment.revision + 1;
    const changed: Deployment = {
      ...deployment,
      revision,
      domain: after.deployment.domain,
      description: after.deployment.description ?? '',
      costCenter: after.deployment.costCenter ?? '',
      tags: after.deployment.tags ?? {},
      updatedAt: now,
      updatedBy: principal.name,
    };
    await this.eventLog.write(deployment.organization, async (append) => {
      const { domain, description, costCenter, tags, updatedAt, updatedBy } = changed;
      const enabled = environmentRows(changed, after)
        .filter((row) => row.enabled)
        .map((row) => row.environment);
      const written = await this.stores.deployments.change(
        deployment.deploymentId,
        {
          revision,
          domain,
          description,
          costCenter,
          tags: { ...tags },
          updatedAt,
          updatedBy,
          environmentsEnabled: enabled,
        },
        deployment.revision,
      );
      if (!written) throw revisionMoved(deployment.revision, deployment.revision + 1);
      await this.stores.vault.store(deployment, after, { revision, author: principal.name, changes, createdAt: now });
      await this.followEnvironments(changed, after);
      append(draft('deployment_updated', scopeOf(deployment), { revision, changes, updatedBy: principal.name }));
    });
    await this.stores.mirror.update(changed, after, stackTemplates);
    return { deployment: changed, changes, configFiles };
  }

  /** Environment records and stack instances follow the manifest. */
  private async followEnvironments(deployment: Deployment, manifest: Manifest): Promise<void> {
    const { environments, instances, closing } = this.stores;
    const known = await environments.listOf([deployment.deploymentId]);
    for (const row of environmentRows(deployment, manifest)) {
      const current = known.find((e) => e.environment === row.environment);
      if (!current) {
        await environments.insertAll([row]);
        continue;
      }
      const switched = current.enabled !== row.enabled;
      const status = switched
        ? row.enabled
          ? current.status === 'disabled'
            ? 'ready'
            : current.status
          : current.everDeployed
            ? current.status
            : 'disabled'
        : current.status;
      await environments.change(deployment.deploymentId, row.environment, {
        enabled: row.enabled,
        account: row.account,
        region: row.region,
        status,
      });
    }
    const existing = await instances.listOf(deployment.deploymentId);
    const missing = declaredEnvironments(manifest).flatMap((environment) =>
      Object.keys(manifest.spec.stacks)
        .filter((stack) => isStackOn(manifest, stack, environment))
        .filter((stack) => !existing.some((i) => i.stack === stack && i.environment === environment))
        .map((stack) =>
          untouchedInstance({
            deploymentId: deployment.deploymentId,
            environment,
            stack,
            organization: deployment.organization,
          }),
        ),
    );
    if (missing.length > 0) await instances.insertAll(missing);
    await closing.refreshDeployment(deployment.deploymentId);
  }

  /** Enabling or disabling waits for no one: 409 while an operation holds the environment. */
  private async requireEnvironmentsFree(deployment: Deployment, before: Manifest, after: Manifest): Promise<void> {
    for (const name of switchedEnvironments(before, after)) {
      const holder = await this.stores.operations.findActive(deployment.deploymentId, name);
      if (!holder) continue;
      throw new Conflict(
        'OPERATION_IN_PROGRESS',
        `Operation ${holder.operationId} of ${holder.startedBy} holds ${name}`,
        {
          details: { operationId: holder.operationId, startedBy: holder.startedBy, environment: name },
        },
      );
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

  /** A change of one environment's section needs the right in that environment. */
  private requireEnvironmentRights(
    principal: Principal,
    deployment: Deployment,
    environments: readonly EnvironmentName[],
  ): void {
    const refused = environments.filter(
      (environment) => !this.access.may(principal, 'deployments:update', { ...targetOf(deployment), environment }),
    );
    if (refused.length === 0) return;
    throw new Denied('AUTHZ_FORBIDDEN', 403, `You may not change ${refused.join(', ')} of this deployment`, {
      details: { permission: 'deployments:update', environments: refused },
    });
  }

  private newDeployment(
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
}

function environmentRows(deployment: Deployment, manifest: Manifest): Environment[] {
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
    };
  });
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

function countConfigFiles(manifest: Manifest): number {
  return (
    Object.values(manifest.spec.stacks).filter((block) => block.enabled).length * declaredEnvironments(manifest).length
  );
}

/** Environments that the edit enables or disables. */
function switchedEnvironments(before: Manifest, after: Manifest): EnvironmentName[] {
  return declaredEnvironments(after).filter(
    (name) => before.spec.environments[name]?.enabled !== after.spec.environments[name]?.enabled,
  );
}

function touchedEnvironments(body: UpdateDeploymentBody): EnvironmentName[] {
  const names = [
    ...Object.keys(body.environments ?? {}),
    ...Object.values(body.stacks ?? {}).flatMap((block) =>
      Object.keys((block['environments'] as object | undefined) ?? {}),
    ),
  ];
  return [...new Set(names)] as EnvironmentName[];
}

function statusesOf(given: readonly string[]): string[] {
  const all = ['initialized', 'deploying', 'deployed', 'partial', 'failed', 'destroying', 'destroyed'];
  return given.flatMap((status) => {
    if (status === 'active') return all.filter((each) => !INACTIVE.includes(each));
    if (status === 'inactive') return all.filter((each) => INACTIVE.includes(each));
    return [status];
  });
}

function targetOf(deployment: Deployment): { organization: string; project: string; deploymentId: string } {
  return { organization: deployment.organization, project: deployment.project, deploymentId: deployment.deploymentId };
}

function scopeOf(deployment: Deployment) {
  const correlationId = currentContext()?.correlationId;
  return {
    organization: deployment.organization,
    project: deployment.project,
    deploymentId: deployment.deploymentId,
    ...(correlationId ? { correlationId } : {}),
  };
}

function idTaken(deploymentId: string): Conflict {
  return new Conflict('RESOURCE_ALREADY_EXISTS', `Deployment id ${deploymentId} is taken`, {
    details: { resource: 'deployment', id: deploymentId, field: 'deploymentId' },
    suggestion: 'Choose another id, or leave it out to get one.',
  });
}

function revisionMoved(wanted: number, current: number): AppError {
  return new AppError('PRECONDITION_FAILED', 412, `The deployment is at revision ${current}, not ${wanted}`, {
    details: { expected: wanted, current },
  });
}
