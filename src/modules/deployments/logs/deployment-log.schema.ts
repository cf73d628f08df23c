import { Schema } from 'mongoose';
import type { LogRecord } from './log-record.js';

export const DEPLOYMENT_LOGS = 'deployment_logs';

export type DeploymentLogRecord = Omit<LogRecord, 'id'> & {
  /** Of its event: a line is never stored twice. */
  readonly _id: string;
  /** Set when the deployment was deleted; until then lines are kept. */
  readonly expiresAt?: Date;
};

export const deploymentLogSchema = new Schema<DeploymentLogRecord>(
  {
    _id: { type: String, required: true },
    organization: { type: String, required: true },
    deploymentId: { type: String, required: true },
    environment: { type: String, default: null },
    stack: { type: String, default: null },
    operationId: { type: String, default: null },
    operation: { type: String, required: true },
    type: { type: String, required: true },
    position: { type: Number, required: true },
    timestamp: { type: Date, required: true },
    level: { type: String, required: true },
    component: { type: String, required: true },
    message: { type: String, required: true },
    metadata: { type: Schema.Types.Mixed, default: {} },
    bytes: { type: Number, required: true },
    expiresAt: { type: Date },
  },
  { collection: DEPLOYMENT_LOGS, versionKey: false, minimize: false },
);
deploymentLogSchema.index({ deploymentId: 1, position: 1 }); // list, files: the log of a deployment in its order
deploymentLogSchema.index({ operationId: 1, position: 1 }); // list: the log of an operation, its file, its last lines
deploymentLogSchema.index({ deploymentId: 1, environment: 1, stack: 1, timestamp: 1 }); // begunIn; list of a stack since a time
deploymentLogSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 }); // lines of deleted deployments
