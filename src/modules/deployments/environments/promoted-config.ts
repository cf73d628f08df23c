import { canonicalJson, contentHash } from '../../../shared/kernel/canonical-json.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { StackTemplate, StackTemplates } from '../../templates/stack-template.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { isObject, mergeDeep, type Values } from '../manifest/merge.js';
import { IDENTITY_KEYS, mergeConfig } from '../manifest/resolve-config.js';
import { MASK } from '../manifest/secrets.js';

/** A manifest as it was deployed, with the overrides of that run: stack → key → value. */
export interface DeployedContent {
  readonly manifest: Manifest;
  readonly overrides: Readonly<Record<string, Values>>;
}

export interface PromotionInput {
  readonly from: EnvironmentName;
  readonly to: EnvironmentName;
  /** What stands in `from`. */
  readonly proven: DeployedContent;
  /** What the last promotion into `to` started from; null = there was none. */
  readonly base: DeployedContent | null;
  /** As it is edited now. */
  readonly current: Manifest;
  readonly stackTemplates: StackTemplates;
}

export interface Promoted {
  /** `current` with what `to` takes over in its own configuration (tier 2c). */
  readonly manifest: Manifest;
  /** Stacks of `from` that `to` has too, in the order of the manifest. */
  readonly stacks: readonly string[];
  /** Stacks of `from` that are off or absent in `to`. */
  readonly leftOut: readonly string[];
  /** Shared values that were edited since they were proven, as they were proven: per run, not kept (tier 2d). */
  readonly overrides: Readonly<Record<string, Values>>;
}

/** One value of `to` that the promotion changes; secrets as `***`, null = absent. */
export interface PromotionDifference {
  readonly stack: string;
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * What a promotion makes of a manifest (deployments.md 9.3, 13):
 * 1. the environment's own values of `from` (tiers 2b and 2c) are merged three ways into those of `to`: what the last
 *    promotion brought follows `from`, what was set in `to` since or ever stays, and so does what the stack template says
 *    about `to`;
 * 2. region names equal to the region of `from` become that of `to`;
 * 3. shared values (tier 2a) that were edited after they were proven go into the run as they were proven.
 * Values are merged unresolved; sticky values are made anew in `to`.
 */
export function promote(input: PromotionInput): Promoted {
  const { from, to, proven, current, stackTemplates } = input;
  const offered = Object.keys(proven.manifest.spec.stacks).filter((name) => isStackOn(proven.manifest, name, from));
  const stacks = offered.filter((name) => isStackOn(current, name, to) && stackTemplates.has(name));
  const changed: [string, Manifest['spec']['stacks'][string]][] = [];
  const overrides: [string, Values][] = [];
  for (const name of stacks) {
    const template = stackTemplates.get(name) as StackTemplate;
    const block = current.spec.stacks[name];
    if (!block) continue;
    const ours = block.environments?.[to]?.config ?? {};
    const told = { ...templateWord(template, to), ...environmentValues(current, template, to) };
    const next = threeWay(
      input.base ? ownValues(input, input.base, template) : {},
      ownValues(input, proven, template),
      ours,
      told,
    );
    if (canonicalJson(next) !== canonicalJson(ours)) {
      const environments = { ...block.environments, [to]: { ...block.environments?.[to], config: next } };
      changed.push([name, { ...block, environments }]);
    }
    const edited = difference(block.config ?? {}, sharedValues(proven, name));
    const over = without(edited, { ...environmentValues(current, template, to), ...ours });
    if (Object.keys(over).length > 0) overrides.push([name, over]);
  }
  const spec = { ...current.spec, stacks: { ...current.spec.stacks, ...Object.fromEntries(changed) } };
  return {
    manifest: changed.length > 0 ? { ...current, spec } : current,
    stacks,
    leftOut: offered.filter((name) => !stacks.includes(name)),
    overrides: Object.fromEntries(overrides),
  };
}

/**
 * Of everything that is the same in all environments: programs, stack templates, dependencies, shared configuration. It stays
 * the same from dev to prod when nothing else is promoted.
 * @param codeHashes stack → hash of its program
 */
export function provenHash(
  proven: DeployedContent,
  from: EnvironmentName,
  stackTemplates: StackTemplates,
  codeHashes: Readonly<Record<string, string | null>>,
): string {
  const names = Object.keys(proven.manifest.spec.stacks).filter((name) => isStackOn(proven.manifest, name, from));
  return contentHash(
    names.sort().map((name) => ({
      name,
      code: codeHashes[name] ?? null,
      template: stackTemplates.get(name)?.templateHash ?? null,
      dependencies: [...(proven.manifest.spec.stacks[name]?.dependencies ?? [])].sort(),
      config: sharedValues(proven, name),
    })),
  );
}

/** Keys of `to` whose merged value changes, by stack and key. */
export function promotionDiff(
  before: DeployedContent,
  after: DeployedContent,
  to: EnvironmentName,
  stacks: readonly string[],
  stackTemplates: StackTemplates,
): PromotionDifference[] {
  return stacks.flatMap((stack) => {
    const old = mergedValues(before, to, stack, stackTemplates);
    const now = mergedValues(after, to, stack, stackTemplates);
    const inputs = stackTemplates.get(stack)?.inputs ?? {};
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
    return keys
      .filter((key) => canonicalJson(old[key]) !== canonicalJson(now[key]))
      .map((key) => ({
        stack,
        key,
        from: inputs[key]?.secret && key in old ? MASK : (old[key] ?? null),
        to: inputs[key]?.secret && key in now ? MASK : (now[key] ?? null),
      }));
  });
}

/** The same as overrides of a run on `before`: stack → what has to be laid over it. */
export function promotionOverrides(
  before: DeployedContent,
  after: DeployedContent,
  to: EnvironmentName,
  stacks: readonly string[],
  stackTemplates: StackTemplates,
): Record<string, Values> {
  const found = stacks.map((stack): [string, Values] => [
    stack,
    difference(mergedValues(before, to, stack, stackTemplates), mergedValues(after, to, stack, stackTemplates)),
  ]);
  return Object.fromEntries(found.filter(([, over]) => Object.keys(over).length > 0));
}

/** Merged configuration, placeholders verbatim; empty for a stack that the manifest or the registry lacks. */
export function mergedValues(
  { manifest, overrides }: DeployedContent,
  environment: EnvironmentName,
  stack: string,
  stackTemplates: StackTemplates,
): Values {
  const template = stackTemplates.get(stack);
  if (!template || !manifest.spec.stacks[stack] || !manifest.spec.environments[environment]) return {};
  return mergeConfig(manifest, template, environment, overrides[stack] ?? {}).values;
}

function sharedValues({ manifest, overrides }: DeployedContent, stack: string): Values {
  return mergeDeep(manifest.spec.stacks[stack]?.config ?? {}, overrides[stack] ?? {});
}

/** Tiers 2b and 2c of `from`, with the region of `to`. */
function ownValues(
  { from, to, current }: PromotionInput,
  { manifest }: DeployedContent,
  template: StackTemplate,
): Values {
  const own = manifest.spec.stacks[template.name]?.environments?.[from]?.config ?? {};
  const values = mergeDeep(environmentValues(manifest, template, from), own);
  const old = manifest.spec.environments[from]?.region;
  const now = current.spec.environments[to]?.region;
  return old && now && old !== now ? (moved(values, old, now) as Values) : values;
}

/** Facts of a place that no other environment takes over. */
const OF_THE_PLACE: readonly string[] = [...IDENTITY_KEYS, 'secondaryRegion'];

/** What tier 2b says about keys that the stack declares. */
function environmentValues(manifest: Manifest, template: StackTemplate, environment: EnvironmentName): Values {
  const config = manifest.spec.environments[environment]?.config ?? {};
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => key in template.inputs && !OF_THE_PLACE.includes(key)),
  );
}

/** What the stack template says about that environment alone. */
function templateWord(template: StackTemplate, environment: EnvironmentName): Values {
  const defaults = Object.entries(template.inputs)
    .map(([key, input]): [string, unknown] => [key, input.environmentDefaults?.[environment]])
    .filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(defaults), ...template.environments[environment]?.config };
}

/** @param told keys that `to` has a word about elsewhere: they are not brought in */
function threeWay(base: Values, theirs: Values, ours: Values, told: Values = {}): Values {
  const result: Record<string, unknown> = { ...ours };
  for (const key of new Set([...Object.keys(base), ...Object.keys(theirs)])) {
    const [old, now, own] = [base[key], theirs[key], ours[key]];
    if (isObject(now) && isObject(own)) {
      result[key] = threeWay(isObject(old) ? old : {}, now, own);
      continue;
    }
    const isFollowing = own === undefined ? old === undefined && !(key in told) : isEqual(own, old);
    if (!isFollowing) continue;
    if (now === undefined) delete result[key];
    else result[key] = now;
  }
  return result;
}

/** What laid over `base` gives `wanted`; null removes a key. */
export function difference(base: Values, wanted: Values): Values {
  const result: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(base), ...Object.keys(wanted)])) {
    const [old, now] = [base[key], wanted[key]];
    if (isEqual(old, now)) continue;
    result[key] = isObject(old) && isObject(now) ? difference(old, now) : (now ?? null);
  }
  return result;
}

/** `values` without what `own` has a word about. */
function without(values: Values, own: Values): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
      const word = own[key];
      if (!(key in own)) return [[key, value]];
      if (!isObject(value) || !isObject(word)) return [];
      const rest = without(value, word);
      return Object.keys(rest).length > 0 ? [[key, rest]] : [];
    }),
  );
}

function moved(value: unknown, old: string, now: string): unknown {
  if (value === old) return now;
  if (Array.isArray(value)) return value.map((member) => moved(member, old, now));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, moved(member, old, now)]));
}

function isEqual(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  return canonicalJson(one) === canonicalJson(other);
}
