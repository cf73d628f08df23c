import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type {
  AccountScope,
  AccountStore,
  CloudParameters,
  CloudResource,
  ResourceQuery,
  SandboxSettings,
} from '../../../tools/sandbox-cloud/account-store.port.js';
import type { FaultRule } from '../../../tools/sandbox-cloud/fault-rule.js';
import type { Properties } from '../../../tools/sandbox-cloud/provider.port.js';
import { BaseRepository, isDuplicateKey } from '../../shared/database/base.repository.js';
import { Defect } from '../../shared/errors/app-error.js';
import { SecretBox } from '../../shared/kernel/secret-box.js';
import {
  SANDBOX_COUNTERS,
  SANDBOX_RESOURCES,
  SANDBOX_SETTINGS,
  type SandboxCounterRecord,
  type SandboxResourceRecord,
  type SandboxSettingsRecord,
} from './sandbox.schema.js';

/** Accounts of the sandbox cloud in the database; passes the same contract suite as the one in memory. */
@Injectable()
export class SandboxRepository extends BaseRepository<SandboxResourceRecord> implements AccountStore {
  constructor(
    @InjectModel(SANDBOX_RESOURCES) model: Model<SandboxResourceRecord>,
    @InjectModel(SANDBOX_SETTINGS) private readonly settingsModel: Model<SandboxSettingsRecord>,
    @InjectModel(SANDBOX_COUNTERS) private readonly counters: Model<SandboxCounterRecord>,
    private readonly secrets: SecretBox,
  ) {
    super(model);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    await this.settingsModel.createCollection();
    await this.counters.createCollection();
  }

  async findByClaims(scope: AccountScope, claims: readonly string[]): Promise<CloudResource[]> {
    const records = await this.model
      .find({ ...scopeOf(scope), claims: { $in: [...claims] } }, { _id: 0 })
      .lean<SandboxResourceRecord[]>();
    return records.map((record) => this.toResource(record));
  }

  async find(
    scope: AccountScope,
    query: ResourceQuery,
    page?: { skip: number; limit: number },
  ): Promise<CloudResource[]> {
    const cursor = this.model.find(filterOf(scope, query), { _id: 0 }).sort({ createdAt: 1, key: 1 });
    const records = await (page ? cursor.skip(page.skip).limit(page.limit) : cursor).lean<SandboxResourceRecord[]>();
    return records.map((record) => this.toResource(record));
  }

  count(scope: AccountScope, query: ResourceQuery): Promise<number> {
    return this.model.countDocuments(filterOf(scope, query));
  }

  async insert(resource: CloudResource): Promise<boolean> {
    try {
      await this.model.create(this.toRecord(resource));
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async replace(resource: CloudResource): Promise<'replaced' | 'stale' | 'taken'> {
    try {
      const { matchedCount } = await this.model.updateOne(
        { ...scopeOf(resource), claims: resource.key, revision: resource.revision - 1 },
        { $set: this.toRecord(resource) },
      );
      return matchedCount === 1 ? 'replaced' : 'stale';
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  async remove(scope: AccountScope, key: string): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ ...scopeOf(scope), claims: key });
    return deletedCount === 1;
  }

  async creations(organization: string, urn: string): Promise<number> {
    const record = await this.counters.findOne({ _id: `${organization}|${urn}` }).lean<SandboxCounterRecord>();
    return record?.count ?? 0;
  }

  nextCreation(organization: string, urn: string): Promise<number> {
    return this.increment(`${organization}|${urn}`);
  }

  countMatch(organization: string, faultsRevision: number, rule: number): Promise<number> {
    return this.increment(`${organization}|fault|${faultsRevision}|${rule}`);
  }

  async settings(organization: string): Promise<SandboxSettings> {
    const record = await this.settingsModel.findOne({ _id: organization }).lean<SandboxSettingsRecord>();
    return {
      parameters: record?.parametersSealed
        ? (JSON.parse(this.secrets.open(record.parametersSealed)) as CloudParameters)
        : { ssm: {}, secrets: {} },
      faults: record?.faults ? (JSON.parse(record.faults) as FaultRule[]) : [],
      faultsRevision: record?.faultsRevision ?? 0,
      ...(record?.speed != null && { speed: record.speed }),
    };
  }

  async saveParameters(organization: string, parameters: CloudParameters): Promise<void> {
    await this.save(organization, { $set: { parametersSealed: this.secrets.seal(JSON.stringify(parameters)) } });
  }

  async saveFaults(organization: string, faults: readonly FaultRule[]): Promise<void> {
    await this.save(organization, { $set: { faults: JSON.stringify(faults) }, $inc: { faultsRevision: 1 } });
  }

  async saveSpeed(organization: string, factor: number): Promise<void> {
    await this.save(organization, { $set: { speed: factor } });
  }

  private async save(
    organization: string,
    change: { $set: Partial<SandboxSettingsRecord>; $inc?: { faultsRevision: number } },
  ): Promise<void> {
    await this.settingsModel.updateOne({ _id: organization }, change, { upsert: true, setDefaultsOnInsert: false });
  }

  /** Two steps instead of an upsert: of concurrent upserts DocumentDB answers all with the first count. */
  private async increment(counter: string): Promise<number> {
    const next = (): Promise<SandboxCounterRecord | null> =>
      this.counters
        .findOneAndUpdate({ _id: counter }, { $inc: { count: 1 } }, { returnDocument: 'after' })
        .lean<SandboxCounterRecord>()
        .exec();
    const record = (await next()) ?? (await this.insertCounter(counter).then(next));
    if (!record) throw new Defect(`The counter ${counter} of the sandbox is gone`);
    return record.count;
  }

  private async insertCounter(counter: string): Promise<void> {
    try {
      await this.counters.create({ _id: counter, count: 0 });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  private toRecord(resource: CloudResource): SandboxResourceRecord {
    const { inputs, properties, drifted, claims, refs, ...plain } = resource;
    return {
      ...plain,
      sealed: this.secrets.seal(JSON.stringify({ inputs, properties })),
      drifted: [...drifted],
      claims: [...claims],
      refs: [...refs],
    };
  }

  private toResource({ sealed, ...plain }: SandboxResourceRecord): CloudResource {
    const { inputs, properties } = JSON.parse(this.secrets.open(sealed)) as {
      inputs: Properties;
      properties: Properties;
    };
    return { ...plain, inputs, properties };
  }
}

function scopeOf({ organization, account }: AccountScope): AccountScope {
  return { organization, account };
}

function filterOf(scope: AccountScope, { ref, ...equal }: ResourceQuery): QueryFilter<SandboxResourceRecord> {
  const given = Object.entries(equal).filter(([, value]) => value !== undefined);
  return {
    ...scopeOf(scope),
    ...Object.fromEntries(given),
    ...(ref !== undefined && { refs: typeof ref === 'string' ? ref : { $in: [...ref] } }),
  };
}
