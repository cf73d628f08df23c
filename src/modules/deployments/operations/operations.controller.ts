import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answer, accepted } from '../../../shared/http/answer.js';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { toStartDto } from './start-view.js';
import {
  CancelBody,
  DeployBody,
  DestroyBody,
  OperationParams,
  OperationsQuery,
  RetryBody,
  statusUrl,
  toOperationDto,
} from './operation.dto.js';
import { OperationsService } from './operations.service.js';
import { PausesService } from './pauses.service.js';
import { RetriesService } from './retries.service.js';

@ApiTags('Operations')
@Controller('api/v1')
export class OperationsController {
  constructor(
    private readonly operations: OperationsService,
    private readonly retries: RetriesService,
    private readonly pauses: PausesService,
  ) {}

  @Post('deployments/:id/deploy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'deployments:preview')
  @ApiOperation({ summary: 'Deploy an environment: plan, then run what changed; preview: true only plans' })
  async deploy(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: DeployBody,
  ): Promise<Answer<unknown>> {
    const started = await this.operations.deploy(principal, id, body);
    return accepted(
      toStartDto(started),
      statusUrl(started.operation),
      body.preview ? 'Preview started' : 'Deployment started',
    );
  }

  @Post('deployments/:id/destroy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:destroy', 'deployments:preview')
  @ApiOperation({ summary: 'Destroy what is deployed in an environment, in reverse dependency order' })
  async destroy(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: DestroyBody,
  ): Promise<Answer<unknown>> {
    const started = await this.operations.destroy(principal, id, body);
    return accepted(
      toStartDto(started),
      statusUrl(started.operation),
      body.preview ? 'Preview started' : 'Destroy started',
    );
  }

  @Get('operations')
  @Allow('operations:read')
  @ApiOperation({ summary: 'Operations of all deployments, newest first' })
  async listAll(@CurrentPrincipal() principal: Principal, @Query() query: OperationsQuery): Promise<unknown> {
    const { operations, total } = await this.operations.list(principal, query);
    return {
      operations: operations.map((operation) => toOperationDto(operation)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get('deployments/:id/operations')
  @Allow('operations:read')
  @ApiOperation({ summary: 'Operations of a deployment, newest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: OperationsQuery,
  ): Promise<unknown> {
    const { operations, total } = await this.operations.list(principal, query, id);
    return {
      operations: operations.map((operation) => toOperationDto(operation)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get('deployments/:id/operations/:op')
  @Allow('operations:read')
  @ApiOperation({ summary: 'One operation with its plan, progress and result' })
  async get(@CurrentPrincipal() principal: Principal, @Param() { id, op }: OperationParams): Promise<unknown> {
    const operation = await this.operations.get(principal, id, op);
    const position = await this.operations.queuePosition(operation);
    return toOperationDto(operation, {
      logs: await this.operations.logsOf(operation),
      ...(position ? { queuePosition: position } : {}),
    });
  }

  @Post('deployments/:id/operations/:op/retry')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy', 'stacks:deploy', 'deployments:destroy', 'stacks:destroy', 'deployments:preview')
  @ApiOperation({
    summary: 'Run a failed or cancelled operation again with its options; what is done by now is skipped',
  })
  async retry(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, op }: OperationParams,
    @Body() body: RetryBody,
  ): Promise<Answer<unknown>> {
    const started = await this.retries.retry(principal, id, op, body ?? {});
    return accepted({ ...toStartDto(started), resumedFrom: op }, statusUrl(started.operation), 'Retry started');
  }

  @Post('deployments/:id/operations/:op/pause')
  @HttpCode(202)
  @Allow('operations:cancel')
  @ApiOperation({ summary: 'Hold back: running stacks finish, no further one starts; survives a restart' })
  async pause(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, op }: OperationParams,
  ): Promise<Answer<unknown>> {
    const operation = await this.pauses.pause(principal, id, op);
    return accepted(toOperationDto(operation), statusUrl(operation), 'Operation paused');
  }

  @Post('deployments/:id/operations/:op/resume')
  @HttpCode(202)
  @Allow('operations:cancel')
  @ApiOperation({ summary: 'Let a paused operation go on' })
  async resume(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, op }: OperationParams,
  ): Promise<Answer<unknown>> {
    const operation = await this.pauses.resume(principal, id, op);
    return accepted(toOperationDto(operation), statusUrl(operation), 'Operation goes on');
  }

  @Post('deployments/:id/operations/:op/cancel')
  @HttpCode(202)
  @Allow('operations:cancel')
  @ApiOperation({ summary: 'Cancel: no new stack starts, running ones get a signal and a grace' })
  async cancel(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, op }: OperationParams,
    @Body() body: CancelBody,
  ): Promise<Answer<unknown>> {
    const operation = await this.operations.cancel(principal, id, op, body ?? {});
    return accepted(toOperationDto(operation), statusUrl(operation), 'Cancellation requested');
  }
}
