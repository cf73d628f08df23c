import { Controller, Delete, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { RemovalQuery, RemovedDto } from './removal.dto.js';
import { RemovalService } from './removal.service.js';

@ApiTags('Deployments')
@Controller('api/v1/deployments')
export class RemovalController {
  constructor(private readonly removal: RemovalService) {}

  @Delete(':id')
  @Allow('deployments:delete')
  @ApiOperation({
    summary: 'Delete a deployment that has nothing deployed; its history is kept, its id stays reserved',
  })
  @ApiData(RemovedDto)
  @ApiRefusals({
    400: ['DEPLOYMENT_HAS_ACTIVE_STACKS'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['OPERATION_IN_PROGRESS'],
  })
  remove(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { force }: RemovalQuery,
  ): Promise<RemovedDto> {
    return this.removal.remove(principal, id, force);
  }
}
