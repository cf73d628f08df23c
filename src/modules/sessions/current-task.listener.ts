import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Append, EventLog } from '../../shared/events/event-log.js';
import type { EventDraft } from '../../shared/events/events.js';
import { sessionNews } from './session-news.js';
import { isLive, LIVE } from './session.js';
import { SessionHasEnded, SessionReferenceInvalid } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

type TaskNews = EventDraft<'task_updated' | 'task_deleted'>;

/**
 * Keeps `current_task_id` in step with the tasks, in their transaction (sessions.md 4.2): a task that starts becomes the
 * session's current one; one that stops being worked on, or is gone, leaves it where it still is that one.
 */
@Injectable()
export class CurrentTaskListener implements OnModuleInit {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly events: EventLog,
  ) {}

  onModuleInit(): void {
    this.events.within(['task_updated', 'task_deleted'], (event, append) => this.hear(event, append));
  }

  /** @throws SessionHasEnded when a task starts in a session that does not live */
  async hear({ type, scope, data }: TaskNews, append: Append): Promise<void> {
    const key = { organization: scope.organization, id: data.session_id };
    if (type === 'task_updated' && (data as { previous_status: string }).previous_status === data.status) return;
    if (type === 'task_updated' && data.status === 'in_progress') {
      const before = await this.sessions.find(key);
      if (!before) throw new SessionReferenceInvalid(key.id);
      if (!isLive(before.status)) throw new SessionHasEnded(before);
      if (before.currentTaskId === data.task_id) return;
      const session = await this.sessions.change(key, LIVE, { currentTaskId: data.task_id });
      if (session) append(sessionNews('session_updated', session, { changed: ['current_task_id'] }));
      return;
    }
    const session = await this.sessions.clearCurrentTask(key, data.task_id);
    if (session) append(sessionNews('session_updated', session, { changed: ['current_task_id'] }));
  }
}
