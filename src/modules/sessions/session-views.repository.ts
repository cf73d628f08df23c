import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { Slice } from '../../shared/http/paging.js';
import { type Session, SESSION_STATUSES, type SessionStatus } from './session.js';
import { SESSIONS, type SessionRecord } from './session.schema.js';
import { type SessionPage, toSession } from './sessions.repository.js';

/** Which sessions of an organization a view is about; missing = all. */
export interface ViewFilter {
  readonly projectId?: string;
  readonly machineId?: string;
}

/** When silence counts: `now` is the database's. */
export interface Silence {
  readonly now: Date;
  readonly thresholdMs: number;
  /** A session's own longer threshold counts; false where somebody asks for a threshold of his own. */
  readonly withOwnThresholds: boolean;
}

export type StatusCounts = Readonly<Record<SessionStatus, number>>;

type Stored = SessionRecord & { readonly _id: { toHexString(): string } };

/** Questions of the views about many sessions (sessions.md 5.2, 5.3). Read only; every one of them stands on an index. */
@Injectable()
export class SessionViewsRepository {
  constructor(@InjectModel(SESSIONS) private readonly model: Model<SessionRecord>) {}

  /** Archived ones too, in their status. */
  async countByStatus(organization: string, filter: ViewFilter): Promise<StatusCounts> {
    const groups = await this.model.aggregate<{ _id: SessionStatus; count: number }>([
      { $match: queryOf(organization, filter) },
      { $group: { _id: '$status', count: { $sum: 1 } } },
    ]);
    const counts = Object.fromEntries(SESSION_STATUSES.map((status) => [status, 0])) as Record<SessionStatus, number>;
    for (const { _id, count } of groups) counts[_id] = count;
    return counts;
  }

  countArchived(organization: string, filter: ViewFilter): Promise<number> {
    return this.model.countDocuments({ ...queryOf(organization, filter), archived: true });
  }

  /** Active ones that are silent for too long. */
  countOverdue(organization: string, filter: ViewFilter, silence: Silence): Promise<number> {
    return this.model.countDocuments({ ...queryOf(organization, filter), ...overdue(silence) });
  }

  /** Overdue or marked already, the longest silence first; at most `limit`. */
  async listSilent(
    organization: string,
    filter: ViewFilter,
    silence: Silence,
    limit: number,
  ): Promise<readonly Session[]> {
    const query = queryOf(organization, filter);
    const found: Session[] = [];
    for (const part of [overdue(silence), { status: 'stalled' as const }]) {
      const records = await this.model
        .find({ ...query, ...part })
        .sort({ last_heartbeat: 1 })
        .limit(limit)
        .lean<Stored[]>();
      found.push(...records.map(toSession));
    }
    return found.sort((a, b) => a.lastHeartbeatAt.getTime() - b.lastHeartbeatAt.getTime()).slice(0, limit);
  }

  /** Active ones, the newest sign of life first; at most `limit`. */
  async listActive(organization: string, filter: ViewFilter, limit: number): Promise<readonly Session[]> {
    const records = await this.model
      .find({ ...queryOf(organization, filter), status: 'active' })
      .sort({ last_heartbeat: -1 })
      .limit(limit)
      .lean<Stored[]>();
    return records.map(toSession);
  }

  /** Newest failure first; `next` is the position by the end of a session. Archived ones only with `withArchived`. */
  async listFailed(
    organization: string,
    filter: ViewFilter & { readonly updatedSince?: Date; readonly withArchived?: boolean },
    { limit, offset, after }: Slice,
  ): Promise<SessionPage> {
    const query: QueryFilter<SessionRecord> = {
      ...queryOf(organization, filter),
      status: 'failed',
      ...(filter.updatedSince ? { updated_at: { $gte: filter.updatedSince } } : {}),
      ...(filter.withArchived ? {} : { archived: false }),
    };
    const beyond = after && [
      { completed_at: { $lt: after.createdAt } },
      { completed_at: after.createdAt, _id: { $lt: after.id } },
    ];
    const records = await this.model
      .find(beyond ? { $and: [query, { $or: beyond as QueryFilter<SessionRecord>[] }] } : query)
      .sort({ completed_at: -1, _id: -1 })
      .skip(offset)
      .limit(limit + 1)
      .lean<Stored[]>();
    const total = await this.model.countDocuments(query);
    const rows = records.slice(0, limit);
    const last = rows.at(-1);
    const next =
      records.length > limit && last?.completed_at
        ? { createdAt: last.completed_at, id: last._id.toHexString() }
        : null;
    return { items: rows.map(toSession), total, next };
  }

  /** Newest first; at most `limit`. */
  async listOfProject(
    organization: string,
    projectId: string,
    status: SessionStatus,
    limit: number,
  ): Promise<readonly Session[]> {
    const records = await this.model
      .find({ organization, project_id: projectId, status })
      .sort({ created_at: -1, _id: -1 })
      .limit(limit)
      .lean<Stored[]>();
    return records.map(toSession);
  }
}

function queryOf(organization: string, { projectId, machineId }: ViewFilter): QueryFilter<SessionRecord> {
  return {
    organization,
    ...(projectId === undefined ? {} : { project_id: projectId }),
    ...(machineId === undefined ? {} : { machine_id: machineId }),
  };
}

/** The range on the index first; own thresholds only lengthen, so they are asked of what it finds. */
function overdue({ now, thresholdMs, withOwnThresholds }: Silence): QueryFilter<SessionRecord> {
  return {
    status: 'active',
    last_heartbeat: { $lt: new Date(now.getTime() - thresholdMs) },
    ...(withOwnThresholds
      ? { $expr: { $lt: [{ $add: ['$last_heartbeat', { $ifNull: ['$stall_threshold_ms', 0] }] }, now] } }
      : {}),
  };
}
