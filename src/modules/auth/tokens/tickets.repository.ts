import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { Ticket } from './ticket.js';
import { type TicketRecord, TICKETS } from './ticket.schema.js';

/** In the database, so that any instance can redeem what another has given out. */
@Injectable()
export class TicketsRepository extends BaseRepository<TicketRecord> {
  constructor(@InjectModel(TICKETS) model: Model<TicketRecord>) {
    super(model);
  }

  async insert(ticket: Ticket): Promise<void> {
    await this.model.create({ _id: ticket.hash, principal: ticket.principal, expiresAt: ticket.expiresAt });
  }

  /** Takes it away in the same step; null when unknown, used or expired. */
  async redeem(hash: string, now: Date): Promise<Ticket | null> {
    const record = await this.model.findOneAndDelete({ _id: hash, expiresAt: { $gt: now } }).lean<TicketRecord>();
    return record ? { hash: record._id, principal: record.principal, expiresAt: record.expiresAt } : null;
  }
}
