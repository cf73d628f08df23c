import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { pastInstant } from '../../shared/http/instants.js';
import { MetadataField } from '../../shared/http/metadata.js';
import { OffsetQuery, ToBoolean } from '../../shared/http/paging.js';
import { TASK_STATUSES, type TaskOutcome, type TaskStatus } from '../tasks/task.js';
import type { HeartbeatAnswer, TaskBeat } from './heartbeats.service.js';
import { RESERVED_METADATA_KEYS, type Session, SESSION_STATUSES, type SessionStatus } from './session.js';
import type { Beat, SessionFilter } from './sessions.repository.js';
import type { SessionPatch, SessionWish } from './sessions.service.js';

const SESSION_ID = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const TASK_ID = '7d9a4f52-2f1c-4c55-9f0e-6c1b2a3d4e5f';
const WHEN = '2026-01-15T10:00:00.000Z';
/** Neither blank nor with control characters, which could not be told apart in lists and keys. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const READABLE = /^(?=.*\S)[^\u0000-\u001f\u007f]*$/u;
const MACHINE_ID = /^[A-Za-z0-9._:-]{1,128}$/;

const ProjectId = (): PropertyDecorator => Matches(READABLE, { message: '$property must be readable text, not blank' });
const MachineId = (): PropertyDecorator =>
  Matches(MACHINE_ID, { message: '$property must be 1 to 128 characters of A-Z a-z 0-9 . _ : -' });

export class CreateSessionDto {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'PVT_kwDOA1b2', description: 'GitHub project id or number' })
  @IsString()
  @Length(1, 200)
  @ProjectId()
  readonly project_id!: string;

  @ApiProperty({ example: 'laptop-7', description: 'Need not be registered' })
  @IsString()
  @MachineId()
  readonly machine_id!: string;

  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, maximum: 65_535 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  readonly docker_slot?: number | null;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 60_000,
    maximum: 86_400_000,
    description:
      'Milliseconds of silence before this session counts as stalled; only lengthens the threshold of the server',
  })
  @IsOptional()
  @IsInt()
  @Min(60_000)
  @Max(86_400_000)
  readonly stall_threshold_ms?: number | null;
}

export class ChangeSessionDto {
  @ApiPropertyOptional({ enum: SESSION_STATUSES, example: 'paused' })
  @ValidateIf((dto: ChangeSessionDto) => dto.status !== undefined)
  @IsIn(SESSION_STATUSES)
  readonly status?: SessionStatus;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, description: 'null clears it' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  readonly current_task_id?: string | null;

  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, maximum: 65_535, description: 'null frees it' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  readonly docker_slot?: number | null;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export class ProgressDto {
  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 0, maximum: 100, example: 40 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(100)
  readonly percent?: number | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, example: 'writing tests' })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly message?: string | null;
}

export class TaskBeatDto {
  @ApiProperty({ example: TASK_ID })
  @IsString()
  @Length(1, 200)
  readonly task_id!: string;

  @ApiProperty({ enum: TASK_STATUSES, example: 'completed' })
  @IsIn(TASK_STATUSES)
  readonly status!: TaskStatus;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 4000, description: 'Needed for failed' })
  @IsOptional()
  @IsString()
  @Length(1, 4000)
  readonly error_message?: string | null;
}

export class HeartbeatDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, description: 'null clears it' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  readonly current_task_id?: string | null;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({
    minimum: 1,
    example: 1,
    description: 'The epoch that the sender got with its session; an older one is refused with SESSION_SUPERSEDED',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  readonly epoch?: number;

  @ApiPropertyOptional({ type: ProgressDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ProgressDto)
  readonly progress?: ProgressDto;

  @ApiPropertyOptional({
    type: [TaskBeatDto],
    maxItems: 20,
    example: [],
    description: 'Applied one by one after the heartbeat, which counts whatever becomes of them',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => TaskBeatDto)
  readonly tasks?: readonly TaskBeatDto[];
}

export class MarkFailedDto {
  @ApiProperty({ minLength: 1, maxLength: 4000, example: 'The container ran out of memory' })
  @ValidateIf((dto: MarkFailedDto) => dto.error_message !== undefined || dto.reason === undefined)
  @IsString()
  @Length(1, 4000)
  @Matches(/\S/, { message: '$property must not be blank' })
  readonly error_message?: string;

  @ApiPropertyOptional({ deprecated: true, description: 'The same as error_message' })
  @ValidateIf((dto: MarkFailedDto) => dto.reason !== undefined)
  @IsString()
  @Length(1, 4000)
  @Matches(/\S/, { message: '$property must not be blank' })
  readonly reason?: string;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Readonly<Record<string, unknown>>;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly error_details?: Readonly<Record<string, unknown>>;
}

export class MarkStalledDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The host was rebooted' })
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  readonly reason?: string | null;
}

export class SessionsQuery extends OffsetQuery(100) {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly project_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly machine_id?: string;

  @ApiPropertyOptional({ enum: SESSION_STATUSES })
  @IsOptional()
  @IsIn(SESSION_STATUSES)
  readonly status?: SessionStatus;

  @ApiPropertyOptional({ format: 'date-time', description: 'Changed at or after' })
  @IsOptional()
  @IsISO8601({ strict: true })
  readonly updated_since?: string;

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly include_archived: boolean = false;
}

export class SessionDto {
  @ApiProperty({ format: 'uuid', example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ example: 'laptop-7' }) readonly machine_id!: string;
  @ApiProperty({ type: Number, nullable: true, example: 1 }) readonly docker_slot!: number | null;
  @ApiProperty({ enum: SESSION_STATUSES, example: 'active' }) readonly status!: SessionStatus;
  @ApiProperty({ example: WHEN }) readonly last_heartbeat!: string;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly current_task_id!: string | null;
  @ApiProperty({ example: WHEN }) readonly started_at!: string;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly completed_at!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { branch: 'main' } })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ example: false }) readonly archived!: boolean;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly archived_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly stalled_at!: string | null;
  @ApiProperty({ example: 0 }) readonly stall_count!: number;
  @ApiProperty({ example: 12 }) readonly heartbeat_count!: number;
  @ApiProperty({ type: Number, nullable: true, example: null }) readonly stall_threshold_ms!: number | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly recovered_from!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly recovered_to!: string | null;
  @ApiProperty({ example: 0 }) readonly recovery_attempts!: number;
  @ApiProperty({ example: 1, description: 'One more for every resume and recovery; send it with heartbeats' })
  readonly epoch!: number;
  @ApiProperty({ type: ProgressDto, nullable: true, example: null }) readonly progress!: ProgressDto | null;
  @ApiProperty({ example: 'a1b2c3d4', description: 'Key or user' }) readonly created_by!: string;
  @ApiProperty({ example: WHEN }) readonly created_at!: string;
  @ApiProperty({ example: WHEN }) readonly updated_at!: string;
}

export class HeartbeatTaskResultDto {
  @ApiProperty({ example: TASK_ID }) readonly task_id!: string;
  @ApiProperty({ example: true }) readonly ok!: boolean;
  @ApiPropertyOptional({ example: 'INVALID_STATE' }) readonly code?: string;
  @ApiPropertyOptional() readonly message?: string;
}

export class HeartbeatAnswerDto extends SessionDto {
  @ApiProperty({ enum: ['heartbeat recorded', 'session reactivated'], example: 'heartbeat recorded' })
  readonly message!: string;
  @ApiProperty({ type: [HeartbeatTaskResultDto], example: [] })
  readonly task_results!: readonly HeartbeatTaskResultDto[];
}

export function toSessionWish(dto: CreateSessionDto): SessionWish {
  return {
    projectId: dto.project_id,
    machineId: dto.machine_id,
    dockerSlot: dto.docker_slot ?? null,
    metadata: dto.metadata ?? {},
    stallThresholdMs: dto.stall_threshold_ms ?? null,
  };
}

export function toSessionPatch(dto: ChangeSessionDto): SessionPatch {
  return {
    ...(dto.status === undefined ? {} : { status: dto.status }),
    ...(dto.current_task_id === undefined ? {} : { currentTaskId: dto.current_task_id }),
    ...(dto.docker_slot === undefined ? {} : { dockerSlot: dto.docker_slot }),
    ...(dto.metadata ? { metadata: dto.metadata } : {}),
  };
}

const PLAIN: Beat = {};

export function toBeat(dto: HeartbeatDto): Beat {
  const { current_task_id: task, metadata, epoch, progress } = dto;
  if (task === undefined && !metadata && epoch == null && !progress) return PLAIN;
  return {
    ...(task === undefined ? {} : { currentTaskId: task }),
    ...(metadata ? { metadata } : {}),
    ...(epoch == null ? {} : { epoch }),
    ...(progress ? { progress: { percent: progress.percent ?? null, message: progress.message ?? null } } : {}),
  };
}

const NO_TASKS: readonly TaskBeat[] = [];

export function toTaskBeats({ tasks }: HeartbeatDto): readonly TaskBeat[] {
  if (!tasks) return NO_TASKS;
  return tasks.map(({ task_id: taskId, status, error_message: text }) => ({
    taskId,
    status,
    ...(text == null ? {} : { errorMessage: text }),
  }));
}

export function toSessionFilter(query: SessionsQuery): SessionFilter {
  return {
    ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
    ...(query.machine_id === undefined ? {} : { machineId: query.machine_id }),
    ...(query.status ? { status: query.status } : {}),
    ...(query.updated_since ? { updatedSince: pastInstant('updated_since', query.updated_since) } : {}),
    withArchived: query.include_archived,
  };
}

export function toSessionDto(session: Session): SessionDto {
  return {
    session_id: session.id,
    project_id: session.projectId,
    machine_id: session.machineId,
    docker_slot: session.dockerSlot,
    status: session.status,
    last_heartbeat: session.lastHeartbeatAt.toISOString(),
    current_task_id: session.currentTaskId,
    started_at: session.startedAt.toISOString(),
    completed_at: session.completedAt?.toISOString() ?? null,
    metadata: session.metadata,
    archived: session.isArchived,
    archived_at: session.archivedAt?.toISOString() ?? null,
    stalled_at: session.stalledAt?.toISOString() ?? null,
    stall_count: session.stallCount,
    heartbeat_count: session.heartbeatCount,
    stall_threshold_ms: session.stallThresholdMs,
    recovered_from: session.recoveredFrom,
    recovered_to: session.recoveredTo,
    recovery_attempts: session.recoveryAttempts,
    epoch: session.epoch,
    progress: session.progress,
    created_by: session.createdBy,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
  };
}

export function toHeartbeatAnswerDto({ session, message, tasks }: HeartbeatAnswer): HeartbeatAnswerDto {
  const dto = toSessionDto(session) as { -readonly [K in keyof HeartbeatAnswerDto]: HeartbeatAnswerDto[K] };
  dto.message = message;
  dto.task_results = tasks.map(toHeartbeatTaskResultDto);
  return dto;
}

function toHeartbeatTaskResultDto(outcome: TaskOutcome): HeartbeatTaskResultDto {
  return outcome.ok
    ? { task_id: outcome.taskId, ok: true }
    : { task_id: outcome.taskId, ok: false, code: outcome.code, message: outcome.message };
}
