import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams, DeploymentStackParams } from '../deployment.dto.js';
import {
  StackValidateBody,
  StackValidationDto,
  toFindingDto,
  toValidationDto,
  ValidateBody,
  ValidationDto,
  VerificationDto,
  VerifyQuery,
} from './validation.dto.js';
import { ValidationService } from './validation.service.js';
import { VerificationService } from './verification.service.js';

@ApiTags('Deployments')
@Controller('api/v1/deployments')
export class ValidationController {
  constructor(
    private readonly validation: ValidationService,
    private readonly verification: VerificationService,
  ) {}

  @Post(':id/validate')
  @HttpCode(200)
  @RateLimitClass('CHECK')
  @Allow('deployments:validate', 'deployments:update')
  @ApiOperation({
    summary: 'Validate manifest, graph, configuration, programs and access; a failed one is 200 with valid: false',
  })
  @ApiData(ValidationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND'], 409: ['OPERATION_IN_PROGRESS'] })
  async validate(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: ValidateBody,
  ): Promise<ValidationDto> {
    const { environment, checks, level = 'full', strict = false, fix = false } = body;
    const report = await this.validation.validate(principal, id, {
      level,
      strict,
      fix,
      ...(environment ? { environment } : {}),
      ...(checks ? { checks } : {}),
    });
    return toValidationDto(report);
  }

  @Post(':id/stacks/:stack/validate')
  @HttpCode(200)
  @RateLimitClass('CHECK')
  @Allow('deployments:validate')
  @ApiOperation({
    summary: 'Validate one stack in one environment: program, configuration, dependencies, placeholders',
  })
  @ApiData(StackValidationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'STACK_NOT_IN_MANIFEST', 'ENVIRONMENT_NOT_FOUND'] })
  async validateStack(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Body() { environment = 'dev' }: StackValidateBody,
  ): Promise<StackValidationDto> {
    const report = await this.validation.validateStack(principal, id, stack, environment);
    return { ...report, errors: report.errors.map(toFindingDto), warnings: report.warnings.map(toFindingDto) };
  }

  @Get(':id/verify')
  @RateLimitClass('CHECK')
  @Allow('deployments:validate')
  @ApiOperation({ summary: 'Whether what was deployed still holds: resources, references between stacks, health' })
  @ApiData(VerificationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['RESOURCE_CONFLICT'] })
  verify(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { environment, stack }: VerifyQuery,
  ): Promise<VerificationDto> {
    return this.verification.verify(principal, id, environment, stack);
  }
}
