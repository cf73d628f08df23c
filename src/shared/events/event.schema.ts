import { type IndexOptions, Schema } from 'mongoose';

export interface EventRecord {
  /** UUID v4. */
  _id: string;
  type: string;
  timestamp: Date;
  organization: string;
  project: string | null;
  position: number;
  stream: string;
  seq: number;
  deploymentId: string | null;
  environment: string | null;
  operationId: string | null;
  operationType: string | null;
  correlationId: string | null;
  stack: string | null;
  sessionId: string | null;
  sessionProjectId: string | null;
  machineId: string | null;
  taskId: string | null;
  workspaceId: string | null;
  data: Record<string, unknown>;
}

export const DEPLOYMENT_EVENTS = 'deployment_events';

/** @param retentionDays EVENT_RETENTION_DAYS */
export function eventSchema(retentionDays: number): Schema<EventRecord> {
  const schema = new Schema<EventRecord>(
    {
      _id: { type: String, required: true },
      type: { type: String, required: true },
      timestamp: { type: Date, required: true },
      organization: { type: String, required: true },
      project: { type: String, default: null },
      position: { type: Number, required: true },
      stream: { type: String, required: true },
      seq: { type: Number, required: true },
      deploymentId: { type: String, default: null },
      environment: { type: String, default: null },
      operationId: { type: String, default: null },
      operationType: { type: String, default: null },
      correlationId: { type: String, default: null },
      stack: { type: String, default: null },
      sessionId: { type: String, default: null },
      sessionProjectId: { type: String, default: null },
      machineId: { type: String, default: null },
      taskId: { type: String, default: null },
      workspaceId: { type: String, default: null },
      data: { type: Schema.Types.Mixed, default: {} },
    },
    { collection: DEPLOYMENT_EVENTS, versionKey: false, minimize: false },
  );
  schema.index({ organization: 1, position: 1 }, { unique: true }); // readAfter on an organization
  schema.index({ deploymentId: 1, position: 1 }); // readAfter on a deployment
  schema.index({ stream: 1, seq: 1 }, { unique: true }); // readAfter by seq of an operation
  schema.index({ deploymentId: 1, timestamp: 1 }); // lists by time
  // readAfter on the channels of the session half
  schema.index({ organization: 1, sessionId: 1, position: 1 }, heard('sessionId'));
  schema.index({ organization: 1, sessionProjectId: 1, position: 1 }, heard('sessionProjectId'));
  schema.index({ organization: 1, machineId: 1, position: 1 }, heard('machineId'));
  schema.index({ organization: 1, workspaceId: 1, position: 1 }, heard('workspaceId'));
  schema.index({ timestamp: 1 }, { expireAfterSeconds: retentionDays * 86_400 });
  return schema;
}

/** Events without the field stay out of the index. */
const heard = (field: string): IndexOptions => ({ partialFilterExpression: { [field]: { $type: 'string' } } });

/** Last number given out: `position/<organization>`, `seq/<stream>`. */
export interface CounterRecord {
  _id: string;
  value: number;
}

export const EVENT_COUNTERS = 'event_counters';

export const counterSchema = new Schema<CounterRecord>(
  { _id: { type: String, required: true }, value: { type: Number, required: true } },
  { collection: EVENT_COUNTERS, versionKey: false },
);
