import { Schema } from 'mongoose';

/** One document for all instances of the server. */
export interface IngestionRecord {
  _id: string;
  /** Newest proof of life of any serving instance, by the database's clock. */
  alive_at: Date;
  /** End of the newest trouble of ours; null = none known. */
  since: Date | null;
  reason: string | null;
}

export const INGESTION = 'ingestion';

export const ingestionSchema = new Schema<IngestionRecord>(
  {
    _id: { type: String, required: true },
    alive_at: { type: Date, required: true },
    since: { type: Date, default: null },
    reason: { type: String, default: null },
  },
  { collection: INGESTION, versionKey: false, strict: 'throw', bufferCommands: false },
);
