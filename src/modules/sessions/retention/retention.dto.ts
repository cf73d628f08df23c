import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Equals, IsBoolean, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { OffsetQuery, ToBoolean, ToInt } from '../../../shared/http/paging.js';
import type { CleanupResult } from './cleanup.js';
import type { ArchivedFilter } from './retention.repository.js';
import type { Purged } from './retention.service.js';

const SESSION_ID = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const WHEN = '2026-01-15T10:00:00.000Z';
/** A century: beyond it a date would leave the calendar of the database. */
const MAX_DAYS = 36_500;

export class ArchivedQuery extends OffsetQuery(100) {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly project_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly machine_id?: string;
}

export class CleanupQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_DAYS, description: 'Default: RETENTION_DAYS of the server' })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(MAX_DAYS)
  readonly older_than_days?: number;

  @ApiPropertyOptional({ default: false, description: 'Only count' })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly dry_run: boolean = false;
}

export class PurgeQuery {
  @ApiProperty({ example: true, description: 'Must be true: what is purged cannot be brought back' })
  @ToBoolean()
  @IsBoolean()
  @Equals(true, { message: 'confirm must be true' })
  readonly confirm!: boolean;
}

export class FailedCleanupDto {
  @ApiProperty({ example: SESSION_ID }) readonly id!: string;
  @ApiProperty() readonly reason!: string;
}

export class CleanupResultDto {
  @ApiProperty({ example: 5 }) readonly deleted_sessions!: number;
  @ApiProperty({ example: 17 }) readonly deleted_tasks!: number;
  @ApiProperty({ type: [FailedCleanupDto], example: [] }) readonly failed_sessions!: readonly FailedCleanupDto[];
  @ApiProperty({ example: 30 }) readonly older_than_days!: number;
  @ApiProperty({ example: WHEN, description: 'Sessions that ended before' }) readonly cutoff!: string;
  @ApiProperty({ example: false }) readonly dry_run!: boolean;
  @ApiProperty({ example: false, description: 'The time was up before the work was done: ask again' })
  readonly remaining!: boolean;
  @ApiProperty({ example: 42 }) readonly duration_ms!: number;
}

export class PurgedDto {
  @ApiProperty({ example: SESSION_ID }) readonly session_id!: string;
  @ApiProperty({ example: 3 }) readonly tasks_deleted!: number;
  @ApiProperty({ example: true }) readonly purged!: true;
  @ApiProperty({ example: WHEN }) readonly purged_at!: string;
}

export function toArchivedFilter(query: ArchivedQuery): ArchivedFilter {
  return {
    ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
    ...(query.machine_id === undefined ? {} : { machineId: query.machine_id }),
  };
}

export function toCleanupResultDto(result: CleanupResult): CleanupResultDto {
  return {
    deleted_sessions: result.deletedSessions,
    deleted_tasks: result.deletedTasks,
    failed_sessions: result.failedSessions,
    older_than_days: result.olderThanDays,
    cutoff: result.cutoff.toISOString(),
    dry_run: result.dryRun,
    remaining: result.hasMore,
    duration_ms: result.durationMs,
  };
}

export function toPurgedDto(purged: Purged): PurgedDto {
  return {
    session_id: purged.id,
    tasks_deleted: purged.tasksDeleted,
    purged: true,
    purged_at: purged.at.toISOString(),
  };
}
