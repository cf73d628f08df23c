import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import { StaleLease } from '../../../shared/database/leases.js';
import type { StackRef, StackState, StackStateStore } from '../engine.port.js';
import { STACK_STATES, type StackStateRecord } from './state.schema.js';

/** State of the embedded engine in MongoDB: one document per stack, replaced whole, fenced. */
@Injectable()
export class StackStateRepository extends BaseRepository<StackStateRecord> implements StackStateStore {
  constructor(@InjectModel(STACK_STATES) model: Model<StackStateRecord>) {
    super(model);
  }

  async load(stack: StackRef): Promise<{ readonly state: StackState; readonly serial: number } | null> {
    const record = await this.model.findOne({ _id: keyOf(stack) }).lean<StackStateRecord>();
    return record?.state ? { state: JSON.parse(record.state) as StackState, serial: record.serial } : null;
  }

  /** The upsert of a stale fence meets the newer document and fails as a duplicate. */
  async save(stack: StackRef, state: StackState, fence: number): Promise<number> {
    const record = await this.refuseStale(stack, fence, () =>
      this.model
        .findOneAndUpdate(
          { _id: keyOf(stack), fence: { $lte: fence } },
          { $set: { fence, state: JSON.stringify(state), updatedAt: new Date() }, $inc: { serial: 1 } },
          { upsert: true, returnDocument: 'after', projection: { serial: 1 } },
        )
        .lean<StackStateRecord>(),
    );
    return record?.serial ?? 1;
  }

  /** The document stays, empty: its fence must go on refusing an older holder. */
  async remove(stack: StackRef, fence: number): Promise<void> {
    await this.refuseStale(stack, fence, () =>
      this.model.updateOne(
        { _id: keyOf(stack), fence: { $lte: fence } },
        { $set: { fence, state: '', updatedAt: new Date() }, $inc: { serial: 1 } },
        { upsert: true },
      ),
    );
  }

  async raise(stack: StackRef, fence: number): Promise<void> {
    await this.refuseStale(stack, fence, () =>
      this.model.updateOne(
        { _id: keyOf(stack), fence: { $lte: fence } },
        { $set: { fence, updatedAt: new Date() }, $setOnInsert: { serial: 0, state: '' } },
        { upsert: true },
      ),
    );
  }

  private async refuseStale<T>(stack: StackRef, fence: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isDuplicateKey(error) ? stale(stack, fence) : error;
    }
  }
}

function keyOf(stack: StackRef): string {
  return `${stack.organization}/${stack.project}/${stack.stack}`;
}

function stale(stack: StackRef, fence: number): StaleLease {
  return new StaleLease(keyOf(stack), fence);
}
