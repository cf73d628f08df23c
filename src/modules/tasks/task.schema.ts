import { Schema } from 'mongoose';
import { TASK_STATUSES, type TaskStatus } from './task.js';

export interface TaskRecord {
  task_id: string;
  organization: string;
  session_id: string;
  project_id: string;
  github_issue_id: string | null;
  task_name: string;
  status: TaskStatus;
  started_at: Date | null;
  completed_at: Date | null;
  error_message: string | null;
  metadata: Record<string, unknown>;
  attempt: number;
  retry_of: string | null;
  /** End of its session while that is terminal and not archived; the TTL of tasks counts from here (sessions.md 3.6). */
  session_closed_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export const TASKS = 'tasks';

/** @param expireAfterSeconds the same as that of sessions */
export function taskSchema(expireAfterSeconds: number): Schema<TaskRecord> {
  const schema = new Schema<TaskRecord>(
    {
      task_id: { type: String, required: true },
      organization: { type: String, required: true },
      session_id: { type: String, required: true },
      project_id: { type: String, required: true, minlength: 1, maxlength: 200 },
      github_issue_id: { type: String, default: null, maxlength: 200 },
      task_name: { type: String, required: true, minlength: 1, maxlength: 500 },
      status: { type: String, required: true, enum: [...TASK_STATUSES], default: 'pending' },
      started_at: { type: Date, default: null },
      completed_at: { type: Date, default: null },
      error_message: { type: String, default: null, minlength: 1, maxlength: 4000 },
      metadata: { type: Schema.Types.Mixed, required: true, default: {} },
      attempt: { type: Number, required: true, default: 1, min: 1 },
      retry_of: { type: String, default: null },
      session_closed_at: { type: Date, default: null },
    },
    {
      collection: TASKS,
      versionKey: false,
      minimize: false,
      strict: 'throw',
      bufferCommands: false,
      timestamps: { createdAt: 'created_at', updatedAt: 'updated_at' },
    },
  );
  schema.index({ task_id: 1 }, { unique: true }); // one of its id
  // Get and every conditional write. Without it DocumentDB may prefer an index on the organization and read all of it.
  schema.index({ task_id: 1, organization: 1, status: 1 });
  schema.index({ session_id: 1, status: 1 }); // tasks of a session
  schema.index({ organization: 1, session_id: 1, created_at: -1, _id: -1 }); // list of a session, newest first
  schema.index({ organization: 1, project_id: 1, status: 1 }); // lists and statistics of a project
  schema.index({ organization: 1, created_at: -1, _id: -1 }); // list without filter, newest first
  schema.index({ updated_at: 1 }); // polling deltas
  schema.index({ session_closed_at: 1 }, { expireAfterSeconds }); // null never expires
  return schema;
}
