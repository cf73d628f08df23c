import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseTime } from '../../shared/database/database-time.js';
import type { Caller } from '../../shared/http/allow.js';
import type { Slice } from '../../shared/http/paging.js';
import type { Task, TaskStats } from '../tasks/task.js';
import { TasksService } from '../tasks/tasks.service.js';
import {
  adviceFor,
  effectiveThresholdMs,
  isStalled,
  type Session,
  SESSION_STATUSES,
  type SessionAdvice,
  type SessionStatus,
  sinceHeartbeatMs,
} from './session.js';
import {
  SessionViewsRepository,
  type Silence,
  type StatusCounts,
  type ViewFilter,
} from './session-views.repository.js';
import { SessionNotFound } from './sessions.errors.js';
import { type SessionPage, SessionsRepository } from './sessions.repository.js';

export interface SessionSummary {
  readonly total: number;
  /** Overdue ones count as stalled. */
  readonly counts: StatusCounts;
  readonly archived: number;
  readonly at: Date;
}

/** A session as somebody sees it who watches many. */
export interface LiveView {
  readonly session: Session;
  readonly sinceHeartbeatMs: number;
  readonly isStalled: boolean;
}

export interface SessionHealth extends LiveView {
  readonly isHealthy: boolean;
  readonly stallThresholdMs: number;
  readonly advice: readonly SessionAdvice[];
}

export interface ProjectView {
  readonly groups: Readonly<Record<SessionStatus, readonly Session[]>>;
  readonly counts: StatusCounts;
}

/** Rows of a view without paging. */
const MAX_ROWS = 1000;
/** Rows of a status in the view of a project (sessions.md 5.2). */
const GROUP_ROWS = 100;

/** The questions of sessions.md 5.2 and 5.3. Every verdict on age is made while answering, by the database's clock. */
@Injectable()
export class SessionViewsService {
  constructor(
    private readonly views: SessionViewsRepository,
    private readonly sessions: SessionsRepository,
    private readonly tasks: TasksService,
    private readonly time: DatabaseTime,
    private readonly config: Config,
  ) {}

  async summary({ organization }: Caller, filter: ViewFilter): Promise<SessionSummary> {
    const silence = await this.silence();
    const [stored, overdue, archived] = await Promise.all([
      this.views.countByStatus(organization, filter),
      this.views.countOverdue(organization, filter, silence),
      this.views.countArchived(organization, filter),
    ]);
    // Counted one after another: a session may have been marked in between.
    const active = Math.max(0, stored.active - overdue);
    return {
      total: SESSION_STATUSES.reduce((sum, status) => sum + stored[status], 0),
      counts: { ...stored, active, stalled: stored.stalled + (stored.active - active) },
      archived,
      at: silence.now,
    };
  }

  /** Overdue or marked, the longest silence first. @param thresholdMs null: the server's, with the sessions' own longer ones */
  async silent({ organization }: Caller, filter: ViewFilter, thresholdMs: number | null): Promise<readonly LiveView[]> {
    const silence = await this.silence(thresholdMs);
    const found = await this.views.listSilent(organization, filter, silence, MAX_ROWS);
    return found.map((session) => ({
      session,
      sinceHeartbeatMs: sinceHeartbeatMs(session, silence.now),
      isStalled: true,
    }));
  }

  async active({ organization }: Caller, filter: ViewFilter): Promise<readonly LiveView[]> {
    const { now, thresholdMs } = await this.silence();
    const found = await this.views.listActive(organization, filter, MAX_ROWS);
    return found.map((session) => ({
      session,
      sinceHeartbeatMs: sinceHeartbeatMs(session, now),
      isStalled: isStalled(session, thresholdMs, now),
    }));
  }

  /** Newest failure first. */
  failed(
    { organization }: Caller,
    filter: ViewFilter & { readonly updatedSince?: Date; readonly withArchived?: boolean },
    slice: Slice,
  ): Promise<SessionPage> {
    return this.views.listFailed(organization, filter, slice);
  }

  async ofProject({ organization }: Caller, projectId: string): Promise<ProjectView> {
    const [counts, ...groups] = await Promise.all([
      this.views.countByStatus(organization, { projectId }),
      ...SESSION_STATUSES.map((status) => this.views.listOfProject(organization, projectId, status, GROUP_ROWS)),
    ]);
    const byStatus = Object.fromEntries(SESSION_STATUSES.map((status, i) => [status, groups[i] ?? []]));
    return { counts, groups: byStatus as unknown as ProjectView['groups'] };
  }

  /** @param thresholdMs null: the session's effective one; else only this answer is about it. @throws SessionNotFound */
  async health({ organization }: Caller, id: string, thresholdMs: number | null): Promise<SessionHealth> {
    const session = await this.sessions.find({ organization, id });
    if (!session) throw new SessionNotFound(id);
    const now = await this.time.now();
    const asked = thresholdMs === null ? session : { ...session, stallThresholdMs: null };
    const globalMs = thresholdMs ?? this.config.sessions.stallThresholdMs;
    const isSilent = isStalled(asked, globalMs, now);
    return {
      session,
      sinceHeartbeatMs: sinceHeartbeatMs(session, now),
      isStalled: isSilent,
      isHealthy: session.status === 'active' && !isSilent,
      stallThresholdMs: effectiveThresholdMs(asked, globalMs),
      advice: adviceFor(session, isSilent),
    };
  }

  /** @throws SessionNotFound */
  async tasksOf(
    { organization }: Caller,
    id: string,
  ): Promise<{ readonly tasks: readonly Task[]; readonly stats: TaskStats }> {
    if (!(await this.sessions.find({ organization, id }))) throw new SessionNotFound(id);
    const tasks = await this.tasks.listOfSession(organization, id);
    return { tasks, stats: await this.tasks.statsOf(organization, { sessionId: id }) };
  }

  private async silence(thresholdMs: number | null = null): Promise<Silence> {
    return {
      now: await this.time.now(),
      thresholdMs: thresholdMs ?? this.config.sessions.stallThresholdMs,
      withOwnThresholds: thresholdMs === null,
    };
  }
}
