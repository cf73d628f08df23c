import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../shared/http/allow.js';
import type { Principal } from '../../shared/http/principal.js';
import { EventListQuery } from './event-list.dto.js';
import { type EventPage, ProgressService } from './progress.service.js';

@ApiTags('Operations, events')
@Controller('api/v1/deployments')
export class ProgressController {
  constructor(private readonly progress: ProgressService) {}

  @Get(':id/events')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Stored events of a deployment, ascending; the same frames as on the WebSocket' })
  listEvents(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: EventListQuery,
  ): Promise<EventPage> {
    return this.progress.listEvents(principal, id, query);
  }
}
