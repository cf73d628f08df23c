import { Schema } from 'mongoose';
import type { BackupFacts } from './state-backup.js';

export const STATE_BACKUPS = 'state_backups';

export type StateBackupRecord = { -readonly [K in keyof BackupFacts]: BackupFacts[K] } & {
  /** JSON of the states, gzip. Keys of a state are no names that a document may have. */
  content: Buffer;
};

export const stateBackupSchema = new Schema<StateBackupRecord>(
  {
    backupId: { type: String, required: true },
    organization: { type: String, required: true },
    deploymentId: { type: String, required: true },
    environment: { type: String, required: true },
    stack: { type: String, default: null },
    reason: { type: String, required: true },
    label: { type: String, default: null },
    operationId: { type: String, default: null },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    sizeBytes: { type: Number, required: true },
    checksum: { type: String, required: true },
    content: { type: Buffer, required: true },
  },
  { collection: STATE_BACKUPS, versionKey: false },
);
stateBackupSchema.index({ deploymentId: 1, backupId: 1 }, { unique: true }); // find by id
stateBackupSchema.index({ deploymentId: 1, environment: 1, stack: 1, createdAt: -1 }); // lists, newest first
stateBackupSchema.index({ deploymentId: 1, operationId: 1 }); // those of an operation
