import { Injectable } from '@nestjs/common';
import { NotFound, Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { isStackOn } from '../manifest/manifest.js';
import type { Deployment } from '../deployment.js';
import { ManifestVault } from '../manifest-vault.js';
import { requireDestructiveConfirmation, requireProdConfirmation } from './confirmations.js';
import { OperationIntake, type Started } from './operation-intake.js';
import type { OperationParameters } from './operation.js';
import { OperationsService } from './operations.service.js';
import type { StackDeployBody, StackDestroyBody } from './stack-run.dto.js';

/**
 * Runs of one stack (deployments.md 7.14). Refusals in this order: deployment, confirmation, running operation, stack in the
 * manifest, globally enabled, enabled in the environment, environment enabled, dependencies deployed.
 */
@Injectable()
export class StackRunsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
    private readonly vault: ManifestVault,
  ) {}

  async deploy(principal: Principal, deploymentId: string, stack: string, body: StackDeployBody): Promise<Started> {
    const preview = body.preview ?? false;
    const permission = preview ? 'deployments:preview' : 'stacks:deploy';
    const deployment = await this.operations.load(principal, deploymentId, permission, body.environment);
    if (!preview) requireProdConfirmation(deploymentId, body, 'A deployment to prod');
    const waitForLock = body.waitForLock ?? false;
    await this.intake.requireFree(deploymentId, body.environment, preview || waitForLock);
    await this.requireRunnable(deployment, stack, body.environment);
    const force = body.force ?? false;
    return this.intake.start(principal, deployment, {
      type: 'deploy-stack',
      stack,
      environment: body.environment,
      webhookUrl: body.webhookUrl,
      parameters: {
        ...ONE_STACK,
        preview,
        smartSkip: !force,
        force,
        rollbackOnError: body.rollbackOnError ?? true,
        stackTimeoutSeconds: body.timeoutSeconds ?? null,
        stackFilter: [stack],
        includeDependencies: body.includeDependencies ?? false,
        skipDependencies: body.skipDependencies ?? false,
        skipValidation: body.skipValidation ?? false,
        waitForLock,
      },
      overrides: body.overrides ? { [stack]: body.overrides } : {},
    });
  }

  async destroy(principal: Principal, deploymentId: string, stack: string, body: StackDestroyBody): Promise<Started> {
    const preview = body.preview ?? false;
    const permission = preview ? 'deployments:preview' : 'stacks:destroy';
    const deployment = await this.operations.load(principal, deploymentId, permission, body.environment);
    if (!preview) requireDestructiveConfirmation(deploymentId, body, `Destroying ${stack} in`);
    return this.intake.start(principal, deployment, {
      type: 'destroy-stack',
      stack,
      environment: body.environment,
      webhookUrl: body.webhookUrl,
      parameters: {
        ...ONE_STACK,
        preview,
        smartSkip: false,
        force: body.force ?? false,
        destructiveConfirmed: !preview,
        stackTimeoutSeconds: body.timeoutSeconds ?? null,
        stackFilter: [stack],
        waitForLock: body.waitForLock ?? false,
      },
      overrides: {},
    });
  }

  private async requireRunnable(deployment: Deployment, stack: string, environment: EnvironmentName): Promise<void> {
    const { deploymentId } = deployment;
    const manifest = await this.vault.open(deploymentId, deployment.revision);
    const entry = manifest?.spec.stacks[stack];
    if (!manifest || !entry) {
      throw new NotFound('stack', stack, {
        code: 'STACK_NOT_IN_MANIFEST',
        details: {
          resource: 'stack',
          id: stack,
          deploymentId,
          stacks: Object.keys(manifest?.spec.stacks ?? {}).sort(),
        },
      });
    }
    if (entry.enabled && isStackOn(manifest, stack, environment)) return;
    const where = entry.enabled ? `in ${environment}` : 'in this deployment';
    throw new Refused('STACK_DISABLED', `Stack ${stack} is not enabled ${where}`, {
      details: { stack, environment: entry.enabled ? environment : null },
      suggestion: 'Enable it in the manifest: PUT /deployments/:id with stacks.<name>.enabled.',
    });
  }
}

const ONE_STACK: OperationParameters = {
  preview: false,
  parallel: 1,
  schedule: 'ready',
  smartSkip: false,
  force: false,
  continueOnError: false,
  rollbackOnError: false,
  stackTimeoutSeconds: null,
  destructiveConfirmed: false,
  stackFilter: null,
  skipStacks: [],
  includeDependencies: false,
  skipDependencies: false,
  skipValidation: false,
  waitForLock: false,
  message: null,
  toVersion: null,
};
