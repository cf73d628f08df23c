import { Schema } from 'mongoose';
import type { CustomTemplate, TemplateVersion } from './custom-template.js';
import type { StackRegistration } from './stack-registration.js';

export const MANIFEST_TEMPLATES = 'manifest_templates';
export const MANIFEST_TEMPLATE_VERSIONS = 'manifest_template_versions';
export const STACK_TEMPLATES = 'stack_templates';
export const TEMPLATE_CHANGES = 'template_changes';

/** Documents are stored as JSON text: keys may hold dots and dollars, and their order is part of the content. */
type Stored<T extends { readonly document: object }> = {
  -readonly [K in keyof T]: K extends 'document' ? string : T[K];
};

export type CustomTemplateRecord = Stored<CustomTemplate>;
export const customTemplateSchema = new Schema<CustomTemplateRecord>(
  {
    templateId: { type: String, required: true },
    organization: { type: String, required: true },
    name: { type: String, required: true },
    version: { type: String, required: true },
    revision: { type: Number, required: true },
    status: { type: String, enum: ['active', 'deleted'], required: true },
    document: { type: String, required: true },
    change: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    updatedAt: { type: Date, required: true },
    updatedBy: { type: String, required: true },
  },
  { collection: MANIFEST_TEMPLATES, versionKey: false },
);
customTemplateSchema.index({ templateId: 1 }, { unique: true }); // the write of one template
customTemplateSchema.index(
  { organization: 1, name: 1 },
  { unique: true, partialFilterExpression: { status: 'active' } }, // one active template of a name
);
customTemplateSchema.index({ change: 1 }); // what changed since the last look

export type TemplateVersionRecord = Stored<TemplateVersion>;
export const templateVersionSchema = new Schema<TemplateVersionRecord>(
  {
    templateId: { type: String, required: true },
    version: { type: String, required: true },
    revision: { type: Number, required: true },
    document: { type: String, required: true },
    contentHash: { type: String, required: true },
    changes: { type: [String], default: [] },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
  },
  { collection: MANIFEST_TEMPLATE_VERSIONS, versionKey: false },
);
templateVersionSchema.index({ templateId: 1, version: 1 }, { unique: true }); // one version
templateVersionSchema.index({ templateId: 1, revision: -1 }); // the list, newest first

export type StackRegistrationRecord = Stored<StackRegistration>;
export const stackRegistrationSchema = new Schema<StackRegistrationRecord>(
  {
    name: { type: String, required: true },
    status: { type: String, enum: ['active', 'disabled'], required: true },
    revision: { type: Number, required: true },
    document: { type: String, required: true },
    resources: { type: [{ _id: false, type: { type: String }, description: { type: String } }], default: [] },
    codeHash: { type: String, default: null },
    sourcePath: { type: String, default: null },
    registeredAt: { type: Date, required: true },
    registeredBy: { type: String, required: true },
    updatedAt: { type: Date, required: true },
    updatedBy: { type: String, required: true },
    change: { type: Number, required: true },
  },
  { collection: STACK_TEMPLATES, versionKey: false },
);
stackRegistrationSchema.index({ name: 1 }, { unique: true }); // the write of one stack
stackRegistrationSchema.index({ change: 1 }); // what changed since the last look

/** The number of the last change; every writer must increment it, so writers go one after another. */
export interface TemplateChangeRecord {
  _id: string;
  value: number;
}
export const templateChangeSchema = new Schema<TemplateChangeRecord>(
  { _id: { type: String, required: true }, value: { type: Number, required: true } },
  { collection: TEMPLATE_CHANGES, versionKey: false },
);
