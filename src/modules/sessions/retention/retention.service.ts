import { Injectable } from '@nestjs/common';
import { EventLog } from '../../../shared/events/event-log.js';
import type { Caller } from '../../../shared/http/allow.js';
import type { RowPosition, Slice } from '../../../shared/http/paging.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { TasksService } from '../../tasks/tasks.service.js';
import { SessionClosing } from '../session-closing.js';
import { sessionNews } from '../session-news.js';
import { type Session, TERMINAL } from '../session.js';
import { SessionNotFound, WrongState } from '../sessions.errors.js';
import { SessionsRepository } from '../sessions.repository.js';
import { type ArchivedFilter, RetentionRepository } from './retention.repository.js';

export interface Purged {
  readonly id: string;
  readonly tasksDeleted: number;
  readonly at: Date;
}

/** The neighbours of RetentionService. */
@Injectable()
export class RetentionTools {
  constructor(
    readonly closing: SessionClosing,
    readonly tasks: TasksService,
    readonly clock: Clock,
  ) {}
}

/** Keep an ended session for ever, or remove it at once (sessions.md 10, 5.2). */
@Injectable()
export class RetentionService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly retention: RetentionRepository,
    private readonly events: EventLog,
    private readonly tools: RetentionTools,
  ) {}

  /** With its tasks; an archived one stays as it is. @throws SessionNotFound, WrongState unless it has ended */
  archive({ organization }: Caller, id: string): Promise<Session> {
    return this.events.write(organization, async (append) => {
      const archived = await this.retention.archive({ organization, id });
      if (!archived) return this.requireEnded(organization, id);
      await this.tools.tasks.keepArchived(archived);
      append(sessionNews('session_archived', archived, {}));
      return archived;
    });
  }

  /** Newest archive first. */
  listArchived(
    { organization }: Caller,
    filter: ArchivedFilter,
    slice: Slice,
  ): Promise<{ readonly items: readonly Session[]; readonly total: number; readonly next: RowPosition | null }> {
    return this.retention.listArchived(organization, filter, slice);
  }

  /** Gone with its tasks, archived or not. @throws SessionNotFound, WrongState unless it has ended */
  purge({ organization }: Caller, id: string): Promise<Purged> {
    return this.events.write(organization, async (append) => {
      const removed = await this.tools.closing.remove(append, { organization, id }, { from: TERMINAL }, 'purge');
      if (removed) return { id, tasksDeleted: removed.tasksDeleted, at: this.tools.clock.now() };
      const { status } = await this.requireEnded(organization, id);
      throw new WrongState(id, status, TERMINAL);
    });
  }

  private async requireEnded(organization: string, id: string): Promise<Session> {
    const session = await this.sessions.find({ organization, id });
    if (!session) throw new SessionNotFound(id);
    if (!TERMINAL.includes(session.status)) throw new WrongState(id, session.status, TERMINAL);
    return session;
  }
}
