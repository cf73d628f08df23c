import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import type { Session, SessionStatus } from '../session.js';
import { SESSIONS, type SessionRecord } from '../session.schema.js';
import { type SessionKey, toSession } from '../sessions.repository.js';

export interface RecoverableFilter {
  readonly projectId?: string;
  readonly machineId?: string;
  /** Silent since before, and not since before. */
  readonly silentBefore?: Date;
  readonly silentAfter?: Date;
}

/** What recovery asks of the collection `sessions`. */
@Injectable()
export class RecoveryRepository {
  constructor(@InjectModel(SESSIONS) private readonly model: Model<SessionRecord>) {}

  /**
   * Somebody is about to recover it: heartbeats are refused for `lockMs`. With `release` it also lets go of its slot; the
   * machine's id stays for the history. Null when it is neither failed nor stalled, or was recovered.
   */
  async prepare({ organization, id }: SessionKey, lockMs: number, release: boolean): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        { session_id: id, organization, status: { $in: ['failed', 'stalled'] }, recovered_to: null },
        [
          {
            $set: {
              recovery_lock_until: { $add: ['$$NOW', lockMs] },
              updated_at: '$$NOW',
              metadata: {
                $mergeObjects: [
                  '$metadata',
                  { recovery_prepared_at: '$$NOW', ...(release ? { machine_released: true } : {}) },
                ],
              },
              ...(release ? { docker_slot: null } : {}),
            },
          },
          ...(release ? [{ $unset: 'slot_key' } as const] : []),
        ],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<SessionRecord>();
    return record ? toSession(record) : null;
  }

  /** Notes on the closed original where its work went. Inside the unit of work that closes it. */
  async linkTo(
    { organization, id }: SessionKey,
    newId: string,
    previousStatus: string,
    attempt: number,
  ): Promise<Session | null> {
    const note = {
      recovered_to: newId,
      recovered_at: '$$NOW',
      previous_status: { $literal: previousStatus },
      attempt: { $literal: attempt },
    };
    const record = await this.model
      .findOneAndUpdate(
        { session_id: id, organization, status: 'completed', recovered_to: null },
        [
          {
            $set: {
              recovered_to: newId,
              updated_at: '$$NOW',
              metadata: { $mergeObjects: ['$metadata', { recovery: note }] },
            },
          },
        ],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<SessionRecord>();
    return record ? toSession(record) : null;
  }

  /** The session that took over from `originalId`. */
  async findSuccessor(organization: string, originalId: string): Promise<Session | null> {
    const record = await this.model
      // the condition of the partial index stands in the query as well: without it the index is not used
      .findOne({ recovered_from: { $eq: originalId, $type: 'string' }, organization })
      .lean<SessionRecord>();
    return record ? toSession(record) : null;
  }

  /** Failed and stalled sessions nobody recovered, newest sign of life first. A query for each status: both come sorted from the index. */
  async listRecoverable(organization: string, filter: RecoverableFilter, limit: number): Promise<readonly Session[]> {
    const lists = await Promise.all(
      (['failed', 'stalled'] as const).map((status) => this.listRecoverableOf(organization, status, filter, limit)),
    );
    return lists
      .flat()
      .sort((a, b) => b.lastHeartbeatAt.getTime() - a.lastHeartbeatAt.getTime())
      .slice(0, limit);
  }

  private async listRecoverableOf(
    organization: string,
    status: SessionStatus,
    { silentBefore, silentAfter, projectId, machineId }: RecoverableFilter,
    limit: number,
  ): Promise<readonly Session[]> {
    const silence = { ...(silentBefore ? { $lte: silentBefore } : {}), ...(silentAfter ? { $gte: silentAfter } : {}) };
    const records = await this.model
      .find({
        organization,
        status,
        recovered_to: null,
        archived: false,
        ...(projectId === undefined ? {} : { project_id: projectId }),
        ...(machineId === undefined ? {} : { machine_id: machineId }),
        ...(Object.keys(silence).length > 0 ? { last_heartbeat: silence } : {}),
      })
      .sort({ last_heartbeat: -1 })
      .limit(limit)
      .lean<SessionRecord[]>();
    return records.map(toSession);
  }
}
