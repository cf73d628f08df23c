import { Schema } from 'mongoose';
import type { TicketHolder } from './ticket.js';

export interface TicketRecord {
  _id: string;
  principal: TicketHolder;
  expiresAt: Date;
}

export const TICKETS = 'ws_tickets';

export const ticketSchema = new Schema<TicketRecord>(
  {
    _id: { type: String, required: true },
    principal: { type: Schema.Types.Mixed, required: true } as never,
    expiresAt: { type: Date, required: true },
  },
  { collection: TICKETS, versionKey: false },
);
ticketSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });
