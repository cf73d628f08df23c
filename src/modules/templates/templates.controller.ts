import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../shared/http/allow.js';
import { Answer, created, RawAnswer } from '../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../shared/http/api-answers.js';
import { revisionOf } from '../../shared/http/if-match.js';
import { paginate, type Pagination } from '../../shared/http/paging.js';
import type { Principal } from '../../shared/http/principal.js';
import { CustomTemplatesService } from './custom-templates.service.js';
import {
  CreateTemplateDto,
  type TemplateBody,
  TemplateChangedDto,
  TemplateDeletedDto,
  TemplateDto,
  TemplateFormatQuery,
  TemplateItemDto,
  TemplateOwnerQuery,
  TemplateParams,
  TemplatesQuery,
  TemplateVersionsDto,
  TemplateVersionsQuery,
  toTemplateChangedDto,
  toTemplateDeletedDto,
  toTemplateDto,
  toTemplateItemDto,
  toTemplateVersionDtos,
  UpdateTemplateDto,
} from './template.dto.js';
import { TemplatesService, type TemplateValidation } from './templates.service.js';

@ApiTags('Templates')
@Controller('api/v1/templates')
export class TemplatesController {
  constructor(
    private readonly templates: TemplatesService,
    private readonly custom: CustomTemplatesService,
  ) {}

  @Get()
  @Allow('templates:read')
  @ApiOperation({ summary: 'Manifest templates, built-in ones first' })
  @ApiOkResponse({ type: TemplateItemDto, isArray: true, description: '`data.templates` with `data.pagination`' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: TemplatesQuery,
  ): Promise<{ templates: TemplateItemDto[]; pagination: Pagination }> {
    const { page, limit, ...filter } = query;
    await this.templates.refresh();
    const found = this.templates.list(filter, this.templates.viewerOf(principal));
    const templates = found.slice((page - 1) * limit, page * limit).map(toTemplateItemDto);
    return { templates, pagination: paginate(page, limit, found.length) };
  }

  @Post()
  @HttpCode(201)
  @Allow('templates:manage')
  @ApiOperation({ summary: 'Make a custom template: from stacks, from a template, or from a deployment' })
  @ApiData(TemplateDto, 201)
  @ApiRefusals({
    403: ['QUOTA_EXCEEDED', 'AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['RESOURCE_ALREADY_EXISTS'],
    422: ['VALIDATION_INVALID_TEMPLATE'],
  })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateTemplateDto,
  ): Promise<Answer<TemplateBody & Pick<TemplateChangedDto, 'warnings'>>> {
    const { template, warnings } = await this.custom.create(principal, body);
    const data = { ...toTemplateDto(this.templates.detailOf(template)), warnings };
    return created(data, `/api/v1/templates/${template.name}`, { message: 'Template created' });
  }

  @Get(':name')
  @Allow('templates:read')
  @ApiOperation({ summary: 'One template with its stacks and layers, or its file' })
  @ApiData(TemplateDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param() { name }: TemplateParams,
    @Query() { format, organization }: TemplateFormatQuery,
  ): Promise<Answer<TemplateBody> | RawAnswer> {
    await this.templates.refresh();
    const template = this.templates.get(name, this.templates.viewerOf(principal), organization);
    const body = toTemplateDto(this.templates.detailOf(template));
    const headers = { ETag: `"${body.revision}"` };
    return format === 'yaml'
      ? new RawAnswer(template.content, 'application/yaml; charset=utf-8', headers)
      : new Answer(body, { headers });
  }

  @Put(':name')
  @Allow('templates:manage')
  @ApiOperation({ summary: 'Change a custom template; a new minor version, existing deployments stay as they are' })
  @ApiData(TemplateChangedDto)
  @ApiRefusals({
    403: ['TEMPLATE_IMMUTABLE'],
    404: ['RESOURCE_NOT_FOUND'],
    412: ['PRECONDITION_FAILED'],
    422: ['VALIDATION_INVALID_TEMPLATE'],
  })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param() { name }: TemplateParams,
    @Query() { organization }: TemplateOwnerQuery,
    @Body() body: UpdateTemplateDto,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Answer<TemplateChangedDto>> {
    const address = { name, ...(organization === undefined ? {} : { organization }) };
    const changed = toTemplateChangedDto(await this.custom.update(principal, address, body, revisionOf(ifMatch)));
    return new Answer(changed, { headers: { ETag: `"${changed.revision}"` } });
  }

  @Delete(':name')
  @Allow('templates:manage')
  @ApiOperation({ summary: 'Delete a custom template; deployments made from it keep their manifest' })
  @ApiData(TemplateDeletedDto)
  @ApiRefusals({ 403: ['TEMPLATE_IMMUTABLE'], 404: ['RESOURCE_NOT_FOUND'], 412: ['PRECONDITION_FAILED'] })
  async remove(
    @CurrentPrincipal() principal: Principal,
    @Param() { name }: TemplateParams,
    @Query() { organization }: TemplateOwnerQuery,
    @Headers('if-match') ifMatch?: string,
  ): Promise<TemplateDeletedDto> {
    const address = { name, ...(organization === undefined ? {} : { organization }) };
    return toTemplateDeletedDto(await this.custom.remove(principal, address, revisionOf(ifMatch)));
  }

  @Get(':name/versions')
  @Allow('templates:read')
  @ApiOperation({ summary: 'Versions of a template, newest first; a deployment may be made from each of them' })
  @ApiData(TemplateVersionsDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async versions(
    @CurrentPrincipal() principal: Principal,
    @Param() { name }: TemplateParams,
    @Query() { organization, page, limit }: TemplateVersionsQuery,
  ): Promise<TemplateVersionsDto> {
    const address = { name, ...(organization === undefined ? {} : { organization }) };
    const found = await this.custom.versions(principal, address, { page, limit });
    const versions = toTemplateVersionDtos(found.template, found.versions);
    return { versions, pagination: paginate(page, limit, found.template.custom ? found.total : 1) };
  }

  @Post(':name/validate')
  @HttpCode(200)
  @Allow('templates:read')
  @RateLimitClass('CHECK')
  @ApiOperation({ summary: 'Check a template against the registered stacks; changes nothing' })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async validate(
    @CurrentPrincipal() principal: Principal,
    @Param() { name }: TemplateParams,
    @Query() { organization }: TemplateOwnerQuery,
  ): Promise<TemplateValidation> {
    await this.templates.refresh();
    return this.templates.validate(this.templates.get(name, this.templates.viewerOf(principal), organization));
  }
}
