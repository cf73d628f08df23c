import type { CustomFacts } from './manifest-template.js';

/** A template as it is written: the map form of deployments.md 2.1. */
export type TemplateDocument = Readonly<Record<string, unknown>>;

/** A custom template as it is stored. Deleted ones stay: deployments keep naming them. */
export interface CustomTemplate extends CustomFacts {
  readonly name: string;
  /** Semantic; an update adds to the second number. */
  readonly version: string;
  readonly status: 'active' | 'deleted';
  readonly document: TemplateDocument;
  /** Position among all changes of templates and registrations, from 1. */
  readonly change: number;
}

/** One version of a custom template, never changed afterwards: a deployment may be made from it again. */
export interface TemplateVersion {
  readonly templateId: string;
  readonly version: string;
  readonly revision: number;
  readonly document: TemplateDocument;
  /** Of the template that is read from the document. */
  readonly contentHash: string;
  /** One line each: `stacks: added storage`. */
  readonly changes: readonly string[];
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** `1.4.2` → `1.5.0`. */
export function nextMinor(version: string): string {
  const [major = '1', minor = '0'] = version.split('.');
  return `${major}.${Number(minor) + 1}.0`;
}
