import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { ToInt } from '../../../shared/http/paging.js';
import { type SessionTaskDto, SessionTaskDto as TaskDto, toSessionTaskDto } from '../session-task.dto.js';
import { SESSION_STATUSES, type Session, type SessionStatus } from '../session.js';
import type { FailureInfo, RecoverableQuestion, RecoverableSession, RecoveryState } from './recovery-views.service.js';
import type { RecoveryWish } from './recovery.service.js';

const SESSION_ID = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const WHEN = '2026-01-15T10:00:00.000Z';
const MACHINE_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const MAX_MINUTES = 52_560_000; // a century
const BLOCKS = ['not_failed_or_stalled', 'already_recovered', 'recovery_limit_reached'] as const;

export class PrepareRecoveryDto {
  @ApiPropertyOptional({ default: false, description: 'Take it off its machine and free its slot' })
  @IsOptional()
  @IsBoolean()
  readonly clear_machine_assignment?: boolean;
}

export class RecoverDto {
  @ApiProperty({ example: 'laptop-8', description: 'Where the work goes on; may be the same machine' })
  @IsString()
  @Matches(MACHINE_ID, { message: '$property must be 1 to 128 characters of A-Z a-z 0-9 . _ : -' })
  readonly new_machine_id!: string;

  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, maximum: 65_535 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  readonly docker_slot?: number | null;

  @ApiPropertyOptional({ type: Number, nullable: true, deprecated: true, description: 'The same as docker_slot' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  readonly new_docker_slot?: number | null;

  @ApiPropertyOptional({ default: true, description: 'Failed tasks become pending ones of the new session' })
  @IsOptional()
  @IsBoolean()
  readonly reset_failed_tasks?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Pending and blocked tasks are copied too' })
  @IsOptional()
  @IsBoolean()
  readonly carry_pending_tasks?: boolean;
}

export class RecoverableQuery {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly project_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly machine_id?: string;

  @ApiPropertyOptional({ minimum: 0, description: 'Minutes since the last heartbeat, at least' })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(0)
  @Max(MAX_MINUTES)
  readonly min_age_minutes?: number;

  @ApiPropertyOptional({ minimum: 0, description: 'Minutes since the last heartbeat, at most' })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(0)
  @Max(MAX_MINUTES)
  readonly max_age_minutes?: number;
}

export class RecoveryStateDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ enum: SESSION_STATUSES, example: 'stalled' }) readonly status!: SessionStatus;
  @ApiProperty({ type: TaskDto, nullable: true }) readonly last_successful_task!: SessionTaskDto | null;
  @ApiProperty({ type: [TaskDto] }) readonly failed_tasks!: readonly SessionTaskDto[];
  @ApiProperty({ type: [TaskDto] }) readonly pending_tasks!: readonly SessionTaskDto[];
  @ApiProperty({ type: [TaskDto] }) readonly in_progress_tasks!: readonly SessionTaskDto[];
  @ApiProperty({ type: [TaskDto] }) readonly blocked_tasks!: readonly SessionTaskDto[];
  @ApiProperty({ example: WHEN }) readonly last_heartbeat!: string;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { branch: 'main' } })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: String, nullable: true, example: WHEN }) readonly recovery_prepared_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly recovered_to!: string | null;
  @ApiProperty({ example: true }) readonly can_recover!: boolean;
  @ApiProperty({ type: String, nullable: true, enum: BLOCKS, example: null })
  readonly recovery_blocked_reason!: string | null;
}

export class RecoverableSessionDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ example: 'laptop-7' }) readonly machine_id!: string;
  @ApiProperty({ enum: SESSION_STATUSES, example: 'failed' }) readonly status!: SessionStatus;
  @ApiProperty({ example: 0 }) readonly recovery_attempts!: number;
  @ApiProperty({ example: 12 }) readonly minutes_since_heartbeat!: number;
  @ApiProperty({ example: true }) readonly can_recover!: boolean;
  @ApiProperty({ type: String, nullable: true, enum: BLOCKS, example: null })
  readonly recovery_blocked_reason!: string | null;
}

export class FailureInfoDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ type: String, nullable: true, example: 'The container ran out of memory' })
  readonly reason!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { exit_code: 137 } })
  readonly context!: Readonly<Record<string, unknown>> | null;
  @ApiProperty({ example: WHEN }) readonly failed_at!: string;
  @ApiProperty({ example: 3_600_000, description: 'From its start to its end' }) readonly duration_ms!: number;
  @ApiProperty({ type: TaskDto, nullable: true }) readonly last_completed_task!: SessionTaskDto | null;
  @ApiProperty({ type: [TaskDto], description: 'In progress, blocked, or failed together with the session' })
  readonly stuck_tasks!: readonly SessionTaskDto[];
}

export function toRecoveryWish(dto: RecoverDto): RecoveryWish {
  return {
    machineId: dto.new_machine_id,
    dockerSlot: dto.docker_slot ?? dto.new_docker_slot ?? null,
    resetFailed: dto.reset_failed_tasks ?? true,
    carryPending: dto.carry_pending_tasks ?? false,
  };
}

export function toRecoverableQuestion(query: RecoverableQuery): RecoverableQuestion {
  return {
    ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
    ...(query.machine_id === undefined ? {} : { machineId: query.machine_id }),
    ...(query.min_age_minutes === undefined ? {} : { minAgeMinutes: query.min_age_minutes }),
    ...(query.max_age_minutes === undefined ? {} : { maxAgeMinutes: query.max_age_minutes }),
  };
}

export function toRecoveryStateDto({ session, lastSuccessfulTask, tasks, block }: RecoveryState): RecoveryStateDto {
  return {
    session_id: session.id,
    project_id: session.projectId,
    status: session.status,
    last_successful_task: lastSuccessfulTask && toSessionTaskDto(lastSuccessfulTask),
    failed_tasks: tasks.failed.map(toSessionTaskDto),
    pending_tasks: tasks.pending.map(toSessionTaskDto),
    in_progress_tasks: tasks.in_progress.map(toSessionTaskDto),
    blocked_tasks: tasks.blocked.map(toSessionTaskDto),
    last_heartbeat: session.lastHeartbeatAt.toISOString(),
    metadata: session.metadata,
    recovery_prepared_at: instantIn(session, 'recovery_prepared_at'),
    recovered_to: session.recoveredTo,
    can_recover: block === null,
    recovery_blocked_reason: block,
  };
}

export function toRecoverableSessionDto({
  session,
  sinceHeartbeatMs,
  block,
}: RecoverableSession): RecoverableSessionDto {
  return {
    session_id: session.id,
    project_id: session.projectId,
    machine_id: session.machineId,
    status: session.status,
    recovery_attempts: session.recoveryAttempts,
    minutes_since_heartbeat: Math.floor(sinceHeartbeatMs / 60_000),
    can_recover: block === null,
    recovery_blocked_reason: block,
  };
}

export function toFailureInfoDto(info: FailureInfo): FailureInfoDto {
  const { session } = info;
  const { error_message: reason, error_context: context } = session.metadata;
  return {
    session_id: session.id,
    reason: typeof reason === 'string' ? reason : null,
    context: (context ?? null) as Readonly<Record<string, unknown>> | null,
    failed_at: instantIn(session, 'failed_at') ?? (session.completedAt ?? session.updatedAt).toISOString(),
    duration_ms: info.durationMs,
    last_completed_task: info.lastCompletedTask && toSessionTaskDto(info.lastCompletedTask),
    stuck_tasks: info.stuckTasks.map(toSessionTaskDto),
  };
}

/** An instant that the server keeps in the metadata. */
function instantIn({ metadata }: Session, key: string): string | null {
  const value = metadata[key];
  return value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : null;
}
