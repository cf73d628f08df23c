import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { BundleEntry, StateBundle } from './state-bundle.js';
import { STATE_BUNDLES, type StateBundleRecord } from './state-bundle.schema.js';

@Injectable()
export class StateBundlesRepository extends BaseRepository<StateBundleRecord> {
  constructor(@InjectModel(STATE_BUNDLES) model: Model<StateBundleRecord>) {
    super(model);
  }

  async insert(bundle: StateBundle): Promise<void> {
    await this.model.insertMany([bundle]);
  }

  find(bundleId: string): Promise<StateBundle | null> {
    return this.model.findOne({ bundleId }, { _id: 0 }).lean<StateBundleRecord>();
  }

  /** Oldest first. */
  async listRunning(): Promise<readonly StateBundle[]> {
    return this.model
      .find({ status: 'running' }, { _id: 0 })
      .sort({ createdAt: 1 })
      .limit(100)
      .lean<StateBundleRecord[]>();
  }

  async keepEntry(bundleId: string, index: number, entry: BundleEntry): Promise<void> {
    await this.model.updateOne({ bundleId }, { $set: { [`entries.${index}`]: entry } });
  }

  async complete(bundleId: string, completedAt: Date): Promise<void> {
    await this.model.updateOne({ bundleId, status: 'running' }, { $set: { status: 'complete', completedAt } });
  }
}
