import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import { Clock } from '../../../shared/kernel/clock.js';
import type { Bucket, Usage } from './rate-limit.js';
import { RATE_LIMIT_COUNTERS, type RateLimitCounterRecord } from './rate-limit-counter.schema.js';
import type { RateLimitStore } from './rate-limit-store.port.js';

/** RateLimitStore for several instances: each step is one atomic write, one of them in the usual case. */
@Injectable()
export class RateLimitCountersRepository extends BaseRepository<RateLimitCounterRecord> implements RateLimitStore {
  readonly answersAtOnce = false;

  constructor(
    @InjectModel(RATE_LIMIT_COUNTERS) model: Model<RateLimitCounterRecord>,
    private readonly clock: Clock,
  ) {
    super(model);
  }

  async hit(bucket: Bucket): Promise<Usage> {
    const _id = idOf(bucket);
    for (;;) {
      const now = this.clock.now();
      const counted = await this.model
        .findOneAndUpdate({ _id, resetAt: { $gt: now } }, { $inc: { count: 1 } }, { returnDocument: 'after' })
        .lean<RateLimitCounterRecord>();
      if (counted) return { count: counted.count, resetAt: counted.resetAt.getTime() };
      const resetAt = new Date(now.getTime() + bucket.windowMs);
      if (await this.#open(_id, resetAt, now)) return { count: 1, resetAt: resetAt.getTime() };
      // another instance opened the window in between: count in that one
    }
  }

  async peek(bucket: Bucket): Promise<Usage> {
    const now = this.clock.now();
    const record = await this.model
      .findOne({ _id: idOf(bucket), resetAt: { $gt: now } })
      .lean<RateLimitCounterRecord>();
    return record
      ? { count: record.count, resetAt: record.resetAt.getTime() }
      : { count: 0, resetAt: now.getTime() + bucket.windowMs };
  }

  /** @returns false when somebody else did it first */
  async #open(_id: string, resetAt: Date, now: Date): Promise<boolean> {
    const replaced = await this.model.updateOne({ _id, resetAt: { $lte: now } }, { $set: { count: 1, resetAt } });
    if (replaced.modifiedCount === 1) return true;
    try {
      await this.model.create({ _id, count: 1, resetAt });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}

function idOf(bucket: Bucket): string {
  return `${bucket.key}/${bucket.windowMs}`;
}
