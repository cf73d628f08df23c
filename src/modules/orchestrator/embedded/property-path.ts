import { ProgramFault } from '../engine.errors.js';
import { isObject, Secret, type PropertyMap } from './property-value.js';

/** Steps of a Pulumi property path: `tags.Name`, `ingress[0].ports`, `tags["a.b"]`, `list[*]`, `*`. */
export type PropertyPath = readonly (string | number)[];

/** @throws ProgramFault when brackets or quotes do not close */
export function parsePath(text: string): PropertyPath {
  const steps: (string | number)[] = [];
  const pattern = /\.?([^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new ProgramFault(`"${text}" is not a property path`);
    const [, key, quoted, index] = match;
    if (key !== undefined) steps.push(key);
    else if (quoted !== undefined) steps.push(quoted.replaceAll(/\\(.)/g, '$1'));
    else steps.push(index === '*' ? '*' : Number(index));
  }
  return steps;
}

/**
 * `ignoreChanges`: a copy of `news` in which every path has its old value again; what had none before is taken away.
 * @throws ProgramFault when the way to an old value no longer exists in `news`
 */
export function withoutIgnoredChanges(
  news: PropertyMap,
  olds: PropertyMap,
  paths: readonly string[],
): Record<string, unknown> {
  let result: unknown = news;
  for (const path of paths) result = restore(result, olds, parsePath(path), path);
  return result as Record<string, unknown>;
}

function restore(news: unknown, olds: unknown, path: PropertyPath, text: string): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return olds;
  const inner = news instanceof Secret ? news.value : news;
  const before = olds instanceof Secret ? olds.value : olds;
  if (Array.isArray(inner) || Array.isArray(before)) {
    if (!Array.isArray(inner) || !Array.isArray(before)) return rest.length === 0 ? olds : missing(text);
    const copy: unknown[] = [...inner];
    const indexes = step === '*' ? copy.map((_, index) => index) : [Number(step)];
    for (const index of indexes) {
      if (index < before.length && index < copy.length) copy[index] = restore(copy[index], before[index], rest, text);
    }
    return news instanceof Secret ? new Secret(copy) : copy;
  }
  const target = isObject(inner) ? { ...inner } : undefined;
  const source = isObject(before) ? before : {};
  if (!target) return before === undefined ? news : missing(text);
  const keys = step === '*' ? [...new Set([...Object.keys(target), ...Object.keys(source)])] : [String(step)];
  for (const key of keys) {
    if (rest.length > 0) {
      if (!Object.hasOwn(source, key)) continue;
      if (!Object.hasOwn(target, key)) missing(text);
      target[key] = restore(target[key], source[key], rest, text);
    } else if (Object.hasOwn(source, key)) target[key] = source[key];
    else delete target[key];
  }
  return news instanceof Secret ? new Secret(target) : target;
}

function missing(path: string): never {
  throw new ProgramFault(`cannot ignore changes to "${path}": an element on its way is missing`);
}

/** True when the value under `path` differs between the two; `*` stands for every key or item. */
export function differsAt(
  news: unknown,
  olds: unknown,
  path: PropertyPath,
  same: (a: unknown, b: unknown) => boolean,
): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return !same(news, olds);
  const after = news instanceof Secret ? news.value : news;
  const before = olds instanceof Secret ? olds.value : olds;
  const keys =
    step === '*' ? [...new Set([...Object.keys(Object(after)), ...Object.keys(Object(before))])] : [String(step)];
  return keys.some((key) => differsAt(Object(after)[key], Object(before)[key], rest, same));
}
