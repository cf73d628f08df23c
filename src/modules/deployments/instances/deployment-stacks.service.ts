import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { stackRef } from '../../orchestrator/engine-config.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import { holdsPlaceholder } from '../../templates/template-text.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment } from '../deployment.js';
import { shownOutputs } from '../deployment.dto.js';
import { DeploymentStores } from '../deployment-stores.js';
import type { StackInstance } from '../environments/environment.js';
import { noEnvironment } from '../environments/environment-switch.js';
import { untouchedInstance } from '../environments/stack-instances.repository.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { stackGraph } from '../manifest/manifest-context.js';
import { pulumiStackName } from '../manifest/names.js';
import { requireConfig } from '../manifest/config-files.js';
import { OperationsService } from '../operations/operations.service.js';
import { RunRequestBuilder } from '../operations/run-request.builder.js';
import { idleStack, StatusService } from '../operations/status.service.js';
import type { StackExportDto, StackListItemDto, StackStatusDto } from './deployment-stack.dto.js';

/** Engine and registry of DeploymentStacksService. */
@Injectable()
export class StackReadTools {
  constructor(
    readonly engine: StackEngine,
    readonly builder: RunRequestBuilder,
    readonly catalogue: Catalogue,
  ) {}
}

/** A stack of a deployment in one environment, with what its views are made from. */
interface FoundStack {
  readonly deployment: Deployment;
  readonly manifest: Manifest;
  readonly instance: StackInstance;
}

/** The stacks of a deployment, environment by environment (api.md 3.5). */
@Injectable()
export class DeploymentStacksService {
  constructor(
    private readonly operations: OperationsService,
    private readonly statuses: StatusService,
    private readonly stores: DeploymentStores,
    private readonly tools: StackReadTools,
  ) {}

  /** By layer, then name: what the manifest has, and what still stands of earlier revisions. @throws NotFound `ENVIRONMENT_NOT_FOUND` */
  async list(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
  ): Promise<readonly StackListItemDto[]> {
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:read', environment);
    const manifest = await this.manifestOf(deployment, environment);
    const stackTemplates = this.tools.catalogue.stacks.templates();
    const graph = stackGraph(manifest, stackTemplates, environment);
    const instances = await this.stores.instances.listOf(deploymentId, environment);
    const standing = instances.filter(({ status }) => status !== 'not_deployed').map(({ stack }) => stack);
    const names = [...new Set([...Object.keys(manifest.spec.stacks), ...standing])];
    const items = names.map((name): StackListItemDto => {
      const block = manifest.spec.stacks[name];
      const enabled = isStackOn(manifest, name, environment);
      const instance = instances.find(({ stack }) => stack === name);
      return {
        name,
        layer: enabled ? graph.layerOf(name) : 0,
        priority: block?.priority ?? stackTemplates.get(name)?.priority ?? 100, // 100: default of deployments.md 2.2
        enabled,
        status: instance?.status ?? 'not_deployed',
        dependencies: enabled ? [...graph.dependenciesOf(name)] : (block?.dependencies ?? instance?.dependencies ?? []),
        resourceCount: instance?.resourceCount ?? 0,
        lastDeployedAt: instance?.lastDeployedAt ?? null,
        driftDetected: instance?.driftDetected ?? false,
      };
    });
    return items.sort((a, b) => a.layer - b.layer || a.name.localeCompare(b.name));
  }

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND`, `STACK_NOT_IN_MANIFEST` */
  async status(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
  ): Promise<StackStatusDto> {
    const { manifest, instance, deployment } = await this.find(
      principal,
      deploymentId,
      stack,
      environment,
      'deployments:read',
    );
    const place = { deploymentId, environment, manifestRevision: deployment.revision };
    const basis = await this.tools.builder.standing(place);
    const resources = await this.tools.engine.resources(stackRef(this.tools.builder.place(basis), stack));
    const last = await this.stores.operations.findLatest(deploymentId, environment);
    return {
      deploymentId,
      stack,
      stackName: stack,
      environment,
      status: instance.status,
      enabled: isStackOn(manifest, stack, environment),
      pulumiStack: pulumiStackName(deploymentId, stack, environment),
      stateVersion: instance.stateVersion,
      stackVersion: instance.stackVersion,
      lastDeployedAt: instance.lastDeployedAt,
      lastDeployedBy: instance.lastDeployedBy,
      outputs: shownOutputs(instance),
      resources: resources.map(({ type, name, id }) => ({ type, name, id, status: 'created' })),
      resourceCount: resources.length,
      deploymentDuration: instance.durations.at(-1) ?? null,
      driftDetected: instance.driftDetected,
      error: (instance.status === 'failed' && last?.state?.stacks[stack]?.error) || null,
    };
  }

  /** Of the running or last operation when it is about this stack, else as it stands (api.md 5.6). */
  async progress(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
  ): Promise<Record<string, unknown>> {
    const { instance } = await this.find(principal, deploymentId, stack, environment, 'deployments:read');
    const whole = await this.statuses.progress(principal, deploymentId, environment, true);
    const view = (whole['stacks'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[stack];
    return {
      deploymentId,
      environment,
      stack,
      stackName: stack,
      operationId: view ? whole['operationId'] : null,
      ...(view ?? idleStack(instance)),
    };
  }

  /** Configuration as it is merged, and what the last deployment gave out; secrets encrypted. */
  async export(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
  ): Promise<StackExportDto> {
    const found = await this.find(principal, deploymentId, stack, environment, 'state:read');
    const { vault } = this.stores;
    const stackTemplates = this.tools.catalogue.stacks.templates();
    const merged = requireConfig(found.manifest, stackTemplates, stack, environment);
    const graph = stackGraph(found.manifest, stackTemplates, environment);
    const isOn = isStackOn(found.manifest, stack, environment);
    return {
      deploymentId,
      stack,
      stackName: stack,
      environment,
      configuration: Object.fromEntries(
        Object.entries(merged.values).map(([key, value]) => [
          key,
          merged.secretKeys.includes(key) && !holdsPlaceholder(value) ? vault.sealed(value) : value,
        ]),
      ),
      outputs: Object.fromEntries(
        Object.entries(found.instance.outputs).map(([name, { value, secret }]) => [
          name,
          secret ? vault.sealed(value) : value,
        ]),
      ),
      dependencies: isOn
        ? [...graph.dependenciesOf(stack)]
        : [...(found.manifest.spec.stacks[stack]?.dependencies ?? [])],
    };
  }

  private async find(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
    permission: string,
  ): Promise<FoundStack> {
    const deployment = await this.operations.load(principal, deploymentId, permission, environment);
    const manifest = await this.manifestOf(deployment, environment);
    const instances = await this.stores.instances.listOf(deploymentId, environment);
    const instance = instances.find((each) => each.stack === stack);
    if (!instance && !manifest.spec.stacks[stack]) {
      const details = { resource: 'stack', id: stack, deploymentId, stacks: Object.keys(manifest.spec.stacks).sort() };
      throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST', details });
    }
    const { organization } = deployment;
    return {
      deployment,
      manifest,
      instance: instance ?? untouchedInstance({ deploymentId, environment, stack, organization }),
    };
  }

  private async manifestOf(deployment: Deployment, environment: EnvironmentName): Promise<Manifest> {
    const manifest = await this.stores.vault.open(deployment.deploymentId, deployment.revision);
    if (!manifest?.spec.environments[environment]) throw noEnvironment(environment);
    return manifest;
  }
}
