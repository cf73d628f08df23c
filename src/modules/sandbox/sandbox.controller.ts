import { Body, Controller, Delete, Get, Param, Patch, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FaultRule } from '../../../tools/sandbox-cloud/fault-rule.js';
import { Allow, CurrentPrincipal } from '../../shared/http/allow.js';
import { Answer } from '../../shared/http/answer.js';
import { paginate, type Pagination } from '../../shared/http/paging.js';
import type { Principal } from '../../shared/http/principal.js';
import {
  AccountParams,
  ChangeResourceDto,
  FaultsDto,
  InventoryQuery,
  ParametersDto,
  ResourceParams,
  ResourceQueryDto,
  SandboxResourceDto,
  SandboxScopeQuery,
  SpeedDto,
  toSandboxResourceDto,
} from './sandbox.dto.js';
import { SandboxService } from './sandbox.service.js';

/** api.md 3.13, design.md "Engines and the sandbox cloud". Only with CLOUD=sandbox. */
@ApiTags('sandbox')
@Controller('api/v1/sandbox')
export class SandboxController {
  constructor(private readonly sandbox: SandboxService) {}

  @Get('accounts/:account/resources')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Inventory of a sandbox account, oldest first' })
  @ApiOkResponse({ type: SandboxResourceDto, isArray: true, description: '`data.resources` with `data.pagination`' })
  async listResources(
    @CurrentPrincipal() principal: Principal,
    @Param() { account }: AccountParams,
    @Query() { organization, page, limit, ...filter }: InventoryQuery,
  ): Promise<{ resources: SandboxResourceDto[]; pagination: Pagination }> {
    const own = this.sandbox.organizationOf(principal, organization);
    const { resources, total } = await this.sandbox.listResources(own, account, { ...filter, page, limit });
    return { resources: resources.map(toSandboxResourceDto), pagination: paginate(page, limit, total) };
  }

  @Patch('accounts/:account/resources/:id')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Change a resource behind the back of the program that made it' })
  @ApiOkResponse({ type: SandboxResourceDto })
  async changeResource(
    @CurrentPrincipal() principal: Principal,
    @Param() { account, id }: ResourceParams,
    @Query() { organization, ...narrow }: ResourceQueryDto,
    @Body() { properties }: ChangeResourceDto,
  ): Promise<SandboxResourceDto> {
    const own = this.sandbox.organizationOf(principal, organization);
    return toSandboxResourceDto(await this.sandbox.changeResource(own, { account, id, ...narrow }, properties));
  }

  @Delete('accounts/:account/resources/:id')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Let a resource vanish, whoever still refers to it' })
  @ApiOkResponse({ type: SandboxResourceDto, description: 'The resource as it was' })
  async deleteResource(
    @CurrentPrincipal() principal: Principal,
    @Param() { account, id }: ResourceParams,
    @Query() { organization, ...narrow }: ResourceQueryDto,
  ): Promise<Answer<SandboxResourceDto>> {
    const own = this.sandbox.organizationOf(principal, organization);
    const resource = await this.sandbox.deleteResource(own, { account, id, ...narrow });
    return new Answer(toSandboxResourceDto(resource), { message: 'Resource deleted behind the back of its program' });
  }

  @Put('parameters')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Set what parameter and secret look-ups find; secrets are not shown again' })
  @ApiOkResponse({ schema: { example: { ssm: { '/shop/image': 'v1.2.3' }, secrets: { 'shop/api-key': '***' } } } })
  async setParameters(
    @CurrentPrincipal() principal: Principal,
    @Query() { organization }: SandboxScopeQuery,
    @Body() body: ParametersDto,
  ): Promise<Record<string, unknown>> {
    const own = this.sandbox.organizationOf(principal, organization);
    const { ssm, secrets } = await this.sandbox.setParameters(own, body);
    return { ssm, secrets: Object.fromEntries(Object.keys(secrets).map((id) => [id, '***'])) };
  }

  @Get('faults')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Rules by which the sandbox goes wrong' })
  @ApiOkResponse({ type: FaultsDto })
  async getFaults(
    @CurrentPrincipal() principal: Principal,
    @Query() { organization }: SandboxScopeQuery,
  ): Promise<{ rules: readonly FaultRule[] }> {
    return { rules: await this.sandbox.faults(this.sandbox.organizationOf(principal, organization)) };
  }

  @Put('faults')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Replace the whole list of rules; their counters start again' })
  @ApiOkResponse({ type: FaultsDto })
  async setFaults(
    @CurrentPrincipal() principal: Principal,
    @Query() { organization }: SandboxScopeQuery,
    @Body() { rules }: FaultsDto,
  ): Promise<{ rules: readonly FaultRule[] }> {
    return { rules: await this.sandbox.setFaults(this.sandbox.organizationOf(principal, organization), rules) };
  }

  @Get('speed')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Factor of the typical durations' })
  @ApiOkResponse({ type: SpeedDto })
  async getSpeed(
    @CurrentPrincipal() principal: Principal,
    @Query() { organization }: SandboxScopeQuery,
  ): Promise<SpeedDto> {
    return { factor: await this.sandbox.speed(this.sandbox.organizationOf(principal, organization)) };
  }

  @Put('speed')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Set the factor of the typical durations; 0 never waits' })
  @ApiOkResponse({ type: SpeedDto })
  async setSpeed(
    @CurrentPrincipal() principal: Principal,
    @Query() { organization }: SandboxScopeQuery,
    @Body() { factor }: SpeedDto,
  ): Promise<SpeedDto> {
    return { factor: await this.sandbox.setSpeed(this.sandbox.organizationOf(principal, organization), factor) };
  }
}
