import { canonicalJson } from '../../../shared/kernel/canonical-json.js';
import { compareNames } from '../../orchestrator/graph.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Manifest } from './manifest.js';
import { isObject } from './merge.js';
import { mapSecrets, MASK } from './secrets.js';

/** Stands for a key that is not there. */
const ABSENT = '(none)';

/** Changed paths (without `spec.`), sorted: `stacks.network.config.vpcCidr: "10.0.0.0/16" → "10.50.0.0/16"`. Secrets are masked. */
export function changeList(before: Manifest, after: Manifest, stackTemplates: StackTemplates): string[] {
  const hidden = (manifest: Manifest): Manifest =>
    mapSecrets(manifest, stackTemplates, (value) => new SecretText(canonicalJson(value)));
  return differences(flat(hidden(before)), flat(hidden(after))).sort(compareNames);
}

/** A secret that can be compared but not shown. */
class SecretText {
  constructor(readonly text: string) {}
}

function flat(manifest: Manifest): Record<string, unknown> {
  const { spec, ...rest } = manifest;
  return { ...rest, ...spec };
}

function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isPlain(before) && isPlain(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  if (isPlain(after) && before === undefined && Object.keys(after).length > 0) return differences({}, after, path);
  if (isPlain(before) && after === undefined && Object.keys(before).length > 0) return differences(before, {}, path);
  return same(before, after) ? [] : [`${path}: ${shown(before)} → ${shown(after)}`];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(value instanceof SecretText);
}

function same(before: unknown, after: unknown): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (before instanceof SecretText || after instanceof SecretText) {
    return before instanceof SecretText && after instanceof SecretText && before.text === after.text;
  }
  return canonicalJson(before) === canonicalJson(after);
}

function shown(value: unknown): string {
  if (value === undefined) return ABSENT;
  return value instanceof SecretText ? MASK : canonicalJson(value);
}
