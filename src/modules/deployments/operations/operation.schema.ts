import { Schema } from 'mongoose';
import type { Operation } from './operation.js';

export const OPERATIONS = 'operations';

export type OperationRecord = Omit<{ -readonly [K in keyof Operation]: Operation[K] }, 'overrides' | 'before'> & {
  /** JSON, encrypted: overrides may hold secrets. */
  overridesSealed: string;
  /** JSON, encrypted: outputs and configuration may be secret. */
  beforeSealed: string | null;
};

export const operationSchema = new Schema<OperationRecord>(
  {
    operationId: { type: String, required: true },
    organization: { type: String, required: true },
    project: { type: String, required: true },
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    stack: { type: String, default: null },
    type: { type: String, required: true },
    preview: { type: Boolean, required: true },
    status: { type: String, required: true },
    phase: { type: String, required: true },
    engine: { type: String, required: true },
    cloud: { type: String, required: true },
    manifestRevision: { type: Number, required: true },
    parameters: { type: Schema.Types.Mixed, required: true },
    selectedStacks: { type: [String], default: null },
    overridesSealed: { type: String, required: true },
    beforeSealed: { type: String, default: null },
    plan: { type: Schema.Types.Mixed, default: null },
    state: { type: Schema.Types.Mixed, default: null },
    active: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
    activeAt: { type: Date, default: null },
    startedAt: { type: Date, default: null },
    completedAt: { type: Date, default: null },
    startedBy: { type: String, required: true },
    startedById: { type: String, required: true },
    correlationId: { type: String, required: true },
    estimatedDuration: { type: Number, default: 0 },
    cancel: { type: Schema.Types.Mixed, default: null },
    paused: { type: Schema.Types.Mixed, default: null },
    report: { type: Schema.Types.Mixed, default: null },
    error: { type: Schema.Types.Mixed, default: null },
    resumable: { type: Boolean, default: false },
    resumedFrom: { type: String, default: null },
    planId: { type: String, default: null },
    staleDependents: { type: [String], default: null },
    executor: { type: String, default: null },
    takeovers: { type: Number, default: 0 },
  },
  { collection: OPERATIONS, versionKey: false, minimize: false },
);
operationSchema.index({ operationId: 1 }, { unique: true }); // find by id
// insert: one operation holds an environment at a time
operationSchema.index(
  { deploymentId: 1, environment: 1 },
  { unique: true, partialFilterExpression: { active: true }, name: 'one_active_per_environment' },
);
operationSchema.index({ deploymentId: 1, environment: 1, createdAt: -1 }); // lists of a deployment, the newest
operationSchema.index({ organization: 1, createdAt: -1 }); // lists of an organization
operationSchema.index({ status: 1, createdAt: 1 }); // open ones: to claim, to recover
