import { Injectable } from '@nestjs/common';
import { AppError, Conflict, Denied, NotFound } from '../../shared/errors/app-error.js';
import type { Append } from '../../shared/events/event-log.js';
import { draft, type EventDraft } from '../../shared/events/events.js';
import { Access } from '../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { Catalogue } from './catalogue.js';
import { type Deployment, idleEnvironmentStatus } from './deployment.js';
import type { Environment } from './environments/environment.js';
import { noEnvironment } from './environments/environment-switch.js';
import type { UpdateDeploymentBody } from './deployment.dto.js';
import { environmentRows, scopeOf, targetOf } from './deployment-records.js';
import { DeploymentStores } from './deployment-stores.js';
import { DeploymentsService } from './deployments.service.js';
import { disabledEvent } from './environments/environment-disabling.js';
import { untouchedInstance } from './environments/stack-instances.repository.js';
import { changeList } from './manifest/change-list.js';
import { editManifest } from './manifest/edit-manifest.js';
import { declaredEnvironments, isStackOn, type Manifest } from './manifest/manifest.js';
import { replaceManifest } from './manifest/replace-manifest.js';
import { restoreMasked } from './manifest/secrets.js';
import { manifestRefusal, validateManifest } from './manifest/validation.js';

/** What a save has done. */
export interface SavedManifest {
  readonly deployment: Deployment;
  /** `path: old → new`, secrets masked; empty = nothing changed and no revision was made. */
  readonly changes: readonly string[];
  readonly configFiles: number;
}

/** A manifest that is valid and not stored yet. */
export interface PreparedEdit {
  readonly before: Manifest;
  readonly after: Manifest;
  /** Empty = nothing changes, and no revision is made. */
  readonly changes: readonly string[];
  readonly now: Deployment;
  readonly then: Deployment;
}

/** Changes of a manifest: checked as a whole, kept as a revision, followed by environments, instances and the mirror. */
@Injectable()
export class ManifestEditsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /** Every save is validated, makes a revision and tells what changed; a running operation keeps its frozen revision. */
  async update(
    principal: Principal,
    deploymentId: string,
    body: UpdateDeploymentBody,
    ifRevision?: number,
  ): Promise<SavedManifest> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:update');
    const before = await this.deployments.manifestOf(deployment);
    const touched = body.manifest === undefined ? touchedEnvironments(body) : declaredEnvironments(before);
    this.requireEnvironmentRights(principal, deployment, touched);
    const surroundings = { ...this.catalogue.surroundings(deployment.organization), deploymentId };
    const { manifest: whole, ...edit } = body;
    const base = whole === undefined ? before : replaceManifest(before, whole, surroundings);
    const after = restoreMasked(editManifest(base, edit), before, this.catalogue.stacks.knownTemplates());
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
  ): Promise<SavedManifest> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:update');
    this.requireEnvironmentRights(principal, deployment, [environment]);
    const before = await this.deployments.manifestOf(deployment);
    if (!before.spec.stacks[stack]) throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
    const body = { stacks: { [stack]: { environments: { [environment]: { config: configuration } } } } };
    const after = restoreMasked(editManifest(before, body), before, this.catalogue.stacks.knownTemplates());
    return this.save(principal, deployment, before, after, ifRevision);
  }

  /** A manifest of the same deployment that was repaired by rule (deployments.md 8.7). @throws Refused for what is still wrong in it */
  async repair(
    principal: Principal,
    deployment: Deployment,
    before: Manifest,
    after: Manifest,
  ): Promise<SavedManifest> {
    this.requireEnvironmentRights(principal, deployment, declaredEnvironments(before));
    await this.requireEnvironmentsFree(deployment, before, after);
    return this.save(principal, deployment, before, after, deployment.revision);
  }

  /** A manifest of the same deployment that another use case made of `before`, with the right to. @throws Refused for what is wrong in it */
  async replace(
    principal: Principal,
    deployment: Deployment,
    before: Manifest,
    after: Manifest,
  ): Promise<SavedManifest> {
    await this.requireEnvironmentsFree(deployment, before, after);
    return this.save(principal, deployment, before, after, deployment.revision);
  }

  /**
   * What `replace` would make, with nothing stored: for an operation that is planned with it and stored together with it.
   * @throws Refused for what is wrong in it
   */
  async prepare(
    principal: Principal,
    deployment: Deployment,
    before: Manifest,
    after: Manifest,
  ): Promise<PreparedEdit> {
    await this.requireEnvironmentsFree(deployment, before, after);
    this.requireValid(deployment, after);
    const changes = changeList(before, after, this.catalogue.stacks.knownTemplates());
    if (changes.length === 0) return { before, after, changes, now: deployment, then: deployment };
    return { before, after, changes, now: deployment, then: this.changed(principal, deployment, after) };
  }

  /** The record of an environment as it will be. @throws NotFound when the manifest has none of that name */
  async environmentAfter({ then, after }: PreparedEdit, environment: EnvironmentName): Promise<Environment> {
    const row = environmentRows(then, after).find((each) => each.environment === environment);
    if (!row) throw noEnvironment(environment);
    const current = await this.stores.environments.find(then.deploymentId, environment);
    const { enabled, account, region } = row;
    return current ? { ...current, enabled, account, region } : row;
  }

  /** @param also joins the transaction */
  async write(edit: PreparedEdit, also: () => Promise<void> = async () => undefined): Promise<SavedManifest> {
    const { after, changes, now, then } = edit;
    const configFiles = countConfigFiles(after);
    await this.stores.eventLog.write(now.organization, async (append) => {
      if (changes.length > 0) await this.store(edit, append);
      await also();
    });
    if (changes.length > 0) await this.stores.mirror.update(then, after, this.catalogue.stacks.knownTemplates());
    return { deployment: then, changes, configFiles };
  }

  private async save(
    principal: Principal,
    deployment: Deployment,
    before: Manifest,
    after: Manifest,
    ifRevision?: number,
  ): Promise<SavedManifest> {
    this.requireValid(deployment, after);
    const changes = changeList(before, after, this.catalogue.stacks.knownTemplates());
    if (ifRevision !== undefined && ifRevision !== deployment.revision)
      throw revisionMoved(ifRevision, deployment.revision);
    if (changes.length === 0) return { deployment, changes, configFiles: countConfigFiles(after) };
    return this.write({ before, after, changes, now: deployment, then: this.changed(principal, deployment, after) });
  }

  private requireValid({ deploymentId, organization }: Deployment, manifest: Manifest): void {
    const surroundings = { ...this.catalogue.surroundings(organization), deploymentId };
    const refusal = manifestRefusal(validateManifest(manifest, surroundings).findings);
    if (refusal) throw refusal;
  }

  /** The deployment with a further revision. */
  private changed(principal: Principal, deployment: Deployment, after: Manifest): Deployment {
    return {
      ...deployment,
      revision: deployment.revision + 1,
      domain: after.deployment.domain,
      description: after.deployment.description ?? '',
      costCenter: after.deployment.costCenter ?? '',
      tags: after.deployment.tags ?? {},
      updatedAt: this.clock.now(),
      updatedBy: principal.name,
    };
  }

  /** Inside a transaction. */
  private async store({ before, after, changes, now, then }: PreparedEdit, append: Append): Promise<void> {
    await this.requireEnvironmentsFree(now, before, after); // again, where nobody can come between
    const { revision, domain, description, costCenter, tags, updatedAt, updatedBy } = then;
    const environmentsEnabled = environmentRows(then, after)
      .filter((row) => row.enabled)
      .map((row) => row.environment);
    const facts = { revision, domain, description, costCenter, tags: { ...tags }, updatedAt, updatedBy };
    const written = await this.stores.deployments.change(
      now.deploymentId,
      { ...facts, environmentsEnabled },
      now.revision,
    );
    if (!written) throw revisionMoved(now.revision, revision);
    await this.stores.vault.store(now, after, { revision, author: updatedBy, changes, createdAt: updatedAt });
    await this.followEnvironments(then, after);
    append(draft('deployment_updated', scopeOf(now), { revision, changes, updatedBy }));
    for (const name of switchedEnvironments(before, after)) append(switchedEvent(then, after, name));
  }

  /** Environment records and stack instances follow the manifest. */
  private async followEnvironments(deployment: Deployment, manifest: Manifest): Promise<void> {
    const { environments, instances, closing } = this.stores;
    const known = await environments.listOf([deployment.deploymentId]);
    const existing = await instances.listOf(deployment.deploymentId);
    for (const row of environmentRows(deployment, manifest)) {
      const current = known.find((e) => e.environment === row.environment);
      if (!current) {
        await environments.insertAll([row]);
        continue;
      }
      const { updatedAt, updatedBy } = deployment;
      const standing = existing.filter(
        ({ environment, stack, status }) =>
          environment === row.environment && (status === 'deployed' || isStackOn(manifest, stack, environment)),
      );
      await environments.change(deployment.deploymentId, row.environment, {
        enabled: row.enabled,
        account: row.account,
        region: row.region,
        ...(current.enabled === row.enabled
          ? {}
          : {
              status: idleEnvironmentStatus(row.enabled, standing, current.status === 'rolled_back'),
              ...(row.enabled
                ? { enabledAt: updatedAt, enabledBy: updatedBy }
                : { disabledAt: updatedAt, disabledBy: updatedBy }),
            }),
      });
    }
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

  /** Enabling or disabling waits for no one: 409 while an operation holds the environment, or waits for it. */
  private async requireEnvironmentsFree(deployment: Deployment, before: Manifest, after: Manifest): Promise<void> {
    for (const name of switchedEnvironments(before, after)) {
      const holder = await this.stores.operations.findOpen(deployment.deploymentId, name);
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
}

function countConfigFiles(manifest: Manifest): number {
  return (
    Object.values(manifest.spec.stacks).filter((block) => block.enabled).length * declaredEnvironments(manifest).length
  );
}

/** Environments that the edit enables or disables. */
function switchedEnvironments(before: Manifest, after: Manifest): EnvironmentName[] {
  return declaredEnvironments(after).filter(
    (name) => (before.spec.environments[name]?.enabled ?? false) !== (after.spec.environments[name]?.enabled ?? false),
  );
}

function switchedEvent(deployment: Deployment, manifest: Manifest, environment: EnvironmentName): EventDraft {
  const by = deployment.updatedBy;
  return manifest.spec.environments[environment]?.enabled
    ? draft('environment_enabled', { ...scopeOf(deployment), environment }, { by })
    : disabledEvent(deployment, environment, by, false);
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

function revisionMoved(wanted: number, current: number): AppError {
  return new AppError('PRECONDITION_FAILED', 412, `The deployment is at revision ${current}, not ${wanted}`, {
    details: { expected: wanted, current },
  });
}
