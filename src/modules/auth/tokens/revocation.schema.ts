import { Schema } from 'mongoose';

/** A token id or login id whose access tokens are dead before they expire. */
export interface RevocationRecord {
  _id: string;
  userId: string;
  /** When the last access token it stops has expired by itself. */
  expiresAt: Date;
}

export const REVOCATIONS = 'revoked_tokens';

export const revocationSchema = new Schema<RevocationRecord>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: REVOCATIONS, versionKey: false },
);
revocationSchema.index({ userId: 1 }); // findIds
revocationSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });
