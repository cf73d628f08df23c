import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../database/base.repository.js';
import type { IdempotencyEntry } from './idempotency.js';
import { IDEMPOTENCY_KEYS, type IdempotencyRecord } from './idempotency.schema.js';

@Injectable()
export class IdempotencyRepository extends BaseRepository<IdempotencyRecord> {
  constructor(@InjectModel(IDEMPOTENCY_KEYS) model: Model<IdempotencyRecord>) {
    super(model);
  }

  /**
   * Of several claims of one scope exactly one succeeds.
   * @returns null when `entry` is stored now: the scope was free, expired, or held by a call that died; else the entry in its way
   */
  async claim(entry: IdempotencyEntry, now: Date): Promise<IdempotencyEntry | null> {
    const { scope: _id, ...rest } = entry;
    try {
      await this.model.create({ _id, ...rest });
      return null;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const taken = await this.model.updateOne(
      { _id, $or: [{ expiresAt: { $lte: now } }, { answer: null, claimEndsAt: { $lte: now } }] },
      { $set: rest },
    );
    if (taken.modifiedCount === 1) return null;
    const record = await this.model.findOne({ _id }).lean<IdempotencyRecord>();
    return record ? toEntry(record) : this.claim(entry, now); // released in between: free again
  }

  /** No effect when the claim was taken over meanwhile. */
  async finish(scope: string, claim: string, answer: string): Promise<void> {
    await this.model.updateOne({ _id: scope, claim, answer: null }, { $set: { answer } });
  }

  /** Makes the key free for another try. */
  async release(scope: string, claim: string): Promise<void> {
    await this.model.deleteOne({ _id: scope, claim, answer: null });
  }

  /** @returns how many */
  async removeExpired(now: Date): Promise<number> {
    const result = await this.model.deleteMany({ expiresAt: { $lte: now } });
    return result.deletedCount;
  }
}

function toEntry({ _id, ...rest }: IdempotencyRecord): IdempotencyEntry {
  return { scope: _id, ...rest };
}
