import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { DatabaseTime } from '../../../shared/database/database-time.js';
import type { JobTurn } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { TasksService } from '../../tasks/tasks.service.js';
import { SessionClosing } from '../session-closing.js';
import { type Session, TERMINAL } from '../session.js';
import { type Expired, RetentionRepository } from './retention.repository.js';

const BATCH = 100;
const DAY_MS = 86_400_000;
/** A clean-up somebody waits for stops then, in ms: below the gateway's limit of 29 s. */
const HTTP_BUDGET_MS = 25_000;
/** Sessions that could not be removed; with so many the database is the matter, not the session. */
const MAX_FAILURES = 100;
/** Tasks without a session that one run removes. */
const MAX_ORPHANS = 100_000;

const log = createLog('sessions');

export interface CleanupWish {
  /** Whole days since the end of a session. */
  readonly olderThanDays: number;
  /** Only count. */
  readonly dryRun: boolean;
}

export interface CleanupResult extends CleanupWish {
  readonly deletedSessions: number;
  readonly deletedTasks: number;
  /** Left as they were, with their tasks. */
  readonly failedSessions: readonly { readonly id: string; readonly reason: string }[];
  readonly cutoff: Date;
  /** The time was up before the work was done: ask again. */
  readonly hasMore: boolean;
  readonly durationMs: number;
}

/** The neighbours of Cleanup. */
@Injectable()
export class CleanupTools {
  constructor(
    readonly closing: SessionClosing,
    readonly tasks: TasksService,
    readonly time: DatabaseTime,
    readonly clock: Clock,
    readonly config: Config,
  ) {}
}

/**
 * Removes what ended long ago (sessions.md 10). Each session goes with its tasks in one transaction, which also asks once more
 * whether it may go: a run that is killed leaves every session whole or gone, and the next one finds the rest.
 */
@Injectable()
export class Cleanup {
  constructor(
    private readonly sessions: RetentionRepository,
    private readonly events: EventLog,
    private readonly tools: CleanupTools,
  ) {}

  /** Of one organization, for somebody who waits: at most 25 s. */
  async run(organization: string, { olderThanDays, dryRun }: CleanupWish): Promise<CleanupResult> {
    const startedAt = this.tools.clock.now().getTime();
    const elapsed = (): number => this.tools.clock.now().getTime() - startedAt;
    const isTimeUp = (): boolean => elapsed() >= HTTP_BUDGET_MS;
    const cutoff = await this.cutoff(olderThanDays);
    const expired: Expired = { organization, archived: false, before: cutoff };
    const done = dryRun ? await this.count(expired, isTimeUp) : await this.remove(expired, isTimeUp);
    return { ...done, olderThanDays, dryRun, cutoff, durationMs: elapsed() };
  }

  /** Of every organization: by retention, by the retention of archives where there is one, then tasks without a session. */
  async runJob(turn: JobTurn): Promise<number> {
    const { retentionDays, archiveRetentionDays } = this.tools.config.sessions;
    const isOver = (): boolean => turn.signal.aborted;
    const ended = await this.remove(
      { organization: null, archived: false, before: await this.cutoff(retentionDays) },
      isOver,
    );
    const archived =
      archiveRetentionDays === 0
        ? NOTHING
        : await this.remove(
            { organization: null, archived: true, before: await this.cutoff(archiveRetentionDays) },
            isOver,
          );
    const orphans = isOver() ? 0 : await this.tools.tasks.removeOrphans(await this.cutoff(1), MAX_ORPHANS);
    log.info('cleanup done', {
      run_id: turn.runId,
      deleted_sessions: ended.deletedSessions + archived.deletedSessions,
      deleted_tasks: ended.deletedTasks + archived.deletedTasks,
      failed_sessions: ended.failedSessions.length + archived.failedSessions.length,
      orphans,
    });
    return ended.deletedSessions + archived.deletedSessions;
  }

  private async remove(expired: Expired, isTimeUp: () => boolean): Promise<Tally> {
    const tally = { deletedSessions: 0, deletedTasks: 0, failedSessions: [] as { id: string; reason: string }[] };
    while (tally.failedSessions.length < MAX_FAILURES) {
      const failed = tally.failedSessions.map(({ id }) => id);
      const batch = await this.sessions.listExpired(expired, BATCH, { except: failed });
      for (const session of batch) {
        if (isTimeUp()) return { ...tally, hasMore: true };
        try {
          const tasks = await this.removeOne(session, expired);
          if (tasks === null) continue;
          tally.deletedSessions += 1;
          tally.deletedTasks += tasks;
        } catch (error) {
          tally.failedSessions.push({ id: session.id, reason: 'the session could not be removed; see the log' });
          log.error('cleanup.session_failed', { error, session_id: session.id, project_id: session.projectId });
        }
      }
      if (batch.length < BATCH) return { ...tally, hasMore: false };
    }
    return { ...tally, hasMore: true };
  }

  /** @returns how many tasks went with it; null when it may not go any more */
  private async removeOne(session: Session, { archived, before }: Expired): Promise<number | null> {
    const which = { from: TERMINAL, ...(archived ? { archivedBefore: before } : { endedBefore: before }) };
    const removed = await this.events.write(session.organization, (append) =>
      this.tools.closing.remove(append, session, which, 'retention'),
    );
    if (!removed) return null;
    log.info('cleanup.session_deleted', {
      session_id: session.id,
      project_id: session.projectId,
      completed_at: session.completedAt,
      tasks_deleted: removed.tasksDeleted,
    });
    return removed.tasksDeleted;
  }

  private async count(expired: Expired, isTimeUp: () => boolean): Promise<Tally> {
    const tally = { deletedSessions: 0, deletedTasks: 0, failedSessions: [] };
    for (;;) {
      const batch = await this.sessions.listExpired(expired, BATCH, { skip: tally.deletedSessions });
      for (const { organization, id } of batch) {
        if (isTimeUp()) return { ...tally, hasMore: true };
        tally.deletedTasks += (await this.tools.tasks.statsOf(organization, { sessionId: id })).total;
        tally.deletedSessions += 1;
      }
      if (batch.length < BATCH) return { ...tally, hasMore: false };
    }
  }

  private async cutoff(days: number): Promise<Date> {
    return new Date((await this.tools.time.now()).getTime() - days * DAY_MS);
  }
}

type Tally = Pick<CleanupResult, 'deletedSessions' | 'deletedTasks' | 'failedSessions' | 'hasMore'>;

const NOTHING: Tally = { deletedSessions: 0, deletedTasks: 0, failedSessions: [], hasMore: false };
