import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { Role } from '../../../shared/http/principal.js';
import type { KeyId } from '../../../shared/kernel/ids.js';
import type { ApiKey, KeyStatus } from './api-key.js';
import { API_KEYS, type ApiKeyRecord } from './api-key.schema.js';

export interface ApiKeyFilter {
  /** Missing = of everybody. */
  readonly ownerIds?: readonly string[];
  readonly status?: KeyStatus;
}

@Injectable()
export class ApiKeysRepository extends BaseRepository<ApiKeyRecord> {
  constructor(@InjectModel(API_KEYS) model: Model<ApiKeyRecord>) {
    super(model);
  }

  async insert(key: ApiKey): Promise<void> {
    const { id, permissions, ...rest } = key;
    await this.model.create({ ...rest, _id: id, permissions: permissions ? [...permissions] : null });
  }

  async findByHash(hash: string): Promise<ApiKey | null> {
    return orNull(await this.model.findOne({ hash }).lean<ApiKeyRecord>());
  }

  async find(id: string): Promise<ApiKey | null> {
    return orNull(await this.model.findOne({ _id: id }).lean<ApiKeyRecord>());
  }

  /** A page, newest first, and the number of all that match. */
  async list(
    filter: ApiKeyFilter,
    now: Date,
    page: number,
    limit: number,
  ): Promise<{ readonly keys: readonly ApiKey[]; readonly total: number }> {
    const query = queryOf(filter, now);
    const records = await this.model
      .find(query)
      .sort({ createdAt: -1, _id: 1 })
      .skip((page - 1) * limit)
      .limit(limit)
      .lean<ApiKeyRecord[]>();
    return { keys: records.map(toApiKey), total: await this.model.countDocuments(query) };
  }

  countActive(ownerId: string, now: Date): Promise<number> {
    return this.model.countDocuments(queryOf({ ownerIds: [ownerId], status: 'active' }, now));
  }

  /** Hands over to `successor` until `until`. @returns null when the key is already dead or rotated */
  async rotate(id: string, successor: string, until: Date, now: Date): Promise<ApiKey | null> {
    return orNull(
      await this.model
        .findOneAndUpdate(
          { _id: id, revokedAt: null, rotatedTo: null, expiresAt: { $gt: now } },
          { $set: { rotatedTo: successor, expiresAt: until, ...(until <= now ? { revokedAt: now } : {}) } },
          { returnDocument: 'after' },
        )
        .lean<ApiKeyRecord>(),
    );
  }

  /** The first time counts. @returns the key as it is now, null when there is none */
  async revoke(id: string, now: Date): Promise<ApiKey | null> {
    await this.model.updateOne({ _id: id, revokedAt: null }, { $set: { revokedAt: now } });
    return this.find(id);
  }

  async revokeAll(ownerId: string, now: Date): Promise<void> {
    await this.model.updateMany({ ownerId, revokedAt: null }, { $set: { revokedAt: now } });
  }

  async setRateLimit(id: string, perMinute: number | null): Promise<ApiKey | null> {
    return orNull(
      await this.model
        .findOneAndUpdate({ _id: id }, { $set: { rateLimitPerMinute: perMinute } }, { returnDocument: 'after' })
        .lean<ApiKeyRecord>(),
    );
  }

  async recordUse(id: string, now: Date): Promise<void> {
    await this.model.updateOne({ _id: id }, { $set: { lastUsedAt: now } });
  }
}

function queryOf({ ownerIds, status }: ApiKeyFilter, now: Date): QueryFilter<ApiKeyRecord> {
  return {
    ...(ownerIds ? { ownerId: { $in: [...ownerIds] } } : {}),
    ...(status === 'revoked' ? { revokedAt: { $ne: null } } : {}),
    ...(status === 'active' ? { revokedAt: null, expiresAt: { $gt: now } } : {}),
    ...(status === 'expired' ? { revokedAt: null, expiresAt: { $lte: now } } : {}),
  };
}

function orNull(record: ApiKeyRecord | null): ApiKey | null {
  return record ? toApiKey(record) : null;
}

function toApiKey(record: ApiKeyRecord): ApiKey {
  const { _id, ...rest } = record;
  return { ...rest, id: _id as KeyId, role: rest.role as Role | null, rotatedTo: rest.rotatedTo as KeyId | null };
}
