import { Schema } from 'mongoose';
import type { Deployment, ManifestRevision } from './deployment.js';

export const DEPLOYMENTS = 'deployments';
export const MANIFEST_REVISIONS = 'manifest_revisions';

export type DeploymentRecord = { -readonly [K in keyof Deployment]: Deployment[K] } & {
  /** Deployments whose records were removed keep their id reserved. */
  environmentsEnabled: string[];
};

export const deploymentSchema = new Schema<DeploymentRecord>(
  {
    deploymentId: { type: String, required: true },
    idSource: { type: String, enum: ['generated', 'custom'], required: true },
    organization: { type: String, required: true },
    organizationSlug: { type: String, required: true },
    project: { type: String, required: true },
    projectSlug: { type: String, required: true },
    pulumiOrg: { type: String, required: true },
    domain: { type: String, required: true },
    description: { type: String, default: '' },
    template: { type: String, required: true },
    templateVersion: { type: String, required: true },
    directory: { type: String, required: true },
    contact: { type: Schema.Types.Mixed, default: {} },
    costCenter: { type: String, default: '' },
    tags: { type: Schema.Types.Mixed, default: {} },
    status: { type: String, required: true },
    revision: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    updatedAt: { type: Date, required: true },
    updatedBy: { type: String, required: true },
    lastDeployedAt: { type: Date, default: null },
    lastDeployedBy: { type: String, default: null },
    deletedAt: { type: Date, default: null },
    environmentsEnabled: { type: [String], default: [] },
  },
  { collection: DEPLOYMENTS, versionKey: false, minimize: false },
);
deploymentSchema.index({ deploymentId: 1 }, { unique: true }); // find by id
deploymentSchema.index({ organization: 1, createdAt: -1 }); // lists of an organization
deploymentSchema.index({ organization: 1, project: 1, createdAt: -1 }); // lists of a project
deploymentSchema.index({ status: 1, createdAt: -1 }); // lists by status

export type ManifestRevisionRecord = { -readonly [K in keyof ManifestRevision]: ManifestRevision[K] };

export const manifestRevisionSchema = new Schema<ManifestRevisionRecord>(
  {
    deploymentId: { type: String, required: true },
    revision: { type: Number, required: true },
    manifest: { type: Schema.Types.Mixed, required: true },
    contentHash: { type: String, required: true },
    author: { type: String, required: true },
    changes: { type: [String], default: [] },
    createdAt: { type: Date, required: true },
  },
  { collection: MANIFEST_REVISIONS, versionKey: false, minimize: false },
);
manifestRevisionSchema.index({ deploymentId: 1, revision: 1 }, { unique: true }); // a revision; the newest
