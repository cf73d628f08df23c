import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { DeploymentMetricsDto, DeploymentMetricsQuery } from './deployment-metrics.dto.js';
import { DeploymentMetricsService } from './deployment-metrics.service.js';

@ApiTags('Logs')
@Controller('api/v1/deployments')
export class DeploymentMetricsController {
  constructor(private readonly metrics: DeploymentMetricsService) {}

  @Get(':id/metrics')
  @Allow('metrics:read')
  @ApiOperation({
    summary: 'What the operations of a deployment came to: success, durations, skips, resources, errors, costs',
    description: 'Previews do not count. The same numbers over all deployments are at /metrics.',
  })
  @ApiData(DeploymentMetricsDto)
  @ApiRefusals({
    400: ['VALIDATION_INVALID_FORMAT', 'VALIDATION_UNKNOWN_FIELD', 'VALIDATION_FAILED', 'INVALID_DEPLOYMENT_ID'],
    403: ['AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
  })
  async of(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: DeploymentMetricsQuery,
  ): Promise<DeploymentMetricsDto> {
    const { environment = null, period } = query;
    return { deploymentId: id, environment, period, ...(await this.metrics.of(principal, id, query)) };
  }
}
