/**
 * A heartbeat (sessions.md 6), cheapest case first:
 * 1. active or paused, nothing else to tell: one command of the database, no transaction, no event;
 * 2. it matched nothing: the session is read, which settles 404, 400 and 409, and says that it is stalled or works on
 *    something else now;
 * 3. then one transaction writes the beat with its event (`session_reactivated`, `session_updated`);
 * 4. if the session changed between 2 and 3, it begins again.
 * The beat counts whatever becomes of the task updates that came with it: they are applied afterwards, each by itself.
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseTime } from '../../shared/database/database-time.js';
import { AppError } from '../../shared/errors/app-error.js';
import { EventLog } from '../../shared/events/event-log.js';
import type { Caller } from '../../shared/http/allow.js';
import { createLog } from '../../shared/kernel/log.js';
import type { TaskOutcome, TaskStatus } from '../tasks/task.js';
import { TasksService } from '../tasks/tasks.service.js';
import { sessionNews, stalledForMs } from './session-news.js';
import { effectiveThresholdMs, isLive, type Session } from './session.js';
import {
  ConcurrentModification,
  RecoveryInProgress,
  SessionHasEnded,
  SessionNotFound,
  SessionSuperseded,
} from './sessions.errors.js';
import { type Beat, duplicateOf, type SessionKey, SessionsRepository } from './sessions.repository.js';

/** One task update that came with a heartbeat. */
export interface TaskBeat {
  readonly taskId: string;
  readonly status: TaskStatus;
  /** Needed for `failed`. */
  readonly errorMessage?: string;
}

export interface HeartbeatAnswer {
  readonly session: Session;
  readonly message: 'heartbeat recorded' | 'session reactivated';
  readonly tasks: readonly TaskOutcome[];
}

/** How often a beat starts anew when the session changes under it. */
const ATTEMPTS = 5;
const NO_OUTCOMES: readonly TaskOutcome[] = [];
const log = createLog('sessions');

/** Clock and settings of HeartbeatsService. */
@Injectable()
export class HeartbeatTools {
  constructor(
    readonly time: DatabaseTime,
    readonly config: Config,
  ) {}
}

@Injectable()
export class HeartbeatsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly tasks: TasksService,
    private readonly events: EventLog,
    private readonly tools: HeartbeatTools,
  ) {}

  /** @throws SessionNotFound, SessionHasEnded, SessionSuperseded, RecoveryInProgress; a refused beat changes nothing */
  async beat(caller: Caller, id: string, beat: Beat, tasks: readonly TaskBeat[]): Promise<HeartbeatAnswer> {
    const key = { organization: caller.organization, id };
    const session = await this.sessions.recordHeartbeat(key, beat);
    if (session && tasks.length === 0) {
      this.logBeat(session);
      return { session, message: 'heartbeat recorded', tasks: NO_OUTCOMES };
    }
    const recorded = session ? { session, message: 'heartbeat recorded' as const } : await this.lateBeat(key, beat);
    this.logBeat(recorded.session);
    return tasks.length === 0 ? { ...recorded, tasks: NO_OUTCOMES } : this.withTasks(caller, recorded, tasks);
  }

  /** Steps 2 to 4. */
  private async lateBeat(key: SessionKey, beat: Beat): Promise<Omit<HeartbeatAnswer, 'tasks'>> {
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const now = await this.tools.time.now();
        const before = await this.sessions.find(key);
        this.requireWelcome(before, key.id, beat, now);
        const after = await this.writeLate(key, beat, now);
        if (after) return after;
      }
      throw new ConcurrentModification(key.id);
    } catch (error) {
      if (error instanceof AppError) log.warn('heartbeat.rejected', { session_id: key.id, code: error.code });
      throw error;
    }
  }

  /** Why the beat matched nothing, as far as that is a refusal. */
  private requireWelcome(session: Session | null, id: string, beat: Beat, now: Date): asserts session is Session {
    if (!session) throw new SessionNotFound(id);
    const { epoch, recoveredTo, recoveryLockUntil } = session;
    if (!isLive(session.status)) {
      if (recoveredTo !== null && beat.epoch !== undefined)
        throw new SessionSuperseded(session, beat.epoch, recoveredTo);
      throw new SessionHasEnded(session);
    }
    if (beat.epoch !== undefined && beat.epoch < epoch) throw new SessionSuperseded(session, beat.epoch, session.id);
    if (session.status === 'stalled' && recoveryLockUntil && recoveryLockUntil > now) {
      throw new RecoveryInProgress(session);
    }
  }

  /** @returns null when the session changed meanwhile. @throws SessionSuperseded when another session took its pair */
  private async writeLate(key: SessionKey, beat: Beat, now: Date): Promise<Omit<HeartbeatAnswer, 'tasks'> | null> {
    let stalled: Session | undefined;
    try {
      return await this.events.write(key.organization, async (append) => {
        const before = await this.sessions.find(key);
        const after = before && (await this.sessions.recordLateHeartbeat(key, beat, now));
        if (!before || !after) return null;
        const changed = before.currentTaskId === after.currentTaskId ? [] : ['current_task_id'];
        if (before.status !== 'stalled') {
          if (changed.length > 0) append(sessionNews('session_updated', after, { changed }));
          return { session: after, message: 'heartbeat recorded' };
        }
        stalled = before;
        const forMs = stalledForMs(before, after);
        const threshold = effectiveThresholdMs(before, this.tools.config.sessions.stallThresholdMs);
        append(
          sessionNews('session_reactivated', after, {
            ...(changed.length > 0 ? { changed } : {}),
            stalled_for_ms: forMs,
            false_positive: forMs < 2 * threshold,
          }),
        );
        return { session: after, message: 'session reactivated' };
      });
    } catch (error) {
      if (duplicateOf(error) !== 'pair') throw error;
      const session = stalled ?? (await this.sessions.find(key));
      const holder = session && (await this.sessions.findActive(session));
      if (!session || !holder) return null;
      throw new SessionSuperseded(session, beat.epoch ?? null, holder.id);
    }
  }

  /** The answer shows the session as the updates leave it. */
  private async withTasks(
    caller: Caller,
    recorded: Omit<HeartbeatAnswer, 'tasks'>,
    updates: readonly TaskBeat[],
  ): Promise<HeartbeatAnswer> {
    const tasks: TaskOutcome[] = [];
    for (const update of updates) tasks.push(await this.updateTask(caller, recorded.session.id, update));
    const { session } = recorded;
    return { ...recorded, session: (await this.sessions.find(session)) ?? session, tasks };
  }

  /** Never fails: the beat has been recorded and counts. */
  private async updateTask(caller: Caller, sessionId: string, update: TaskBeat): Promise<TaskOutcome> {
    const { taskId, status, errorMessage } = update;
    try {
      const task = await this.tasks.get(caller, taskId);
      if (task.sessionId !== sessionId) return refused(taskId, 'RESOURCE_NOT_FOUND', `Task ${taskId} not found`);
      const change = { status, ...(errorMessage === undefined ? {} : { errorMessage }) };
      return { ok: true, taskId, task: await this.tasks.update(caller, taskId, change) };
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return refused(taskId, error.code, error.message);
      log.error('task update of a heartbeat failed', { error, session_id: sessionId, task_id: taskId });
      return refused(taskId, 'INTERNAL_ERROR', 'The task was not updated; send it again with the next heartbeat');
    }
  }

  /** A session's first beat always leaves a line, of the others a share. Revivals are told by their event. */
  private logBeat(session: Session): void {
    if (session.heartbeatCount !== 1 && Math.random() >= this.tools.config.log.heartbeatShare) return;
    log.info('heartbeat.received', {
      session_id: session.id,
      project_id: session.projectId,
      machine_id: session.machineId,
      last_heartbeat: session.lastHeartbeatAt,
    });
  }
}

function refused(taskId: string, code: string, message: string): TaskOutcome {
  return { ok: false, taskId, code, message };
}
