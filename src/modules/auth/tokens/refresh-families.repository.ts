import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { RefreshFamily } from './refresh-family.js';
import { REFRESH_FAMILIES, type RefreshFamilyRecord } from './refresh-family.schema.js';

@Injectable()
export class RefreshFamiliesRepository extends BaseRepository<RefreshFamilyRecord> {
  constructor(@InjectModel(REFRESH_FAMILIES) model: Model<RefreshFamilyRecord>) {
    super(model);
  }

  async insert(family: RefreshFamily): Promise<void> {
    const { id, amr, ...rest } = family;
    await this.model.create({ ...rest, _id: id, amr: [...amr] });
  }

  async find(id: string): Promise<RefreshFamily | null> {
    const record = await this.model.findOne({ _id: id }).lean<RefreshFamilyRecord>();
    return record ? toFamily(record) : null;
  }

  /** One atomic step: of two calls with the same token one wins. @returns null when `currentHash` is not the newest, or the family is dead */
  async rotate(
    id: string,
    currentHash: string,
    nextHash: string,
    expiresAt: Date,
    now: Date,
  ): Promise<RefreshFamily | null> {
    const record = await this.model
      .findOneAndUpdate(
        { _id: id, currentHash, revokedAt: null, expiresAt: { $gt: now } },
        { $set: { currentHash: nextHash, expiresAt } },
        { returnDocument: 'after' },
      )
      .lean<RefreshFamilyRecord>();
    return record ? toFamily(record) : null;
  }

  async revoke(id: string, now: Date): Promise<void> {
    await this.model.updateOne({ _id: id, revokedAt: null }, { $set: { revokedAt: now } });
  }

  /** Ids of the user's logins that are not revoked; an expired one may still have living access tokens. */
  async findUnrevoked(userId: string): Promise<readonly string[]> {
    const records = await this.model
      .find({ userId, revokedAt: null }, { _id: 1 })
      .lean<Pick<RefreshFamilyRecord, '_id'>[]>();
    return records.map((record) => record._id);
  }

  async revokeAll(userId: string, now: Date): Promise<void> {
    await this.model.updateMany({ userId, revokedAt: null }, { $set: { revokedAt: now } });
  }
}

function toFamily(record: RefreshFamilyRecord): RefreshFamily {
  const { _id, ...rest } = record;
  return { id: _id, ...rest };
}
