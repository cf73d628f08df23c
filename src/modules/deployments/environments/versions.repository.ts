import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { DEPLOYMENT_VERSIONS, type EnvironmentVersionRecord } from './environment.schema.js';
import type { EnvironmentVersion } from './environment.js';

/** Versions of environments; only ever added, never removed. */
@Injectable()
export class VersionsRepository extends BaseRepository<EnvironmentVersionRecord> {
  constructor(@InjectModel(DEPLOYMENT_VERSIONS) model: Model<EnvironmentVersionRecord>) {
    super(model);
  }

  async insert(version: EnvironmentVersion): Promise<void> {
    await this.model.insertMany([version]);
  }

  /** Newest first. */
  async list(
    deploymentId: string,
    environment: EnvironmentName,
    page: { readonly skip: number; readonly limit: number; readonly stack?: string },
  ): Promise<{ readonly versions: readonly EnvironmentVersion[]; readonly total: number }> {
    const query = { deploymentId, environment, ...(page.stack ? { [`stacks.${page.stack}`]: { $exists: true } } : {}) };
    const versions = await this.model
      .find(query, { _id: 0 })
      .sort({ version: -1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean<EnvironmentVersionRecord[]>();
    return { versions, total: await this.model.countDocuments(query) };
  }
}
