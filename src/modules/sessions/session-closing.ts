import { Injectable } from '@nestjs/common';
import type { Append } from '../../shared/events/event-log.js';
import { MachinesService } from '../machines/machines.service.js';
import { TasksService } from '../tasks/tasks.service.js';
import { sessionNews } from './session-news.js';
import type { Session, SessionStatus } from './session.js';
import { type Removable, type SessionKey, SessionsRepository } from './sessions.repository.js';

export interface Closing {
  /** States it may be closed from: the filter of the conditional write. */
  readonly from: readonly SessionStatus[];
  /** Who wanted it; `recovery` is told by the recovery's own event. */
  readonly cause: 'client' | 'abandoned' | 'patch' | 'recovery';
  /** Why it failed; needed for `failed`. */
  readonly errorMessage?: string;
  /** What the client adds to a failure: merged into the metadata and kept as `error_context`. */
  readonly context?: Readonly<Record<string, unknown>>;
}

const FAILED_WITHOUT_A_WORD = 'marked failed without a message';

/**
 * The two ways a session ends, with everything that hangs on it (sessions.md 4.1, 7.1, 8.4). Both join the caller's unit of
 * work and change nothing when the session is not in one of the named states.
 */
@Injectable()
export class SessionClosing {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly tasks: TasksService,
    private readonly machines: MachinesService,
  ) {}

  /**
   * Completed or failed: 1. the session, with its pair and slot free; 2. its event; 3. the machine lets go of it; 4. its tasks
   * are stamped, and those in progress fail with it (failed, or recovered).
   * @returns the closed session; null when it was in none of `from`
   */
  async close(append: Append, key: SessionKey, to: 'completed' | 'failed', how: Closing): Promise<Session | null> {
    const message = how.errorMessage ?? FAILED_WITHOUT_A_WORD;
    const session = await this.sessions.close(
      key,
      to,
      how.from,
      to === 'failed' ? { message, context: how.context ?? {} } : null,
    );
    if (!session) return null;
    if (to === 'failed' && how.cause !== 'recovery') {
      append(sessionNews('session_failed', session, { cause: how.cause, error_message: message }));
    } else if (how.cause !== 'recovery') {
      append(sessionNews('session_completed', session, {}));
    }
    await this.machines.release(session.organization, session.machineId, session.id);
    await this.tasks.closeFor(append, session, taskFailure(to, how.cause, message));
    return session;
  }

  /**
   * Gone for good, with its tasks.
   * @returns what it was and how many tasks went with it; null when it is none of `which`
   */
  async remove(
    append: Append,
    key: SessionKey,
    which: Removable,
    reason: 'client' | 'purge' | 'retention',
  ): Promise<{ readonly session: Session; readonly tasksDeleted: number } | null> {
    const session = await this.sessions.remove(key, which);
    if (!session) return null;
    const tasksDeleted = await this.tasks.removeOf(session);
    await this.machines.release(session.organization, session.machineId, session.id);
    append(sessionNews('session_deleted', session, { tasks_deleted: tasksDeleted, reason }));
    return { session, tasksDeleted };
  }
}

/** What the tasks in progress fail with; null: they stay as they are. */
function taskFailure(to: 'completed' | 'failed', cause: Closing['cause'], message: string): string | null {
  if (cause === 'recovery') return 'Session recovered: its work goes on in another session';
  return to === 'failed' ? `Session failed: ${message}`.slice(0, 4000) : null; // 4000: the limit of error_message
}
