import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import { isObject } from '../../shared/kernel/deep-merge.js';
import { compareNames } from '../orchestrator/graph.js';

/** Dotted paths of the values that differ, in the order of their names; arrays are one value. */
export function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareNames);
    return keys.flatMap((key) => changedPaths(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [path];
}
