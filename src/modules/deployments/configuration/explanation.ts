import { findPlaceholders, type Query } from '../../orchestrator/placeholders/parse.js';
import type { ResolvedStack } from '../../orchestrator/placeholders/resolve.js';
import { member } from '../../orchestrator/placeholders/substitute.js';
import type { LaidValue, Provenance, Tier } from '../manifest/merge.js';
import type { MergedConfig } from '../manifest/resolve-config.js';
import { MASK } from '../manifest/secrets.js';
import type { SourceLines } from './source-lines.js';

/**
 * Where every value of a stack's configuration comes from (deployments.md 4.1, 5):
 * 1. each leaf of the merged configuration with the tier that decided it, and what other tiers had said before;
 * 2. the document, path and line of each;
 * 3. the placeholders in it, what they read, and the value they have now – or why they have none.
 * Secrets are `***` throughout.
 */
export interface ExplainedValue {
  /** `tags.owner`; arrays are told as a whole. */
  readonly path: string;
  /** Filled as far as that is possible now. */
  readonly value: unknown;
  /** As it is written, where that is not the value. */
  readonly written?: unknown;
  readonly tier: Tier;
  /** The tier in words. */
  readonly tierName: string;
  readonly source: Source;
  readonly secret: boolean;
  readonly placeholders: readonly ExplainedPlaceholder[];
  /** What lower tiers gave, the lowest first. */
  readonly overridden: readonly OverriddenValue[];
}

export interface Source {
  /** `Deployment_Manifest.yaml`, `templates/config/network.yaml`. */
  readonly document: string;
  readonly path: string;
  /** From 1; null where the value is worked out and stands in no line. */
  readonly line: number | null;
}

export interface OverriddenValue {
  /** null = the tier removed the key. */
  readonly value: unknown;
  readonly tier: Tier;
  readonly source: Source;
}

export interface ExplainedPlaceholder {
  readonly path: string;
  readonly text: string;
  readonly canonical: string;
  /** What it reads, in words. */
  readonly reads: string;
  readonly status: 'resolved' | 'unresolved' | 'made at the first deployment';
  readonly message?: string;
}

export interface Explanation {
  readonly values: readonly ExplainedValue[];
  /** Keys that a tier took away with null. */
  readonly removed: readonly { readonly path: string; readonly tier: Tier; readonly source: Source }[];
  /** Paths left out because the optional dependency they read is not enabled here. */
  readonly omitted: readonly string[];
}

export interface Documents {
  readonly manifest: SourceLines;
  readonly template: readonly SourceLines[];
}

const TIER_NAMES: Readonly<Record<Tier, string>> = {
  '1': 'stack template',
  facts: 'facts of the deployment',
  '2a': 'manifest, stack',
  '2b': 'manifest, environment',
  '2c': 'manifest, stack in this environment',
  '2d': 'override of one run',
};

/** @param resolved null = the stack is off here: nothing is filled */
export function explain(merged: MergedConfig, resolved: ResolvedStack | null, documents: Documents): Explanation {
  const secret = new Set([...merged.secretKeys, ...(resolved?.secretKeys ?? [])]);
  const leaves = [...merged.origins].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    values: leaves.map(([path, origin]) =>
      explained(path, origin, merged, resolved, documents, isWithin(path, secret)),
    ),
    removed: [...merged.history].flatMap(([path, laid]) => {
      const last = laid.at(-1);
      const isThere = last?.value !== null || [...merged.origins.keys()].some((each) => each.startsWith(`${path}.`));
      return !last || isThere ? [] : [{ path, tier: last.tier, source: sourceOf(last, documents) }];
    }),
    omitted: merged.omitted,
  };
}

function explained(
  path: string,
  origin: Provenance,
  merged: MergedConfig,
  resolved: ResolvedStack | null,
  documents: Documents,
  secret: boolean,
): ExplainedValue {
  const laid = merged.history.get(path) ?? [];
  const last = laid.at(-1);
  const written = last === undefined || last.value === null ? {} : last.value;
  const placeholders = findPlaceholders(written, path).map(({ path: place, item }) =>
    explainedPlaceholder(place, item, resolved),
  );
  const isMade = placeholders.every(({ status }) => status === 'resolved');
  const value = isMade && resolved ? member(resolved.values, path) : written;
  const shown = (each: unknown): unknown => (secret && each !== null && !isReference(each) ? MASK : each);
  return {
    path,
    value: secret && placeholders.length > 0 && isMade ? MASK : shown(value),
    ...(placeholders.length > 0 ? { written: shown(written) } : {}),
    tier: origin.tier,
    tierName: TIER_NAMES[origin.tier],
    source: sourceOf(origin, documents),
    secret,
    placeholders,
    overridden: laid
      .slice(0, -1)
      .map((each) => ({ value: shown(each.value), tier: each.tier, source: sourceOf(each, documents) })),
  };
}

function explainedPlaceholder(
  path: string,
  item: { readonly text: string; readonly canonical: string; readonly query: Query },
  resolved: ResolvedStack | null,
): ExplainedPlaceholder {
  const { text, canonical, query } = item;
  const base = { path, text, canonical, reads: readsOf(query) };
  const problem = resolved?.unresolved.find((each) => each.path === path && each.placeholder === text)?.problem;
  if (problem) return { ...base, status: 'unresolved', message: problem.message };
  if (!resolved) return { ...base, status: 'unresolved', message: 'The stack is not enabled in this environment' };
  if (`${path}|${canonical}` in resolved.newSticky) return { ...base, status: 'made at the first deployment' };
  return { ...base, status: 'resolved' };
}

function readsOf(query: Query): string {
  switch (query.kind) {
    case 'output':
      return `output ${query.output} of ${query.stack}`;
    case 'environmentKey':
      return `${query.key} in the configuration of the environment`;
    case 'context':
      return 'a fact of the deployment';
    case 'processVariable':
      return `process variable ${query.name}`;
    case 'subnets':
    case 'timestamp':
      return 'a calculation';
    case 'randomPassword':
    case 'uuid':
      return 'a value made once and kept';
    case 'parameter':
      return `parameter ${query.path}`;
    case 'secret':
      return `secret ${query.id}`;
    case 'latestImage':
    case 'availabilityZones':
    case 'hostedZone':
    case 'certificate':
    case 'defaultVpc':
    case 'accountId':
    case 'region':
      return 'the cloud account';
  }
}

function sourceOf({ tier, location }: Provenance | LaidValue, { manifest, template }: Documents): Source {
  if (tier === '1') {
    const path = location.split('.').slice(2).join('.');
    for (const document of template) {
      const line = document.lineOf(path);
      if (line !== null) return { document: document.name, path, line };
    }
    return { document: template[0]?.name ?? 'stack template', path, line: null };
  }
  if (tier === '2d') return { document: 'deploy request', path: location, line: null };
  const path = /^(stacks|environments)\./.test(location) ? `spec.${location}` : location;
  return { document: manifest.name, path, line: manifest.lineOf(path) };
}

function isWithin(path: string, keys: ReadonlySet<string>): boolean {
  return [...keys].some((key) => path === key || path.startsWith(`${key}.`));
}

/** A text that only refers to a secret. */
function isReference(value: unknown): boolean {
  return typeof value === 'string' && findPlaceholders(value).length > 0;
}
