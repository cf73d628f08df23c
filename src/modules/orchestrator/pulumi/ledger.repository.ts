import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import { StaleLease } from '../../../shared/database/leases.js';
import type { StackRef } from '../engine.port.js';
import { STACK_LEDGER, type LedgerRecord } from './ledger.schema.js';
import type { LedgerEntry, OpenRun, StackLedger } from './stack-ledger.port.js';

@Injectable()
export class LedgerRepository extends BaseRepository<LedgerRecord> implements StackLedger {
  constructor(@InjectModel(STACK_LEDGER) model: Model<LedgerRecord>) {
    super(model);
  }

  async find(stack: StackRef): Promise<LedgerEntry | null> {
    return entryOf(await this.model.findOne({ _id: keyOf(stack) }).lean<LedgerRecord>());
  }

  /** The upsert of a stale fence meets the newer document and fails as a duplicate. */
  async open(stack: StackRef, fence: number, run: OpenRun): Promise<LedgerEntry | null> {
    try {
      const before = await this.model
        .findOneAndUpdate(
          { _id: keyOf(stack), fence: { $lte: fence } },
          { $set: { fence, open: run, updatedAt: new Date() }, $setOnInsert: { serial: 0 } },
          { upsert: true, returnDocument: 'before' },
        )
        .lean<LedgerRecord>();
      return entryOf(before);
    } catch (error) {
      throw isDuplicateKey(error) ? new StaleLease(keyOf(stack), fence) : error;
    }
  }

  async raise(stack: StackRef, fence: number): Promise<void> {
    try {
      await this.model.updateOne(
        { _id: keyOf(stack), fence: { $lte: fence } },
        { $set: { fence, updatedAt: new Date() }, $setOnInsert: { serial: 0, open: null } },
        { upsert: true },
      );
    } catch (error) {
      throw isDuplicateKey(error) ? new StaleLease(keyOf(stack), fence) : error;
    }
  }

  async close(stack: StackRef, fence: number, runId: string, hasChanged: boolean): Promise<number> {
    const after = await this.model
      .findOneAndUpdate(
        { _id: keyOf(stack), fence, 'open.id': runId },
        { $set: { open: null, updatedAt: new Date() }, $inc: { serial: hasChanged ? 1 : 0 } },
        { returnDocument: 'after' },
      )
      .lean<LedgerRecord>();
    if (!after) throw new StaleLease(keyOf(stack), fence);
    return after.serial;
  }
}

function entryOf(record: LedgerRecord | null): LedgerEntry | null {
  return record && { fence: record.fence, serial: record.serial, open: record.open ?? null };
}

function keyOf(stack: StackRef): string {
  return `${stack.organization}/${stack.project}/${stack.stack}`;
}
