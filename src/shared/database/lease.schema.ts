import { Schema } from 'mongoose';

/** One document per key, never removed: its token must keep increasing. */
export interface LeaseRecord {
  /** Key, e.g. `D1BRV40-dev` or `job:stale-operations`. */
  _id: string;
  token: number;
  /** Process that holds it; null = free. */
  holder: string | null;
  /** Unique for each time it was taken. */
  grant: string | null;
  acquiredAt: Date | null;
  expiresAt: Date;
  /** Facts about the holder for people, e.g. `{operationId, lockType, lockedBy}`. */
  info: Record<string, unknown>;
  /** Counts fenced transactions, so that a change of hands conflicts with them. */
  writes: number;
  /** Of a job, by the database's clock: when the newest run began and ended. */
  lastStartedAt: Date | null;
  lastRunAt: Date | null;
  lastRunId: string | null;
  lastDurationMs: number | null;
  lastStatus: 'ok' | 'failed' | null;
  /** How many things it changed; null where it does not count. */
  lastAffected: number | null;
  lastError: string | null;
}

export const LEASES = 'leases';

export const leaseSchema = new Schema<LeaseRecord>(
  {
    _id: { type: String, required: true },
    token: { type: Number, required: true },
    holder: { type: String, default: null },
    grant: { type: String, default: null },
    acquiredAt: { type: Date, default: null },
    expiresAt: { type: Date, required: true },
    info: { type: Schema.Types.Mixed, default: {} },
    writes: { type: Number, default: 0 },
    lastStartedAt: { type: Date, default: null },
    lastRunAt: { type: Date, default: null },
    lastRunId: { type: String, default: null },
    lastDurationMs: { type: Number, default: null },
    lastStatus: { type: String, default: null },
    lastAffected: { type: Number, default: null },
    lastError: { type: String, default: null },
  },
  { collection: LEASES, versionKey: false, minimize: false },
);
// findByHolder: which leases does a process of this host hold?
leaseSchema.index({ holder: 1 });
