import { Body, Controller, Delete, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { invalidField } from '../../shared/errors/field-problems.js';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../shared/http/allow.js';
import { Answer, created } from '../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../shared/http/api-answers.js';
import { DeprecatedAlias } from '../../shared/http/deprecated-alias.js';
import { revisionOf } from '../../shared/http/if-match.js';
import type { Principal } from '../../shared/http/principal.js';
import { isObject } from '../../shared/kernel/deep-merge.js';
import { readYaml } from '../templates/yaml-text.js';
import {
  BulkRegistrationDto,
  RegisterAllDto,
  RegisteredDto,
  RegisterStackDto,
  StackUpdatedDto,
  StackValidationDto,
  toBulkRegistrationDto,
  toRegisteredDto,
  toStackUpdatedDto,
  toUnregisteredDto,
  UnregisteredDto,
  UnregisterQuery,
  UpdateStackDto,
  ValidateStackDto,
} from './registration.dto.js';
import { StackParams } from './stack.dto.js';
import { StackRegistryService } from './stack-registry.service.js';
import { StackValidationService } from './stack-validation.service.js';

const REFUSED = [
  'VALIDATION_INVALID_TEMPLATE',
  'VALIDATION_CIRCULAR_DEPENDENCY',
  'VALIDATION_MISSING_DEPENDENCY',
  'STACK_CODE_NOT_FOUND',
];

@ApiTags('Stacks')
@Controller('api/v1/stacks')
export class RegistrationsController {
  constructor(
    private readonly registry: StackRegistryService,
    private readonly validation: StackValidationService,
  ) {}

  @Post()
  @HttpCode(201)
  @Allow('stacks:manage')
  @ApiOperation({ summary: 'Register a stack; what is not given is read from its source' })
  @ApiData(RegisteredDto, 201)
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'], 409: ['RESOURCE_ALREADY_EXISTS'], 422: REFUSED })
  async register(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RegisterStackDto,
  ): Promise<Answer<RegisteredDto>> {
    const registered = await this.registry.register(principal, withDefinition(body));
    const data = toRegisteredDto(registered, this.validation.titleOf(body.name));
    return created(data, `/api/v1/stacks/${body.name}`, { message: 'Stack registered' });
  }

  @Post('register')
  @HttpCode(201)
  @Allow('stacks:manage')
  @DeprecatedAlias('/api/v1/stacks')
  @ApiOperation({ summary: 'Alias of POST /stacks', deprecated: true })
  @ApiData(RegisteredDto, 201)
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'], 409: ['RESOURCE_ALREADY_EXISTS'], 422: REFUSED })
  registerByAlias(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RegisterStackDto,
  ): Promise<Answer<RegisteredDto>> {
    return this.register(principal, body);
  }

  @Post('register-all')
  @HttpCode(200)
  @Allow('stacks:manage')
  @ApiOperation({ summary: 'Register every program that is found and not registered; one result each' })
  @ApiData(BulkRegistrationDto)
  async registerAll(
    @CurrentPrincipal() principal: Principal,
    @Body() { includeDependencies = false, dryRun = false }: RegisterAllDto,
  ): Promise<BulkRegistrationDto> {
    return toBulkRegistrationDto(await this.registry.registerAll(principal, { includeDependencies, dryRun }), dryRun);
  }

  @Put(':stack')
  @Allow('stacks:manage')
  @ApiOperation({ summary: 'Change a registration; manifests stay as they are and show findings' })
  @ApiData(StackUpdatedDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 412: ['PRECONDITION_FAILED'], 422: REFUSED })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param() { stack }: StackParams,
    @Body() body: UpdateStackDto,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Answer<StackUpdatedDto>> {
    const edits = withDefinition(body);
    const updated = toStackUpdatedDto(await this.registry.update(principal, stack, edits, revisionOf(ifMatch)));
    return new Answer(updated, { headers: { ETag: `"${updated.revision}"` } });
  }

  @Delete(':stack')
  @Allow('stacks:manage')
  @ApiOperation({ summary: 'Unregister a stack; what was deployed from it can still be destroyed' })
  @ApiData(UnregisteredDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['STACK_IN_USE'], 412: ['PRECONDITION_FAILED'] })
  async unregister(
    @CurrentPrincipal() principal: Principal,
    @Param() { stack }: StackParams,
    @Query() { force }: UnregisterQuery,
    @Headers('if-match') ifMatch?: string,
  ): Promise<UnregisteredDto> {
    return toUnregisteredDto(await this.registry.unregister(principal, stack, force, revisionOf(ifMatch)));
  }

  @Post(':stack/validate')
  @HttpCode(200)
  @Allow('stacks:read')
  @RateLimitClass('CHECK')
  @ApiOperation({ summary: 'Compare a stack with its source; changes nothing' })
  @ApiData(StackValidationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 422: ['STACK_CODE_NOT_FOUND'] })
  validate(@Param() { stack }: StackParams, @Body() { strict = false }: ValidateStackDto): Promise<StackValidationDto> {
    return this.validation.validate(stack, strict);
  }
}

/** The definition as an object. @throws 400 for YAML that is none */
function withDefinition<T extends { readonly stackDefinition?: Record<string, unknown> | string }>(
  body: T,
): Omit<T, 'stackDefinition'> & { readonly stackDefinition?: Record<string, unknown> } {
  const { stackDefinition, ...rest } = body;
  if (stackDefinition === undefined) return rest;
  if (typeof stackDefinition !== 'string') return { ...rest, stackDefinition };
  const { document, findings } = readYaml(stackDefinition);
  if (isObject(document)) return { ...rest, stackDefinition: document };
  const why = findings[0] ? `${findings[0].location}: ${findings[0].message}` : 'it is not a map';
  throw invalidField('stackDefinition', 'format', `stackDefinition is no stack template: ${why}`);
}
