import { Injectable } from '@nestjs/common';
import { AppError, Defect } from '../../shared/errors/app-error.js';
import { invalidField } from '../../shared/errors/field-problems.js';
import { type Append, EventLog } from '../../shared/events/event-log.js';
import { draft, type EventScope, type Payload } from '../../shared/events/events.js';
import type { Caller } from '../../shared/http/allow.js';
import type { Slice } from '../../shared/http/paging.js';
import { Ids } from '../../shared/kernel/ids.js';
import { createLog } from '../../shared/kernel/log.js';
import { fitsStore, STORED_METADATA_BYTES } from '../../shared/kernel/metadata-limits.js';
import { type SessionOfTask, TaskSessionReads } from './session.reads.js';
import { type Task, TASK_MOVES, type TaskChange, type TaskDraft, type TaskOutcome, type TaskStats } from './task.js';
import {
  IllegalTaskMove,
  ProjectMismatch,
  SessionOver,
  SessionReferenceInvalid,
  TaskNotFound,
} from './tasks.errors.js';
import { type NewTask, type TaskFilter, type TaskPage, TasksRepository } from './tasks.repository.js';

/** The session that the cascades below are about. */
export interface OwningSession {
  readonly organization: string;
  readonly id: string;
  readonly projectId: string;
  readonly machineId: string;
  /** End of the session where it is known; the tasks' retention counts from it. */
  readonly completedAt?: Date | null;
}

const MAX_ERROR = 4000;
/** Sessions looked at in one go by the search for orphans. */
const ORPHAN_PAGE = 500;
const log = createLog('tasks');

/** Tasks of sessions (sessions.md 4.2, 5.4). Sessions hear of moves inside the transaction, by the events. */
@Injectable()
export class TasksService {
  constructor(
    private readonly tasks: TasksRepository,
    private readonly sessions: TaskSessionReads,
    private readonly events: EventLog,
    private readonly ids: Ids,
  ) {}

  /**
   * A closed session is accepted: history may arrive late.
   * @param answered runs as the last step of the transaction: keeps the answer for the Idempotency-Key
   * @throws SessionReferenceInvalid, ProjectMismatch
   */
  async create(caller: Caller, given: TaskDraft, answered: (task: Task) => Promise<void>): Promise<Task> {
    const [task] = await this.add(
      caller,
      [given],
      async ([made]) => {
        if (made) await answered(made);
      },
      () => '',
    );
    if (!task) throw new Defect('A task that was stored is not there');
    return task;
  }

  /** All or none; errors name the field as `tasks[2].session_id`. */
  createAll(
    caller: Caller,
    drafts: readonly TaskDraft[],
    answered: (tasks: readonly Task[]) => Promise<void>,
  ): Promise<readonly Task[]> {
    return this.add(caller, drafts, answered, (index) => `tasks[${index}].`);
  }

  /** @throws TaskNotFound */
  async get(caller: Caller, taskId: string): Promise<Task> {
    const task = await this.tasks.find(caller.organization, taskId);
    if (!task) throw new TaskNotFound(taskId);
    return task;
  }

  list(caller: Caller, filter: TaskFilter, slice: Slice): Promise<TaskPage> {
    return this.tasks.list(caller.organization, filter, slice);
  }

  /**
   * Changes fields and moves the task. The same status again is no move.
   * @throws TaskNotFound, IllegalTaskMove, SessionOver (both `INVALID_STATE`), AppError 400 naming the field
   */
  async update(caller: Caller, taskId: string, change: TaskChange): Promise<Task> {
    requireText(change.errorMessage);
    const { before, after } = await this.events.write(caller.organization, (append) =>
      this.apply(append, caller.organization, taskId, change),
    );
    if (after.status !== before.status) {
      log.info('task.status_changed', { ...fieldsOf(after), from: before.status, to: after.status });
    }
    return after;
  }

  /** Each by itself, in the given order; one that is refused does not stop the others. */
  async updateEach(
    caller: Caller,
    updates: readonly { readonly taskId: string; readonly change: TaskChange }[],
  ): Promise<readonly TaskOutcome[]> {
    const outcomes: TaskOutcome[] = [];
    for (const { taskId, change } of updates) {
      try {
        outcomes.push({ ok: true, taskId, task: await this.update(caller, taskId, change) });
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        outcomes.push({ ok: false, taskId, code: error.code, message: error.message });
      }
    }
    return outcomes;
  }

  /** @throws TaskNotFound */
  async remove(caller: Caller, taskId: string): Promise<void> {
    await this.events.write(caller.organization, async (append) => {
      const task = await this.tasks.remove(caller.organization, taskId);
      if (!task) throw new TaskNotFound(taskId);
      const session = await this.sessions.find(caller.organization, task.sessionId);
      append(draft('task_deleted', scopeOf(task, session?.machineId), newsOf(task)));
    });
  }

  statsOf(
    organization: string,
    filter: { readonly sessionId?: string; readonly projectId?: string },
  ): Promise<TaskStats> {
    return this.tasks.statsOf(organization, filter);
  }

  /** Oldest first. */
  listOfSession(organization: string, sessionId: string): Promise<readonly Task[]> {
    return this.tasks.listOfSession(organization, sessionId);
  }

  /**
   * The session has ended: the retention of its tasks begins.
   * @param failure not null: tasks in progress fail with this text
   * @returns how many failed
   */
  async closeFor(append: Append, session: OwningSession, failure: string | null): Promise<number> {
    const failed =
      failure === null
        ? []
        : await this.tasks.failRunning(session.organization, session.id, failure.slice(0, MAX_ERROR));
    for (const task of failed) {
      const news = { ...newsOf(task), previous_status: 'in_progress', changed: ['status', 'error_message'] };
      append(draft('task_updated', scopeOf(task, session.machineId), news));
    }
    await this.tasks.stampClosed(session.organization, session.id, session.completedAt ?? null);
    return failed.length;
  }

  /** With the session itself; its own event tells how many. @returns how many */
  removeOf(session: Pick<OwningSession, 'organization' | 'id'>): Promise<number> {
    return this.tasks.removeOfSession(session.organization, session.id);
  }

  /** The session was archived: its tasks stay as long as it does. */
  keepArchived(session: Pick<OwningSession, 'organization' | 'id'>): Promise<void> {
    return this.tasks.unstampClosed(session.organization, session.id);
  }

  /**
   * Tasks of a recovered session go to the new one: failed ones as pending with one more attempt, pending and blocked ones as
   * they are. The originals stay as they are.
   * @returns the copies
   */
  async copyForRecovery(
    append: Append,
    from: Pick<OwningSession, 'organization' | 'id'>,
    to: OwningSession,
    options: { readonly resetFailed: boolean; readonly carryPending: boolean },
  ): Promise<readonly Task[]> {
    const originals = (await this.tasks.listOfSession(from.organization, from.id)).filter(
      ({ status }) =>
        (options.resetFailed && status === 'failed') ||
        (options.carryPending && (status === 'pending' || status === 'blocked')),
    );
    if (originals.length === 0) return [];
    const copies = await this.tasks.insert(originals.map((task) => this.copyOf(task, to)));
    for (const task of copies) append(draft('task_created', scopeOf(task, to.machineId), newsOf(task)));
    return copies;
  }

  /** Removes at most `limit` tasks made before `olderThan` whose session is gone. @returns how many */
  async removeOrphans(olderThan: Date, limit: number): Promise<number> {
    let removed = 0;
    let after = '';
    while (removed < limit) {
      const page = await this.tasks.sessionsWithTasks(olderThan, after, ORPHAN_PAGE);
      const existing = await this.sessions.existing(page);
      const gone = page.filter((id) => !existing.has(id));
      if (gone.length > 0) removed += await this.tasks.removeOfSessions(gone, olderThan, limit - removed);
      const last = page.at(-1);
      if (page.length < ORPHAN_PAGE || last === undefined) break;
      after = last;
    }
    return removed;
  }

  private async add(
    caller: Caller,
    drafts: readonly TaskDraft[],
    answered: (tasks: readonly Task[]) => Promise<void>,
    prefixOf: (index: number) => string,
  ): Promise<readonly Task[]> {
    const { organization } = caller;
    const tasks = await this.events.write(organization, async (append) => {
      const sessions = new Map<string, SessionOfTask>();
      for (const [index, one] of drafts.entries()) {
        const session = sessions.get(one.sessionId) ?? (await this.sessions.find(organization, one.sessionId));
        if (!session) throw new SessionReferenceInvalid(`${prefixOf(index)}session_id`, one.sessionId);
        if (session.projectId !== one.projectId) {
          throw new ProjectMismatch(`${prefixOf(index)}project_id`, session.id, session.projectId);
        }
        sessions.set(one.sessionId, session);
      }
      const made = await this.tasks.insert(
        drafts.map((one) => this.newTask(organization, one, sessions.get(one.sessionId)?.closedAt ?? null)),
      );
      for (const task of made) {
        append(draft('task_created', scopeOf(task, sessions.get(task.sessionId)?.machineId), newsOf(task)));
      }
      await answered(made);
      return made;
    });
    for (const task of tasks) log.info('task.created', fieldsOf(task));
    return tasks;
  }

  /** Inside the unit of work. */
  private async apply(
    append: Append,
    organization: string,
    taskId: string,
    { status, ...rest }: TaskChange,
  ): Promise<{ readonly before: Task; readonly after: Task }> {
    const before = await this.tasks.find(organization, taskId);
    if (!before) throw new TaskNotFound(taskId);
    const to = status === before.status ? undefined : status;
    const change: TaskChange = { ...(to ? { status: to } : {}), ...(to === status ? rest : withoutMessage(rest)) };
    const changed = changedFields(change);
    if (changed.length === 0) return { before, after: before };
    if (to && !TASK_MOVES[before.status].includes(to)) throw new IllegalTaskMove(taskId, before.status, to);
    requireMessage(to ?? before.status, to !== undefined, change.errorMessage);
    const session = await this.sessions.find(organization, before.sessionId);
    if (to === 'in_progress' && session?.isTerminal !== false) {
      throw new SessionOver(taskId, before.status, before.sessionId, session?.status ?? 'gone');
    }
    const after = await this.tasks.change(organization, taskId, change);
    if (!after) throw to ? new IllegalTaskMove(taskId, before.status, to) : new TaskNotFound(taskId);
    if (!fitsStore(after.metadata)) {
      throw invalidField('metadata', 'range', `metadata would have more than ${STORED_METADATA_BYTES} bytes in all`);
    }
    const news = { ...newsOf(after), previous_status: before.status, changed };
    append(draft('task_updated', scopeOf(after, session?.machineId), news));
    return { before, after };
  }

  private newTask(organization: string, one: TaskDraft, sessionClosedAt: Date | null): NewTask {
    return {
      id: this.ids.uuid(),
      organization,
      sessionId: one.sessionId,
      projectId: one.projectId,
      githubIssueId: one.githubIssueId ?? null,
      name: one.name,
      status: 'pending',
      errorMessage: null,
      metadata: withoutNulls(one.metadata ?? {}),
      attempt: 1,
      retryOf: null,
      sessionClosedAt,
    };
  }

  private copyOf(task: Task, to: OwningSession): NewTask {
    const isRetry = task.status === 'failed';
    return {
      id: this.ids.uuid(),
      organization: to.organization,
      sessionId: to.id,
      projectId: to.projectId,
      githubIssueId: task.githubIssueId,
      name: task.name,
      status: isRetry ? 'pending' : task.status,
      errorMessage: isRetry ? null : task.errorMessage,
      metadata: task.metadata,
      attempt: task.attempt + (isRetry ? 1 : 0),
      retryOf: task.id,
      sessionClosedAt: null,
    };
  }
}

/** A message that came with a status the task has already belongs to a move that is no move. */
function withoutMessage({ errorMessage: _of, ...rest }: Omit<TaskChange, 'status'>): Omit<TaskChange, 'status'> {
  return rest;
}

function changedFields(change: TaskChange): readonly string[] {
  return [
    ...(change.status ? ['status'] : []),
    ...(change.errorMessage !== undefined ? ['error_message'] : []),
    ...(change.githubIssueId !== undefined ? ['github_issue_id'] : []),
    ...(change.metadata && Object.keys(change.metadata).length > 0 ? ['metadata'] : []),
  ];
}

/** @throws AppError 400 for a text that says nothing, or too much */
function requireText(message: string | null | undefined): void {
  if (message === null || message === undefined) return;
  if (message.trim() === '') throw invalidField('error_message', 'required', 'error_message must not be blank');
  if (message.length > MAX_ERROR) {
    throw invalidField('error_message', 'range', `error_message must have at most ${MAX_ERROR} characters`);
  }
}

/** A failed task says why. @throws AppError 400 */
function requireMessage(status: string, isMove: boolean, message: string | null | undefined): void {
  if (status !== 'failed' || (isMove ? message : message !== null)) return;
  throw invalidField('error_message', 'required', 'error_message is required for a failed task');
}

function withoutNulls(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
}

function scopeOf(task: Task, machineId: string | undefined): EventScope {
  return {
    organization: task.organization,
    sessionId: task.sessionId,
    sessionProjectId: task.projectId,
    ...(machineId === undefined ? {} : { machineId }),
    taskId: task.id,
  };
}

function newsOf(task: Task): Payload<'task_created'> {
  return { task_id: task.id, session_id: task.sessionId, project_id: task.projectId, status: task.status };
}

function fieldsOf(task: Task): Record<string, unknown> {
  return { task_id: task.id, session_id: task.sessionId, project_id: task.projectId };
}
