import { Injectable } from '@nestjs/common';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import { targetOf } from '../deployment-records.js';
import type { Deployment } from '../deployment.js';
import { DeploymentStores } from '../deployment-stores.js';
import { DeploymentsService } from '../deployments.service.js';
import { ManifestEditsService, type PreparedEdit } from '../manifest-edits.service.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { maskSecrets } from '../manifest/secrets.js';
import { requireDestructiveConfirmation, requireProdConfirmation } from '../operations/confirmations.js';
import { OperationIntake, type Started } from '../operations/operation-intake.js';
import { destroyParameters, OperationsService } from '../operations/operations.service.js';
import { isStanding } from '../operations/rollback-target.js';
import type { DisableBody, EnableBody } from './environment.dto.js';
import { type EndpointOutputs, endpointOutputs } from './endpoints.js';
import type { Environment, StackInstance } from './environment.js';
import { noEnvironment, requireNotDev, withDisabled, withEnabled } from './environment-switch.js';
import type { Notice } from './notice.js';
import { PromotionGate } from './promotion-gate.js';

/** One environment as its views show it. */
export interface EnvironmentDetail {
  readonly record: Environment;
  /** Its block of the manifest, secrets masked; null = the manifest no longer has it. */
  readonly block: Manifest['spec']['environments'][EnvironmentName] | null;
  readonly instances: readonly StackInstance[];
  readonly endpoints: EndpointOutputs;
  /** USD: estimates of the stacks that take part in it. */
  readonly estimatedMonthlyCost: number;
}

/** An environment after it was switched, and the operation that goes with it. */
export interface SwitchedEnvironment {
  readonly deployment: Deployment;
  readonly environment: EnvironmentDetail;
  readonly started: Started | null;
  readonly warnings: readonly Notice[];
}

/** What a switch works with. */
@Injectable()
export class SwitchTools {
  constructor(
    readonly access: Access,
    readonly catalogue: Catalogue,
    readonly intake: OperationIntake,
    readonly gate: PromotionGate,
  ) {}
}

/** Reading, enabling and disabling environments (deployments.md 9.1, 9.2). */
@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly edits: ManifestEditsService,
    private readonly operations: OperationsService,
    private readonly stores: DeploymentStores,
    private readonly tools: SwitchTools,
  ) {}

  async list(principal: Principal, deploymentId: string): Promise<readonly EnvironmentDetail[]> {
    const deployment = await this.operations.load(principal, deploymentId, 'environments:read');
    return this.detailsOf(deployment);
  }

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND` */
  async get(principal: Principal, deploymentId: string, environment: EnvironmentName): Promise<EnvironmentDetail> {
    const deployment = await this.operations.load(principal, deploymentId, 'environments:read', environment);
    return this.detailOf(deployment, environment);
  }

  /**
   * Idempotent. With `autoDeploy` a deployment is started afterwards.
   * @throws Conflict `OPERATION_IN_PROGRESS`; Refused `ENVIRONMENT_INCOMPLETE`, `PROMOTION_BLOCKED`, `CONFIRMATION_REQUIRED`,
   * what is wrong in the manifest with it, and what a deployment refuses
   */
  async enable(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
    body: EnableBody,
  ): Promise<SwitchedEnvironment> {
    const { intake, gate, catalogue } = this.tools;
    const deployment = await this.operations.load(principal, deploymentId, 'environments:manage', environment);
    if (body.autoDeploy) {
      this.require(principal, deployment, 'deployments:deploy', environment);
      requireProdConfirmation(deploymentId, { environment, ...confirmOf(body) }, 'A deployment to prod');
    }
    await intake.requireFree(deploymentId, environment, false);
    const before = await this.deployments.manifestOf(deployment);
    const isOn = before.spec.environments[environment]?.enabled === true;
    const force = body.force ?? false;
    const warnings = await gate.pass(principal, deployment, environment, { preview: isOn && !body.autoDeploy, force });
    const after = withEnabled(before, environment, body, catalogue.stacks.templates());
    const edit = await this.edits.prepare(principal, deployment, before, after);
    const started = body.autoDeploy ? await this.deployWith(principal, edit, { environment, force }) : null;
    if (!body.autoDeploy) await this.edits.write(edit);
    return { deployment: edit.then, environment: await this.detailOf(edit.then, environment), started, warnings };
  }

  /**
   * Idempotent. Resources stay; with `destroyResources` they are destroyed first and the environment is disabled when that has
   * succeeded.
   * @throws Refused `DEV_REQUIRED`, `CONFIRMATION_REQUIRED`; Conflict `OPERATION_IN_PROGRESS`; NotFound `ENVIRONMENT_NOT_FOUND`
   */
  async disable(
    principal: Principal,
    deploymentId: string,
    environment: EnvironmentName,
    body: DisableBody,
  ): Promise<SwitchedEnvironment> {
    const { intake } = this.tools;
    const deployment = await this.operations.load(principal, deploymentId, 'environments:manage', environment);
    if (body.destroyResources) this.require(principal, deployment, 'deployments:destroy', environment);
    requireNotDev(environment);
    if (body.destroyResources) {
      const { skipConfirmation = false } = body;
      requireDestructiveConfirmation(deploymentId, { environment, ...confirmOf(body), skipConfirmation }, 'Destroying');
    }
    await intake.requireFree(deploymentId, environment, false);
    const before = await this.deployments.manifestOf(deployment);
    const after = withDisabled(before, environment);
    const standing = (await this.stores.instances.listOf(deploymentId, environment)).filter((each) =>
      isStanding(each.status),
    );
    if (body.destroyResources && standing.length > 0) {
      const parameters = { ...destroyParameters({ environment }), disableAfter: true };
      const start = { type: 'destroy', stack: null, environment, parameters, overrides: {} } as const;
      const started = await intake.start(principal, deployment, start);
      return { deployment, environment: await this.detailOf(deployment, environment), started, warnings: [] };
    }
    const saved = await this.edits.replace(principal, deployment, before, after);
    const detail = await this.detailOf(saved.deployment, environment);
    const warnings = standing.length > 0 ? [remaining(environment, standing)] : [];
    return { deployment: saved.deployment, environment: detail, started: null, warnings };
  }

  /** The switch and the deployment are stored together or not at all. */
  private async deployWith(
    principal: Principal,
    edit: PreparedEdit,
    body: { readonly environment: EnvironmentName; readonly force: boolean },
  ): Promise<Started> {
    const { intake } = this.tools;
    const environment = await this.edits.environmentAfter(edit, body.environment);
    const candidate = { deployment: edit.then, manifest: edit.after, environment };
    const start = this.operations.deployStart(body);
    const prepared = await intake.prepare(principal, edit.then, start, candidate);
    return intake.accept(prepared, (enter) => this.edits.write(edit, enter));
  }

  private require(
    principal: Principal,
    deployment: Deployment,
    permission: string,
    environment: EnvironmentName,
  ): void {
    const target = { ...targetOf(deployment), environment };
    this.tools.access.require(principal, permission, target, { kind: 'deployment', id: deployment.deploymentId });
  }

  private async detailOf(deployment: Deployment, environment: EnvironmentName): Promise<EnvironmentDetail> {
    const found = (await this.detailsOf(deployment)).find(({ record }) => record.environment === environment);
    if (!found) throw noEnvironment(environment);
    return found;
  }

  private async detailsOf(deployment: Deployment): Promise<EnvironmentDetail[]> {
    const { deploymentId } = deployment;
    const stackTemplates = this.tools.catalogue.stacks.templates();
    const manifest = maskSecrets(await this.deployments.manifestOf(deployment), stackTemplates);
    const instances = await this.stores.instances.listOf(deploymentId);
    return (await this.stores.environments.listOf([deploymentId])).map((record) => ({
      record,
      block: manifest.spec.environments[record.environment] ?? null,
      instances: instances.filter((instance) => instance.environment === record.environment),
      endpoints: endpointOutputs(stackTemplates),
      estimatedMonthlyCost: Object.keys(manifest.spec.stacks)
        .filter((name) => isStackOn(manifest, name, record.environment))
        .reduce((sum, name) => sum + (stackTemplates.get(name)?.estimatedMonthlyCost ?? 0), 0),
    }));
  }
}

function confirmOf({ confirm }: { readonly confirm?: boolean | string }): { readonly confirm?: boolean | string } {
  return confirm === undefined ? {} : { confirm };
}

function remaining(environment: EnvironmentName, standing: readonly StackInstance[]): Notice {
  const stacks = standing.map(({ stack }) => stack);
  return {
    code: 'RESOURCES_REMAIN',
    severity: 'LOW',
    message: `${stacks.length} stacks stay deployed in ${environment}: ${stacks.join(', ')}`,
    details: { environment, stacks },
  };
}
