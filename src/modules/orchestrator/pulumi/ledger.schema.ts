import { Schema } from 'mongoose';
import type { OpenRun } from './stack-ledger.port.js';

/** See stack-ledger.port.ts. */
export interface LedgerRecord {
  /** `<organization>/<project>/<pulumi stack>`. */
  _id: string;
  fence: number;
  serial: number;
  open: OpenRun | null;
  updatedAt: Date;
}

export const STACK_LEDGER = 'stack_ledger';

export const ledgerSchema = new Schema<LedgerRecord>(
  {
    _id: { type: String, required: true },
    fence: { type: Number, required: true },
    serial: { type: Number, required: true },
    open: { type: Schema.Types.Mixed, default: null },
    updatedAt: { type: Date, required: true },
  },
  { collection: STACK_LEDGER, versionKey: false },
);
