import { Schema } from 'mongoose';

export interface OrganizationRecord {
  _id: string;
  displayName: string;
  tier: string;
  pulumiOrg: string;
  settings: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
}

export const ORGANIZATIONS = 'organizations';

export const organizationSchema = new Schema<OrganizationRecord>(
  {
    _id: { type: String, required: true },
    displayName: { type: String, required: true },
    tier: { type: String, required: true },
    pulumiOrg: { type: String, required: true },
    settings: { type: Schema.Types.Mixed, default: {} },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: ORGANIZATIONS, versionKey: false, minimize: false },
);
