import { Schema } from 'mongoose';
import type { Environment, EnvironmentVersion, StackInstance } from './environment.js';

type Stored<T> = { -readonly [K in keyof T]: T[K] };

export const ENVIRONMENTS_COLLECTION = 'deployment_environments';
/** `accepted`: operations that were accepted; whoever writes the record at the same time conflicts with them. */
export type EnvironmentRecord = Stored<Environment> & { accepted?: number };

export const environmentSchema = new Schema<EnvironmentRecord>(
  {
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    organization: { type: String, required: true },
    enabled: { type: Boolean, required: true },
    account: { type: String, required: true },
    region: { type: String, required: true },
    status: { type: String, required: true },
    version: { type: Number, default: 0 },
    currentOperationId: { type: String, default: null },
    lastDeployedAt: { type: Date, default: null },
    lastDeployedBy: { type: String, default: null },
    everDeployed: { type: Boolean, default: false },
    enabledAt: { type: Date, default: null },
    enabledBy: { type: String, default: null },
    disabledAt: { type: Date, default: null },
    disabledBy: { type: String, default: null },
    driftSchedule: { type: Schema.Types.Mixed, default: null },
    accepted: { type: Number, default: 0 },
  },
  { collection: ENVIRONMENTS_COLLECTION, versionKey: false },
);
environmentSchema.index({ deploymentId: 1, environment: 1 }, { unique: true }); // one, or all of a deployment
// whose drift detection is due
environmentSchema.index(
  { 'driftSchedule.nextAt': 1 },
  { partialFilterExpression: { 'driftSchedule.nextAt': { $type: 'date' } }, name: 'drift_due' },
);
environmentSchema.index({ status: 1, organization: 1 }); // deployments by the status of an environment

export const STACK_INSTANCES = 'stack_instances';
/** Secret outputs and the last configuration are sealed. */
export type StackInstanceRecord = Omit<Stored<StackInstance>, 'lastConfig' | 'outputs'> & {
  /** Name → value, or sealed JSON text when secret. */
  outputs: Record<string, { value: unknown; secret: boolean }>;
  lastConfigSealed: string | null;
};

export const stackInstanceSchema = new Schema<StackInstanceRecord>(
  {
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    stack: { type: String, required: true },
    organization: { type: String, required: true },
    status: { type: String, required: true },
    stackVersion: { type: Number, default: 0 },
    fingerprint: { type: Schema.Types.Mixed, default: null },
    lastOperationSucceeded: { type: Boolean, default: false },
    driftDetected: { type: Boolean, default: false },
    drift: { type: Schema.Types.Mixed, default: null },
    outputs: { type: Schema.Types.Mixed, default: {} },
    dependencies: { type: [String], default: [] },
    codeHash: { type: String, default: null },
    resourceCount: { type: Number, default: 0 },
    stateVersion: { type: Number, default: 0 },
    lastConfigSealed: { type: String, default: null },
    lastDeployedAt: { type: Date, default: null },
    lastDeployedBy: { type: String, default: null },
    durations: { type: [Number], default: [] },
    lastError: { type: Schema.Types.Mixed, default: null },
  },
  { collection: STACK_INSTANCES, versionKey: false, minimize: false },
);
stackInstanceSchema.index({ deploymentId: 1, environment: 1, stack: 1 }, { unique: true }); // one, or all of an environment

export const DEPLOYMENT_VERSIONS = 'deployment_versions';
export type EnvironmentVersionRecord = Stored<EnvironmentVersion>;

export const environmentVersionSchema = new Schema<EnvironmentVersionRecord>(
  {
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    version: { type: Number, required: true },
    kind: { type: String, required: true },
    operationId: { type: String, required: true },
    manifestRevision: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    stacks: { type: Schema.Types.Mixed, default: {} },
    rolledBackTo: { type: Number, default: null },
    rolledBackFrom: { type: Number, default: null },
  },
  { collection: DEPLOYMENT_VERSIONS, versionKey: false, minimize: false },
);
environmentVersionSchema.index({ deploymentId: 1, environment: 1, version: -1 }, { unique: true }); // one, or newest first

export const STICKY_VALUES = 'sticky_values';
/** Result of a `randomPassword` or `uuid` placeholder, generated once (deployments.md 5.7). */
export interface StickyValueRecord {
  deploymentId: string;
  environment: string;
  stack: string;
  /** `<config path>|<canonical text>`. */
  path: string;
  sealed: string;
}

export const stickyValueSchema = new Schema<StickyValueRecord>(
  {
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    stack: { type: String, required: true },
    path: { type: String, required: true },
    sealed: { type: String, required: true },
  },
  { collection: STICKY_VALUES, versionKey: false },
);
stickyValueSchema.index({ deploymentId: 1, environment: 1, stack: 1, path: 1 }, { unique: true }); // all of a stack
