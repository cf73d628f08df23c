import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { Session, SessionStatus } from '../session.js';
import { SESSIONS, type SessionRecord } from '../session.schema.js';
import { toSession } from '../sessions.repository.js';
import type { StallCandidate } from './stall-rules.js';

/** Sessions read at once, and marked in one transaction. */
const BATCH = 500;

type Candidate = Pick<
  SessionRecord,
  'session_id' | 'organization' | 'last_heartbeat' | 'heard_at' | 'stall_threshold_ms'
>;

/** What the detector asks of the collection `sessions`, over all organizations. Every age is judged by the database's clock. */
@Injectable()
export class DetectionRepository {
  constructor(@InjectModel(SESSIONS) private readonly model: Model<SessionRecord>) {}

  /**
   * Active sessions silent since before `cutoff`, in batches of 500. Read through a cursor, so that those which are not due yet
   * (a longer threshold of their own) are passed once, and memory stays that of one batch.
   */
  async *silentSince(cutoff: Date): AsyncGenerator<readonly StallCandidate[]> {
    const cursor = this.model
      .find(
        { status: 'active', last_heartbeat: { $lt: cutoff } },
        { _id: 0, session_id: 1, organization: 1, last_heartbeat: 1, heard_at: 1, stall_threshold_ms: 1 },
      )
      .lean<Candidate[]>()
      .cursor({ batchSize: BATCH });
    let batch: StallCandidate[] = [];
    for await (const record of cursor) {
      batch.push(toCandidate(record as Candidate));
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /**
   * Marks those that are still active and still silent since before `cutoff`: a heartbeat that slipped in wins. Run inside a
   * unit of work.
   * @returns the sessions that this run marked, and no other's
   */
  async markStalled(
    organization: string,
    ids: readonly string[],
    cutoff: Date,
    runId: string,
  ): Promise<readonly Session[]> {
    const result = await this.model.updateMany(
      {
        session_id: { $in: [...ids] },
        organization,
        status: 'active',
        last_heartbeat: { $lt: cutoff },
        $or: [{ heard_at: null }, { heard_at: { $lt: cutoff } }],
      },
      [
        {
          $set: {
            status: 'stalled',
            stalled_at: '$$NOW',
            stall_run_id: { $literal: runId },
            stall_count: { $add: ['$stall_count', 1] },
            updated_at: '$$NOW',
          },
        },
        { $unset: ['active_key'] },
      ],
      { updatePipeline: true, timestamps: false },
    );
    if (result.modifiedCount === 0) return [];
    const records = await this.model
      .find({ session_id: { $in: [...ids] }, organization, stall_run_id: runId, status: 'stalled' })
      .lean<SessionRecord[]>();
    return records.map(toSession);
  }

  /** These were heard of, although their heartbeat was refused for our own limits. */
  async noteHeard(organization: string, ids: readonly string[]): Promise<void> {
    await this.model.updateMany(
      { session_id: { $in: [...ids] }, organization, status: 'active' },
      [{ $set: { heard_at: '$$NOW' } }],
      { updatePipeline: true, timestamps: false },
    );
  }

  /** Sessions in one of `statuses` silent since before `cutoff`, longest silence first, at most `limit`. */
  async listSilent(
    statuses: readonly SessionStatus[],
    cutoff: Date,
    limit: number,
    options: { readonly unwarnedOnly: boolean; readonly after?: Date },
  ): Promise<readonly Session[]> {
    const filter: QueryFilter<SessionRecord> = {
      status: { $in: [...statuses] },
      last_heartbeat: { $lt: cutoff, ...(options.after ? { $gte: options.after } : {}) },
      ...(options.unwarnedOnly ? { $expr: { $ne: ['$warned_heartbeat', '$last_heartbeat'] } } : {}),
    };
    const records = await this.model.find(filter).sort({ last_heartbeat: 1 }).limit(limit).lean<SessionRecord[]>();
    return records.map(toSession);
  }

  /** The warning of an abandonment goes out; null when somebody did that, or the session gave a sign of life. */
  async markExpiring(session: Session, statuses: readonly SessionStatus[]): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        { ...stillSilent(session, statuses), warned_heartbeat: { $ne: session.lastHeartbeatAt } },
        [{ $set: { warned_heartbeat: '$last_heartbeat', updated_at: '$$NOW' } }],
        { returnDocument: 'after', updatePipeline: true, timestamps: false },
      )
      .lean<SessionRecord>();
    return record ? toSession(record) : null;
  }

  /** Inside a unit of work, before the session is closed: has it said nothing since it was read? */
  async isStillSilent(session: Session, statuses: readonly SessionStatus[]): Promise<boolean> {
    return (await this.model.exists(stillSilent(session, statuses))) !== null;
  }
}

function stillSilent(session: Session, statuses: readonly SessionStatus[]): QueryFilter<SessionRecord> {
  return {
    session_id: session.id,
    organization: session.organization,
    status: { $in: [...statuses] },
    last_heartbeat: session.lastHeartbeatAt,
  };
}

function toCandidate(record: Candidate): StallCandidate {
  return {
    id: record.session_id,
    organization: record.organization,
    lastHeartbeatAt: record.last_heartbeat,
    heardAt: record.heard_at ?? null,
    stallThresholdMs: record.stall_threshold_ms ?? null,
  };
}
