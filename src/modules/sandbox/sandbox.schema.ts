import { Schema } from 'mongoose';

/** A resource of a sandbox account. */
export interface SandboxResourceRecord {
  organization: string;
  account: string;
  key: string;
  type: string;
  id: string;
  arn: string;
  urn: string;
  stack: string;
  region: string;
  token: string;
  seed: string;
  /** JSON of `{inputs, properties}`, encrypted: secrets arrive here in clear, and keys may hold dots. */
  sealed: string;
  drifted: string[];
  claims: string[];
  refs: string[];
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

/** What an administrator has set for the sandbox of an organization. */
export interface SandboxSettingsRecord {
  /** Organization. */
  _id: string;
  /** JSON of `{ssm, secrets}`, encrypted. */
  parametersSealed: string | null;
  /** JSON of the rules. */
  faults: string | null;
  faultsRevision: number;
  speed: number | null;
}

/** Counts creations per URN and matches per fault rule. Never removed: ids must not come back. */
export interface SandboxCounterRecord {
  /** `<organization>|<urn>` or `<organization>|fault|<revision>|<rule>`. */
  _id: string;
  count: number;
}

export const SANDBOX_RESOURCES = 'sandbox_resources';
export const SANDBOX_SETTINGS = 'sandbox_settings';
export const SANDBOX_COUNTERS = 'sandbox_counters';

export const sandboxResourceSchema = new Schema<SandboxResourceRecord>(
  {
    organization: { type: String, required: true },
    account: { type: String, required: true },
    key: { type: String, required: true },
    type: { type: String, required: true },
    id: { type: String, required: true },
    arn: { type: String, default: '' },
    urn: { type: String, required: true },
    stack: { type: String, required: true },
    region: { type: String, required: true },
    token: { type: String, required: true },
    seed: { type: String, required: true },
    sealed: { type: String, required: true },
    drifted: { type: [String], default: [] },
    claims: { type: [String], required: true },
    refs: { type: [String], default: [] },
    revision: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: SANDBOX_RESOURCES, versionKey: false, minimize: false },
);
// insert, replace, findByClaims: no claim of an account is held twice
sandboxResourceSchema.index({ organization: 1, account: 1, claims: 1 }, { unique: true });
sandboxResourceSchema.index({ organization: 1, account: 1, refs: 1 }); // find: who refers to it?
sandboxResourceSchema.index({ organization: 1, account: 1, urn: 1 }); // count: is it the old half of a replacement?
sandboxResourceSchema.index({ organization: 1, account: 1, createdAt: 1, key: 1 }); // find: the inventory, in order
sandboxResourceSchema.index({ organization: 1, account: 1, type: 1, createdAt: 1, key: 1 }); // find, count: quotas, neighbours

export const sandboxSettingsSchema = new Schema<SandboxSettingsRecord>(
  {
    _id: { type: String, required: true },
    parametersSealed: { type: String, default: null },
    faults: { type: String, default: null },
    faultsRevision: { type: Number, default: 0 },
    speed: { type: Number, default: null },
  },
  { collection: SANDBOX_SETTINGS, versionKey: false },
);

export const sandboxCounterSchema = new Schema<SandboxCounterRecord>(
  { _id: { type: String, required: true }, count: { type: Number, required: true } },
  { collection: SANDBOX_COUNTERS, versionKey: false },
);
