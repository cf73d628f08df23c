import { Schema } from 'mongoose';

export interface RefreshFamilyRecord {
  _id: string;
  userId: string;
  currentHash: string;
  amr: string[];
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
}

export const REFRESH_FAMILIES = 'refresh_families';
/** Expired families stay this long, so that a late refresh is told "expired" and not "unknown". */
const KEPT_SECONDS = 86_400;

export const refreshFamilySchema = new Schema<RefreshFamilyRecord>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    currentHash: { type: String, required: true },
    amr: { type: [String], default: [] },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    revokedAt: { type: Date, default: null },
  },
  { collection: REFRESH_FAMILIES, versionKey: false },
);
refreshFamilySchema.index({ userId: 1 }); // findUnrevoked, revokeAll
refreshFamilySchema.index({ expiresAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });
