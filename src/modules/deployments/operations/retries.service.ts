import { Injectable } from '@nestjs/common';
import type { Principal } from '../../../shared/http/principal.js';
import { requireDestructiveConfirmation, requireProdConfirmation } from './confirmations.js';
import { OperationIntake, type Started } from './operation-intake.js';
import type { Operation, OperationType } from './operation.js';
import type { RetryBody } from './operation.dto.js';
import { OperationsService } from './operations.service.js';
import { requireRetryable } from './retryable.js';

/** Permission of a type of operation. */
const PERMISSION: Partial<Record<OperationType, string>> = {
  deploy: 'deployments:deploy',
  'deploy-stack': 'stacks:deploy',
  destroy: 'deployments:destroy',
  'destroy-stack': 'stacks:destroy',
  rollback: 'deployments:deploy',
};

/** Once more what failed or was cancelled, with the same options; what is done by now is skipped as unchanged. */
@Injectable()
export class RetriesService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
  ) {}

  /** @throws Conflict `RESOURCE_CONFLICT` when there is nothing to retry; and what the original could throw */
  async retry(principal: Principal, deploymentId: string, operationId: string, body: RetryBody): Promise<Started> {
    const old = await this.operations.get(principal, deploymentId, operationId);
    const { environment, type, parameters } = old;
    const permission = parameters.preview ? 'deployments:preview' : (PERMISSION[type] ?? 'deployments:deploy');
    const deployment = await this.operations.load(principal, deploymentId, permission, environment);
    requireRetryable(old);
    if (!parameters.preview) requireConfirmation(old, { ...body, environment });
    return this.intake.start(principal, deployment, {
      type,
      stack: old.stack,
      environment,
      parameters: {
        ...parameters,
        destructiveConfirmed: type.startsWith('destroy') || (type === 'rollback' && body.confirm === deploymentId),
        waitForLock: body.waitForLock ?? false,
        message: body.message ?? parameters.message,
      },
      overrides: old.overrides,
      resumedFrom: operationId,
    });
  }
}

function requireConfirmation(
  { deploymentId, type }: Operation,
  body: RetryBody & Pick<Operation, 'environment'>,
): void {
  if (type.startsWith('destroy')) requireDestructiveConfirmation(deploymentId, body, 'Destroying');
  else requireProdConfirmation(deploymentId, body, `A ${type} of prod`);
}
