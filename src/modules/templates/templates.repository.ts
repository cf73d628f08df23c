import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import { ensureIndexes } from '../../shared/database/indexes.js';
import type { CustomTemplate, TemplateDocument, TemplateVersion } from './custom-template.js';
import type { StackRegistration } from './stack-registration.js';
import {
  type CustomTemplateRecord,
  MANIFEST_TEMPLATES,
  MANIFEST_TEMPLATE_VERSIONS,
  STACK_TEMPLATES,
  type StackRegistrationRecord,
  TEMPLATE_CHANGES,
  type TemplateChangeRecord,
  type TemplateVersionRecord,
} from './template.schema.js';

const COUNTER = 'last';
const PLAIN = { _id: 0 } as const;

/** Custom templates with their versions, and registered stacks. */
@Injectable()
export class TemplatesRepository extends BaseRepository<CustomTemplateRecord> {
  constructor(
    @InjectModel(MANIFEST_TEMPLATES) model: Model<CustomTemplateRecord>,
    @InjectModel(MANIFEST_TEMPLATE_VERSIONS) private readonly versions: Model<TemplateVersionRecord>,
    @InjectModel(STACK_TEMPLATES) private readonly registrations: Model<StackRegistrationRecord>,
    @InjectModel(TEMPLATE_CHANGES) private readonly counter: Model<TemplateChangeRecord>,
  ) {
    super(model);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    await ensureIndexes(this.versions);
    await ensureIndexes(this.registrations);
    await this.counter.createCollection();
  }

  /** 0 = nothing was ever changed. */
  async lastChange(): Promise<number> {
    return (await this.counter.findOne({ _id: COUNTER }).lean<TemplateChangeRecord>())?.value ?? 0;
  }

  /** Within a unit of work: the number of the change that is being made. */
  async takeChange(): Promise<number> {
    const record = await this.counter
      .findOneAndUpdate({ _id: COUNTER }, { $inc: { value: 1 } }, { upsert: true, returnDocument: 'after' })
      .lean<TemplateChangeRecord>();
    return record?.value ?? 1;
  }

  /** Written after that change, in the order of their changes. */
  async listTemplates(afterChange: number): Promise<readonly CustomTemplate[]> {
    const records = await this.model
      .find({ change: { $gt: afterChange } }, PLAIN)
      .sort({ change: 1 })
      .lean<CustomTemplateRecord[]>();
    return records.map((record) => ({ ...record, document: read(record.document) }));
  }

  /** Written after that change, in the order of their changes. */
  async listRegistrations(afterChange: number): Promise<readonly StackRegistration[]> {
    const records = await this.registrations
      .find({ change: { $gt: afterChange } }, PLAIN)
      .sort({ change: 1 })
      .lean<StackRegistrationRecord[]>();
    return records.map((record) => ({ ...record, document: read(record.document) }));
  }

  /** Inserts or replaces. */
  async saveTemplate(template: CustomTemplate): Promise<void> {
    await this.model.replaceOne(
      { templateId: template.templateId },
      { ...template, document: JSON.stringify(template.document) },
      { upsert: true },
    );
  }

  /** Inserts or replaces. */
  async saveRegistration(registration: StackRegistration): Promise<void> {
    await this.registrations.replaceOne(
      { name: registration.name },
      {
        ...registration,
        resources: [...registration.resources],
        document: JSON.stringify(registration.document),
      },
      { upsert: true },
    );
  }

  async addVersion(version: TemplateVersion): Promise<void> {
    await this.versions.insertMany([
      { ...version, changes: [...version.changes], document: JSON.stringify(version.document) },
    ]);
  }

  async findVersion(templateId: string, version: string): Promise<TemplateVersion | null> {
    const record = await this.versions.findOne({ templateId, version }, PLAIN).lean<TemplateVersionRecord>();
    return record && { ...record, document: read(record.document) };
  }

  /** Newest first. */
  async listVersions(
    templateId: string,
    page: { readonly skip: number; readonly limit: number },
  ): Promise<{ readonly versions: readonly TemplateVersion[]; readonly total: number }> {
    const records = await this.versions
      .find({ templateId }, PLAIN)
      .sort({ revision: -1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean<TemplateVersionRecord[]>();
    return {
      versions: records.map((record) => ({ ...record, document: read(record.document) })),
      total: await this.versions.countDocuments({ templateId }),
    };
  }
}

function read(text: string): TemplateDocument {
  return JSON.parse(text) as TemplateDocument;
}
