import { Schema } from 'mongoose';

export interface IdempotencyRecord {
  /** Scope hash; its uniqueness decides which of several calls is the first. */
  _id: string;
  bodyHash: string;
  claim: string;
  claimEndsAt: Date;
  answer: string | null;
  expiresAt: Date;
}

export const IDEMPOTENCY_KEYS = 'idempotency_keys';

export const idempotencySchema = new Schema<IdempotencyRecord>(
  {
    _id: { type: String, required: true },
    bodyHash: { type: String, required: true },
    claim: { type: String, required: true },
    claimEndsAt: { type: Date, required: true },
    answer: { type: String, default: null },
    expiresAt: { type: Date, required: true },
  },
  { collection: IDEMPOTENCY_KEYS, versionKey: false },
);
idempotencySchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 }); // TTL, removeExpired
