import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import type { Assignment } from '../../../shared/http/principal.js';
import type { UserId } from '../../../shared/kernel/ids.js';
import { MAX_FAILURES, type OrganizationTier, type Preferences, type User, type UserStatus } from './user.js';
import { type UserRecord, USERS } from './user.schema.js';

/** Every given part must match. */
export interface UserFilter {
  /** Members of one of them; missing = everybody. */
  readonly organizations?: readonly string[];
  readonly status?: UserStatus;
  /** Part of e-mail, user name or name, without regard to case. */
  readonly search?: string;
}

export type UserSort = 'createdAt' | 'email' | 'name';

export type UserChanges = Partial<
  Pick<User, 'email' | 'name' | 'passwordHash' | 'assignments' | 'status' | 'tier' | 'preferences'>
>;

/** Users that are deleted exist for `findById` only when asked for. */
@Injectable()
export class UsersRepository extends BaseRepository<UserRecord> {
  constructor(@InjectModel(USERS) model: Model<UserRecord>) {
    super(model);
  }

  /** @returns false when the e-mail or user name is taken */
  async insert(user: User): Promise<boolean> {
    try {
      await this.model.create(toRecord(user));
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async findById(id: string): Promise<User | null> {
    return orNull(await this.model.findOne({ _id: id, deletedAt: null }).lean<UserRecord>());
  }

  /** @param login e-mail or user name, any case */
  async findByLogin(login: string): Promise<User | null> {
    const key = login.trim().toLowerCase();
    return orNull(await this.model.findOne({ $or: [{ email: key }, { usernameKey: key }] }).lean<UserRecord>());
  }

  /** A page, newest first unless said otherwise, and the number of all that match. */
  async list(
    filter: UserFilter,
    page: number,
    limit: number,
    sort: { readonly by: UserSort; readonly descending: boolean } = { by: 'createdAt', descending: true },
  ): Promise<{ readonly users: readonly User[]; readonly total: number }> {
    const query = queryOf(filter);
    const records = await this.model
      .find(query)
      .sort({ [sort.by]: sort.descending ? -1 : 1, _id: 1 })
      .skip((page - 1) * limit)
      .limit(limit)
      .lean<UserRecord[]>();
    return { users: records.map(toUser), total: await this.model.countDocuments(query) };
  }

  /** Ids of all members of these organizations. */
  async findIdsIn(organizations: readonly string[]): Promise<readonly string[]> {
    const records = await this.model
      .find({ 'assignments.organization': { $in: [...organizations] }, deletedAt: null } as QueryFilter<UserRecord>, {
        _id: 1,
      })
      .lean<Pick<UserRecord, '_id'>[]>();
    return records.map((record) => record._id);
  }

  /** @returns null when there is no such user, 'taken' when the new e-mail belongs to somebody else */
  async update(id: string, changes: UserChanges, now: Date): Promise<User | null | 'taken'> {
    try {
      return orNull(
        await this.model
          .findOneAndUpdate(
            { _id: id, deletedAt: null },
            { $set: { ...(changes as Partial<UserRecord>), updatedAt: now } },
            { returnDocument: 'after' },
          )
          .lean<UserRecord>(),
      );
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  /** Adds a failed login and forgets all but the newest MAX_FAILURES. @returns the failures now stored */
  async recordFailure(id: string, now: Date): Promise<readonly Date[]> {
    const record = await this.model
      .findOneAndUpdate(
        { _id: id },
        { $push: { failures: { $each: [now], $slice: -MAX_FAILURES } } },
        { returnDocument: 'after' },
      )
      .lean<UserRecord>();
    return record?.failures ?? [];
  }

  async lock(id: string, until: Date): Promise<void> {
    await this.model.updateOne({ _id: id }, { $set: { lockedUntil: until, failures: [] } });
  }

  /** @returns false when there is no such user */
  async unlock(id: string, now: Date): Promise<boolean> {
    const result = await this.model.updateOne(
      { _id: id, deletedAt: null },
      { $set: { lockedUntil: null, failures: [], updatedAt: now } },
    );
    return result.matchedCount === 1;
  }

  /** A good login, in one step with the check that no lock came in between. @returns false when one did */
  async recordLogin(id: string, now: Date): Promise<boolean> {
    const result = await this.model.updateOne(
      { _id: id, $or: [{ lockedUntil: null }, { lockedUntil: { $lte: now } }] },
      { $set: { lastLoginAt: now, lockedUntil: null, failures: [] } },
    );
    return result.matchedCount === 1;
  }

  /** Removes what belongs to the person and keeps the id; the address and the name are free again. */
  async anonymize(id: string, now: Date): Promise<boolean> {
    const gone: Partial<UserRecord> = {
      email: null,
      username: null,
      usernameKey: null,
      name: 'Deleted user',
      passwordHash: null,
      assignments: [],
      status: 'disabled',
      preferences: {},
      failures: [],
      updatedAt: now,
      deletedAt: now,
    };
    const result = await this.model.updateOne({ _id: id, deletedAt: null }, { $set: gone });
    return result.matchedCount === 1;
  }

  /** An active administrator of the whole organization (or of all) other than `id`; `*` looks for platform admins. */
  async findOtherAdmin(organization: string, id: string): Promise<User | null> {
    const whole = { role: 'admin', project: { $exists: false }, environments: { $exists: false } };
    return orNull(
      await this.model
        .findOne({
          _id: { $ne: id },
          status: 'active',
          assignments: { $elemMatch: { ...whole, organization: { $in: [organization, '*'] } } },
        })
        .sort({ _id: 1 })
        .lean<UserRecord>(),
    );
  }

  /** Inside a transaction: it conflicts with every other one that changes or relies on this user. */
  async relyOn(id: string): Promise<void> {
    await this.model.updateOne({ _id: id }, { $inc: { relied: 1 } });
  }
}

function queryOf(filter: UserFilter): QueryFilter<UserRecord> {
  const text = filter.search?.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const contains = { $regex: text, $options: 'i' };
  return {
    deletedAt: null,
    ...(filter.organizations ? { 'assignments.organization': { $in: [...filter.organizations] } } : {}),
    ...(filter.status ? { status: filter.status } : {}),
    ...(text ? { $or: [{ email: contains }, { username: contains }, { name: contains }] } : {}),
  } as QueryFilter<UserRecord>;
}

function orNull(record: UserRecord | null): User | null {
  return record ? toUser(record) : null;
}

function toRecord(user: User): UserRecord {
  const { id, ...rest } = user;
  return {
    ...rest,
    _id: id,
    usernameKey: user.username.toLowerCase(),
    assignments: [...user.assignments],
    failures: [...user.failures],
    preferences: user.preferences as Record<string, unknown>,
    relied: 0,
  };
}

function toUser(record: UserRecord): User {
  return {
    id: record._id as UserId,
    email: record.email ?? '',
    username: record.username ?? '',
    name: record.name,
    passwordHash: record.passwordHash,
    assignments: record.assignments.map(toAssignment),
    status: record.status,
    tier: record.tier as OrganizationTier | null,
    failures: record.failures,
    lockedUntil: record.lockedUntil,
    preferences: record.preferences as Preferences,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    lastLoginAt: record.lastLoginAt,
    deletedAt: record.deletedAt,
  };
}

function toAssignment(stored: Assignment): Assignment {
  return {
    role: stored.role,
    organization: stored.organization,
    ...(stored.project ? { project: stored.project } : {}),
    ...(stored.environments ? { environments: stored.environments } : {}),
  };
}
