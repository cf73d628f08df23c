import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsISO8601, IsOptional, IsString, Max, Min } from 'class-validator';
import { pastInstant } from '../../shared/http/instants.js';
import { OffsetQuery, ToBoolean, ToInt } from '../../shared/http/paging.js';
import { type Task, TASK_STATUSES, type TaskStats, type TaskStatus } from '../tasks/task.js';
import { SessionDto, toSessionDto } from './session.dto.js';
import { type Session, SESSION_STATUSES, type SessionAdvice, type SessionStatus } from './session.js';
import type { StatusCounts, ViewFilter } from './session-views.repository.js';
import type { LiveView, ProjectView, SessionHealth, SessionSummary } from './session-views.service.js';
import { SessionTaskDto, toSessionTaskDto } from './session-task.dto.js';

const SESSION_ID = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const WHEN = '2026-01-15T10:00:00.000Z';
/** A year, in seconds. */
const MAX_THRESHOLD_SECONDS = 31_536_000;

export class SummaryQuery {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly project_id?: string;
}

export class ViewQuery extends SummaryQuery {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly machine_id?: string;
}

export class ThresholdQuery {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_THRESHOLD_SECONDS,
    description: 'Seconds of silence; changes only this answer. Default: the stall threshold',
  })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(MAX_THRESHOLD_SECONDS)
  readonly threshold?: number;
}

export class StaleQuery extends ViewQuery {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_THRESHOLD_SECONDS,
    description: 'Seconds of silence; changes only this answer. Default: the stall threshold',
  })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(MAX_THRESHOLD_SECONDS)
  readonly threshold?: number;
}

export class FailedQuery extends OffsetQuery(100) {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly project_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly machine_id?: string;

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

export class SessionSummaryDto {
  @ApiProperty({ example: 5 }) readonly total_sessions!: number;
  @ApiProperty({ example: 2, description: 'Without the overdue ones' }) readonly active_sessions!: number;
  @ApiProperty({ example: 0 }) readonly paused_sessions!: number;
  @ApiProperty({ example: 1, description: 'Marked or overdue' }) readonly stalled_sessions!: number;
  @ApiProperty({ example: 1 }) readonly failed_sessions!: number;
  @ApiProperty({ example: 1 }) readonly completed_sessions!: number;
  @ApiProperty({ example: 0, description: 'Counted in their status too' }) readonly archived_sessions!: number;
  @ApiProperty({ example: WHEN }) readonly last_updated!: string;
}

export class SilentSessionDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ example: 'laptop-7' }) readonly machine_id!: string;
  @ApiProperty({ type: Number, nullable: true, example: 1 }) readonly docker_slot!: number | null;
  @ApiProperty({ enum: SESSION_STATUSES, example: 'stalled' }) readonly status!: SessionStatus;
  @ApiProperty({ example: WHEN }) readonly last_heartbeat!: string;
  @ApiProperty({ example: 312_000 }) readonly time_since_heartbeat_ms!: number;
}

export class StalledSessionsDto {
  @ApiProperty({ type: [SilentSessionDto], description: 'The longest silence first; at most 1000' })
  readonly stalled_sessions!: readonly SilentSessionDto[];
  @ApiProperty({ example: 180_000 }) readonly stall_threshold_ms!: number;
}

export class LiveSessionDto extends SilentSessionDto {
  @ApiProperty({ example: false, description: 'Overdue: about to be marked' }) readonly is_stalled!: boolean;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly current_task_id!: string | null;
  @ApiProperty({ type: Object, nullable: true, example: { percent: 40, message: 'writing tests' } })
  readonly progress!: Session['progress'];
  @ApiProperty({ example: WHEN }) readonly started_at!: string;
}

export class SessionHealthDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: true, description: 'Active and not overdue' }) readonly is_healthy!: boolean;
  @ApiProperty({ enum: SESSION_STATUSES, example: 'active' }) readonly status!: SessionStatus;
  @ApiProperty({ example: WHEN }) readonly last_heartbeat!: string;
  @ApiProperty({ example: 12_000 }) readonly time_since_heartbeat_ms!: number;
  @ApiProperty({ example: false, description: 'Marked or overdue' }) readonly is_stalled!: boolean;
  @ApiProperty({ example: 180_000, description: 'The one that counted here' }) readonly stall_threshold_ms!: number;
  @ApiProperty({
    isArray: true,
    enum: ['CHECK_PROCESS', 'RESUME_SESSION', 'REVIEW_FAILURE', 'RECOVER_SESSION'],
    example: [],
  })
  readonly recommendations!: readonly SessionAdvice[];
}

export class StatusCountsDto {
  @ApiProperty({ example: 5 }) readonly total!: number;
  @ApiProperty({ example: 2 }) readonly active!: number;
  @ApiProperty({ example: 0 }) readonly paused!: number;
  @ApiProperty({ example: 1 }) readonly stalled!: number;
  @ApiProperty({ example: 1 }) readonly completed!: number;
  @ApiProperty({ example: 1 }) readonly failed!: number;
}

export class SessionGroupsDto {
  @ApiProperty({ type: [SessionDto] }) readonly active!: readonly SessionDto[];
  @ApiProperty({ type: [SessionDto], example: [] }) readonly paused!: readonly SessionDto[];
  @ApiProperty({ type: [SessionDto], example: [] }) readonly stalled!: readonly SessionDto[];
  @ApiProperty({ type: [SessionDto], example: [] }) readonly completed!: readonly SessionDto[];
  @ApiProperty({ type: [SessionDto], example: [] }) readonly failed!: readonly SessionDto[];
}

export class ProjectSessionsDto {
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ type: SessionGroupsDto, description: 'Newest first, at most 100 each' })
  readonly sessions!: SessionGroupsDto;
  @ApiProperty({ type: StatusCountsDto, description: 'Of all of them, by stored status' })
  readonly stats!: StatusCountsDto;
}

export class TaskGroupsDto {
  @ApiProperty({ type: [SessionTaskDto] }) readonly pending!: readonly SessionTaskDto[];
  @ApiProperty({ type: [SessionTaskDto], example: [] }) readonly in_progress!: readonly SessionTaskDto[];
  @ApiProperty({ type: [SessionTaskDto], example: [] }) readonly completed!: readonly SessionTaskDto[];
  @ApiProperty({ type: [SessionTaskDto], example: [] }) readonly failed!: readonly SessionTaskDto[];
  @ApiProperty({ type: [SessionTaskDto], example: [] }) readonly blocked!: readonly SessionTaskDto[];
}

export class SessionTaskStatsDto {
  @ApiProperty({ example: 3 }) readonly total!: number;
  @ApiProperty({ example: 1 }) readonly pending!: number;
  @ApiProperty({ example: 1 }) readonly in_progress!: number;
  @ApiProperty({ example: 1 }) readonly completed!: number;
  @ApiProperty({ example: 0 }) readonly failed!: number;
  @ApiProperty({ example: 0 }) readonly blocked!: number;
  @ApiProperty({ example: 33 }) readonly completion_percentage!: number;
}

export class SessionTasksDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ type: TaskGroupsDto, description: 'Oldest first' }) readonly tasks!: TaskGroupsDto;
  @ApiProperty({ type: SessionTaskStatsDto }) readonly stats!: SessionTaskStatsDto;
}

export function toViewFilter(query: { readonly project_id?: string; readonly machine_id?: string }): ViewFilter {
  return {
    ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
    ...(query.machine_id === undefined ? {} : { machineId: query.machine_id }),
  };
}

export function toFailedFilter(query: FailedQuery): ViewFilter & { updatedSince?: Date; withArchived: boolean } {
  return {
    ...toViewFilter(query),
    ...(query.updated_since ? { updatedSince: pastInstant('updated_since', query.updated_since) } : {}),
    withArchived: query.include_archived,
  };
}

/** Seconds of the wire → ms; null: not asked for. */
export function toThresholdMs({ threshold }: { readonly threshold?: number }): number | null {
  return threshold === undefined ? null : threshold * 1000;
}

export function toSessionSummaryDto({ total, counts, archived, at }: SessionSummary): SessionSummaryDto {
  return {
    total_sessions: total,
    active_sessions: counts.active,
    paused_sessions: counts.paused,
    stalled_sessions: counts.stalled,
    failed_sessions: counts.failed,
    completed_sessions: counts.completed,
    archived_sessions: archived,
    last_updated: at.toISOString(),
  };
}

export function toSilentSessionDto({ session, sinceHeartbeatMs }: LiveView): SilentSessionDto {
  return {
    session_id: session.id,
    project_id: session.projectId,
    machine_id: session.machineId,
    docker_slot: session.dockerSlot,
    status: session.status,
    last_heartbeat: session.lastHeartbeatAt.toISOString(),
    time_since_heartbeat_ms: sinceHeartbeatMs,
  };
}

export function toLiveSessionDto(view: LiveView): LiveSessionDto {
  const { session } = view;
  return {
    ...toSilentSessionDto(view),
    is_stalled: view.isStalled,
    current_task_id: session.currentTaskId,
    progress: session.progress,
    started_at: session.startedAt.toISOString(),
  };
}

export function toSessionHealthDto(health: SessionHealth): SessionHealthDto {
  return {
    session_id: health.session.id,
    is_healthy: health.isHealthy,
    status: health.session.status,
    last_heartbeat: health.session.lastHeartbeatAt.toISOString(),
    time_since_heartbeat_ms: health.sinceHeartbeatMs,
    is_stalled: health.isStalled,
    stall_threshold_ms: health.stallThresholdMs,
    recommendations: health.advice,
  };
}

export function toProjectSessionsDto(projectId: string, { groups, counts }: ProjectView): ProjectSessionsDto {
  const entries = SESSION_STATUSES.map((status) => [status, groups[status].map(toSessionDto)] as const);
  return {
    project_id: projectId,
    sessions: Object.fromEntries(entries) as unknown as SessionGroupsDto,
    stats: { total: sumOf(counts), ...counts },
  };
}

export function toSessionTasksDto(
  sessionId: string,
  { tasks, stats }: { readonly tasks: readonly Task[]; readonly stats: TaskStats },
): SessionTasksDto {
  const groups = TASK_STATUSES.map((status: TaskStatus) => [
    status,
    tasks.filter((task) => task.status === status).map(toSessionTaskDto),
  ]);
  return {
    session_id: sessionId,
    tasks: Object.fromEntries(groups) as TaskGroupsDto,
    stats: { total: stats.total, ...stats.byStatus, completion_percentage: stats.completionPercentage },
  };
}

function sumOf(counts: StatusCounts): number {
  return SESSION_STATUSES.reduce((sum, status) => sum + counts[status], 0);
}
