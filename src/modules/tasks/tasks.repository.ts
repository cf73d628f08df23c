import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, PipelineStage, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import { mergeMetadata } from '../../shared/database/metadata-merge.js';
import type { RowPosition, Slice } from '../../shared/http/paging.js';
import { TASKS, type TaskRecord } from './task.schema.js';
import { type Task, type TaskChange, taskSourcesOf, type TaskStats, type TaskStatus, toTaskStats } from './task.js';

/** Every given part must match. */
export interface TaskFilter {
  readonly sessionId?: string;
  readonly projectId?: string;
  readonly status?: TaskStatus;
  /** Changed at or after. */
  readonly updatedSince?: Date;
}

/** A task about to be stored; the database gives it its times. */
export interface NewTask extends Omit<Task, 'startedAt' | 'completedAt' | 'createdAt' | 'updatedAt'> {
  /** End of its session, when that is over already. */
  readonly sessionClosedAt: Date | null;
}

export interface TaskPage {
  readonly tasks: readonly Task[];
  /** Number of all that match. */
  readonly total: number;
  /** Where the next page goes on; null after the last one. */
  readonly next: RowPosition | null;
}

type Stages = Extract<PipelineStage, { $set: unknown } | { $unset: unknown }>[];
type StoredTask = TaskRecord & { readonly _id: { toHexString(): string } };

const IN_PIPELINE = { updatePipeline: true, timestamps: false } as const;
const NO_LIMIT = Number.MAX_SAFE_INTEGER; // the service weighs what came out and undoes it

@Injectable()
export class TasksRepository extends BaseRepository<TaskRecord> {
  constructor(@InjectModel(TASKS) model: Model<TaskRecord>) {
    super(model);
  }

  /** Within a unit of work: two writes, the second one puts the database's time on all of them. In the given order. */
  async insert(tasks: readonly NewTask[]): Promise<readonly Task[]> {
    const records = await this.model.insertMany(tasks.map(toRecord), { timestamps: false, lean: true });
    const ids = records.map((record) => record.task_id);
    await this.model.updateMany(
      { task_id: { $in: ids } },
      [{ $set: { created_at: '$$NOW', updated_at: '$$NOW' } }],
      IN_PIPELINE,
    );
    const stored = await this.model.find({ task_id: { $in: ids } }).lean<TaskRecord[]>();
    const byId = new Map(stored.map((record) => [record.task_id, toTask(record)]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  async find(organization: string, taskId: string): Promise<Task | null> {
    const record = await this.model.findOne({ task_id: taskId, organization }).lean<TaskRecord>();
    return record && toTask(record);
  }

  /** Newest first. */
  async list(organization: string, filter: TaskFilter, slice: Slice): Promise<TaskPage> {
    const query = queryOf(organization, filter);
    const records = await this.model
      .find(slice.after ? { $and: [query, olderThan(slice.after)] } : query)
      .sort({ created_at: -1, _id: -1 })
      .skip(slice.offset)
      .limit(slice.limit + 1)
      .lean<StoredTask[]>();
    const page = records.slice(0, slice.limit);
    const last = records.length > slice.limit ? page.at(-1) : undefined;
    return {
      tasks: page.map(toTask),
      total: await this.model.countDocuments(query),
      next: last ? { createdAt: last.created_at, id: last._id.toHexString() } : null,
    };
  }

  /** All of them, oldest first. */
  async listOfSession(organization: string, sessionId: string): Promise<readonly Task[]> {
    const records = await this.model
      .find({ organization, session_id: sessionId })
      .sort({ created_at: 1, _id: 1 })
      .lean<TaskRecord[]>();
    return records.map(toTask);
  }

  async statsOf(organization: string, filter: Pick<TaskFilter, 'sessionId' | 'projectId'>): Promise<TaskStats> {
    const counts = await this.model.aggregate<{ _id: TaskStatus; count: number }>([
      { $match: queryOf(organization, filter) },
      { $group: { _id: '$status', count: { $sum: 1 } } },
    ]);
    return toTaskStats(Object.fromEntries(counts.map(({ _id, count }) => [_id, count])));
  }

  /**
   * One conditional write. A status in `change` is a move: it happens from a state that the table of moves allows and not from
   * the same one.
   * @returns null when there is no such task in such a state
   */
  async change(organization: string, taskId: string, change: TaskChange): Promise<Task | null> {
    const record = await this.model
      .findOneAndUpdate(
        {
          task_id: taskId,
          organization,
          ...(change.status ? { status: { $in: [...taskSourcesOf(change.status)] } } : {}),
        },
        stagesOf(change),
        { ...IN_PIPELINE, returnDocument: 'after' },
      )
      .lean<TaskRecord>();
    return record && toTask(record);
  }

  async remove(organization: string, taskId: string): Promise<Task | null> {
    const record = await this.model.findOneAndDelete({ task_id: taskId, organization }).lean<TaskRecord>();
    return record && toTask(record);
  }

  /** Fails what is in progress. @returns the tasks as they are now */
  async failRunning(organization: string, sessionId: string, errorMessage: string): Promise<readonly Task[]> {
    const running = await this.model
      .find({ session_id: sessionId, organization, status: 'in_progress' }, { _id: 0, task_id: 1 })
      .lean<Pick<TaskRecord, 'task_id'>[]>();
    if (running.length === 0) return [];
    const ids = running.map((record) => record.task_id);
    await this.model.updateMany(
      { task_id: { $in: ids }, organization, status: 'in_progress' },
      stagesOf({ status: 'failed', errorMessage }),
      IN_PIPELINE,
    );
    const failed = await this.model.find({ task_id: { $in: ids }, status: 'failed' }).lean<TaskRecord[]>();
    return failed.map(toTask);
  }

  /** The retention of all tasks of the session counts from `closedAt`, else from now; from an earlier end if there was one. */
  async stampClosed(organization: string, sessionId: string, closedAt: Date | null): Promise<void> {
    await this.model.updateMany(
      { session_id: sessionId, organization },
      [
        {
          $set: { session_closed_at: { $ifNull: ['$session_closed_at', closedAt ? { $literal: closedAt } : '$$NOW'] } },
        },
      ],
      IN_PIPELINE,
    );
  }

  /** They never expire. */
  async unstampClosed(organization: string, sessionId: string): Promise<void> {
    await this.model.updateMany(
      { session_id: sessionId, organization },
      { $set: { session_closed_at: null } },
      { timestamps: false },
    );
  }

  async removeOfSession(organization: string, sessionId: string): Promise<number> {
    const { deletedCount } = await this.model.deleteMany({ session_id: sessionId, organization });
    return deletedCount;
  }

  /** Ids of sessions that have tasks made before `createdBefore`: the next `limit` after `afterId`, in the order of ids. */
  async sessionsWithTasks(createdBefore: Date, afterId: string, limit: number): Promise<readonly string[]> {
    const groups = await this.model.aggregate<{ _id: string }>([
      { $match: { session_id: { $gt: afterId }, created_at: { $lt: createdBefore } } },
      { $group: { _id: '$session_id' } },
      { $sort: { _id: 1 } },
      { $limit: limit },
    ]);
    return groups.map((group) => group._id);
  }

  /** At most `limit` tasks of these sessions made before `createdBefore`. @returns how many */
  async removeOfSessions(sessionIds: readonly string[], createdBefore: Date, limit: number): Promise<number> {
    const doomed = await this.model
      .find({ session_id: { $in: [...sessionIds] }, created_at: { $lt: createdBefore } }, { _id: 1 })
      .limit(limit)
      .lean<Pick<StoredTask, '_id'>[]>();
    if (doomed.length === 0) return 0;
    const { deletedCount } = await this.model.deleteMany({ _id: { $in: doomed.map((one) => one._id) } });
    return deletedCount;
  }
}

function queryOf(organization: string, filter: TaskFilter): QueryFilter<TaskRecord> {
  return {
    organization,
    ...(filter.sessionId !== undefined ? { session_id: filter.sessionId } : {}),
    ...(filter.projectId !== undefined ? { project_id: filter.projectId } : {}),
    ...(filter.status ? { status: filter.status } : {}),
    ...(filter.updatedSince ? { updated_at: { $gte: filter.updatedSince } } : {}),
  };
}

function olderThan({ createdAt, id }: RowPosition): QueryFilter<TaskRecord> {
  return { $or: [{ created_at: { $lt: createdAt } }, { created_at: createdAt, _id: { $lt: id } }] };
}

/** `moved` (task.ts) in the database's words; texts of clients are literals. */
function stagesOf(change: TaskChange): Stages {
  const { status, errorMessage, githubIssueId, metadata } = change;
  return [
    ...(metadata ? mergeMetadata(metadata, NO_LIMIT) : []),
    {
      $set: {
        ...(errorMessage !== undefined ? { error_message: { $literal: errorMessage } } : {}),
        ...(status ? moveTo(status, errorMessage) : {}),
        ...(githubIssueId !== undefined ? { github_issue_id: { $literal: githubIssueId } } : {}),
        updated_at: '$$NOW',
      },
    },
  ];
}

function moveTo(to: TaskStatus, errorMessage: string | null | undefined): Record<string, unknown> {
  const wasPending = { $eq: ['$status', 'pending'] };
  const keepsMessage = errorMessage !== undefined || to === 'blocked';
  return {
    status: to,
    completed_at: to === 'completed' || to === 'failed' ? '$$NOW' : null,
    ...(keepsMessage ? {} : { error_message: null }),
    ...(to === 'in_progress'
      ? { started_at: { $cond: [wasPending, '$$NOW', { $ifNull: ['$started_at', '$$NOW'] }] } }
      : {}),
    ...(to === 'completed' || to === 'failed' ? { started_at: { $cond: [wasPending, '$$NOW', '$started_at'] } } : {}),
    ...(to === 'pending' ? { started_at: null, ...retry() } : {}),
  };
}

function retry(): Record<string, unknown> {
  const wasFailed = { $eq: ['$status', 'failed'] };
  return {
    attempt: { $cond: [wasFailed, { $add: ['$attempt', 1] }, '$attempt'] },
    metadata: {
      $cond: [wasFailed, { $mergeObjects: ['$metadata', { last_error: '$error_message' }] }, '$metadata'],
    },
  };
}

function toRecord(task: NewTask): TaskRecord {
  return {
    task_id: task.id,
    organization: task.organization,
    session_id: task.sessionId,
    project_id: task.projectId,
    github_issue_id: task.githubIssueId,
    task_name: task.name,
    status: task.status,
    started_at: null,
    completed_at: null,
    error_message: task.errorMessage,
    metadata: task.metadata,
    attempt: task.attempt,
    retry_of: task.retryOf,
    session_closed_at: task.sessionClosedAt,
    created_at: new Date(0),
    updated_at: new Date(0),
  };
}

function toTask(record: TaskRecord): Task {
  return {
    id: record.task_id,
    organization: record.organization,
    sessionId: record.session_id,
    projectId: record.project_id,
    githubIssueId: record.github_issue_id,
    name: record.task_name,
    status: record.status,
    startedAt: record.started_at,
    completedAt: record.completed_at,
    errorMessage: record.error_message,
    metadata: record.metadata,
    attempt: record.attempt,
    retryOf: record.retry_of,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
  };
}
