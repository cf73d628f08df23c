import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { type Answer, accepted } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { EnvironmentParams } from '../environments/environment.dto.js';
import type { Started } from '../operations/operation-intake.js';
import { statusUrl } from '../operations/operation.dto.js';
import { toStartDto } from '../operations/start-view.js';
import { DriftDto, DriftScheduleDto, UpkeepStartedDto } from './state-answers.dto.js';
import { EnvironmentQuery } from './state.dto.js';
import { StateService } from './state.service.js';
import { DriftSchedulesService } from './drift-schedules.service.js';
import { DriftDetectBody, DriftDetectQuery, DriftFixBody, DriftScheduleBody, RefreshBody } from './upkeep.dto.js';
import { UpkeepService } from './upkeep.service.js';

@ApiTags('Drift')
@Controller('api/v1/deployments')
export class DriftController {
  constructor(
    private readonly upkeep: UpkeepService,
    private readonly state: StateService,
    private readonly schedules: DriftSchedulesService,
  ) {}

  @Post(':id/drift-detect')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:validate')
  @ApiOperation({
    summary: 'Compare the recorded state with the cloud, property by property; changes nothing and takes no lock',
  })
  @ApiData(UpkeepStartedDto, 202)
  @ApiRefusals({ 400: ['VALIDATION_REQUIRED_FIELD'], 409: ['RESOURCE_CONFLICT'], 422: ['NO_STACK_MATCHED'] })
  async detect(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: DriftDetectQuery,
    @Body() body: DriftDetectBody,
  ): Promise<Answer<unknown>> {
    const environment = body.environment ?? query.environment;
    if (!environment)
      throw invalidField('environment', 'required', 'environment is required, in the body or the query');
    return answerOf(await this.upkeep.detect(principal, id, environment, body.stacks), 'Drift detection started');
  }

  @Post(':id/drift-fix')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'deployments:preview')
  @ApiOperation({
    summary: 'Apply the last configuration again where drift is known; refused where it would replace or re-create',
  })
  @ApiData(UpkeepStartedDto, 202)
  @ApiRefusals({
    409: ['OPERATION_IN_PROGRESS', 'RESOURCE_CONFLICT'],
    422: ['MANUAL_REVIEW_REQUIRED', 'CONFIRMATION_REQUIRED', 'NO_STACK_MATCHED'],
  })
  async fix(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: DriftFixBody,
  ): Promise<Answer<unknown>> {
    const { manual, ...started } = await this.upkeep.fix(principal, id, body);
    const review = manual.map(({ stack, resource: { urn, type, name, repair } }) => ({
      stack,
      urn,
      type,
      name,
      repair,
    }));
    return answerOf(started, body.preview ? 'Preview of the fix started' : 'Fix started', { manualReview: review });
  }

  @Get(':id/drift')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'What the last detection found in each stack, and when the next one runs by itself' })
  @ApiData(DriftDto)
  drift(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { environment }: EnvironmentQuery,
  ): Promise<unknown> {
    return this.state.drift(principal, id, environment);
  }

  @Put(':id/environments/:env/drift-schedule')
  @Allow('environments:manage')
  @ApiOperation({ summary: 'When drift is looked for by itself in an environment' })
  @ApiData(DriftScheduleDto)
  @ApiRefusals({ 400: ['VALIDATION_INVALID_FORMAT'], 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND'] })
  async schedule(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, env }: EnvironmentParams,
    @Body() { cron }: DriftScheduleBody,
  ): Promise<unknown> {
    const schedule = await this.schedules.set(principal, id, env, cron);
    return { deploymentId: id, environment: env, schedule };
  }

  @Post(':id/state/refresh')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'deployments:preview')
  @ApiOperation({
    summary: 'Make the state what the cloud has; a stack whose state changed runs in the next deploy',
  })
  @ApiData(UpkeepStartedDto, 202)
  @ApiRefusals({ 409: ['OPERATION_IN_PROGRESS', 'RESOURCE_CONFLICT'], 422: ['NO_STACK_MATCHED'] })
  async refresh(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: RefreshBody,
  ): Promise<Answer<unknown>> {
    return answerOf(
      await this.upkeep.refresh(principal, id, body),
      body.preview ? 'Preview started' : 'Refresh started',
    );
  }
}

/** 202 of an operation that looks after stacks. */
export function answerOf(started: Started, message: string, more: Record<string, unknown> = {}): Answer<unknown> {
  const { stacksToDeploy: stacks, preview, ...view } = toStartDto(started);
  const isPreview = preview === true && started.operation.type !== 'drift-detect';
  return accepted({ ...view, preview: isPreview, stacks, ...more }, statusUrl(started.operation), message);
}
