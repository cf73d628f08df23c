import { Schema } from 'mongoose';
import type { StateBundle } from './state-bundle.js';

export const STATE_BUNDLES = 'state_bundles';
export type StateBundleRecord = { -readonly [K in keyof StateBundle]: StateBundle[K] };

export const stateBundleSchema = new Schema<StateBundleRecord>(
  {
    bundleId: { type: String, required: true },
    status: { type: String, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    completedAt: { type: Date, default: null },
    entries: { type: [Schema.Types.Mixed] as never, default: [] },
  },
  { collection: STATE_BUNDLES, versionKey: false },
);
stateBundleSchema.index({ bundleId: 1 }, { unique: true }); // find by id
stateBundleSchema.index({ status: 1, createdAt: 1 }); // those that are not finished
