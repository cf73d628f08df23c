import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import type { Ingestion } from '../../../shared/kernel/brake.js';
import { INGESTION, type IngestionRecord } from './ingestion.schema.js';

const ONLY = 'ingestion';

/** The collection `ingestion`: when our own ability to hear heartbeats was last in doubt. */
@Injectable()
export class IngestionRepository extends BaseRepository<IngestionRecord> {
  constructor(@InjectModel(INGESTION) model: Model<IngestionRecord>) {
    super(model);
  }

  /**
   * A serving instance is alive. After a gap of all of them, or trouble that this one reports, silence counts from now on.
   * The first proof ever finds no gap.
   * @param trouble what hindered it; null = nothing
   */
  async prove(gapMs: number, trouble: string | null): Promise<Ingestion> {
    try {
      return await this.write(gapMs, trouble);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error; // two first proofs at once: now it is there
      return this.write(gapMs, trouble);
    }
  }

  /** Null before the first proof. */
  async find(): Promise<Ingestion | null> {
    const record = await this.model.findOne({ _id: ONLY }).lean<IngestionRecord>();
    return record ? toIngestion(record) : null;
  }

  private async write(gapMs: number, trouble: string | null): Promise<Ingestion> {
    // a missing `alive_at` makes the difference null, which is smaller than every number
    const isGap = { $gt: [{ $subtract: ['$$NOW', '$alive_at'] }, gapMs] };
    const news =
      trouble === null
        ? {
            since: { $cond: [isGap, '$$NOW', { $ifNull: ['$since', null] }] },
            reason: { $cond: [isGap, 'no instance was serving', { $ifNull: ['$reason', null] }] },
          }
        : { since: '$$NOW', reason: { $literal: trouble } };
    const record = await this.model
      .findOneAndUpdate({ _id: ONLY }, [{ $set: { ...news, alive_at: '$$NOW' } }], {
        upsert: true,
        returnDocument: 'after',
        updatePipeline: true,
      })
      .lean<IngestionRecord>();
    return toIngestion(record as IngestionRecord);
  }
}

function toIngestion(record: IngestionRecord): Ingestion {
  return { aliveAt: record.alive_at, since: record.since, reason: record.reason };
}
