import { isDeepStrictEqual } from 'node:util';
import { type CheckFailure, type Properties, UNKNOWN } from './provider.port.js';

export type InputKind = 'text' | 'number' | 'flag' | 'list' | 'map' | 'object' | 'json';

/** One argument of a resource type, as the AWS provider declares it. */
export interface InputSpec {
  /** `json`: a text that holds JSON and is compared by meaning, as the provider compares policies. */
  readonly kind: InputKind;
  readonly required?: boolean;
  /** A change replaces the resource. */
  readonly replaces?: boolean;
  /** Optional and computed: where the program says nothing the cloud's own value stands, and no change is seen. */
  readonly computed?: boolean;
  /** Filled in by `check` where the program says nothing. */
  readonly default?: unknown;
  /** A list whose order means nothing. */
  readonly set?: boolean;
  /**
   * `true`: sensitive in the provider's schema; no text repeats it, no inventory shows it. A list: members of a map that are
   * sensitive by their meaning; the schema does not say so, but no inventory shows them either.
   */
  readonly secret?: true | readonly string[];
  /** Reason why a known value is refused. */
  readonly check?: (value: never) => string | undefined;
}

type Options<T> = Omit<InputSpec, 'kind' | 'check'> & { readonly check?: (value: T) => string | undefined };

export const text = (options: Options<string> = {}): InputSpec => ({ kind: 'text', ...options });
export const number = (options: Options<number> = {}): InputSpec => ({ kind: 'number', ...options });
export const flag = (options: Options<boolean> = {}): InputSpec => ({ kind: 'flag', ...options });
export const list = (options: Options<unknown[]> = {}): InputSpec => ({ kind: 'list', ...options });
export const setOf = (options: Options<unknown[]> = {}): InputSpec => ({ kind: 'list', set: true, ...options });
export const map = (options: Options<Properties> = {}): InputSpec => ({ kind: 'map', ...options });
export const object = (options: Options<Properties> = {}): InputSpec => ({ kind: 'object', ...options });
export const json = (options: Options<string> = {}): InputSpec => ({ kind: 'json', ...options });

// Ready-made value checks.

export const oneOf =
  (...allowed: readonly (string | number)[]) =>
  (value: string | number): string | undefined =>
    allowed.includes(value) ? undefined : `expected one of ${allowed.join(', ')}, got ${value}`;

export const range =
  (from: number, to: number) =>
  (value: number): string | undefined =>
    value >= from && value <= to ? undefined : `expected to be in the range (${from} - ${to}), got ${value}`;

export const length =
  (from: number, to: number) =>
  (value: string): string | undefined =>
    value.length >= from && value.length <= to
      ? undefined
      : `expected length to be in the range (${from} - ${to}), got ${value.length}`;

export const pattern =
  (expression: RegExp, meaning: string) =>
  (value: string): string | undefined =>
    expression.test(value) ? undefined : `${meaning}, got "${value}"`;

/** True when the value is, or contains, something that is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

/**
 * Completes and validates inputs against a table: drops null, turns numbers and flags given as text into their kind (as the
 * bridge of the real provider does), fills in defaults, names every argument that is missing, unknown or malformed.
 */
export function completeInputs(
  type: string,
  table: Readonly<Record<string, InputSpec>>,
  news: Properties,
): { inputs: Properties; failures: CheckFailure[] } {
  const inputs: Properties = {};
  const failures: CheckFailure[] = [];
  for (const [property, value] of Object.entries(news)) {
    const spec = table[property];
    if (!spec) failures.push({ property, reason: `"${property}" is not an argument of ${type}` });
    else if (value !== null && value !== undefined) inputs[property] = coerce(spec.kind, value);
  }
  for (const [property, spec] of Object.entries(table)) {
    if (!(property in inputs) && spec.default !== undefined) inputs[property] = spec.default;
    const value = inputs[property];
    if (value === undefined) {
      if (spec.required) failures.push({ property, reason: `Missing required argument "${property}"` });
      continue;
    }
    const reason = problemOf(spec, value);
    if (reason) failures.push({ property, reason });
  }
  return { inputs, failures };
}

/** Keys that differ in meaning between what was asked before and what is asked now. */
export function changedInputs(
  table: Readonly<Record<string, InputSpec>>,
  olds: Properties,
  news: Properties,
): string[] {
  return Object.entries(table)
    .filter(([key, spec]) => !(spec.computed && news[key] === undefined) && !isSame(spec, olds[key], news[key]))
    .map(([key]) => key);
}

function isSame(spec: InputSpec, left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(canonical(spec, left), canonical(spec, right));
}

function canonical(spec: InputSpec, value: unknown): unknown {
  if (value === undefined || value === null) return canonicalAbsent(spec);
  if (spec.kind === 'json' && typeof value === 'string') return parseJson(value) ?? value;
  if (spec.kind === 'list' && Array.isArray(value)) {
    const items = value.map(compact);
    return spec.set ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  return compact(value);
}

/** An empty list, map or text and an absent one are the same to the provider. */
function canonicalAbsent(spec: InputSpec): unknown {
  if (spec.kind === 'list') return [];
  if (spec.kind === 'map' || spec.kind === 'object') return {};
  if (spec.kind === 'flag') return false;
  return spec.kind === 'number' ? undefined : '';
}

/** Without null and undefined members, keys sorted. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, compact(member)]),
  );
}

function coerce(kind: InputKind, value: unknown): unknown {
  if (value === UNKNOWN) return value;
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) {
    return Number(value);
  }
  if (kind === 'flag' && (value === 'true' || value === 'false')) return value === 'true';
  if (kind === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (kind === 'json' && isPlainObject(value)) return hasUnknown(value) ? UNKNOWN : JSON.stringify(value);
  if (kind === 'list' && Array.isArray(value)) return value.filter((item) => item !== null && item !== undefined);
  return value;
}

const KIND_NAMES: Record<InputKind, string> = {
  text: 'a string',
  number: 'a number',
  flag: 'a boolean',
  list: 'a list',
  map: 'a map of strings',
  object: 'an object',
  json: 'a string with JSON',
};

/** Why a value does not fit its argument; unknown values fit. */
export function problemOf(spec: InputSpec, value: unknown): string | undefined {
  if (value === UNKNOWN) return undefined;
  if (!isKind(spec.kind, value)) return `expected ${KIND_NAMES[spec.kind]}`;
  if (hasUnknown(value)) return undefined;
  if (spec.kind === 'json' && !(value as string).includes(UNKNOWN) && parseJson(value as string) === undefined) {
    return 'contains an invalid JSON';
  }
  return spec.check?.(value as never);
}

function isKind(kind: InputKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
    case 'json':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'map':
      return isPlainObject(value) && Object.values(value).every((item) => typeof item === 'string');
    case 'object':
      return isPlainObject(value);
    default:
      return kind satisfies never;
  }
}

function isPlainObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined = not JSON. */
export function parseJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
