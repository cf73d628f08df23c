import { UNKNOWN } from '../../../../tools/sandbox-cloud/provider.port.js';

/** Key that marks an object as a special value, on the wire and in stored state (the SDK's own constant, as all below). */
export const SIGNATURE = '4dabf18193072939515e22adb298388d';
export const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';
export const ASSET_SIGNATURE = 'c44067f5952c0a294b673a41bacd8c17';
export const ARCHIVE_SIGNATURE = '0def7320c3a5731c473e5ecbe6d01bc7';
export const RESOURCE_SIGNATURE = '5cf8f73096256a8f31e491e813e4eb8e';
export const OUTPUT_SIGNATURE = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';

/**
 * Properties inside the engine: JSON values, UNKNOWN (previews only), `Secret` anywhere, and tagged objects for assets,
 * archives and resource references.
 */
export type PropertyMap = Readonly<Record<string, unknown>>;

/** A value that is encrypted at rest and never shown. `value` holds no further Secret. */
export class Secret {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = withoutSecrets(value);
  }
}

/** A resource given as a value; a provider sees its id (custom) or its URN (component). */
export interface ResourceReference {
  readonly [SIGNATURE]: typeof RESOURCE_SIGNATURE;
  readonly urn: string;
  /** Absent for components; empty while unknown. */
  readonly id?: string;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

export function isResourceReference(value: unknown): value is ResourceReference {
  return isObject(value) && value[SIGNATURE] === RESOURCE_SIGNATURE;
}

/** Takes the secret mark off at every depth. */
export function withoutSecrets(value: unknown): unknown {
  if (value instanceof Secret) return value.value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (isObject(value)) return mapValues(value, withoutSecrets);
  return value;
}

/** What a provider sees: secrets in clear, resource references as ids. */
export function forProvider(properties: PropertyMap): Record<string, unknown> {
  return mapValues(properties, toProvider);
}

function toProvider(value: unknown): unknown {
  if (value instanceof Secret) return toProvider(value.value);
  if (Array.isArray(value)) return value.map(toProvider);
  if (isResourceReference(value)) return value.id === undefined ? value.urn : value.id === '' ? UNKNOWN : value.id;
  if (isObject(value)) return mapValues(value, toProvider);
  return value;
}

export function containsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(containsSecret);
  return isObject(value) && Object.values(value).some(containsSecret);
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (Array.isArray(value)) return value.some(containsUnknown);
  if (isResourceReference(value)) return value.id === '' || value.id === UNKNOWN;
  return isObject(value) && Object.values(value).some(containsUnknown);
}

/**
 * Gives a provider's answer (which knows no secrets) the marks of what it was made from: the same key, at the same depth.
 * A list whose length changed becomes secret as a whole when anything in it was.
 */
export function keepSecretMarks(answer: PropertyMap, source: PropertyMap): Record<string, unknown> {
  return mapValues(answer, (value, key) => (Object.hasOwn(source, key) ? markLike(value, source[key]) : value));
}

function markLike(value: unknown, source: unknown): unknown {
  if (value instanceof Secret) return value;
  if (source instanceof Secret) return new Secret(value);
  if (isObject(value) && isObject(source)) return keepSecretMarks(value, source);
  if (!containsSecret(source)) return value;
  if (Array.isArray(value) && Array.isArray(source) && value.length === source.length) {
    return value.map((item, index) => markLike(item, source[index]));
  }
  return new Secret(value);
}

/** Marks whole top-level keys (`additionalSecretOutputs`). */
export function markSecret(properties: PropertyMap, keys: readonly string[]): Record<string, unknown> {
  return mapValues(properties, (value, key) =>
    keys.includes(key) && !(value instanceof Secret) ? new Secret(value) : value,
  );
}

/** Deep equality; a secret equals only a secret of equal value, a missing key equals `undefined`. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof Secret || b instanceof Secret) {
    return a instanceof Secret && b instanceof Secret && sameValue(a.value, b.value);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameValue(a[key], b[key]));
}

export function mapValues<T>(
  source: Readonly<Record<string, T>>,
  change: (value: T, key: string) => unknown,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(source)) {
    const changed = change(value, key);
    if (changed !== undefined) result[key] = changed;
  }
  return result;
}
