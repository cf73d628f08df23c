import { Schema } from 'mongoose';
import { SESSION_STATUSES, type SessionStatus } from './session.js';

/** A session as stored; snake_case is the wire's own spelling. */
export interface SessionRecord {
  session_id: string;
  organization: string;
  project_id: string;
  machine_id: string;
  docker_slot: number | null;
  status: SessionStatus;
  last_heartbeat: Date;
  current_task_id: string | null;
  started_at: Date;
  completed_at: Date | null;
  metadata: Record<string, unknown>;
  archived: boolean;
  archived_at: Date | null;
  stalled_at: Date | null;
  stall_count: number;
  heartbeat_count: number;
  stall_threshold_ms: number | null;
  recovered_from: string | null;
  recovered_to: string | null;
  recovery_attempts: number;
  recovery_lock_until: Date | null;
  epoch: number;
  progress: { percent: number | null; message: string | null } | null;
  created_by: string;
  /** `<organization>NUL<project>NUL<machine>` while active: one active session a pair. */
  active_key?: string;
  /** `<organization>NUL<machine>NUL<slot>` while live with a slot: one session a slot. */
  slot_key?: string;
  /** Run of the detector that marked it. */
  stall_run_id?: string;
  /** A heartbeat arrived and was refused for our own limits (429): it counts against a stall, not as a heartbeat. */
  heard_at?: Date;
  /** The last heartbeat before the silence that the abandonment warning was about; no warning for another silence. */
  warned_heartbeat?: Date;
  created_at: Date;
  updated_at: Date;
}

export const SESSIONS = 'sessions';

const text = (min: number, max: number) => ({ type: String, minlength: min, maxlength: max });
const optionalDate = { type: Date, default: null };

/** @param expireAfterSeconds (RETENTION_DAYS + TTL_GRACE_DAYS) × 86,400 */
export function sessionSchema(expireAfterSeconds: number): Schema<SessionRecord> {
  const schema = new Schema<SessionRecord>(
    {
      session_id: { type: String, required: true },
      organization: { type: String, required: true },
      project_id: { ...text(1, 200), required: true },
      machine_id: { ...text(1, 128), required: true },
      docker_slot: { type: Number, default: null, min: 1 },
      status: { type: String, required: true, enum: [...SESSION_STATUSES], default: 'active' },
      last_heartbeat: { type: Date, required: true },
      current_task_id: { ...text(1, 200), default: null },
      started_at: { type: Date, required: true },
      completed_at: optionalDate,
      metadata: { type: Schema.Types.Mixed, required: true, default: {} },
      archived: { type: Boolean, required: true, default: false },
      archived_at: optionalDate,
      stalled_at: optionalDate,
      stall_count: { type: Number, required: true, default: 0 },
      heartbeat_count: { type: Number, required: true, default: 0 },
      stall_threshold_ms: { type: Number, default: null, min: 60_000, max: 86_400_000 },
      recovered_from: { type: String, default: null },
      recovered_to: { type: String, default: null },
      recovery_attempts: { type: Number, required: true, default: 0 },
      recovery_lock_until: optionalDate,
      epoch: { type: Number, required: true, default: 1 },
      progress: { type: Schema.Types.Mixed, default: null },
      created_by: { type: String },
      active_key: { type: String },
      slot_key: { type: String },
      stall_run_id: { type: String },
      heard_at: { type: Date },
      warned_heartbeat: { type: Date },
    },
    {
      collection: SESSIONS,
      versionKey: false,
      minimize: false,
      strict: 'throw',
      bufferCommands: false,
      timestamps: { createdAt: 'created_at', updatedAt: 'updated_at' },
    },
  );
  // A save that only set the flag in the metadata, or only the field, keeps both equal.
  schema.pre('save', function mirrorArchived() {
    const flag = this.get('metadata')?.archived === true;
    if (this.isModified('archived') ? this.get('archived') : flag) {
      this.set('archived', true);
      if (!flag) this.set('metadata', { ...this.get('metadata'), archived: true });
    } else if (flag) {
      const { archived: _gone, ...rest } = this.get('metadata') as Record<string, unknown>;
      this.set('metadata', rest);
    }
  });
  schema.index({ session_id: 1 }, { unique: true }); // one of its id
  // Heartbeat, get, every conditional write. Without it DocumentDB prefers an index that begins with the organization and
  // reads all of it: 11 ms a heartbeat at 20,000 sessions, instead of 1.5.
  schema.index({ session_id: 1, organization: 1, status: 1 });
  schema.index({ organization: 1, project_id: 1, status: 1 }); // lists and counts of a project
  schema.index({ organization: 1, machine_id: 1, status: 1 }); // lists of a machine, its live sessions
  schema.index({ organization: 1, created_at: -1, _id: -1 }); // list without filter, newest first
  schema.index({ status: 1, last_heartbeat: 1 }); // the search for stalled ones, counts
  schema.index({ last_heartbeat: 1 });
  schema.index({ organization: 1, status: 1, last_heartbeat: 1 }); // stale and recoverable lists, summary of an organization
  schema.index({ organization: 1, status: 1, completed_at: -1, _id: -1 }); // list of failed ones, newest first
  schema.index({ active_key: 1 }, { unique: true, partialFilterExpression: { active_key: { $type: 'string' } } });
  schema.index({ slot_key: 1 }, { unique: true, partialFilterExpression: { slot_key: { $type: 'string' } } });
  schema.index(
    { recovered_from: 1 },
    { unique: true, partialFilterExpression: { recovered_from: { $type: 'string' } } },
  );
  schema.index({ archived: 1, archived_at: 1 }); // archive count, retention of archives
  // archive list of an organization, newest first
  schema.index({ organization: 1, archived_at: -1, _id: -1 }, { partialFilterExpression: { archived: true } });
  schema.index({ updated_at: 1 }); // polling deltas
  schema.index(
    { organization: 1, 'metadata.workspace_id': 1, status: 1 }, // live sessions of workspaces
    { partialFilterExpression: { 'metadata.workspace_id': { $type: 'string' } } },
  );
  // The net below the cleanup job; archived ones never match.
  schema.index({ completed_at: 1 }, { expireAfterSeconds, partialFilterExpression: { archived: false } });
  return schema;
}

export function activeKeyOf(of: {
  readonly organization: string;
  readonly projectId: string;
  readonly machineId: string;
}): string {
  return `${of.organization}\u0000${of.projectId}\u0000${of.machineId}`;
}

export function slotKeyOf(of: { readonly organization: string; readonly machineId: string }, slot: number): string {
  return `${of.organization}\u0000${of.machineId}\u0000${slot}`;
}
