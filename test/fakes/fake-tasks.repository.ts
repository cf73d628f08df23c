import type { SessionOfTask, TaskSessionReads } from '../../src/modules/tasks/session.reads.js';
import {
  moved,
  type Task,
  TASK_MOVES,
  type TaskChange,
  type TaskStats,
  type TaskStatus,
  toTaskStats,
} from '../../src/modules/tasks/task.js';
import type { NewTask, TaskFilter, TaskPage, TasksRepository } from '../../src/modules/tasks/tasks.repository.js';
import type { Slice } from '../../src/shared/http/paging.js';
import type { Surface } from '../../src/shared/kernel/surface.js';
import { mergedMetadata, pageOf } from './list-page.js';

export interface TaskRow {
  readonly task: Task;
  /** Order of insertion, as `_id` gives it. */
  readonly number: number;
  readonly sessionClosedAt: Date | null;
}

/** In-memory twin of TasksRepository; both pass test/contract/tasks.contract.spec.ts. `now` is the database's clock. */
export class FakeTasksRepository implements Surface<TasksRepository> {
  readonly rows = new Map<string, TaskRow>();
  #last = 0;

  constructor(private readonly now: () => Date) {}

  async prepare(): Promise<void> {}

  /** Puts a task there as it is. */
  add(...tasks: readonly Task[]): void {
    for (const task of tasks) this.rows.set(task.id, { task, number: ++this.#last, sessionClosedAt: null });
  }

  async insert(tasks: readonly NewTask[]): Promise<readonly Task[]> {
    const now = this.now();
    return tasks.map(({ sessionClosedAt, ...rest }) => {
      const task: Task = { ...rest, startedAt: null, completedAt: null, createdAt: now, updatedAt: now };
      this.rows.set(task.id, { task, number: ++this.#last, sessionClosedAt });
      return task;
    });
  }

  async find(organization: string, taskId: string): Promise<Task | null> {
    const task = this.rows.get(taskId)?.task;
    return task?.organization === organization ? task : null;
  }

  async list(organization: string, filter: TaskFilter, slice: Slice): Promise<TaskPage> {
    const found = this.#where(organization, filter);
    const { page, total, next } = pageOf(
      found.map(({ task, number }) => ({ item: task, createdAt: task.createdAt, number })),
      slice,
    );
    return { tasks: page, total, next };
  }

  async listOfSession(organization: string, sessionId: string): Promise<readonly Task[]> {
    return this.#where(organization, { sessionId })
      .sort((a, b) => a.task.createdAt.getTime() - b.task.createdAt.getTime() || a.number - b.number)
      .map((row) => row.task);
  }

  async statsOf(organization: string, filter: Pick<TaskFilter, 'sessionId' | 'projectId'>): Promise<TaskStats> {
    const counts: Partial<Record<TaskStatus, number>> = {};
    for (const { task } of this.#where(organization, filter)) counts[task.status] = (counts[task.status] ?? 0) + 1;
    return toTaskStats(counts);
  }

  async change(organization: string, taskId: string, change: TaskChange): Promise<Task | null> {
    const before = await this.find(organization, taskId);
    if (!before || (change.status && !TASK_MOVES[before.status].includes(change.status))) return null;
    const { status, errorMessage, githubIssueId, metadata } = change;
    const merged = metadata ? { ...before, metadata: mergedMetadata(before.metadata, metadata) } : before;
    const after = status
      ? moved(merged, status, errorMessage, this.now())
      : { ...merged, ...(errorMessage === undefined ? {} : { errorMessage }) };
    return this.#set({
      ...after,
      ...(githubIssueId === undefined ? {} : { githubIssueId }),
      updatedAt: this.now(),
    });
  }

  async remove(organization: string, taskId: string): Promise<Task | null> {
    const task = await this.find(organization, taskId);
    if (task) this.rows.delete(taskId);
    return task;
  }

  async failRunning(organization: string, sessionId: string, errorMessage: string): Promise<readonly Task[]> {
    return this.#where(organization, { sessionId, status: 'in_progress' }).map(({ task }) =>
      this.#set({ ...moved(task, 'failed', errorMessage, this.now()), updatedAt: this.now() }),
    );
  }

  async stampClosed(organization: string, sessionId: string, closedAt: Date | null): Promise<void> {
    for (const row of this.#where(organization, { sessionId })) {
      this.rows.set(row.task.id, { ...row, sessionClosedAt: row.sessionClosedAt ?? closedAt ?? this.now() });
    }
  }

  async unstampClosed(organization: string, sessionId: string): Promise<void> {
    for (const row of this.#where(organization, { sessionId })) {
      this.rows.set(row.task.id, { ...row, sessionClosedAt: null });
    }
  }

  async removeOfSession(organization: string, sessionId: string): Promise<number> {
    const doomed = this.#where(organization, { sessionId });
    for (const { task } of doomed) this.rows.delete(task.id);
    return doomed.length;
  }

  async sessionsWithTasks(createdBefore: Date, afterId: string, limit: number): Promise<readonly string[]> {
    const ids = [...this.rows.values()]
      .filter(({ task }) => task.createdAt < createdBefore && task.sessionId > afterId)
      .map(({ task }) => task.sessionId);
    return [...new Set(ids)].sort().slice(0, limit);
  }

  async removeOfSessions(sessionIds: readonly string[], createdBefore: Date, limit: number): Promise<number> {
    const doomed = [...this.rows.values()]
      .filter(({ task }) => sessionIds.includes(task.sessionId) && task.createdAt < createdBefore)
      .slice(0, limit);
    for (const { task } of doomed) this.rows.delete(task.id);
    return doomed.length;
  }

  #where(organization: string, filter: TaskFilter): TaskRow[] {
    return [...this.rows.values()].filter(
      ({ task }) =>
        task.organization === organization &&
        (filter.sessionId === undefined || task.sessionId === filter.sessionId) &&
        (filter.projectId === undefined || task.projectId === filter.projectId) &&
        (!filter.status || task.status === filter.status) &&
        (!filter.updatedSince || task.updatedAt >= filter.updatedSince),
    );
  }

  #set(task: Task): Task {
    const row = this.rows.get(task.id);
    if (row) this.rows.set(task.id, { ...row, task });
    return task;
  }
}

/** Sessions as tasks see them, by organization. */
export class FakeTaskSessionReads implements Surface<TaskSessionReads> {
  readonly rows = new Map<string, SessionOfTask & { readonly organization: string }>();

  /** A live session of `acme` and project `shop`, unless said otherwise. */
  add(fields: Partial<SessionOfTask> & { readonly id: string; readonly organization?: string }): void {
    this.rows.set(fields.id, {
      organization: 'acme',
      projectId: 'shop',
      machineId: 'machine-1',
      status: 'active',
      isTerminal: false,
      closedAt: null,
      ...fields,
    });
  }

  async find(organization: string, sessionId: string): Promise<SessionOfTask | null> {
    const row = this.rows.get(sessionId);
    return row?.organization === organization ? row : null;
  }

  async existing(sessionIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(sessionIds.filter((id) => this.rows.has(id)));
  }
}
