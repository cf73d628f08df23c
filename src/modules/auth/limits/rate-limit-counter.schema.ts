import { Schema } from 'mongoose';

export interface RateLimitCounterRecord {
  /** `<bucket>/<window in ms>`. */
  _id: string;
  count: number;
  resetAt: Date;
}

export const RATE_LIMIT_COUNTERS = 'rate_limit_counters';

export const rateLimitCounterSchema = new Schema<RateLimitCounterRecord>(
  {
    _id: { type: String, required: true },
    count: { type: Number, required: true },
    resetAt: { type: Date, required: true },
  },
  { collection: RATE_LIMIT_COUNTERS, versionKey: false },
);
rateLimitCounterSchema.index({ resetAt: 1 }, { expireAfterSeconds: 60 });
