import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller } from '../../shared/http/allow.js';
import { type Answer, listed } from '../../shared/http/answer.js';
import { ApiRefusals } from '../../shared/http/api-answers.js';
import { Config } from '../../shared/config/config.js';
import { sliceOf, toRowCursor } from '../../shared/http/paging.js';
import { SessionDto, SessionsQuery, toSessionDto, toSessionFilter } from './session.dto.js';
import {
  FailedQuery,
  LiveSessionDto,
  ProjectSessionsDto,
  SessionHealthDto,
  SessionSummaryDto,
  SessionTasksDto,
  SilentSessionDto,
  StaleQuery,
  StalledSessionsDto,
  SummaryQuery,
  ThresholdQuery,
  toFailedFilter,
  toLiveSessionDto,
  toProjectSessionsDto,
  toSessionHealthDto,
  toSessionSummaryDto,
  toSessionTasksDto,
  toSilentSessionDto,
  toThresholdMs,
  toViewFilter,
  ViewQuery,
} from './session-views.dto.js';
import { SessionViewsService } from './session-views.service.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Sessions')
@Controller('api/sessions')
export class SessionViewsController {
  constructor(
    private readonly views: SessionViewsService,
    private readonly sessions: SessionsService,
    private readonly config: Config,
  ) {}

  @Get('health')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'How many sessions are in which state' })
  @ApiResponse({ status: 200, type: SessionSummaryDto })
  async summary(@CurrentCaller() caller: Caller, @Query() query: SummaryQuery): Promise<SessionSummaryDto> {
    return toSessionSummaryDto(await this.views.summary(caller, toViewFilter(query)));
  }

  @Get('stalled')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Sessions that are stalled, marked or not yet' })
  @ApiResponse({ status: 200, type: StalledSessionsDto })
  async stalled(@CurrentCaller() caller: Caller, @Query() query: ViewQuery): Promise<StalledSessionsDto> {
    const found = await this.views.silent(caller, toViewFilter(query), null);
    return {
      stalled_sessions: found.map(toSilentSessionDto),
      stall_threshold_ms: this.config.sessions.stallThresholdMs,
    };
  }

  @Get('stale')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Sessions silent for longer than a threshold of your own, or marked' })
  @ApiResponse({ status: 200, type: [SilentSessionDto] })
  async stale(@CurrentCaller() caller: Caller, @Query() query: StaleQuery): Promise<readonly SilentSessionDto[]> {
    return (await this.views.silent(caller, toViewFilter(query), toThresholdMs(query))).map(toSilentSessionDto);
  }

  @Get('active')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Live view of the active sessions, the newest sign of life first' })
  @ApiResponse({ status: 200, type: [LiveSessionDto] })
  async active(@CurrentCaller() caller: Caller, @Query() query: ViewQuery): Promise<readonly LiveSessionDto[]> {
    return (await this.views.active(caller, toViewFilter(query))).map(toLiveSessionDto);
  }

  @Get('failed')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Failed sessions, newest failure first' })
  @ApiResponse({ status: 200, type: [SessionDto], description: 'X-Total-Count, X-Next-Cursor' })
  async failed(@CurrentCaller() caller: Caller, @Query() query: FailedQuery): Promise<Answer<readonly SessionDto[]>> {
    const { items, total, next } = await this.views.failed(caller, toFailedFilter(query), sliceOf(query));
    return listed(items.map(toSessionDto), total, next && toRowCursor(next));
  }

  @Get('by-project/:projectId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Sessions of a project by status, newest first' })
  @ApiResponse({ status: 200, type: ProjectSessionsDto })
  async byProject(@CurrentCaller() caller: Caller, @Param('projectId') projectId: string): Promise<ProjectSessionsDto> {
    return toProjectSessionsDto(projectId, await this.views.ofProject(caller, projectId));
  }

  @Get('by-machine/:machineId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Sessions of a machine, newest first' })
  @ApiResponse({ status: 200, type: [SessionDto], description: 'X-Total-Count, X-Next-Cursor' })
  async byMachine(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Query() query: SessionsQuery,
  ): Promise<Answer<readonly SessionDto[]>> {
    const filter = { ...toSessionFilter(query), machineId };
    const { items, total, next } = await this.sessions.list(caller, filter, sliceOf(query));
    return listed(items.map(toSessionDto), total, next && toRowCursor(next));
  }

  @Get(':sessionId/health')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Is it well, and what to do if not' })
  @ApiResponse({ status: 200, type: SessionHealthDto })
  @ApiRefusals({ 400: ['VALIDATION_INVALID_FORMAT'], 404: ['RESOURCE_NOT_FOUND'] })
  async health(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Query() query: ThresholdQuery,
  ): Promise<SessionHealthDto> {
    return toSessionHealthDto(await this.views.health(caller, sessionId, toThresholdMs(query)));
  }

  @Get(':sessionId/tasks')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Its tasks by status' })
  @ApiResponse({ status: 200, type: SessionTasksDto })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async tasks(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<SessionTasksDto> {
    return toSessionTasksDto(sessionId, await this.views.tasksOf(caller, sessionId));
  }
}
