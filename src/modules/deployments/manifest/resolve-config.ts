import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { parseText } from '../../orchestrator/placeholders/parse.js';
import { defaultFor } from '../../templates/parameter.js';
import type { StackTemplate } from '../../templates/stack-template.js';
import { isStackOn, type Manifest } from './manifest.js';
import { isObject, type LaidValue, type Provenance, TrackedConfig, type Values } from './merge.js';

/**
 * Merged configuration of one stack in one environment, placeholders verbatim (deployments.md 4.1).
 * 1. Tier 1: input defaults, then the template's `config`, then its `environments.<env>.config`.
 * 2. Facts of the deployment: identity, domain, team, cost center, tags.
 * 3. Tiers 2a (stack), 2b (environment, for declared or present keys only), 2c (stack × environment), 2d (per run).
 *    Identity keys in them do not count: no tier may change who the stack belongs to (check-config.ts reports them).
 * 4. What is bound to an optional dependency that is not enabled here is left out (stacks.md G3).
 */
export interface MergedConfig {
  readonly stack: string;
  readonly environment: EnvironmentName;
  /** Plain keys, typed values. */
  readonly values: Values;
  /** Leaf path → where it came from. */
  readonly origins: ReadonlyMap<string, Provenance>;
  /** Leaf path → what every tier gave for it, the value that counts last. */
  readonly history: ReadonlyMap<string, readonly LaidValue[]>;
  /** Keys that are declared secret and present. */
  readonly secretKeys: readonly string[];
  /** Paths left out by step 4. */
  readonly omitted: readonly string[];
}

/** Keys the orchestrator alone decides (stacks.md 1.1). */
export const IDENTITY_KEYS = ['deploymentId', 'organization', 'project', 'environment', 'region', 'accountId'] as const;
/** Tags every resource has; `extraTags` may not repeat them (stacks.md T1). */
const COMMON_TAGS = new Set([
  'Name',
  'Project',
  'Organization',
  'Environment',
  'DeploymentId',
  'Stack',
  'ManagedBy',
  'Team',
  'CostCenter',
]);

/** @param overrides of one run: `overrides.<stack>` of a deploy request (tier 2d) */
export function mergeConfig(
  manifest: Manifest,
  template: StackTemplate,
  environment: EnvironmentName,
  overrides: Values = {},
): MergedConfig {
  const { name } = template;
  const stack = manifest.spec.stacks[name];
  const config = new TrackedConfig();

  layTemplate(config, template, environment);
  for (const [key, value, location] of factsOf(manifest, environment)) config.set('facts', key, value, location);
  config.lay('2a', withoutIdentity(stack?.config), `stacks.${name}.config`);
  config.lay('2b', applicable(manifest, template, environment, config.values), `environments.${environment}.config`);
  const own = stack?.environments?.[environment]?.config;
  config.lay('2c', withoutIdentity(own), `stacks.${name}.environments.${environment}.config`);
  config.lay('2d', withoutIdentity(overrides), `overrides.${name}`);

  const omitted: string[] = [];
  const absent = new Set(template.optionalDependencies.filter((target) => !isStackOn(manifest, target, environment)));
  for (const [key, value] of Object.entries(config.values)) {
    const kept = withoutAbsent(value, absent, key, omitted);
    if (kept === value) continue;
    const origin = config.origins.get(key);
    config.remove(key);
    if (kept !== undefined) config.set(origin?.tier ?? '1', key, kept, origin?.location ?? key);
  }
  const secretKeys = Object.keys(config.values).filter((key) => template.inputs[key]?.secret);
  const { values, origins, history } = config;
  return { stack: name, environment, values, origins, history, secretKeys, omitted };
}

/** Where the value at `path` came from: its own leaf, else the nearest part above or below it. */
export function originOf(merged: MergedConfig, path: string): Provenance {
  const plain = path.replace(/\[\d+\].*$/, '');
  const own = merged.origins.get(path) ?? merged.origins.get(plain);
  if (own) return own;
  const below = [...merged.origins].find(([known]) => known.startsWith(`${plain}.`));
  return below?.[1] ?? { tier: '1', location: `stackTemplates.${merged.stack}.parameters.inputs.${plain}` };
}

function layTemplate(config: TrackedConfig, template: StackTemplate, environment: EnvironmentName): void {
  const root = `stackTemplates.${template.name}`;
  for (const [key, input] of Object.entries(template.inputs)) {
    const own = input.environmentDefaults?.[environment] !== undefined;
    const place = own ? `environmentDefaults.${environment}` : 'default';
    const value = defaultFor(input, environment);
    if (value !== null) config.set('1', key, value, `${root}.parameters.inputs.${key}.${place}`);
  }
  config.lay('1', template.config, `${root}.config`);
  config.lay('1', template.environments[environment]?.config ?? {}, `${root}.environments.${environment}.config`);
}

/** Key, value and where it stands. */
function factsOf(manifest: Manifest, environment: EnvironmentName): [string, unknown, string][] {
  const { deployment } = manifest;
  const place = manifest.spec.environments[environment];
  const tags = { ...deployment.tags, ...place?.tags };
  const extraTags = Object.fromEntries(Object.entries(tags).filter(([key]) => !COMMON_TAGS.has(key)));
  return [
    ['deploymentId', deployment.id, 'deployment.id'],
    ['organization', deployment.org, 'deployment.org'],
    ['project', deployment.project, 'deployment.project'],
    ['environment', environment, `environments.${environment}`],
    ['region', place?.region, `environments.${environment}.region`],
    ['accountId', place?.account, `environments.${environment}.account`],
    ['domain', deployment.domain, 'deployment.domain'],
    ['team', deployment.team, 'deployment.team'],
    ['costCenter', deployment.costCenter, 'deployment.costCenter'],
    ['extraTags', extraTags, 'deployment.tags'],
  ];
}

function withoutIdentity(config: Values | undefined): Values {
  const rest = { ...config };
  for (const key of IDENTITY_KEYS) delete rest[key];
  return rest;
}

/** Tier 2b reaches a stack only for keys it declares or has already. */
function applicable(
  manifest: Manifest,
  template: StackTemplate,
  environment: EnvironmentName,
  present: Values,
): Values {
  const config = withoutIdentity(manifest.spec.environments[environment]?.config);
  return Object.fromEntries(Object.entries(config).filter(([key]) => key in template.inputs || key in present));
}

/** The value without texts that read an absent stack; undefined when nothing is left of a text. Same object when untouched. */
function withoutAbsent(value: unknown, absent: ReadonlySet<string>, path: string, omitted: string[]): unknown {
  if (absent.size === 0) return value;
  if (typeof value === 'string') {
    const reads = value.includes('{') && readsAny(value, absent);
    if (reads) omitted.push(path);
    return reads ? undefined : value;
  }
  if (Array.isArray(value)) {
    const kept = value.map((member, index) => withoutAbsent(member, absent, `${path}[${index}]`, omitted));
    return kept.every((member, index) => member === value[index])
      ? value
      : kept.filter((member) => member !== undefined);
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value).map(([key, member]): [string, unknown] => [
    key,
    withoutAbsent(member, absent, `${path}.${key}`, omitted),
  ]);
  if (kept.every(([key, member]) => member === value[key])) return value;
  return Object.fromEntries(kept.filter(([, member]) => member !== undefined));
}

function readsAny(text: string, stacks: ReadonlySet<string>): boolean {
  return parseText(text).segments.some(
    (segment) =>
      'placeholder' in segment &&
      segment.placeholder.query.kind === 'output' &&
      stacks.has(segment.placeholder.query.stack),
  );
}

/** Merged configurations of all stacks that are on, in every environment asked for; `<stack>.<environment>` → config. */
export function mergeAll(
  manifest: Manifest,
  stackTemplates: ReadonlyMap<string, StackTemplate>,
  environments: readonly EnvironmentName[] = ENVIRONMENTS,
): MergedConfig[] {
  return environments
    .filter((environment) => manifest.spec.environments[environment])
    .flatMap((environment) =>
      Object.keys(manifest.spec.stacks)
        .filter((name) => isStackOn(manifest, name, environment) && stackTemplates.has(name))
        .map((name) => mergeConfig(manifest, stackTemplates.get(name) as StackTemplate, environment)),
    );
}
