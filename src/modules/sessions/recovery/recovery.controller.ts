import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller } from '../../../shared/http/allow.js';
import { Answer, created } from '../../../shared/http/answer.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import { IdempotencyService } from '../../../shared/http/idempotency.service.js';
import { SessionDto, toSessionDto } from '../session.dto.js';
import type { Session } from '../session.js';
import { RecoveryViewsService } from './recovery-views.service.js';
import {
  FailureInfoDto,
  PrepareRecoveryDto,
  RecoverableQuery,
  RecoverableSessionDto,
  RecoverDto,
  RecoveryStateDto,
  toFailureInfoDto,
  toRecoverableQuestion,
  toRecoverableSessionDto,
  toRecoveryStateDto,
  toRecoveryWish,
} from './recovery.dto.js';
import { RecoveryService } from './recovery.service.js';

const addressOf = (session: Session): string => `/api/sessions/${session.id}`;

@ApiTags('Sessions')
@Controller('api/sessions')
export class RecoveryController {
  constructor(
    private readonly recoveries: RecoveryService,
    private readonly views: RecoveryViewsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Get('recoverable')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Failed and stalled sessions that nobody recovered, newest sign of life first' })
  @ApiResponse({ status: 200, type: [RecoverableSessionDto] })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'] })
  async recoverable(
    @CurrentCaller() caller: Caller,
    @Query() query: RecoverableQuery,
  ): Promise<readonly RecoverableSessionDto[]> {
    return (await this.views.recoverable(caller, toRecoverableQuestion(query))).map(toRecoverableSessionDto);
  }

  @Get(':sessionId/recovery-state')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'What a recovery would find: tasks by status, and whether it may be recovered' })
  @ApiResponse({ status: 200, type: RecoveryStateDto })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async state(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<RecoveryStateDto> {
    return toRecoveryStateDto(await this.views.state(caller, sessionId));
  }

  @Post(':sessionId/prepare-recovery')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Keep a late process from coming back while the recovery is on its way; repeatable' })
  @ApiResponse({ status: 200, type: RecoveryStateDto })
  @ApiRefusals({ 400: ['INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'] })
  async prepare(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: PrepareRecoveryDto,
  ): Promise<RecoveryStateDto> {
    await this.recoveries.prepare(caller, sessionId, dto.clear_machine_assignment ?? false);
    return toRecoveryStateDto(await this.views.state(caller, sessionId));
  }

  @Post(':sessionId/recover')
  @AllowInSessions('operate')
  @ApiOperation({ summary: 'A new session takes over the work; 200 with that session when it was recovered already' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'A repetition gets the first answer' })
  @ApiResponse({ status: 201, type: SessionDto })
  @ApiResponse({ status: 200, type: SessionDto, description: 'It was recovered before, by another call' })
  @ApiRefusals({
    400: ['INVALID_STATE', 'RECOVERY_LIMIT_REACHED', 'SLOT_NOT_DEFINED', 'VALIDATION_FAILED'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['ACTIVE_SESSION_EXISTS', 'SLOT_TAKEN', 'MACHINE_UNAVAILABLE', 'CONCURRENT_MODIFICATION'],
    422: ['IDEMPOTENCY_KEY_REUSED'],
  })
  async recover(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
    @Body() dto: RecoverDto,
  ): Promise<Answer<SessionDto>> {
    const { session, isNew } = await this.recoveries.recover(caller, sessionId, toRecoveryWish(dto), (made) =>
      this.idempotency.keepInTransaction({
        status: 201,
        headers: { location: addressOf(made) },
        body: toSessionDto(made),
      }),
    );
    const body = toSessionDto(session);
    return isNew ? created(body, addressOf(session)) : new Answer(body, { status: 200, location: addressOf(session) });
  }

  @Get(':sessionId/recovery-history')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'The chain of recoveries it belongs to, oldest first' })
  @ApiResponse({ status: 200, type: [SessionDto] })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async history(
    @CurrentCaller() caller: Caller,
    @Param('sessionId') sessionId: string,
  ): Promise<readonly SessionDto[]> {
    return (await this.views.history(caller, sessionId)).map(toSessionDto);
  }

  @Get(':sessionId/failure-info')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Why a failed session failed, and what it left behind' })
  @ApiResponse({ status: 200, type: FailureInfoDto })
  @ApiRefusals({ 400: ['INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'] })
  async failure(@CurrentCaller() caller: Caller, @Param('sessionId') sessionId: string): Promise<FailureInfoDto> {
    return toFailureInfoDto(await this.views.failure(caller, sessionId));
  }
}
