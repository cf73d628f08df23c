import type { EnvironmentName } from '../../shared/http/principal.js';
import type { ParameterType } from './parameter.js';

export const TEMPLATE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** In this order they are listed; they cannot be changed or deleted (deployments.md 2.4, 2.5). */
export const BUILT_IN_TEMPLATES: readonly string[] = ['default', 'minimal', 'microservices', 'data-platform'];

/** Organization of templates that everybody sees. */
export const SHARED = '*';

/** Where a custom template belongs and how it came about. */
export interface CustomFacts {
  /** `tpl-` + 16 base36; a name that is used again after a deletion gets a new one. */
  readonly templateId: string;
  /** Whom it belongs to; SHARED = made by a platform administrator for all. */
  readonly organization: string;
  /** For `If-Match`; grows with every change. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
}

/** Named set of stacks, environments and values from which manifests are made (deployments.md 2.1). */
export interface ManifestTemplate {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Semantic version of the template. */
  readonly version: string;
  readonly type: 'built-in' | 'custom';
  readonly status: 'active' | 'deleted';
  /** Copied into the manifest. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Template variables it declares besides the global ones of 2.3. */
  readonly variables: Readonly<Record<string, TemplateVariable>>;
  /** Texts still hold template variables. */
  readonly environments: Readonly<Partial<Record<EnvironmentName, TemplateEnvironment>>>;
  readonly stacks: Readonly<Record<string, TemplateStack>>;
  readonly estimatedResources: number;
  /** USD. */
  readonly estimatedMonthlyCost: number;
  /** Seconds. */
  readonly deploymentTime?: number;
  /** What only custom templates have. */
  readonly custom?: CustomFacts;
  /** SHA-256 of the document: the same hash and inputs give a byte-equal manifest. */
  readonly contentHash: string;
  /** The file as it stands, for `format=yaml`. */
  readonly content: string;
}

export interface TemplateVariable {
  readonly type: ParameterType;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description?: string;
}

export interface TemplateEnvironment {
  readonly enabled: boolean;
  readonly account?: string;
  readonly region?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface TemplateStack {
  readonly enabled: boolean;
  /** Informative copy of the stack template's list, perhaps extended. */
  readonly dependencies?: readonly string[];
  readonly priority?: number;
  /** Advisory, 1–10. */
  readonly layer?: number;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly environments?: Readonly<Partial<Record<EnvironmentName, TemplateStackEnvironment>>>;
}

export interface TemplateStackEnvironment {
  readonly enabled?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}
