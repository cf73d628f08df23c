import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller, RateLimitClass } from '../../shared/http/allow.js';
import { Answer, created, listed } from '../../shared/http/answer.js';
import { ApiRefusals } from '../../shared/http/api-answers.js';
import { IdempotencyService } from '../../shared/http/idempotency.service.js';
import { sliceOf, toRowCursor } from '../../shared/http/paging.js';
import { BeatHints } from './beat-hints.js';
import { HeartbeatBodyPipe } from './heartbeat-body.pipe.js';
import { HeartbeatsService } from './heartbeats.service.js';
import {
  ChangeSessionDto,
  CreateSessionDto,
  HeartbeatAnswerDto,
  HeartbeatDto,
  MarkFailedDto,
  MarkStalledDto,
  SessionDto,
  SessionsQuery,
  toBeat,
  toHeartbeatAnswerDto,
  toSessionDto,
  toSessionFilter,
  toSessionPatch,
  toSessionWish,
  toTaskBeats,
} from './session.dto.js';
import type { Session } from './session.js';
import { SessionsService } from './sessions.service.js';

/** Not the class itself: the general validation would run before the pipe that knows better. */
type HeartbeatBody = Pick<HeartbeatDto, keyof HeartbeatDto>;

const addressOf = (session: Session): string => `/api/sessions/${session.id}`;

@ApiTags('Sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly heartbeats: HeartbeatsService,
    private readonly idempotency: IdempotencyService,
    private readonly hints: BeatHints,
  ) {}

  @Post()
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Register a session; one active session a project and machine' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'A repetition gets the first answer' })
  @ApiResponse({ status: 201, type: SessionDto })
  @ApiRefusals({
    400: ['VALIDATION_FAILED', 'RESERVED_METADATA_KEY', 'SLOT_NOT_DEFINED'],
    409: ['ACTIVE_SESSION_EXISTS', 'SLOT_TAKEN', 'MACHINE_UNAVAILABLE', 'IDEMPOTENCY_IN_PROGRESS'],
    422: ['IDEMPOTENCY_KEY_REUSED'],
  })
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateSessionDto): Promise<Answer<SessionDto>> {
    const session = await this.sessions.create(caller, toSessionWish(dto), (made) =>
      this.idempotency.keepInTransaction({
        status: 201,
        headers: { location: addressOf(made) },
        body: toSessionDto(made),
      }),
    );
    return created(toSessionDto(session), addressOf(session));
  }

  @Get()
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Sessions, newest first; archived ones on demand' })
  @ApiResponse({ status: 200, type: [SessionDto], description: 'X-Total-Count, X-Next-Cursor' })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'] })
  async list(@CurrentCaller() caller: Caller, @Query() query: SessionsQuery): Promise<Answer<readonly SessionDto[]>> {
    const { items, total, next } = await this.sessions.list(caller, toSessionFilter(query), sliceOf(query));
    return listed(items.map(toSessionDto), total, next && toRowCursor(next));
  }

  @Get(':sessionId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'One session, archived ones too' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<SessionDto> {
    return toSessionDto(await this.sessions.read(caller, sessionId));
  }

  @Patch(':sessionId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Pause, resume, complete or fail it; change its current task, slot or metadata' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({
    400: ['INVALID_STATE', 'SLOT_NOT_DEFINED', 'RESERVED_METADATA_KEY', 'VALIDATION_FAILED'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['ACTIVE_SESSION_EXISTS', 'SLOT_TAKEN', 'RECOVERY_IN_PROGRESS', 'CONCURRENT_MODIFICATION'],
  })
  async change(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: ChangeSessionDto,
  ): Promise<SessionDto> {
    return toSessionDto(await this.sessions.change(caller, sessionId, toSessionPatch(dto)));
  }

  @Put(':sessionId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'The same as PATCH' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({ 400: ['INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'], 409: ['ACTIVE_SESSION_EXISTS', 'SLOT_TAKEN'] })
  put(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: ChangeSessionDto,
  ): Promise<SessionDto> {
    return this.change(caller, sessionId, dto);
  }

  @Delete(':sessionId')
  @AllowInSessions('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove it for good with its tasks, in any status' })
  @ApiResponse({ status: 204 })
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'], 404: ['RESOURCE_NOT_FOUND'] })
  remove(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<void> {
    return this.sessions.remove(caller, sessionId);
  }

  @Post(':sessionId/heartbeat')
  @AllowInSessions('write')
  @RateLimitClass('HEARTBEAT')
  @HttpCode(200)
  @ApiOperation({ summary: 'A sign of life; a stalled session is active again' })
  @ApiBody({ type: HeartbeatDto, required: false })
  @ApiResponse({
    status: 200,
    type: HeartbeatAnswerDto,
    description: 'X-Heartbeat-Interval-Ms: when to send the next; X-Stall-Threshold-Ms: silence that counts as stalled',
  })
  @ApiRefusals({
    400: ['INVALID_STATE', 'VALIDATION_FAILED'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['SESSION_SUPERSEDED', 'RECOVERY_IN_PROGRESS'],
  })
  async heartbeat(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body(HeartbeatBodyPipe) dto: HeartbeatBody,
  ): Promise<Answer<HeartbeatAnswerDto>> {
    const answer = await this.heartbeats.beat(caller, sessionId, toBeat(dto), toTaskBeats(dto));
    return new Answer(toHeartbeatAnswerDto(answer), this.hints.of(answer.session));
  }

  @Post(':sessionId/mark-failed')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'The session has failed; its running tasks fail with it' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({ 400: ['INVALID_STATE', 'VALIDATION_REQUIRED_FIELD'], 404: ['RESOURCE_NOT_FOUND'] })
  async markFailed(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: MarkFailedDto,
  ): Promise<SessionDto> {
    const message = dto.error_message ?? dto.reason ?? '';
    return toSessionDto(
      await this.sessions.markFailed(caller, sessionId, message, dto.metadata ?? dto.error_details ?? {}),
    );
  }

  @Post(':sessionId/mark-stalled')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Mark it stalled by hand' })
  @ApiResponse({ status: 200, type: SessionDto })
  @ApiRefusals({ 400: ['INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'] })
  async markStalled(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: MarkStalledDto,
  ): Promise<SessionDto> {
    return toSessionDto(await this.sessions.markStalled(caller, sessionId, dto.reason ?? null));
  }
}
