import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { type Answer, accepted } from '../../../shared/http/answer.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentStackParams } from '../deployment.dto.js';
import { statusUrl } from './operation.dto.js';
import type { Started } from './operation-intake.js';
import {
  StackDeployBody,
  StackDeployOfBody,
  StackDestroyBody,
  StackDestroyOfBody,
  StackParams,
} from './stack-run.dto.js';
import { StackRunsService } from './stack-runs.service.js';
import { toStartDto } from './start-view.js';

@ApiTags('Stacks')
@Controller('api/v1')
export class StackRunsController {
  constructor(private readonly runs: StackRunsService) {}

  @Post('deployments/:id/stacks/:stack/deploy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('stacks:deploy', 'deployments:preview')
  @ApiOperation({ summary: 'Deploy one stack; what depends on it is not run, but named when it is stale afterwards' })
  @ApiRefusals({
    404: ['STACK_NOT_IN_MANIFEST'],
    409: ['OPERATION_IN_PROGRESS'],
    422: ['DEPENDENCY_NOT_DEPLOYED', 'STACK_DISABLED', 'ENVIRONMENT_DISABLED', 'CONFIRMATION_REQUIRED'],
  })
  async deploy(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Body() body: StackDeployBody,
  ): Promise<Answer<unknown>> {
    return answerOf(await this.runs.deploy(principal, id, stack, body), 'Stack deployment started');
  }

  @Post('deployments/:id/stacks/:stack/destroy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('stacks:destroy', 'deployments:preview')
  @ApiOperation({ summary: 'Destroy one stack; refused while deployed stacks depend on it' })
  @ApiRefusals({
    409: ['OPERATION_IN_PROGRESS', 'HAS_DEPENDENTS', 'RESOURCE_CONFLICT'],
    422: ['CONFIRMATION_REQUIRED'],
  })
  async destroy(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Body() body: StackDestroyBody,
  ): Promise<Answer<unknown>> {
    return answerOf(await this.runs.destroy(principal, id, stack, body), 'Stack destroy started');
  }

  @Post('stacks/:stack/deploy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('stacks:deploy', 'deployments:preview')
  @ApiOperation({ summary: 'The same with the deployment in the body' })
  async deployOf(
    @CurrentPrincipal() principal: Principal,
    @Param() { stack }: StackParams,
    @Body() { deploymentId, ...body }: StackDeployOfBody,
  ): Promise<Answer<unknown>> {
    return answerOf(await this.runs.deploy(principal, deploymentId, stack, body), 'Stack deployment started');
  }

  @Post('stacks/:stack/destroy')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('stacks:destroy', 'deployments:preview')
  @ApiOperation({ summary: 'The same with the deployment in the body' })
  async destroyOf(
    @CurrentPrincipal() principal: Principal,
    @Param() { stack }: StackParams,
    @Body() { deploymentId, ...body }: StackDestroyOfBody,
  ): Promise<Answer<unknown>> {
    return answerOf(await this.runs.destroy(principal, deploymentId, stack, body), 'Stack destroy started');
  }
}

function answerOf(started: Started, message: string): Answer<unknown> {
  const { stack } = started.operation;
  return accepted(
    { ...toStartDto(started), stack, stackName: stack },
    statusUrl(started.operation),
    started.operation.preview ? 'Preview started' : message,
  );
}
