import { ApiProperty } from '@nestjs/swagger';
import { type Task, TASK_STATUSES, type TaskStatus } from '../tasks/task.js';

const WHEN = '2026-01-15T10:00:00.000Z';

/** A task inside an answer about its session; the fields of GET /api/tasks/:taskId. */
export class SessionTaskDto {
  @ApiProperty({ example: '7d9a4f52-2f1c-4c55-9f0e-6c1b2a3d4e5f' }) readonly task_id!: string;
  @ApiProperty({ example: '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11' }) readonly session_id!: string;
  @ApiProperty({ example: 'PVT_kwDOA1b2' }) readonly project_id!: string;
  @ApiProperty({ type: String, nullable: true, example: '128' }) readonly github_issue_id!: string | null;
  @ApiProperty({ example: 'Write the parser' }) readonly task_name!: string;
  @ApiProperty({ enum: TASK_STATUSES, example: 'pending' }) readonly status!: TaskStatus;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly started_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly completed_at!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly error_message!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ example: 1 }) readonly attempt!: number;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly retry_of!: string | null;
  @ApiProperty({ example: WHEN }) readonly created_at!: string;
  @ApiProperty({ example: WHEN }) readonly updated_at!: string;
}

export function toSessionTaskDto(task: Task): SessionTaskDto {
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
