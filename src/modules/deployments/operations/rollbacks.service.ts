import { Injectable } from '@nestjs/common';
import { Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import type { Principal } from '../../../shared/http/principal.js';
import type { EnvironmentVersion } from '../environments/environment.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { requireProdConfirmation } from './confirmations.js';
import { OperationIntake, OperationStores, type Started } from './operation-intake.js';
import { OperationsService } from './operations.service.js';
import { brokenDependents, TARGET_KINDS } from './rollback-target.js';
import type { RollbackBody } from './rollback.dto.js';
import { VersionReader } from './run-request.builder.js';

export interface StartedRollback extends Started {
  readonly fromVersion: number;
  readonly toVersion: number;
  /** The manifest is not what the target was made from: the next deploy would apply it again. */
  readonly manifestDiverged: boolean;
}

/** Rollbacks that somebody asks for, of an environment or of one stack (deployments.md 7.9). */
@Injectable()
export class RollbacksService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
    private readonly stores: OperationStores,
    private readonly instances: StackInstancesRepository,
    private readonly versions: VersionReader,
  ) {}

  /**
   * @throws NotFound `NO_PREVIOUS_VERSION`; Refused `ROLLBACK_TARGET_INVALID`, `CONFIRMATION_REQUIRED`; Conflict
   * `ROLLBACK_BREAKS_DEPENDENT`, `RESOURCE_CONFLICT` when nothing would change, and what every start refuses
   */
  async rollBack(principal: Principal, deploymentId: string, body: RollbackBody): Promise<StartedRollback> {
    const preview = body.preview ?? false;
    const permission = preview ? 'deployments:preview' : 'deployments:deploy';
    const deployment = await this.operations.load(principal, deploymentId, permission, body.environment);
    if (!preview) requireProdConfirmation(deploymentId, body, 'A rollback of prod');
    await this.intake.requireFree(deploymentId, body.environment, preview || (body.waitForLock ?? false));
    const environment = await this.stores.environments.find(deploymentId, body.environment);
    if (!environment) throw new NotFound('environment', body.environment, { code: 'ENVIRONMENT_NOT_FOUND' });
    const target = await this.target(deploymentId, body, environment.version);
    if (body.stack) await this.requireUnbroken(deploymentId, body, body.stack, target);
    const started = await this.intake.start(principal, deployment, {
      type: 'rollback',
      stack: body.stack ?? null,
      environment: body.environment,
      webhookUrl: body.webhookUrl,
      parameters: {
        preview,
        parallel: this.operations.parallelStacks,
        schedule: 'ready',
        smartSkip: false,
        force: body.force ?? false,
        continueOnError: false,
        rollbackOnError: false,
        stackTimeoutSeconds: null,
        destructiveConfirmed: !preview && body.confirm === deploymentId,
        stackFilter: null,
        skipStacks: [],
        includeDependencies: false,
        skipDependencies: false,
        skipValidation: true,
        waitForLock: body.waitForLock ?? false,
        message: null,
        toVersion: target.version,
      },
      overrides: {},
    });
    return {
      ...started,
      fromVersion: environment.version,
      toVersion: target.version,
      manifestDiverged: deployment.revision !== target.manifestRevision,
    };
  }

  private async target(
    deploymentId: string,
    { environment, toVersion, stack }: RollbackBody,
    current: number,
  ): Promise<EnvironmentVersion> {
    const { repository } = this.versions;
    if (toVersion === undefined) {
      const latest = await repository.findLatest(deploymentId, environment, current, TARGET_KINDS);
      if (latest) return latest;
      throw new NotFound('version', `before ${current}`, {
        code: 'NO_PREVIOUS_VERSION',
        details: { deploymentId, environment, currentVersion: current },
        suggestion: 'There is nothing to go back to; destroy, or deploy another configuration.',
      });
    }
    const version = await repository.find(deploymentId, environment, toVersion);
    const known = { deploymentId, environment, toVersion, currentVersion: current };
    if (!version) throw invalidTarget(`Version ${toVersion} does not exist`, known);
    if (toVersion >= current && stack === undefined)
      throw invalidTarget(`Version ${toVersion} is the current one`, known);
    if (!TARGET_KINDS.includes(version.kind)) {
      throw invalidTarget(
        `Version ${toVersion} is of kind ${version.kind}; only ${TARGET_KINDS.join(' and ')} can be restored`,
        known,
      );
    }
    if (stack !== undefined && !version.stacks[stack]) {
      throw invalidTarget(`Version ${toVersion} has no stack ${stack}`, { ...known, stack });
    }
    return version;
  }

  private async requireUnbroken(
    deploymentId: string,
    { environment, force }: RollbackBody,
    stack: string,
    target: EnvironmentVersion,
  ): Promise<void> {
    if (force) return;
    const snapshot = this.versions.snapshots.open(target)[stack];
    const broken = brokenDependents(stack, snapshot, await this.instances.listOf(deploymentId, environment));
    const names = Object.keys(broken);
    if (names.length === 0) return;
    throw new Conflict(
      'ROLLBACK_BREAKS_DEPENDENT',
      `${names.join(', ')} read outputs of ${stack} that version ${target.version} does not have`,
      {
        details: { stack, toVersion: target.version, missingOutputs: broken },
        suggestion: 'Roll the whole environment back, or set force.',
      },
    );
  }
}

function invalidTarget(message: string, details: Readonly<Record<string, unknown>>): Refused {
  return new Refused('ROLLBACK_TARGET_INVALID', message, { details, suggestion: 'GET …/versions lists them.' });
}
