import { Schema } from 'mongoose';
import { MACHINE_STATUSES, type MachineStatus } from './machine.js';

export interface MachineRecord {
  machine_id: string;
  organization: string;
  hostname: string;
  docker_slots: number[];
  active_sessions: string[];
  status: MachineStatus;
  last_heartbeat: Date;
  slot_info: Record<string, { cpu_limit?: number; memory_limit_mb?: number; note?: string }>;
  metadata: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
}

export const MACHINES = 'machines';

export const machineSchema = new Schema<MachineRecord>(
  {
    machine_id: { type: String, required: true, match: /^[A-Za-z0-9._:-]{1,128}$/ },
    organization: { type: String, required: true },
    hostname: { type: String, required: true, minlength: 1, maxlength: 255 },
    docker_slots: {
      type: [Number],
      required: true,
      castNonArrays: false,
      validate: {
        validator: (slots: readonly number[]) =>
          slots.length <= 1024 &&
          new Set(slots).size === slots.length &&
          slots.every((slot) => Number.isInteger(slot) && slot >= 1 && slot <= 65_535),
        message: 'docker_slots must be at most 1024 different whole numbers from 1 to 65535',
      },
    },
    active_sessions: { type: [String], required: true, default: [] },
    status: { type: String, required: true, enum: [...MACHINE_STATUSES], default: 'online' },
    last_heartbeat: { type: Date, required: true },
    slot_info: { type: Schema.Types.Mixed, default: {} },
    metadata: { type: Schema.Types.Mixed, required: true, default: {} },
  },
  {
    collection: MACHINES,
    versionKey: false,
    minimize: false,
    strict: 'throw',
    bufferCommands: false,
    timestamps: { createdAt: 'created_at', updatedAt: 'updated_at' },
  },
);
machineSchema.index({ organization: 1, machine_id: 1 }, { unique: true }); // get, heartbeat
machineSchema.index({ organization: 1, created_at: -1, _id: -1 }); // list, newest first
machineSchema.index({ status: 1, last_heartbeat: 1 }); // the search for machines that went offline
