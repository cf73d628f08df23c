import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import type { VisibleScope } from '../../shared/http/access.port.js';
import {
  DEPLOYMENTS,
  type DeploymentRecord,
  MANIFEST_REVISIONS,
  type ManifestRevisionRecord,
} from './deployment.schema.js';
import type { Deployment, ManifestRevision } from './deployment.js';

export interface DeploymentFilter {
  readonly visible: VisibleScope;
  readonly organization?: string;
  readonly project?: string;
  readonly template?: string;
  /** Enabled in this environment. */
  readonly environment?: string;
  readonly statuses?: readonly string[];
  /** Ids that count as well as `statuses`. */
  readonly orAmong?: readonly string[];
  readonly tag?: { readonly key: string; readonly value: string };
  readonly search?: string;
  readonly withDestroyed: boolean;
}

export interface DeploymentPage {
  readonly sortBy: 'createdAt' | 'updatedAt' | 'deploymentId' | 'lastDeployedAt';
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

@Injectable()
export class DeploymentsRepository extends BaseRepository<DeploymentRecord> {
  constructor(
    @InjectModel(DEPLOYMENTS) model: Model<DeploymentRecord>,
    @InjectModel(MANIFEST_REVISIONS) private readonly revisions: Model<ManifestRevisionRecord>,
  ) {
    super(model);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    await this.revisions.createCollection();
    await this.revisions.createIndexes();
  }

  /** @throws duplicate-key error when the id was ever used */
  async insert(deployment: Deployment, environmentsEnabled: readonly string[]): Promise<void> {
    await this.model.insertMany([{ ...deployment, environmentsEnabled: [...environmentsEnabled] }]);
  }

  /** Also removed ones: their id stays reserved. */
  async idTaken(deploymentId: string): Promise<boolean> {
    return (await this.model.exists({ deploymentId })) !== null;
  }

  async find(deploymentId: string): Promise<Deployment | null> {
    return this.model
      .findOne({ deploymentId, deletedAt: null }, { _id: 0, environmentsEnabled: 0 })
      .lean<DeploymentRecord>();
  }

  async list(
    filter: DeploymentFilter,
    page: DeploymentPage,
  ): Promise<{ readonly deployments: readonly Deployment[]; readonly total: number }> {
    const query = queryOf(filter);
    const deployments = await this.model
      .find(query, { _id: 0, environmentsEnabled: 0 })
      .sort({ [page.sortBy]: page.descending ? -1 : 1, deploymentId: page.descending ? -1 : 1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean<DeploymentRecord[]>();
    return { deployments, total: await this.model.countDocuments(query) };
  }

  /** @returns false when `ifRevision` no longer is the current one */
  async change(deploymentId: string, change: Partial<DeploymentRecord>, ifRevision?: number): Promise<boolean> {
    const result = await this.model.updateOne(
      { deploymentId, deletedAt: null, ...(ifRevision === undefined ? {} : { revision: ifRevision }) },
      { $set: change },
    );
    return result.matchedCount === 1;
  }

  /** Not destroyed, for the quota. */
  countActive(organization: string): Promise<number> {
    return this.model.countDocuments({ organization, deletedAt: null, status: { $ne: 'destroyed' } });
  }

  async addRevision(revision: ManifestRevision): Promise<void> {
    await this.revisions.insertMany([revision]);
  }

  /** Newest first, without the manifests. */
  async listRevisions(
    deploymentId: string,
    page: { readonly skip: number; readonly limit: number },
  ): Promise<{ readonly revisions: readonly Omit<ManifestRevision, 'manifest'>[]; readonly total: number }> {
    const revisions = await this.revisions
      .find({ deploymentId }, { _id: 0, manifest: 0 })
      .sort({ revision: -1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean<ManifestRevisionRecord[]>();
    return { revisions, total: await this.revisions.countDocuments({ deploymentId }) };
  }

  getRevision(deploymentId: string, revision: number): Promise<ManifestRevision | null> {
    return this.revisions.findOne({ deploymentId, revision }, { _id: 0 }).lean<ManifestRevisionRecord>();
  }
}

function queryOf(filter: DeploymentFilter): QueryFilter<DeploymentRecord> {
  const and: QueryFilter<DeploymentRecord>[] = [{ deletedAt: null }];
  const { scopes, deployments } = filter.visible;
  if (scopes) and.push({ $or: scopes.length > 0 ? scopes.map((s) => ({ ...s })) : [{ deploymentId: '' }] });
  if (deployments) and.push({ deploymentId: { $in: [...deployments] } });
  if (filter.organization) and.push({ organization: filter.organization });
  if (filter.project) and.push({ project: filter.project });
  if (filter.template) and.push({ template: filter.template });
  if (filter.environment) and.push({ environmentsEnabled: filter.environment });
  if (filter.statuses) {
    const inStatus = { status: { $in: [...filter.statuses] as Deployment['status'][] } };
    and.push(filter.orAmong ? { $or: [inStatus, { deploymentId: { $in: [...filter.orAmong] } }] } : inStatus);
  } else if (!filter.withDestroyed) and.push({ status: { $ne: 'destroyed' } });
  if (filter.tag) and.push({ [`tags.${filter.tag.key}`]: filter.tag.value });
  if (filter.search) {
    const pattern = new RegExp(filter.search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
    and.push({
      $or: ['deploymentId', 'organization', 'project', 'domain', 'description'].map((field) => ({ [field]: pattern })),
    });
  }
  return { $and: and };
}
