import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../shared/http/allow.js';
import { paginate, type Pagination } from '../../shared/http/paging.js';
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
  constructor(private readonly stacks: StacksService) {}

  @Get()
  @Allow('stacks:read')
  @ApiOperation({ summary: 'Registered stacks by priority, then name' })
  @ApiOkResponse({
    type: StackItemDto,
    isArray: true,
    description: '`data.stacks` with `data.total` and `data.pagination`',
  })
  list(@Query() query: StacksQuery): { stacks: StackItemDto[]; total: number; pagination: Pagination } {
    const { page, limit, ...filter } = query;
    const found = this.stacks.list(filter);
    const stacks = found.slice((page - 1) * limit, page * limit).map(toStackItemDto);
    return { stacks, total: found.length, pagination: paginate(page, limit, found.length) };
  }

  @Get('discover')
  @Allow('stacks:read')
  @ApiOperation({ summary: 'Stack programs below STACKS_ROOT, registered or not' })
  discover(): { stacks: DiscoveredStack[]; unregistered: string[] } {
    const stacks = this.stacks.discover();
    return { stacks, unregistered: stacks.filter((stack) => !stack.registered).map((stack) => stack.name) };
  }

  @Get(':stack')
  @Allow('stacks:read')
  @ApiOperation({ summary: 'One stack with inputs, outputs, dependents and templates' })
  @ApiOkResponse({ type: StackDto })
  get(@Param() { stack }: StackParams): StackBody {
    return toStackDto(this.stacks.get(stack), this.stacks.placeOf(stack));
  }
}
