import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { DatabaseTime } from '../../../shared/database/database-time.js';
import type { Caller } from '../../../shared/http/allow.js';
import type { Task, TaskStatus } from '../../tasks/task.js';
import { TasksService } from '../../tasks/tasks.service.js';
import { type Session, sinceHeartbeatMs } from '../session.js';
import { SessionNotFound, WrongState } from '../sessions.errors.js';
import { SessionsRepository } from '../sessions.repository.js';
import { blockOf, type RecoveryBlock } from './recovery-rules.js';
import { type RecoverableFilter, RecoveryRepository } from './recovery.repository.js';

export interface RecoveryState {
  readonly session: Session;
  /** Completed last; null = none. */
  readonly lastSuccessfulTask: Task | null;
  /** Oldest first. */
  readonly tasks: Readonly<Record<TaskStatus, readonly Task[]>>;
  readonly block: RecoveryBlock | null;
}

export interface RecoverableSession {
  readonly session: Session;
  readonly sinceHeartbeatMs: number;
  readonly block: RecoveryBlock | null;
}

export interface FailureInfo {
  readonly session: Session;
  /** From its start to its end, in ms. */
  readonly durationMs: number;
  readonly lastCompletedTask: Task | null;
  /** Not brought to an end: in progress, blocked, or failed together with the session. */
  readonly stuckTasks: readonly Task[];
}

export interface RecoverableQuestion {
  readonly projectId?: string;
  readonly machineId?: string;
  /** Age of the newest heartbeat. */
  readonly minAgeMinutes?: number;
  readonly maxAgeMinutes?: number;
}

const MAX_ROWS = 1000;
/** Longer chains are cut: with every hop recovered by hand nobody gets there. */
const MAX_CHAIN = 1000;
const MINUTE_MS = 60_000;

/** What people and programs look at before and after a recovery (sessions.md 5.2, 5.3, 9.1). */
@Injectable()
export class RecoveryViewsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly recoveries: RecoveryRepository,
    private readonly tasks: TasksService,
    private readonly time: DatabaseTime,
    private readonly config: Config,
  ) {}

  /** In any status; one read of the session and one of its tasks. @throws SessionNotFound */
  async state({ organization }: Caller, id: string): Promise<RecoveryState> {
    const session = await this.get(organization, id);
    const all = await this.tasks.listOfSession(organization, id);
    const of = (status: TaskStatus): readonly Task[] => all.filter((task) => task.status === status);
    const tasks = {
      pending: of('pending'),
      in_progress: of('in_progress'),
      completed: of('completed'),
      failed: of('failed'),
      blocked: of('blocked'),
    };
    return {
      session,
      lastSuccessfulTask: newest(tasks.completed),
      tasks,
      block: this.blockOf(session, tasks.completed.length),
    };
  }

  /** Failed and stalled ones, newest sign of life first. */
  async recoverable({ organization }: Caller, question: RecoverableQuestion): Promise<readonly RecoverableSession[]> {
    const now = await this.time.now();
    const ago = (minutes: number): Date => new Date(now.getTime() - minutes * MINUTE_MS);
    const { minAgeMinutes, maxAgeMinutes, ...rest } = question;
    const filter: RecoverableFilter = {
      ...rest,
      ...(minAgeMinutes === undefined ? {} : { silentBefore: ago(minAgeMinutes) }),
      ...(maxAgeMinutes === undefined ? {} : { silentAfter: ago(maxAgeMinutes) }),
    };
    const found = await this.recoveries.listRecoverable(organization, filter, MAX_ROWS);
    const rows: RecoverableSession[] = [];
    for (const session of found) {
      // Only at the limit do the tasks decide: whether the parent made progress.
      let block = this.blockOf(session, 0);
      if (block === 'recovery_limit_reached') {
        const { byStatus } = await this.tasks.statsOf(organization, { sessionId: session.id });
        block = this.blockOf(session, byStatus.completed);
      }
      rows.push({ session, sinceHeartbeatMs: sinceHeartbeatMs(session, now), block });
    }
    return rows;
  }

  /** The chain the session belongs to, oldest first. @throws SessionNotFound */
  async history({ organization }: Caller, id: string): Promise<readonly Session[]> {
    const chain = [await this.get(organization, id)];
    const find = (next: string | null | undefined): Promise<Session | null> =>
      next && chain.every((session) => session.id !== next) && chain.length < MAX_CHAIN
        ? this.sessions.find({ organization, id: next })
        : Promise.resolve(null);
    for (let one = await find(chain[0]?.recoveredFrom); one; one = await find(one.recoveredFrom)) chain.unshift(one);
    for (let one = await find(chain.at(-1)?.recoveredTo); one; one = await find(one.recoveredTo)) chain.push(one);
    return chain;
  }

  /** @throws SessionNotFound, WrongState unless failed */
  async failure({ organization }: Caller, id: string): Promise<FailureInfo> {
    const session = await this.get(organization, id);
    if (session.status !== 'failed') throw new WrongState(id, session.status, ['failed']);
    const all = await this.tasks.listOfSession(organization, id);
    const endedAt = session.completedAt ?? session.updatedAt;
    return {
      session,
      durationMs: endedAt.getTime() - session.startedAt.getTime(),
      lastCompletedTask: newest(all.filter(({ status }) => status === 'completed')),
      stuckTasks: all.filter(
        ({ status, completedAt }) =>
          status === 'in_progress' ||
          status === 'blocked' ||
          (status === 'failed' && completedAt !== null && completedAt >= endedAt),
      ),
    };
  }

  private blockOf(session: Session, completedTasks: number): RecoveryBlock | null {
    return blockOf(session, completedTasks, this.config.sessions.maxRecoveryAttempts);
  }

  private async get(organization: string, id: string): Promise<Session> {
    const session = await this.sessions.find({ organization, id });
    if (!session) throw new SessionNotFound(id);
    return session;
  }
}

/** The task completed last. */
function newest(completed: readonly Task[]): Task | null {
  return completed.reduce<Task | null>(
    (best, task) => ((task.completedAt?.getTime() ?? 0) >= (best?.completedAt?.getTime() ?? 0) ? task : best),
    null,
  );
}
