import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, RateLimitClass } from '../../shared/http/allow.js';
import { RawAnswer } from '../../shared/http/answer.js';
import { paginate, type Pagination } from '../../shared/http/paging.js';
import {
  type TemplateBody,
  TemplateDto,
  TemplateFormatQuery,
  TemplateItemDto,
  TemplateParams,
  TemplatesQuery,
  toTemplateDto,
  toTemplateItemDto,
} from './template.dto.js';
import { TemplatesService, type TemplateValidation } from './templates.service.js';

@ApiTags('Templates')
@Controller('api/v1/templates')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Get()
  @Allow('templates:read')
  @ApiOperation({ summary: 'Manifest templates, built-in ones first' })
  @ApiOkResponse({ type: TemplateItemDto, isArray: true, description: '`data.templates` with `data.pagination`' })
  list(@Query() query: TemplatesQuery): { templates: TemplateItemDto[]; pagination: Pagination } {
    const { page, limit, ...filter } = query;
    const found = this.templates.list(filter);
    const templates = found.slice((page - 1) * limit, page * limit).map(toTemplateItemDto);
    return { templates, pagination: paginate(page, limit, found.length) };
  }

  @Get(':name')
  @Allow('templates:read')
  @ApiOperation({ summary: 'One template with its stacks and layers, or its file' })
  @ApiOkResponse({ type: TemplateDto })
  get(@Param() { name }: TemplateParams, @Query() { format }: TemplateFormatQuery): TemplateBody | RawAnswer {
    const detail = this.templates.get(name);
    return format === 'yaml'
      ? new RawAnswer(detail.template.content, 'application/yaml; charset=utf-8')
      : toTemplateDto(detail);
  }

  @Post(':name/validate')
  @HttpCode(200)
  @Allow('templates:read')
  @RateLimitClass('CHECK')
  @ApiOperation({ summary: 'Check a template against the registered stacks; changes nothing' })
  validate(@Param() { name }: TemplateParams): TemplateValidation {
    return this.templates.validate(name);
  }
}
