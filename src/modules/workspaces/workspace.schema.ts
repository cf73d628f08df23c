import { Schema } from 'mongoose';
import { MAX_DESIRED, UNSEEN_SECONDS } from './workspace.js';

export interface WorkspaceRecord {
  organization: string;
  workspace_id: string;
  desired: number;
  running: number;
  last_seen: Date;
}

export const WORKSPACES = 'workspaces';

export const workspaceSchema = new Schema<WorkspaceRecord>(
  {
    organization: { type: String, required: true },
    workspace_id: { type: String, required: true, minlength: 1, maxlength: 200 },
    desired: { type: Number, required: true, min: 0, max: MAX_DESIRED },
    running: { type: Number, required: true, min: 0 },
    last_seen: { type: Date, required: true },
  },
  { collection: WORKSPACES, versionKey: false, strict: 'throw', bufferCommands: false },
);
workspaceSchema.index({ organization: 1, workspace_id: 1 }, { unique: true }); // one, all of an organization
workspaceSchema.index({ last_seen: 1 }, { expireAfterSeconds: UNSEEN_SECONDS });
