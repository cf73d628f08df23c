import { contentHash } from '../../shared/kernel/canonical-json.js';
import type { EnvironmentName } from '../../shared/http/principal.js';
import type { ParameterInput, ParameterOutput } from './parameter.js';

export const STACK_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Longest stack name, in characters (deployments.md 1.4). */
export const STACK_NAME_LENGTH = 40;
/** They are heads of placeholders or segments of routes (deployments.md 1.4, api.md 3.5). */
export const RESERVED_STACK_NAMES: readonly string[] = [
  'aws',
  'calculate',
  'env',
  'deployment',
  'stack',
  'secret',
  'discover',
  'register',
  'register-all',
];
export const STACK_CATEGORIES = ['network', 'security', 'compute', 'data', 'analytics', 'ml', 'devops'] as const;
export type StackCategory = (typeof STACK_CATEGORIES)[number];

/** Registered description of one stack; the only place of defaults and the authority on dependencies (deployments.md 2.2). */
export interface StackTemplate {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly version: string;
  readonly category: StackCategory;
  /** Stack names, or the single element `*`. */
  readonly dependencies: readonly string[];
  /** An edge only where the target is enabled. */
  readonly optionalDependencies: readonly string[];
  /** 1–999, lower starts first. */
  readonly priority: number;
  /** Advisory, 1–10. */
  readonly layer?: number;
  /** false = a failure is a warning and never triggers a rollback. */
  readonly critical: boolean;
  /** Own inputs and the common ones of stacks.md 1.1. */
  readonly inputs: Readonly<Record<string, ParameterInput>>;
  /** Own outputs and the common ones of stacks.md 1.2. */
  readonly outputs: Readonly<Record<string, ParameterOutput>>;
  /** Tier-1 values that are not declared as inputs. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly environments: Readonly<
    Partial<Record<EnvironmentName, { readonly config: Readonly<Record<string, unknown>> }>>
  >;
  /** Seconds. */
  readonly estimatedDuration: number;
  readonly estimatedResources: number;
  /** USD. */
  readonly estimatedMonthlyCost: number;
  /** SHA-256 without estimates and texts for people: part `template` of the fingerprint (deployments.md 7.4). */
  readonly templateHash: string;
}

/** Stack templates by name. */
export type StackTemplates = ReadonlyMap<string, StackTemplate>;

export function templateHashOf(template: Omit<StackTemplate, 'templateHash'>): string {
  const {
    displayName: _title,
    estimatedDuration: _s,
    estimatedResources: _n,
    estimatedMonthlyCost: _usd,
    outputs,
    ...rest
  } = template;
  // that an output is an address changes nothing of what a program does
  const plain = Object.entries(outputs).map(([name, { endpoint: _shown, ...output }]) => [name, output]);
  return contentHash({ ...rest, outputs: Object.fromEntries(plain) as Record<string, unknown> });
}
