import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { OneEnvironmentQuery } from '../configuration/configuration.dto.js';
import { DeploymentParams, DeploymentStackParams } from '../deployment.dto.js';
import { RequiredEnvironmentQuery, StackExportDto, StackListDto, StackStatusDto } from './deployment-stack.dto.js';
import { DeploymentStacksService } from './deployment-stacks.service.js';

@ApiTags('Stacks')
@Controller('api/v1/deployments')
export class DeploymentStacksController {
  constructor(private readonly stacks: DeploymentStacksService) {}

  @Get(':id/stacks')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Stacks of a deployment in one environment, by layer' })
  @ApiData(StackListDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND'] })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { environment }: RequiredEnvironmentQuery,
  ): Promise<StackListDto> {
    const stacks = await this.stacks.list(principal, id, environment);
    return { deploymentId: id, environment, stacks, total: stacks.length };
  }

  @Get(':id/stacks/:stack/status')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Where a stack stands: outputs, resources, last run' })
  @ApiData(StackStatusDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'] })
  status(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Query() { environment }: OneEnvironmentQuery,
  ): Promise<StackStatusDto> {
    return this.stacks.status(principal, id, stack, environment);
  }

  @Get(':id/stacks/:stack/progress')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Progress of a stack in the running or last operation, with its log lines' })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'] })
  progress(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Query() { environment }: OneEnvironmentQuery,
  ): Promise<Record<string, unknown>> {
    return this.stacks.progress(principal, id, stack, environment);
  }

  @Get(':id/stacks/:stack/export')
  @RateLimitClass('EXPORT')
  @Allow('state:read')
  @ApiOperation({ summary: 'Configuration, outputs and dependencies of a stack; secrets encrypted' })
  @ApiData(StackExportDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'] })
  export(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Query() { environment }: RequiredEnvironmentQuery,
  ): Promise<StackExportDto> {
    return this.stacks.export(principal, id, stack, environment);
  }
}
