import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { RowPosition, Slice } from '../../../shared/http/paging.js';
import { LIVE, type Session, TERMINAL } from '../session.js';
import { SESSIONS, type SessionRecord } from '../session.schema.js';
import { type SessionKey, toSession } from '../sessions.repository.js';

type Stored = SessionRecord & { readonly _id: { toHexString(): string } };

/** Which sessions may go: ended (or, where `archived`, archived) before `before`. */
export interface Expired {
  /** null = every organization. */
  readonly organization: string | null;
  readonly archived: boolean;
  readonly before: Date;
}

export interface ArchivedFilter {
  readonly projectId?: string;
  readonly machineId?: string;
}

/** A live session that points to a current task. */
export interface WorkingSession extends SessionKey {
  readonly currentTaskId: string;
}

/** What archive, cleanup and the consistency job ask of the collection `sessions`. */
@Injectable()
export class RetentionRepository {
  constructor(@InjectModel(SESSIONS) private readonly model: Model<SessionRecord>) {}

  /** Oldest end first, without those in `except` and the first `skip`; at most `limit`. */
  async listExpired(
    expired: Expired,
    limit: number,
    { except = [], skip = 0 }: { readonly except?: readonly string[]; readonly skip?: number } = {},
  ): Promise<readonly Session[]> {
    const records = await this.model
      .find({ ...expiredFilter(expired), ...(except.length > 0 ? { session_id: { $nin: [...except] } } : {}) })
      .sort(expired.archived ? { archived_at: 1, _id: 1 } : { completed_at: 1, _id: 1 })
      .skip(skip)
      .limit(limit)
      .lean<Stored[]>();
    return records.map(toSession);
  }

  /** Keeps it for ever, by the database's clock. Null when it is no ended session, or archived already. */
  async archive({ organization, id }: SessionKey): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        { session_id: id, organization, status: { $in: [...TERMINAL] }, archived: false },
        [
          {
            $set: {
              archived: true,
              archived_at: '$$NOW',
              updated_at: '$$NOW',
              metadata: { $mergeObjects: ['$metadata', { archived: true, archived_at: '$$NOW' }] },
            },
          },
        ],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** Newest archive first. */
  async listArchived(
    organization: string,
    filter: ArchivedFilter,
    slice: Slice,
  ): Promise<{ readonly items: readonly Session[]; readonly total: number; readonly next: RowPosition | null }> {
    const query: QueryFilter<SessionRecord> = {
      organization,
      archived: true,
      ...(filter.projectId === undefined ? {} : { project_id: filter.projectId }),
      ...(filter.machineId === undefined ? {} : { machine_id: filter.machineId }),
    };
    const { after } = slice;
    const older: QueryFilter<SessionRecord> = after
      ? {
          $or: [
            { archived_at: { $lt: after.createdAt } },
            { archived_at: after.createdAt, _id: { $lt: after.id as never } },
          ],
        }
      : {};
    const records = await this.model
      .find(after ? { $and: [query, older] } : query)
      .sort({ archived_at: -1, _id: -1 })
      .skip(slice.offset)
      .limit(slice.limit + 1)
      .lean<Stored[]>();
    const total = await this.model.countDocuments(query);
    const page = records.slice(0, slice.limit);
    const last = page.at(-1);
    const hasMore = records.length > page.length && last?.archived_at;
    return {
      items: page.map(toSession),
      total,
      next: hasMore && last?.archived_at ? { createdAt: last.archived_at, id: last._id.toHexString() } : null,
    };
  }

  /** Live sessions with a current task, in batches; memory stays that of one batch. */
  async *working(batchSize: number): AsyncGenerator<readonly WorkingSession[]> {
    const cursor = this.model
      .find(
        { status: { $in: [...LIVE] }, current_task_id: { $ne: null } },
        { _id: 0, session_id: 1, organization: 1, current_task_id: 1 },
      )
      .lean<Pick<SessionRecord, 'session_id' | 'organization' | 'current_task_id'>[]>()
      .cursor({ batchSize });
    let batch: WorkingSession[] = [];
    for await (const record of cursor) {
      const { session_id: id, organization, current_task_id: currentTaskId } = record as SessionRecord;
      if (currentTaskId === null) continue;
      batch.push({ id, organization, currentTaskId });
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** How many pairs of project and machine, and how many slots, are held by more than one session; must be none. */
  async countHeldTwice(): Promise<{ readonly pairs: number; readonly slots: number }> {
    const twice = async (match: QueryFilter<SessionRecord>, key: Record<string, string>): Promise<number> => {
      const [row] = await this.model.aggregate<{ count: number }>([
        { $match: match },
        { $group: { _id: key, holders: { $sum: 1 } } },
        { $match: { holders: { $gt: 1 } } },
        { $count: 'count' },
      ]);
      return row?.count ?? 0;
    };
    const machine = { organization: '$organization', machine: '$machine_id' };
    return {
      pairs: await twice({ status: 'active' }, { ...machine, project: '$project_id' }),
      slots: await twice(
        { status: { $in: [...LIVE] }, docker_slot: { $ne: null } },
        { ...machine, slot: '$docker_slot' },
      ),
    };
  }
}

/** `metadata.archived` counts too: whoever wrote only that must not lose the session. */
function expiredFilter({ organization, archived, before }: Expired): QueryFilter<SessionRecord> {
  return {
    ...(organization === null ? {} : { organization }),
    status: { $in: [...TERMINAL] },
    ...(archived
      ? { archived: true, archived_at: { $lt: before } }
      : { archived: false, completed_at: { $lt: before }, 'metadata.archived': { $ne: true } }),
  };
}
