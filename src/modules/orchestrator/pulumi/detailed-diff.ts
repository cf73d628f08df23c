import type { ResourceDiff } from '../../../../tools/sandbox-cloud/provider.port.js';
import { isObject, sameValue, type PropertyMap } from '../embedded/property-value.js';

export interface PropertyChange {
  readonly kind: 'add' | 'delete' | 'update';
  readonly replaces: boolean;
}

/**
 * Path → change for every leaf that differs under the changed keys, as plug-ins answer it: `replaceOnChanges` looks at the
 * paths, and shows them to the user.
 */
export function detailedDiff(olds: PropertyMap, news: PropertyMap, diff: ResourceDiff): Map<string, PropertyChange> {
  const changes = new Map<string, PropertyChange>();
  const walk = (path: string, before: unknown, after: unknown, replaces: boolean): void => {
    if (sameValue(before, after)) return;
    if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        walk(`${path}${stepOf(key)}`, before[key], after[key], replaces);
      }
    } else if (Array.isArray(before) && Array.isArray(after)) {
      for (let index = 0; index < Math.max(before.length, after.length); index++) {
        walk(`${path}[${index}]`, before[index], after[index], replaces);
      }
    } else {
      const kind = before === undefined ? 'add' : after === undefined ? 'delete' : 'update';
      changes.set(path, { kind, replaces });
    }
  };
  for (const key of diff.changedKeys) walk(key, olds[key], news[key], diff.replaces.includes(key));
  return changes;
}

function stepOf(key: string): string {
  return /^[\w-]+$/.test(key) ? `.${key}` : `["${key.replaceAll(/["\\]/g, '\\$&')}"]`;
}
