import { Schema } from 'mongoose';

/** Pulumi's deployment format of one stack; secrets inside are encrypted. */
export interface StackStateRecord {
  /** `<organization>/<project>/<pulumi stack>`. */
  _id: string;
  /** Highest fencing token that has saved. */
  fence: number;
  /** Counts saves. */
  serial: number;
  /** JSON text: property names of resources may hold signs that the database reserves. Empty = removed. */
  state: string;
  updatedAt: Date;
}

export const STACK_STATES = 'stack_states';

export const stackStateSchema = new Schema<StackStateRecord>(
  {
    _id: { type: String, required: true },
    fence: { type: Number, required: true },
    serial: { type: Number, required: true },
    state: { type: String, default: '' },
    updatedAt: { type: Date, required: true },
  },
  { collection: STACK_STATES, versionKey: false },
);
