import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { Answer } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { toLockDto } from './environment-locks.js';
import { UnlockBody, UnlockedDto } from './unlock.dto.js';
import { UnlocksService } from './unlocks.service.js';

@ApiTags('State')
@Controller('api/v1/deployments')
export class LocksController {
  constructor(private readonly unlocks: UnlocksService) {}

  @Post(':id/state/unlock')
  @HttpCode(200)
  @RateLimitClass('EXEC')
  @Allow('state:write')
  @ApiOperation({
    summary: 'Take the lock of an environment from whoever has it; refused while the holder is alive, unless force',
  })
  @ApiData(UnlockedDto)
  @ApiRefusals({
    400: ['VALIDATION_REQUIRED_FIELD', 'VALIDATION_INVALID_FORMAT', 'VALIDATION_UNKNOWN_FIELD'],
    404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND'],
    409: ['OPERATION_IN_PROGRESS'],
    502: ['PULUMI_STATE_ERROR'],
  })
  async unlock(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: UnlockBody,
  ): Promise<Answer<unknown>> {
    const { unlockedAt, previousLock, backendReleased } = await this.unlocks.unlock(principal, id, body);
    const data = {
      deploymentId: id,
      environment: body.environment,
      unlockedAt,
      previousLock: previousLock && toLockDto(previousLock),
      backendReleased,
    };
    return new Answer(data, { message: previousLock ? 'Environment unlocked' : 'Environment was not locked' });
  }
}
