import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { accepted, Answer } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { statusUrl } from '../operations/operation.dto.js';
import {
  DisabledDto,
  EnabledDto,
  EnvironmentDetailDto,
  EnvironmentListDto,
  PromotionDto,
} from './environment-answers.dto.js';
import { DisableBody, EnableBody, EnvironmentParams, PromoteBody } from './environment.dto.js';
import { toDisabledDto, toEnabledDto, toEnvironmentDetail, toPromotionDto } from './environment-view.js';
import { EnvironmentsService, type SwitchedEnvironment } from './environments.service.js';
import { PromotionsService } from './promotions.service.js';

@ApiTags('Environments')
@Controller('api/v1/deployments')
export class EnvironmentsController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly promotions: PromotionsService,
  ) {}

  @Get(':id/environments')
  @Allow('environments:read')
  @ApiOperation({ summary: 'Environments of a deployment' })
  @ApiData(EnvironmentListDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async list(@CurrentPrincipal() principal: Principal, @Param() { id }: DeploymentParams): Promise<unknown> {
    const details = await this.environments.list(principal, id);
    return { deploymentId: id, environments: details.map(toEnvironmentDetail), total: details.length };
  }

  @Get(':id/environments/:env')
  @Allow('environments:read')
  @ApiOperation({ summary: 'One environment' })
  @ApiData(EnvironmentDetailDto)
  @ApiRefusals({ 404: ['ENVIRONMENT_NOT_FOUND', 'RESOURCE_NOT_FOUND'] })
  async get(@CurrentPrincipal() principal: Principal, @Param() { id, env }: EnvironmentParams): Promise<unknown> {
    return { deploymentId: id, ...toEnvironmentDetail(await this.environments.get(principal, id, env)) };
  }

  @Post(':id/environments/:env/enable')
  @HttpCode(200)
  @Allow('environments:manage')
  @ApiOperation({
    summary: 'Enable an environment, made where the manifest lacks it; 202 when autoDeploy starts a deployment',
  })
  @ApiData(EnabledDto)
  @ApiData(EnabledDto, 202, 'A deployment was started')
  @ApiRefusals({
    404: ['RESOURCE_NOT_FOUND'],
    409: ['OPERATION_IN_PROGRESS', 'RESOURCE_CONFLICT'],
    422: ['PROMOTION_BLOCKED', 'ENVIRONMENT_INCOMPLETE', 'CONFIRMATION_REQUIRED', 'VALIDATION_INVALID_TEMPLATE'],
  })
  async enable(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, env }: EnvironmentParams,
    @Body() body: EnableBody,
  ): Promise<Answer<unknown>> {
    const switched = await this.environments.enable(principal, id, env, body);
    return answerOf(switched, toEnabledDto(switched), 'Environment enabled');
  }

  @Post(':id/environments/:env/disable')
  @HttpCode(200)
  @Allow('environments:manage')
  @ApiOperation({ summary: 'Disable stage or prod; resources stay, unless destroyResources destroys them first (202)' })
  @ApiData(DisabledDto)
  @ApiData(DisabledDto, 202, 'A destroy was started')
  @ApiRefusals({
    404: ['ENVIRONMENT_NOT_FOUND', 'RESOURCE_NOT_FOUND'],
    409: ['OPERATION_IN_PROGRESS'],
    422: ['DEV_REQUIRED', 'CONFIRMATION_REQUIRED'],
  })
  async disable(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, env }: EnvironmentParams,
    @Body() body: DisableBody,
  ): Promise<Answer<unknown>> {
    const switched = await this.environments.disable(principal, id, env, body);
    return answerOf(switched, toDisabledDto(switched), 'Environment disabled');
  }

  @Post(':id/environments/:env/promote')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'deployments:preview')
  @ApiOperation({
    summary: 'Bring what is proven in the step before to this environment, with its diff and content hash',
  })
  @ApiData(PromotionDto, 202)
  @ApiRefusals({
    409: ['OPERATION_IN_PROGRESS', 'CLONE_TARGET_CONFLICT'],
    422: ['PROMOTION_BLOCKED', 'ENVIRONMENT_DISABLED', 'CONFIRMATION_REQUIRED', 'DEPENDENCY_NOT_DEPLOYED'],
  })
  async promote(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, env }: EnvironmentParams,
    @Body() body: PromoteBody,
  ): Promise<Answer<unknown>> {
    const started = await this.promotions.promote(principal, id, env, body);
    const message = body.preview ? 'Promotion preview started' : 'Promotion started';
    return accepted(toPromotionDto(started), statusUrl(started.operation), message);
  }
}

function answerOf(switched: SwitchedEnvironment, data: unknown, message: string): Answer<unknown> {
  if (switched.started) return accepted(data, statusUrl(switched.started.operation), `${message}; operation started`);
  const [warning] = switched.warnings;
  return new Answer(data, { message, ...(warning ? { warning: warning.message } : {}) });
}
