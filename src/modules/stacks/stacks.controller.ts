import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../shared/http/allow.js';
import { Answer } from '../../shared/http/answer.js';
import { paginate, type Pagination } from '../../shared/http/paging.js';
import type { Principal } from '../../shared/http/principal.js';
import { TemplatesService } from '../templates/templates.service.js';
import {
  type StackBody,
  StackDto,
  StackItemDto,
  StackParams,
  StacksQuery,
  toStackDto,
  toStackItemDto,
} from './stack.dto.js';
import { type DiscoveredStack, StacksService } from './stacks.service.js';

@ApiTags('Stacks')
@Controller('api/v1/stacks')
export class StacksController {
  constructor(
    private readonly stacks: StacksService,
    private readonly templates: TemplatesService,
  ) {}

  @Get()
  @Allow('stacks:read')
  @ApiOperation({ summary: 'Registered stacks by priority, then name' })
  @ApiOkResponse({
    type: StackItemDto,
    isArray: true,
    description: '`data.stacks` with `data.total` and `data.pagination`',
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: StacksQuery,
  ): Promise<{ stacks: StackItemDto[]; total: number; pagination: Pagination }> {
    const { page, limit, ...filter } = query;
    await this.templates.refresh();
    const found = this.stacks.list(filter, this.templates.viewerOf(principal));
    const stacks = found.slice((page - 1) * limit, page * limit).map(toStackItemDto);
    return { stacks, total: found.length, pagination: paginate(page, limit, found.length) };
  }

  @Get('discover')
  @Allow('stacks:read')
  @ApiOperation({ summary: 'Stack programs below STACKS_ROOT, registered or not' })
  async discover(): Promise<{ stacks: DiscoveredStack[]; unregistered: string[] }> {
    await this.templates.refresh();
    const stacks = this.stacks.discover();
    return { stacks, unregistered: stacks.filter((stack) => !stack.registered).map((stack) => stack.name) };
  }

  @Get(':stack')
  @Allow('stacks:read')
  @ApiOperation({ summary: 'One stack with inputs, outputs, dependents and templates' })
  @ApiOkResponse({ type: StackDto })
  async get(@CurrentPrincipal() principal: Principal, @Param() { stack }: StackParams): Promise<Answer<StackBody>> {
    await this.templates.refresh();
    const found = this.stacks.get(stack, this.templates.viewerOf(principal));
    const body = toStackDto(found, this.stacks.placeOf(stack));
    return new Answer(body, { headers: { ETag: `"${body.revision}"` } });
  }
}
