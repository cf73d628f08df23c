import { Schema } from 'mongoose';
import type { Assignment } from '../../../shared/http/principal.js';

export interface UserRecord {
  _id: string;
  /** null after deletion, so that the address is free again. */
  email: string | null;
  username: string | null;
  /** username in lower case. */
  usernameKey: string | null;
  name: string;
  passwordHash: string | null;
  assignments: Assignment[];
  status: 'active' | 'disabled';
  tier: string | null;
  failures: Date[];
  lockedUntil: Date | null;
  preferences: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
  lastLoginAt: Date | null;
  deletedAt: Date | null;
  /** Raised by transactions that rely on this user staying as it is, so that they conflict with its changes. */
  relied: number;
}

export const USERS = 'users';

export const userSchema = new Schema<UserRecord>(
  {
    _id: { type: String, required: true },
    email: { type: String, default: null },
    username: { type: String, default: null },
    usernameKey: { type: String, default: null },
    name: { type: String, required: true },
    passwordHash: { type: String, default: null },
    assignments: { type: [Schema.Types.Mixed], default: [] } as never,
    status: { type: String, required: true },
    tier: { type: String, default: null },
    failures: { type: [Date], default: [] },
    lockedUntil: { type: Date, default: null },
    preferences: { type: Schema.Types.Mixed, default: {} },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    lastLoginAt: { type: Date, default: null },
    deletedAt: { type: Date, default: null },
    relied: { type: Number, default: 0 },
  },
  { collection: USERS, versionKey: false, minimize: false },
);
// findByLogin, and no two living users with one address or name
userSchema.index({ email: 1 }, { unique: true, partialFilterExpression: { email: { $type: 'string' } } });
userSchema.index({ usernameKey: 1 }, { unique: true, partialFilterExpression: { usernameKey: { $type: 'string' } } });
// list of an organization's users, findOtherAdmin
userSchema.index({ 'assignments.organization': 1, createdAt: -1 });
// list of all users
userSchema.index({ createdAt: -1, _id: 1 });
