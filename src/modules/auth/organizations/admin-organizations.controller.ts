import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { Answer, created } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { PageQuery, paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import {
  AdminOrganizationDto,
  AdminOrganizationPageDto,
  CreateOrganizationDto,
  OrganizationParams,
  toAdminOrganizationDto,
  UpdateOrganizationDto,
} from './organization.dto.js';
import { OrganizationsService } from './organizations.service.js';

@ApiTags('Admin')
@Controller('api/v1/admin/organizations')
export class AdminOrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  @Allow('organizations:manage')
  @ApiOperation({ summary: 'The organizations you administer' })
  @ApiData(AdminOrganizationPageDto)
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<AdminOrganizationPageDto> {
    const { organizations, total } = await this.organizations.listAdministered(principal, query.page, query.limit);
    return {
      organizations: organizations.map(toAdminOrganizationDto),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Post()
  @Allow('organizations:manage')
  @ApiOperation({ summary: 'Make an organization (administrators of the platform)' })
  @ApiData(AdminOrganizationDto, 201)
  @ApiRefusals({ 409: ['RESOURCE_ALREADY_EXISTS'] })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() dto: CreateOrganizationDto,
  ): Promise<Answer<AdminOrganizationDto>> {
    const organization = toAdminOrganizationDto(await this.organizations.create(principal, dto));
    return created(organization, `/api/v1/admin/organizations/${encodeURIComponent(organization.name)}`);
  }

  @Get(':org')
  @Allow('organizations:manage')
  @ApiOperation({ summary: 'One organization you administer' })
  @ApiData(AdminOrganizationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param() { org }: OrganizationParams,
  ): Promise<AdminOrganizationDto> {
    return toAdminOrganizationDto(await this.organizations.getAdministered(principal, org));
  }

  @Patch(':org')
  @Allow('organizations:manage')
  @ApiOperation({ summary: 'Change an organization; what is not given stays' })
  @ApiData(AdminOrganizationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param() { org }: OrganizationParams,
    @Body() dto: UpdateOrganizationDto,
  ): Promise<AdminOrganizationDto> {
    return toAdminOrganizationDto(await this.organizations.update(principal, org, dto));
  }
}
