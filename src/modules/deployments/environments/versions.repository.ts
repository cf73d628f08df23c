import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { DEPLOYMENT_VERSIONS, type EnvironmentVersionRecord } from './environment.schema.js';
import type { EnvironmentVersion, VersionKind } from './environment.js';

/** Versions of environments; only ever added, never removed. */
@Injectable()
export class VersionsRepository extends BaseRepository<EnvironmentVersionRecord> {
  constructor(@InjectModel(DEPLOYMENT_VERSIONS) model: Model<EnvironmentVersionRecord>) {
    super(model);
  }

  async insert(version: EnvironmentVersion): Promise<void> {
    await this.model.insertMany([version]);
  }

  async find(deploymentId: string, environment: EnvironmentName, version: number): Promise<EnvironmentVersion | null> {
    return this.model.findOne({ deploymentId, environment, version }, { _id: 0 }).lean<EnvironmentVersionRecord>();
  }

  /** The newest of these kinds before `before`. */
  async findLatest(
    deploymentId: string,
    environment: EnvironmentName,
    before: number,
    kinds: readonly VersionKind[],
  ): Promise<EnvironmentVersion | null> {
    return this.model
      .findOne({ deploymentId, environment, version: { $lt: before }, kind: { $in: [...kinds] } }, { _id: 0 })
      .sort({ version: -1 })
      .lean<EnvironmentVersionRecord>();
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
