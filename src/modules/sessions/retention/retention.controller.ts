import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Config } from '../../../shared/config/config.js';
import { AllowInSessions, type Caller, CurrentCaller } from '../../../shared/http/allow.js';
import { type Answer, listed } from '../../../shared/http/answer.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import { sliceOf, toRowCursor } from '../../../shared/http/paging.js';
import { SessionDto, toSessionDto } from '../session.dto.js';
import { Cleanup } from './cleanup.js';
import {
  ArchivedQuery,
  CleanupQuery,
  CleanupResultDto,
  PurgedDto,
  PurgeQuery,
  toArchivedFilter,
  toCleanupResultDto,
  toPurgedDto,
} from './retention.dto.js';
import { RetentionService } from './retention.service.js';

@ApiTags('Sessions')
@Controller('api/sessions')
export class RetentionController {
  constructor(
    private readonly retention: RetentionService,
    private readonly cleaning: Cleanup,
    private readonly config: Config,
  ) {}

  @Get('archived')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Archived sessions, newest archive first' })
  @ApiResponse({ status: 200, type: [SessionDto], description: 'X-Total-Count, X-Next-Cursor' })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'] })
  async archived(
    @CurrentCaller() caller: Caller,
    @Query() query: ArchivedQuery,
  ): Promise<Answer<readonly SessionDto[]>> {
    const { items, total, next } = await this.retention.listArchived(caller, toArchivedFilter(query), sliceOf(query));
    return listed(items.map(toSessionDto), total, next && toRowCursor(next));
  }

  @Post('cleanup')
  @AllowInSessions('admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'Remove sessions that ended long ago, with their tasks; never archived or live ones' })
  @ApiResponse({ status: 200, type: CleanupResultDto })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'], 403: ['AUTHZ_FORBIDDEN'] })
  async cleanup(@CurrentCaller() caller: Caller, @Query() query: CleanupQuery): Promise<CleanupResultDto> {
    const olderThanDays = query.older_than_days ?? this.config.sessions.retentionDays;
    return toCleanupResultDto(await this.cleaning.run(caller.organization, { olderThanDays, dryRun: query.dry_run }));
  }

  @Delete('cleanup')
  @AllowInSessions('admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'The same as POST' })
  @ApiResponse({ status: 200, type: CleanupResultDto })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'], 403: ['AUTHZ_FORBIDDEN'] })
  cleanupByDelete(@CurrentCaller() caller: Caller, @Query() query: CleanupQuery): Promise<CleanupResultDto> {
    return this.cleanup(caller, query);
  }

  @Post(':sessionId/archive')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Keep an ended session for ever, with its tasks' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({ 400: ['INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'] })
  async archive(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<SessionDto> {
    return toSessionDto(await this.retention.archive(caller, sessionId));
  }

  @Delete(':sessionId/purge')
  @AllowInSessions('admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'Remove an ended session at once, archived or not' })
  @ApiResponse({ status: 200, type: PurgedDto })
  @ApiRefusals({
    400: ['INVALID_STATE', 'VALIDATION_REQUIRED_FIELD'],
    403: ['AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
  })
  async purge(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Query() _confirmed: PurgeQuery,
  ): Promise<PurgedDto> {
    return toPurgedDto(await this.retention.purge(caller, sessionId));
  }
}
