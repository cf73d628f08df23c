import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { type Answer, accepted } from '../../../shared/http/answer.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { statusUrl } from './operation.dto.js';
import { RollbackBody } from './rollback.dto.js';
import { RollbacksService } from './rollbacks.service.js';
import { toStartDto } from './start-view.js';

@ApiTags('Operations')
@Controller('api/v1/deployments')
export class RollbacksController {
  constructor(private readonly rollbacks: RollbacksService) {}

  @Post(':id/rollback')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'deployments:preview')
  @ApiOperation({
    summary:
      'Go back to an earlier version of an environment or of one stack; irreversible steps are listed before it starts',
  })
  @ApiRefusals({
    404: ['NO_PREVIOUS_VERSION', 'RESOURCE_NOT_FOUND'],
    409: ['OPERATION_IN_PROGRESS', 'ROLLBACK_BREAKS_DEPENDENT', 'RESOURCE_CONFLICT'],
    422: ['ROLLBACK_TARGET_INVALID', 'CONFIRMATION_REQUIRED'],
  })
  async rollBack(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: RollbackBody,
  ): Promise<Answer<unknown>> {
    const started = await this.rollbacks.rollBack(principal, id, body);
    const { stacksToDeploy: stacksToRollback, ...view } = toStartDto(started);
    const { fromVersion, toVersion, manifestDiverged, irreversible } = started;
    return accepted(
      { ...view, stacksToRollback, fromVersion, toVersion, irreversible, manifestDiverged },
      statusUrl(started.operation),
      body.preview ? 'Rollback preview started' : 'Rollback started',
    );
  }
}
