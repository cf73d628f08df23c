import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import { type RevocationRecord, REVOCATIONS } from './revocation.schema.js';

@Injectable()
export class RevocationsRepository extends BaseRepository<RevocationRecord> {
  constructor(@InjectModel(REVOCATIONS) model: Model<RevocationRecord>) {
    super(model);
  }

  /** Adding one twice is fine. @param ids token ids and login ids */
  async add(userId: string, ids: readonly string[], expiresAt: Date): Promise<void> {
    for (const id of ids) {
      await this.model.updateOne({ _id: id }, { $set: { userId, expiresAt } }, { upsert: true });
    }
  }

  async findIds(userId: string): Promise<readonly string[]> {
    const records = await this.model.find({ userId }, { _id: 1 }).lean<Pick<RevocationRecord, '_id'>[]>();
    return records.map((record) => record._id);
  }
}
