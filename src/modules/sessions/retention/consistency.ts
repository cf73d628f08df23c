import { Injectable } from '@nestjs/common';
import { DatabaseTime } from '../../../shared/database/database-time.js';
import type { JobTurn } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { createLog } from '../../../shared/kernel/log.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { MachinesService } from '../../machines/machines.service.js';
import { TasksService } from '../../tasks/tasks.service.js';
import { sessionNews } from '../session-news.js';
import { SessionsRepository } from '../sessions.repository.js';
import { RetentionRepository, type WorkingSession } from './retention.repository.js';
import { SessionTaskReads } from './task.reads.js';

const BATCH = 500;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MAX_REPAIRS = 100_000;
/** `current_task_id` is the client's own text; only what has the form of our ids can point to a task of ours. */
const TASK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const log = createLog('sessions');

/** What was found, by kind; the first three are repaired, of the others there must be none. */
export interface Inconsistencies {
  /** Machines that listed other sessions than the live ones on them. */
  readonly active_sessions: number;
  /** Sessions whose current task was missing or finished. */
  readonly current_task: number;
  /** Tasks older than a day whose session is gone. */
  readonly orphan_tasks: number;
  /** Tasks in progress under a session that ended over an hour ago. */
  readonly running_tasks_of_ended: number;
  /** Pairs of project and machine with two active sessions, slots with two live ones. */
  readonly pairs_held_twice: number;
  readonly slots_held_twice: number;
}

/** The neighbours of Consistency. */
@Injectable()
export class ConsistencyTools {
  constructor(
    readonly machines: MachinesService,
    readonly tasks: TasksService,
    readonly taskReads: SessionTaskReads,
    readonly time: DatabaseTime,
    readonly metrics: Metrics,
  ) {}
}

/** Looks for what contradicts itself between sessions, tasks and machines, and repairs what can be (sessions.md 10). */
@Injectable()
export class Consistency {
  constructor(
    private readonly retention: RetentionRepository,
    private readonly sessions: SessionsRepository,
    private readonly events: EventLog,
    private readonly tools: ConsistencyTools,
  ) {}

  /** @returns how many were found, repaired or not */
  async run(turn: JobTurn): Promise<number> {
    const { machines, tasks, taskReads, time, metrics } = this.tools;
    const now = (await time.now()).getTime();
    const twice = await this.retention.countHeldTwice();
    const found: Inconsistencies = {
      active_sessions: await machines.repairActiveSessions(MAX_REPAIRS),
      current_task: await this.clearLostTasks(turn),
      orphan_tasks: await tasks.removeOrphans(new Date(now - DAY_MS), MAX_REPAIRS),
      running_tasks_of_ended: await taskReads.countRunningOfEnded(new Date(now - HOUR_MS)),
      pairs_held_twice: twice.pairs,
      slots_held_twice: twice.slots,
    };
    for (const [kind, count] of Object.entries(found)) metrics.set('state_inconsistencies', { kind }, count);
    const sum = Object.values(found).reduce((all: number, count: number) => all + count, 0);
    if (sum > 0) log.warn('inconsistencies found', { run_id: turn.runId, ...found });
    return sum;
  }

  private async clearLostTasks(turn: JobTurn): Promise<number> {
    let cleared = 0;
    for await (const batch of this.retention.working(BATCH)) {
      if (turn.signal.aborted) break;
      const pointing = batch.filter(({ currentTaskId }) => TASK_ID.test(currentTaskId));
      const alive = await this.tools.taskReads.unfinished(pointing.map(({ currentTaskId }) => currentTaskId));
      for (const session of pointing) {
        if (!alive.has(session.currentTaskId) && (await this.clear(session))) cleared += 1;
      }
    }
    return cleared;
  }

  /** Only where it still points to that task. */
  private clear(session: WorkingSession): Promise<boolean> {
    return this.events.write(session.organization, async (append) => {
      const changed = await this.sessions.clearCurrentTask(session, session.currentTaskId);
      if (changed) append(sessionNews('session_updated', changed, { changed: ['current_task_id'] }));
      return changed !== null;
    });
  }
}
