import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { ENVIRONMENTS_COLLECTION, type EnvironmentRecord } from './environment.schema.js';
import type { EnvironmentStatus } from '../deployment.js';
import type { Environment } from './environment.js';

/** `accepted` is only there to be written. */
const UNSHOWN = { _id: 0, accepted: 0 };

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
      .find({ deploymentId: { $in: [...deploymentIds] } }, UNSHOWN)
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
    return this.model.findOne({ deploymentId, environment }, UNSHOWN).lean<EnvironmentRecord>();
  }

  async change(deploymentId: string, environment: EnvironmentName, change: Partial<Environment>): Promise<void> {
    await this.model.updateOne({ deploymentId, environment }, { $set: change });
  }

  /**
   * Inside the transaction that accepts an operation: whoever disables or removes the environment at the same time meets it here,
   * and one of both begins again and sees the other. @returns false when it is gone, or not enabled and has to be
   */
  async enter(deploymentId: string, environment: EnvironmentName, mustBeEnabled: boolean): Promise<boolean> {
    const filter = { deploymentId, environment, ...(mustBeEnabled ? { enabled: true } : {}) };
    const result = await this.model.updateOne(filter, { $inc: { accepted: 1 } });
    return result.matchedCount === 1;
  }

  /** Whose drift detection is due, the longest overdue first. */
  async listDriftDue(now: Date, limit: number): Promise<readonly Environment[]> {
    return this.model
      .find({ 'driftSchedule.nextAt': { $lte: now } }, UNSHOWN)
      .sort({ 'driftSchedule.nextAt': 1 })
      .limit(limit)
      .lean<EnvironmentRecord[]>();
  }

  /** With something deployed, and no schedule yet. */
  async listUnscheduled(limit: number): Promise<readonly Environment[]> {
    return this.model
      .find({ driftSchedule: null, everDeployed: true, status: { $nin: ['ready', 'destroyed', 'disabled'] } }, UNSHOWN)
      .limit(limit)
      .lean<EnvironmentRecord[]>();
  }

  async removeAll(deploymentId: string): Promise<void> {
    await this.model.deleteMany({ deploymentId });
  }
}
