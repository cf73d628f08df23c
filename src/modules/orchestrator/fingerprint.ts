import { canonicalJson, contentHash } from '../../shared/kernel/canonical-json.js';
import type { SecretBox } from '../../shared/kernel/secret-box.js';
import { compareNames } from './graph.js';
import { parseText, wholePlaceholder } from './placeholders/parse.js';
import type { ResolvedKind, ResolvedStack, ResolvedValue } from './placeholders/resolve.js';
import type { Fingerprint, ResolvedConfig, RunPlace, RunReason, RunStack } from './run-request.js';

/**
 * The fingerprint of a stack (deployments.md 7.4): what its last successful run was made of.
 * Secrets enter as keyed digests; `timestamp` placeholders do not enter.
 */

/** Raised when the meaning of a part changes, so that old fingerprints count as different. */
const SCHEMA = 1;

export type Mac = Pick<SecretBox, 'mac'>;

export function pulumiStackName(place: RunPlace, stack: string): string {
  return `${place.deploymentId}-${stack}-${place.environment}`;
}

export function fingerprintOf(stack: RunStack, place: RunPlace, resolved: ResolvedStack, box: Mac): Fingerprint {
  const secret = new Set(stack.secretKeys);
  const config = Object.fromEntries(
    Object.entries(stack.config).map(([key, value]) => [
      key,
      secret.has(key) ? { mac: box.mac(canonicalJson(value)) } : value,
    ]),
  );
  const parts = {
    identity: contentHash({
      schema: SCHEMA,
      path: `${place.pulumiOrg}/${place.project}/${pulumiStackName(place, stack.name)}`,
      account: place.account,
      region: place.region,
    }),
    config: contentHash(config),
    resolved: Object.fromEntries(
      [...resolved.resolved]
        .sort((a, b) => compareNames(a.key, b.key))
        .map(({ key, value, secret: isSecret }) => [
          key,
          isSecret ? box.mac(canonicalJson(value)) : contentHash(value ?? null),
        ]),
    ),
    code: stack.codeHash,
    template: stack.templateHash,
    dependencies: contentHash([...stack.dependencies].sort(compareNames)),
  };
  return { total: contentHash(parts), ...parts };
}

/** The fingerprint of a re-applied snapshot: equal to no real one, so the next deploy compares anew. */
export function snapshotFingerprint(stack: RunStack, config: ResolvedConfig, box: Mac): Fingerprint {
  const digest = box.mac(canonicalJson({ stack: stack.name, values: config.values }));
  const parts = { identity: digest, config: digest, resolved: {}, code: stack.codeHash, template: digest };
  return { total: contentHash({ snapshot: parts }), ...parts, dependencies: digest };
}

export interface Comparison {
  /** Empty = equal. */
  readonly reasons: readonly RunReason[];
  /** One sentence per compared part that differs, or one that says what was found equal. */
  readonly explanation: readonly string[];
}

/** Compares the last successful run with what would run now; values are told where they are known and not secret. */
export function compare(before: Fingerprint, after: Fingerprint, resolved: ResolvedStack, stack: RunStack): Comparison {
  if (before.total === after.total) return { reasons: [], explanation: [equalSentence(after, stack)] };
  const kinds = new Map(resolved.resolved.map((item) => [item.key, item]));
  const found = new Map<RunReason, string[]>();
  const add = (reason: RunReason, sentence: string): void => {
    found.set(reason, [...(found.get(reason) ?? []), sentence]);
  };
  if (before.identity !== after.identity) add('account_or_region_changed', 'Account, region or stack path changed.');
  if (before.config !== after.config) add('config_changed', configSentence(stack, resolved));
  for (const key of changedKeys(before.resolved, after.resolved)) {
    const kind = kinds.get(key)?.kind ?? 'environment';
    const isNew = before.resolved[key] === undefined || after.resolved[key] === undefined;
    if (isNew && before.config !== after.config) continue; // follows from the changed configuration
    add(reasonOf(kind), `${key} ${valueSentence(stack, key, kinds.get(key))}`);
  }
  if (before.code !== after.code)
    add('code_changed', `Program code changed: ${short(before.code)} → ${short(after.code)}.`);
  if (before.template !== after.template) add('template_changed', 'The stack template changed.');
  if (before.dependencies !== after.dependencies) add('dependencies_changed', dependencySentence(stack));
  if (found.size === 0) add('config_changed', 'The fingerprint was made by another version of this product.');
  return { reasons: [...found.keys()], explanation: [...found.values()].flat() };
}

function reasonOf(kind: ResolvedKind): RunReason {
  switch (kind) {
    case 'output':
      return 'upstream_output_changed';
    case 'aws':
      return 'aws_value_changed';
    default:
      return 'config_changed';
  }
}

function equalSentence(after: Fingerprint, stack: RunStack): string {
  const since = stack.instance.lastDeployedAt ? ` since ${stack.instance.lastDeployedAt.toISOString()}` : '';
  const values = Object.keys(stack.config).length;
  const resolved = Object.keys(after.resolved).length;
  return (
    `Nothing changed${since}: ${values} configuration values, ${resolved} resolved values, program ${short(after.code)}, ` +
    `template, ${stack.dependencies.length} dependencies, account and region are equal.`
  );
}

/** Old values are those of the last applied configuration; only values that were not secret then nor now are told. */
function configSentence(stack: RunStack, resolved: ResolvedStack): string {
  const before = stack.instance.lastConfig;
  if (!before) return 'The configuration changed.';
  const secret = new Set([...before.secretKeys, ...resolved.secretKeys]);
  const keys = [...new Set([...Object.keys(before.values), ...Object.keys(resolved.values)])].sort(compareNames);
  const told = keys
    .filter((key) => canonicalJson(before.values[key]) !== canonicalJson(resolved.values[key]))
    .map((key) =>
      secret.has(key) ? `${key} (secret)` : `${key} ${text(before.values[key])} → ${text(resolved.values[key])}`,
    );
  return told.length === 0 ? 'The configuration text changed.' : `Configuration changed: ${told.join(', ')}.`;
}

/** The old value is known where one configuration key is exactly this placeholder. */
function valueSentence(stack: RunStack, canonical: string, item: ResolvedValue | undefined): string {
  if (!item) return 'is no longer used.';
  const before = stack.instance.lastConfig;
  const key = Object.keys(stack.config).find((each) => isExactly(stack.config[each], canonical));
  if (item.secret || (key !== undefined && before?.secretKeys.includes(key))) return 'changed (secret).';
  return before && key !== undefined && before.values[key] !== undefined
    ? `changed: ${text(before.values[key])} → ${text(item.value)}.`
    : `changed to ${text(item.value)}.`;
}

function isExactly(value: unknown, canonical: string): boolean {
  return typeof value === 'string' && wholePlaceholder(parseText(value).segments)?.canonical === canonical;
}

function dependencySentence(stack: RunStack): string {
  const list = (names: readonly string[]): string => [...names].sort(compareNames).join(', ') || 'none';
  return `Dependencies changed: ${list(stack.instance.dependencies)} → ${list(stack.dependencies)}.`;
}

function changedKeys(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).sort(compareNames);
}

function short(hash: string): string {
  return hash.slice(0, 12);
}

function text(value: unknown): string {
  const json = value === undefined ? 'none' : canonicalJson(value);
  return json.length > 120 ? `${json.slice(0, 117)}...` : json;
}
