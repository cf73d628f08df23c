import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { ENVIRONMENTS_COLLECTION, type EnvironmentRecord } from './environment.schema.js';
import type { EnvironmentStatus } from '../deployment.js';
import type { Environment } from './environment.js';

@Injectable()
export class EnvironmentsRepository extends BaseRepository<EnvironmentRecord> {
  constructor(@InjectModel(ENVIRONMENTS_COLLECTION) model: Model<EnvironmentRecord>) {
    super(model);
  }

  async insertAll(environments: readonly Environment[]): Promise<void> {
    await this.model.insertMany(environments);
  }

  async listOf(deploymentIds: readonly string[]): Promise<readonly Environment[]> {
    const order: readonly string[] = ['dev', 'stage', 'prod'];
    const records = await this.model
      .find({ deploymentId: { $in: [...deploymentIds] } }, { _id: 0 })
      .lean<EnvironmentRecord[]>();
    return records.sort((a, b) => order.indexOf(a.environment) - order.indexOf(b.environment));
  }

  /** Ids of deployments with an environment in one of these. @param organizations null = all of them */
  deploymentsWith(statuses: readonly EnvironmentStatus[], organizations: readonly string[] | null): Promise<string[]> {
    return this.model.distinct('deploymentId', {
      status: { $in: [...statuses] },
      ...(organizations ? { organization: { $in: [...organizations] } } : {}),
    });
  }

  find(deploymentId: string, environment: EnvironmentName): Promise<Environment | null> {
    return this.model.findOne({ deploymentId, environment }, { _id: 0 }).lean<EnvironmentRecord>();
  }

  async change(deploymentId: string, environment: EnvironmentName, change: Partial<Environment>): Promise<void> {
    await this.model.updateOne({ deploymentId, environment }, { $set: change });
  }

  /** Whose drift detection is due, the longest overdue first. */
  async listDriftDue(now: Date, limit: number): Promise<readonly Environment[]> {
    return this.model
      .find({ 'driftSchedule.nextAt': { $lte: now } }, { _id: 0 })
      .sort({ 'driftSchedule.nextAt': 1 })
      .limit(limit)
      .lean<EnvironmentRecord[]>();
  }

  /** With something deployed, and no schedule yet. */
  async listUnscheduled(limit: number): Promise<readonly Environment[]> {
    return this.model
      .find(
        { driftSchedule: null, everDeployed: true, status: { $nin: ['ready', 'destroyed', 'disabled'] } },
        { _id: 0 },
      )
      .limit(limit)
      .lean<EnvironmentRecord[]>();
  }

  async removeAll(deploymentId: string): Promise<void> {
    await this.model.deleteMany({ deploymentId });
  }
}
