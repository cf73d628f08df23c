import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDateString,
  IsDefined,
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { MetadataField } from '../../shared/http/metadata.js';
import { OffsetQuery } from '../../shared/http/paging.js';
import { RESERVED_METADATA_KEYS } from '../../shared/kernel/metadata-limits.js';
import {
  type Task,
  TASK_STATUSES,
  type TaskChange,
  type TaskDraft,
  type TaskOutcome,
  type TaskStats,
  type TaskStatus,
} from './task.js';

const SESSION_EXAMPLE = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const TASK_EXAMPLE = '7d9a4f52-2f1c-4c55-9f0e-6c1b2a3d4e5f';
const TIME_EXAMPLE = '2026-01-15T10:00:00.000Z';
const BULK = 100;

export class CreateTaskDto {
  @ApiProperty({ format: 'uuid', description: 'An existing session', example: SESSION_EXAMPLE })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  readonly session_id!: string;

  @ApiProperty({ minLength: 1, maxLength: 200, description: 'That of the session', example: 'PVT_kwDOA1b2' })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  readonly project_id!: string;

  @ApiProperty({ minLength: 1, maxLength: 500, example: 'Write the tests of the basket' })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  readonly task_name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, example: '42' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly github_issue_id?: string | null;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Record<string, unknown>;
}

export class CreateTasksDto {
  @ApiProperty({ type: [CreateTaskDto], minItems: 1, maxItems: BULK })
  @IsDefined()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(BULK)
  @ValidateNested({ each: true })
  @Type(() => CreateTaskDto)
  readonly tasks!: CreateTaskDto[];
}

export class UpdateTaskDto {
  @ApiPropertyOptional({ enum: TASK_STATUSES, example: 'in_progress' })
  @ValidateIf((_dto, value) => value !== undefined)
  @IsIn(TASK_STATUSES)
  readonly status?: TaskStatus;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: 4000,
    description: 'Needed with status failed; null clears',
    example: null,
  })
  @IsOptional()
  @IsString()
  @Length(1, 4000)
  readonly error_message?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, description: 'null clears', example: '42' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly github_issue_id?: string | null;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Record<string, unknown>;
}

export class TaskUpdateDto extends UpdateTaskDto {
  @ApiProperty({ format: 'uuid', example: TASK_EXAMPLE })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  readonly task_id!: string;
}

export class UpdateTasksDto {
  @ApiProperty({ type: [TaskUpdateDto], minItems: 1, maxItems: BULK })
  @IsDefined()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(BULK)
  @ValidateNested({ each: true })
  @Type(() => TaskUpdateDto)
  readonly updates!: TaskUpdateDto[];
}

export class FailTaskDto {
  @ApiProperty({ minLength: 1, maxLength: 4000, example: 'The tests of the basket do not pass' })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  @MaxLength(4000)
  readonly error_message!: string;
}

export class TaskStatsQuery {
  @ApiPropertyOptional({ example: SESSION_EXAMPLE })
  @IsOptional()
  @IsString()
  readonly session_id?: string;

  @ApiPropertyOptional({ example: 'PVT_kwDOA1b2' })
  @IsOptional()
  @IsString()
  readonly project_id?: string;
}

export class TasksQuery extends OffsetQuery(200) {
  @ApiPropertyOptional({ example: SESSION_EXAMPLE })
  @IsOptional()
  @IsString()
  readonly session_id?: string;

  @ApiPropertyOptional({ example: 'PVT_kwDOA1b2' })
  @IsOptional()
  @IsString()
  readonly project_id?: string;

  @ApiPropertyOptional({ enum: TASK_STATUSES })
  @IsOptional()
  @IsIn(TASK_STATUSES)
  readonly status?: TaskStatus;

  @ApiPropertyOptional({ format: 'date-time', description: 'Changed at or after', example: TIME_EXAMPLE })
  @IsOptional()
  @IsDateString({ strict: true, strictSeparator: true })
  readonly updated_since?: string;
}

export class TaskDto {
  @ApiProperty({ format: 'uuid', example: TASK_EXAMPLE }) readonly task_id!: string;
  @ApiProperty({ format: 'uuid', example: SESSION_EXAMPLE }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ type: String, nullable: true, example: '42' }) readonly github_issue_id!: string | null;
  @ApiProperty({ example: 'Write the tests of the basket' }) readonly task_name!: string;
  @ApiProperty({ enum: TASK_STATUSES, example: 'pending' }) readonly status!: TaskStatus;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly started_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly completed_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly error_message!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { branch: 'main' } })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ example: 1, description: 'One more for every retry' }) readonly attempt!: number;
  @ApiProperty({ type: String, nullable: true, example: null, description: 'The task it repeats after a recovery' })
  readonly retry_of!: string | null;
  @ApiProperty({ example: TIME_EXAMPLE }) readonly created_at!: string;
  @ApiProperty({ example: TIME_EXAMPLE }) readonly updated_at!: string;
}

export class TaskResultDto {
  @ApiProperty({ example: TASK_EXAMPLE }) readonly task_id!: string;
  @ApiProperty({ example: true }) readonly ok!: boolean;
  @ApiPropertyOptional({ type: TaskDto, description: 'When ok' }) readonly task?: TaskDto;
  @ApiPropertyOptional({ example: 'INVALID_STATE', description: 'When not ok' }) readonly code?: string;
  @ApiPropertyOptional({ description: 'When not ok' }) readonly message?: string;
}

export class TaskResultsDto {
  @ApiProperty({ type: [TaskResultDto] }) readonly results!: readonly TaskResultDto[];
}

export class TaskStatsDto {
  @ApiProperty({ example: 8 }) readonly total!: number;
  @ApiProperty({ example: 2 }) readonly pending!: number;
  @ApiProperty({ example: 1 }) readonly in_progress!: number;
  @ApiProperty({ example: 4 }) readonly completed!: number;
  @ApiProperty({ example: 1 }) readonly failed!: number;
  @ApiProperty({ example: 0 }) readonly blocked!: number;
  @ApiProperty({ example: 50, minimum: 0, maximum: 100 }) readonly completion_percentage!: number;
}

export function toTaskDraft(dto: CreateTaskDto): TaskDraft {
  return {
    sessionId: dto.session_id,
    projectId: dto.project_id,
    name: dto.task_name,
    githubIssueId: dto.github_issue_id ?? null,
    metadata: dto.metadata ?? {},
  };
}

export function toTaskChange(dto: UpdateTaskDto): TaskChange {
  return {
    ...(dto.status ? { status: dto.status } : {}),
    ...(dto.error_message === undefined ? {} : { errorMessage: dto.error_message }),
    ...(dto.github_issue_id === undefined ? {} : { githubIssueId: dto.github_issue_id }),
    ...(dto.metadata ? { metadata: dto.metadata } : {}),
  };
}

export function toTaskDto(task: Task): TaskDto {
  return {
    task_id: task.id,
    session_id: task.sessionId,
    project_id: task.projectId,
    github_issue_id: task.githubIssueId,
    task_name: task.name,
    status: task.status,
    started_at: task.startedAt?.toISOString() ?? null,
    completed_at: task.completedAt?.toISOString() ?? null,
    error_message: task.errorMessage,
    metadata: task.metadata,
    attempt: task.attempt,
    retry_of: task.retryOf,
    created_at: task.createdAt.toISOString(),
    updated_at: task.updatedAt.toISOString(),
  };
}

export function toTaskResultDto(outcome: TaskOutcome): TaskResultDto {
  const { taskId, ...rest } = outcome;
  return rest.ok ? { task_id: taskId, ok: true, task: toTaskDto(rest.task) } : { task_id: taskId, ...rest };
}

export function toTaskStatsDto({ total, byStatus, completionPercentage }: TaskStats): TaskStatsDto {
  return { total, ...byStatus, completion_percentage: completionPercentage };
}
