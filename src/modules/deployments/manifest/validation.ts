import { type AppError, Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { findCycles, StackGraph } from '../../orchestrator/graph.js';
import { applyRules, type Finding, isBlocking, type Rule, toFinding } from '../../templates/finding.js';
import { CONFIG_RULES } from './config-rules.js';
import { DEPENDENCY_RULES } from './dependency-rules.js';
import type { Manifest } from './manifest.js';
import { ManifestContext, type ManifestSurroundings } from './manifest-context.js';
import { readManifest } from './manifest-schema.js';
import { normalizeManifest } from './normalize-manifest.js';
import { PLACEHOLDER_RULES } from './placeholder-rules.js';
import { POLICY_RULES } from './policy-rules.js';
import { CONTENT_RULES, parseManifestText, SHAPE_RULES, SYNTAX_RULE, SYNTAX_RULES } from './schema-rules.js';

/**
 * Validation of a manifest (deployments.md 8). Levels are cumulative; a level with errors stops the following ones.
 * 1. `syntax`: the text parses, the sections are there. 2. `schema`: shapes and names. 3. `dependencies`: the graph of every
 * enabled environment. 4. `config`: merged values, placeholders, advice.
 */
export const LEVELS = ['syntax', 'schema', 'dependencies', 'config'] as const;
export type Level = (typeof LEVELS)[number];

export interface ValidationOptions extends ManifestSurroundings {
  /** Highest level; default `config`. */
  readonly level?: Level;
  /** Only this environment; default every enabled one. */
  readonly environment?: EnvironmentName;
}

export interface Validation {
  /** No errors. */
  readonly valid: boolean;
  /** Highest level that was looked at. */
  readonly level: Level;
  /** The canonical manifest, when its shape is right. */
  readonly manifest?: Manifest;
  readonly findings: readonly Finding[];
  readonly errors: readonly Finding[];
  /** Also CFG-W02, which only informs. */
  readonly warnings: readonly Finding[];
  readonly info: ValidationInfo;
}

export interface ValidationInfo {
  readonly totalStacks: number;
  readonly enabledStacks: number;
  readonly environments: readonly EnvironmentName[];
  readonly dependencyLayers: number;
  readonly maxParallelism: number;
  readonly crossStackReferences: number;
  /** Of the first environment under validation; layer 1 first. */
  readonly layers: readonly (readonly string[])[];
}

const NO_INFO: ValidationInfo = {
  totalStacks: 0,
  enabledStacks: 0,
  environments: [],
  dependencyLayers: 0,
  maxParallelism: 0,
  crossStackReferences: 0,
  layers: [],
};

/** Rules by level from the schema's own ones on. */
const RULES_OF: Readonly<Record<Exclude<Level, 'syntax'>, readonly Rule<ManifestContext>[]>> = {
  schema: CONTENT_RULES,
  dependencies: DEPENDENCY_RULES,
  config: [...CONFIG_RULES, ...PLACEHOLDER_RULES, ...POLICY_RULES],
};

/** @param given a manifest, its document in any accepted shape, or its YAML or JSON text */
export function validateManifest(given: unknown, options: ValidationOptions): Validation {
  const { level: wanted = 'config', environment, ...surroundings } = options;
  const read = typeof given === 'string' ? parseManifestText(given) : { document: given, problems: [] };
  const syntax = read.problems.map((problem) => toFinding(SYNTAX_RULE, problem));
  if (syntax.length > 0) return result('syntax', syntax);

  const document = normalizeManifest(read.document);
  const missing = applyRules(SYNTAX_RULES, { document, issues: [] });
  if (missing.length > 0 || wanted === 'syntax') return result('syntax', missing);

  const { manifest, issues } = readManifest(document);
  const shape = applyRules(SHAPE_RULES, { document, issues });
  if (!manifest) return result('schema', shape);

  const context = new ManifestContext(manifest, surroundings, environment);
  const findings: Finding[] = [];
  for (const level of LEVELS.slice(1) as Exclude<Level, 'syntax'>[]) {
    findings.push(...applyRules(RULES_OF[level], context));
    if (level === 'config') findings.push(...applyRules(surroundings.policies ?? [], context));
    if (level === wanted || findings.some(isBlocking)) return result(level, findings, context);
  }
  return result('config', findings, context);
}

function result(level: Level, findings: readonly Finding[], context?: ManifestContext): Validation {
  const errors = findings.filter(isBlocking);
  return {
    valid: errors.length === 0,
    level,
    ...(context ? { manifest: context.manifest } : {}),
    findings,
    errors,
    warnings: findings.filter((finding) => !isBlocking(finding)),
    info: context ? infoOf(context) : NO_INFO,
  };
}

function infoOf(context: ManifestContext): ValidationInfo {
  const { manifest, environments } = context;
  const first = environments[0];
  const nodes = first ? context.nodesOf(first) : [];
  const layers = findCycles(nodes).length > 0 ? [] : new StackGraph(nodes).layers;
  const stacks = Object.values(manifest.spec.stacks);
  return {
    totalStacks: stacks.length,
    enabledStacks: stacks.filter((stack) => stack.enabled).length,
    environments,
    dependencyLayers: layers.length,
    maxParallelism: Math.max(0, ...layers.map((layer) => layer.length)),
    crossStackReferences: context.placeholders.filter(
      ({ item, merged }) => item.query.kind === 'output' && merged.environment === first,
    ).length,
    layers,
  };
}

/** Rule ids that have an error code of their own when nothing else is wrong (spec README 50, deployments.md 8.4). */
const OWN_CODES: readonly (readonly [RegExp, string])[] = [
  [/^DEP-004$/, 'VALIDATION_CIRCULAR_DEPENDENCY'],
  [/^DEP-00[123]$/, 'VALIDATION_MISSING_DEPENDENCY'],
  [/^PH-/, 'VALIDATION_UNRESOLVABLE_PLACEHOLDER'],
  [/^(SCH-008|SCH-013|TPL-007|COD-001)$/, 'VALIDATION_INVALID_TEMPLATE'],
];

/** The 422 of a create or update with these findings, or null when none blocks. `details.errors[]` holds every blocking one. */
export function manifestRefusal(findings: readonly Finding[]): AppError | null {
  const errors = findings.filter(isBlocking);
  const [first] = errors;
  if (!first) return null;
  const own = OWN_CODES.find(([rules]) => errors.every((error) => rules.test(error.ruleId)));
  const code = own?.[1] ?? 'MANIFEST_INVALID';
  return new Refused(code, refusalMessage(code, errors), {
    details: { ...ownDetails(code, errors), errors },
    ...(first.remediation ? { suggestion: first.remediation } : {}),
  });
}

function refusalMessage(code: string, errors: readonly Finding[]): string {
  const texts = [...new Set(errors.map((error) => error.message))];
  const programs = errors.every((error) => error.ruleId === 'COD-001');
  if (code === 'VALIDATION_INVALID_TEMPLATE' && programs) {
    const names = errors.map((error) => error.stack).join(', ');
    return `The programs of these stacks are not there: ${names}. ${errors[0]?.remediation ?? ''}`.trim();
  }
  const shown = texts.slice(0, 3).join('; ');
  return texts.length > 3 ? `${shown}; and ${texts.length - 3} more` : shown;
}

function ownDetails(code: string, errors: readonly Finding[]): Record<string, unknown> {
  const [first] = errors;
  switch (code) {
    case 'VALIDATION_CIRCULAR_DEPENDENCY': {
      const cycles = errors.map((error) => error.details['cycle'] as readonly string[]);
      return { cycle: cycles[0], cycles, affectedStacks: [...new Set(cycles.flat())].sort() };
    }
    case 'VALIDATION_MISSING_DEPENDENCY':
      return { missing: [...new Set(errors.map((error) => error.details['missing']))], stack: first?.stack };
    case 'VALIDATION_UNRESOLVABLE_PLACEHOLDER':
      return {
        placeholders: [...new Set(errors.map((error) => error.details['placeholder']).filter(Boolean))],
        stack: first?.stack,
        field: first?.location,
      };
    case 'VALIDATION_INVALID_TEMPLATE':
      return { stacks: [...new Set(errors.flatMap((error) => error.stack ?? []))] };
    default:
      return {};
  }
}
