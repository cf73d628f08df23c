import type { PropertyDrift } from '../engine.port.js';
import { isObject, sameValue, Secret, withoutSecrets, type PropertyMap } from './property-value.js';

/** What stands for a secret value. */
const MASK = '***';

/**
 * Every leaf that differs, by path. A value that is missing on one side is `null` there; secrets are masked, but compared.
 * @param expected as recorded
 * @param actual as the cloud has it
 */
export function propertyDrift(expected: PropertyMap, actual: PropertyMap): PropertyDrift[] {
  const rows: PropertyDrift[] = [];
  const walk = (property: string, one: unknown, other: unknown): void => {
    if (one instanceof Secret || other instanceof Secret) {
      if (sameValue(withoutSecrets(one), withoutSecrets(other))) return;
      rows.push({ property, expected: one === undefined ? null : MASK, actual: other === undefined ? null : MASK });
    } else if (isTree(one, isObject) && isTree(other, isObject) && (isObject(one) || isObject(other))) {
      const [a, b] = [one ?? {}, other ?? {}] as [PropertyMap, PropertyMap];
      const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
      if (keys.length === 0 && !sameValue(one, other)) rows.push(leaf(property, one, other));
      for (const key of keys) walk(property + stepOf(key), a[key], b[key]);
    } else if (isTree(one, Array.isArray) && isTree(other, Array.isArray) && (one ?? other) != null) {
      const [a, b] = [one ?? [], other ?? []] as [unknown[], unknown[]];
      if (a.length + b.length === 0 && !sameValue(one, other)) rows.push(leaf(property, one, other));
      for (let index = 0; index < Math.max(a.length, b.length); index++)
        walk(`${property}[${index}]`, a[index], b[index]);
    } else if (!sameValue(one ?? null, other ?? null)) {
      rows.push(leaf(property, one, other));
    }
  };
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (!key.startsWith('__')) walk(key, expected[key], actual[key]); // bookkeeping of plug-ins
  }
  return rows.sort((a, b) => (a.property < b.property ? -1 : 1));
}

/**
 * Drift of a resource: all inputs, and of the outputs those that do not merely follow from an input. `tagsAll` follows from
 * `tags`.
 */
export function resourceDriftRows(
  inputs: { readonly expected: PropertyMap; readonly actual: PropertyMap },
  outputs: { readonly expected: PropertyMap; readonly actual: PropertyMap },
): PropertyDrift[] {
  const declared = propertyDrift(inputs.expected, inputs.actual);
  const told = new Set(declared.map(({ property }) => rootOf(property)));
  if (told.has('tags')) told.add('tagsAll');
  const computed = propertyDrift(outputs.expected, outputs.actual);
  const hasTags = computed.some(({ property }) => rootOf(property) === 'tags');
  return [
    ...declared,
    ...computed.filter(({ property }) => {
      const root = rootOf(property);
      return !told.has(root) && !(root === 'tagsAll' && hasTags);
    }),
  ];
}

/** Absent counts as an empty tree, so that what was added or taken away is told leaf by leaf. */
function isTree(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}

function leaf(property: string, expected: unknown, actual: unknown): PropertyDrift {
  return { property, expected: expected ?? null, actual: actual ?? null };
}

function rootOf(property: string): string {
  return /^[^.[]+/.exec(property)?.[0] ?? property;
}

function stepOf(key: string): string {
  return /^[\w-]+$/.test(key) ? `.${key}` : `["${key.replaceAll(/["\\]/g, '\\$&')}"]`;
}
