/** States and rules of a task (sessions.md 3.2, 4.2). */
export type TaskStatus = 'pending' | 'in_progress' | 'completed' | 'failed' | 'blocked';
export const TASK_STATUSES: readonly TaskStatus[] = ['pending', 'in_progress', 'completed', 'failed', 'blocked'];

export interface Task {
  /** UUID v4, made by the server. */
  readonly id: string;
  readonly organization: string;
  readonly sessionId: string;
  /** That of its session. */
  readonly projectId: string;
  readonly githubIssueId: string | null;
  readonly name: string;
  readonly status: TaskStatus;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  /** Present when failed. */
  readonly errorMessage: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** From 1; one more for every retry. */
  readonly attempt: number;
  /** The task that this one repeats after a recovery. */
  readonly retryOf: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Every legal move. The same status again is no move and changes nothing. */
export const TASK_MOVES: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  pending: ['in_progress', 'completed', 'failed', 'blocked'],
  in_progress: ['completed', 'failed', 'pending', 'blocked'],
  blocked: ['pending', 'in_progress'],
  failed: ['pending', 'blocked'],
  completed: ['blocked'],
};

export function taskSourcesOf(to: TaskStatus): readonly TaskStatus[] {
  return TASK_STATUSES.filter((from) => TASK_MOVES[from].includes(to));
}
