import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { PageQuery, paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { OrganizationDto, OrganizationPageDto, OrganizationParams, toOrganizationDto } from './organization.dto.js';
import { OrganizationsService } from './organizations.service.js';

@ApiTags('Organizations')
@Controller('api/v1/organizations')
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  @Allow('self')
  @ApiOperation({ summary: 'The organizations you belong to' })
  @ApiData(OrganizationPageDto)
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<OrganizationPageDto> {
    const { organizations, total } = await this.organizations.list(principal, query.page, query.limit);
    return {
      organizations: organizations.map(toOrganizationDto),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':org')
  @Allow('self')
  @ApiOperation({ summary: 'One of your organizations' })
  @ApiData(OrganizationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(@CurrentPrincipal() principal: Principal, @Param() { org }: OrganizationParams): Promise<OrganizationDto> {
    return toOrganizationDto(await this.organizations.getOrganization(principal, org));
  }
}
