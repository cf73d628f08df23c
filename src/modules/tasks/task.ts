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

export interface TaskDraft {
  readonly sessionId: string;
  readonly projectId: string;
  /** 1 to 500 characters. */
  readonly name: string;
  readonly githubIssueId?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a client may change. Absent = stays. */
export interface TaskChange {
  readonly status?: TaskStatus;
  /** 1 to 4000 characters, not only blanks; needed by a move to failed. null clears. */
  readonly errorMessage?: string | null;
  /** Up to 200 characters; null clears. */
  readonly githubIssueId?: string | null;
  /** Merged per top-level key; null removes a key. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** One of a list of changes: what became of it. */
export type TaskOutcome =
  | { readonly ok: true; readonly taskId: string; readonly task: Task }
  | { readonly ok: false; readonly taskId: string; readonly code: string; readonly message: string };

/**
 * What a legal move does besides the status:
 * 1. entering in_progress sets startedAt, and keeps it when it comes back from blocked;
 * 2. entering completed or failed sets completedAt, and startedAt where the task never was in progress;
 * 3. entering pending clears both; from failed it counts an attempt and keeps the old message as `metadata.last_error`;
 * 4. leaving a terminal state clears completedAt; the message stays only in failed and blocked, unless a new one is given.
 */
export function moved(task: Task, to: TaskStatus, errorMessage: string | null | undefined, now: Date): Task {
  const isEnd = to === 'completed' || to === 'failed';
  const isRetry = to === 'pending' && task.status === 'failed';
  return {
    ...task,
    status: to,
    startedAt: startOf(task, to, now),
    completedAt: isEnd ? now : null,
    errorMessage: errorMessage !== undefined ? errorMessage : to === 'blocked' ? task.errorMessage : null,
    attempt: task.attempt + (isRetry ? 1 : 0),
    metadata: isRetry ? { ...task.metadata, last_error: task.errorMessage } : task.metadata,
  };
}

function startOf(task: Task, to: TaskStatus, now: Date): Date | null {
  if (to === 'pending') return null;
  if (to === 'blocked') return task.startedAt;
  return task.status === 'pending' ? now : (task.startedAt ?? (to === 'in_progress' ? now : null));
}

/** Tasks of a session or project by status. */
export interface TaskStats {
  readonly total: number;
  readonly byStatus: Readonly<Record<TaskStatus, number>>;
  /** 0 to 100, whole; 0 without tasks. */
  readonly completionPercentage: number;
}

/** @param counts statuses without tasks may be missing */
export function toTaskStats(counts: Readonly<Partial<Record<TaskStatus, number>>>): TaskStats {
  const byStatus = Object.fromEntries(TASK_STATUSES.map((status) => [status, counts[status] ?? 0])) as Record<
    TaskStatus,
    number
  >;
  const total = TASK_STATUSES.reduce((sum, status) => sum + byStatus[status], 0);
  return { total, byStatus, completionPercentage: total === 0 ? 0 : Math.round((byStatus.completed / total) * 100) };
}
