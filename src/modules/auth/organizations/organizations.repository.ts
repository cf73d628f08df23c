import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import type { OrganizationTier } from '../users/user.js';
import type { Organization } from './organization.js';
import { type OrganizationRecord, ORGANIZATIONS } from './organization.schema.js';

export type OrganizationChanges = Partial<Pick<Organization, 'displayName' | 'tier' | 'pulumiOrg' | 'settings'>>;

@Injectable()
export class OrganizationsRepository extends BaseRepository<OrganizationRecord> {
  constructor(@InjectModel(ORGANIZATIONS) model: Model<OrganizationRecord>) {
    super(model);
  }

  /** @returns false when the name is taken */
  async insert(organization: Organization): Promise<boolean> {
    const { name, ...rest } = organization;
    try {
      await this.model.create({ _id: name, ...rest });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async find(name: string): Promise<Organization | null> {
    const record = await this.model.findOne({ _id: name }).lean<OrganizationRecord>();
    return record ? toOrganization(record) : null;
  }

  /** Those of the names that exist, in any order. */
  async findAll(names: readonly string[]): Promise<readonly Organization[]> {
    if (names.length === 0) return [];
    const records = await this.model.find({ _id: { $in: [...names] } }).lean<OrganizationRecord[]>();
    return records.map(toOrganization);
  }

  /** A page by name, and the number of all. @param names missing = every organization */
  async list(
    names: readonly string[] | undefined,
    page: number,
    limit: number,
  ): Promise<{ readonly organizations: readonly Organization[]; readonly total: number }> {
    const query = names ? { _id: { $in: [...names] } } : {};
    const records = await this.model
      .find(query)
      .sort({ _id: 1 })
      .skip((page - 1) * limit)
      .limit(limit)
      .lean<OrganizationRecord[]>();
    return { organizations: records.map(toOrganization), total: await this.model.countDocuments(query) };
  }

  /** @returns null when there is no such organization */
  async update(name: string, changes: OrganizationChanges, now: Date): Promise<Organization | null> {
    const record = await this.model
      .findOneAndUpdate({ _id: name }, { $set: { ...changes, updatedAt: now } }, { returnDocument: 'after' })
      .lean<OrganizationRecord>();
    return record ? toOrganization(record) : null;
  }
}

function toOrganization(record: OrganizationRecord): Organization {
  return {
    name: record._id,
    displayName: record.displayName,
    tier: record.tier as OrganizationTier,
    pulumiOrg: record.pulumiOrg,
    settings: record.settings,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
  };
}
