import { Schema } from 'mongoose';
import type { KeyScope } from '../../../shared/http/principal.js';

export interface ApiKeyRecord {
  _id: string;
  hash: string;
  prefix: string;
  ownerId: string;
  name: string;
  description: string | null;
  role: string | null;
  permissions: string[] | null;
  scope: KeyScope | null;
  rateLimitPerMinute: number | null;
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  rotatedTo: string | null;
}

export const API_KEYS = 'api_keys';

export const apiKeySchema = new Schema<ApiKeyRecord>(
  {
    _id: { type: String, required: true },
    hash: { type: String, required: true },
    prefix: { type: String, required: true },
    ownerId: { type: String, required: true },
    name: { type: String, required: true },
    description: { type: String, default: null },
    role: { type: String, default: null },
    permissions: { type: [String], default: null } as never,
    scope: { type: Schema.Types.Mixed, default: null } as never,
    rateLimitPerMinute: { type: Number, default: null },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    lastUsedAt: { type: Date, default: null },
    revokedAt: { type: Date, default: null },
    rotatedTo: { type: String, default: null },
  },
  { collection: API_KEYS, versionKey: false, minimize: false },
);
apiKeySchema.index({ hash: 1 }, { unique: true }); // findByHash
apiKeySchema.index({ ownerId: 1, createdAt: -1 }); // list, countActive, revokeAll
apiKeySchema.index({ createdAt: -1, _id: 1 }); // list of all keys
