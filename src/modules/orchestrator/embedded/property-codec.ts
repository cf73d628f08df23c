import { UNKNOWN } from '../../../../tools/sandbox-cloud/provider.port.js';
import { ProgramFault, StateInvalid } from '../engine.errors.js';
import { withContentHash } from './asset-hash.js';
import {
  ARCHIVE_SIGNATURE,
  ASSET_SIGNATURE,
  isObject,
  mapValues,
  OUTPUT_SIGNATURE,
  type PropertyMap,
  RESOURCE_SIGNATURE,
  Secret,
  SECRET_SIGNATURE,
  SIGNATURE,
} from './property-value.js';
import type { SecretVault } from './secret-vault.js';

/** Plain objects as the protobuf Struct carries them. */
type Wire = Readonly<Record<string, unknown>>;

/**
 * Program → engine. Output values are resolved into unknown, secret or plain ones; assets and archives get the hash of
 * their content, so that a changed file is a changed value.
 * @param folder what relative paths of assets start from
 * @throws ProgramFault for a special value that the engine does not know, or a file that cannot be read
 */
export async function fromProgram(properties: Wire, folder: string): Promise<Record<string, unknown>> {
  const entries = await Promise.all(
    Object.entries(properties).map(async ([key, value]) => [key, await decode(value, folder)] as const),
  );
  return Object.fromEntries(entries);
}

async function decode(value: unknown, folder: string): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => decode(item, folder)));
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case undefined:
      return fromProgram(value, folder);
    case SECRET_SIGNATURE:
      return new Secret(await decode(value['value'], folder));
    case OUTPUT_SIGNATURE: {
      const inner = 'value' in value ? await decode(value['value'], folder) : UNKNOWN;
      return value['secret'] === true ? new Secret(inner) : inner;
    }
    case RESOURCE_SIGNATURE:
      return { ...value, ...(value['id'] === UNKNOWN ? { id: '' } : {}) };
    case ASSET_SIGNATURE:
    case ARCHIVE_SIGNATURE:
      return withHash(value, folder);
    default:
      throw new ProgramFault(
        `a property value with the unknown signature ${String(value[SIGNATURE])} is not supported by the embedded engine`,
      );
  }
}

/** Engine → program. */
export function toProgram(properties: PropertyMap): Record<string, unknown> {
  return mapValues(properties, encode);
}

function encode(value: unknown): unknown {
  if (value instanceof Secret) return { [SIGNATURE]: SECRET_SIGNATURE, value: encode(value.value) ?? null };
  if (Array.isArray(value)) return value.map((item) => encode(item) ?? null);
  if (isObject(value)) return mapValues(value, encode);
  return value;
}

/** Engine → stored state: every secret sealed, in Pulumi's own shape for cipher text. */
export function toState(properties: PropertyMap, vault: SecretVault): Record<string, unknown> {
  const seal = (value: unknown): unknown => {
    if (value instanceof Secret) return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: vault.seal(value.value) };
    if (Array.isArray(value)) return value.map((item) => seal(item) ?? null);
    return isObject(value) ? mapValues(value, seal) : value;
  };
  return mapValues(properties, seal);
}

/**
 * Stored state → engine.
 * @throws StateInvalid when a secret has neither cipher text nor plain text, or was sealed with another key
 */
export function fromState(properties: Wire, vault: SecretVault): Record<string, unknown> {
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (!isObject(value)) return value;
    if (value[SIGNATURE] !== SECRET_SIGNATURE) return mapValues(value, open);
    if (typeof value['ciphertext'] === 'string') return openSecret(value['ciphertext'], vault);
    // `pulumi stack export --show-secrets` writes JSON text here
    if (typeof value['plaintext'] === 'string') return new Secret(JSON.parse(value['plaintext']));
    throw new StateInvalid('a secret in the state has no cipher text');
  };
  return mapValues(properties, open);
}

function openSecret(sealed: string, vault: SecretVault): Secret {
  try {
    return new Secret(vault.open(sealed));
  } catch (cause) {
    throw new StateInvalid('a secret in the state was sealed with another key, or is damaged', cause);
  }
}

async function withHash(value: Record<string, unknown>, folder: string): Promise<Record<string, unknown>> {
  try {
    return await withContentHash(value, folder);
  } catch (cause) {
    const path = typeof value['path'] === 'string' ? value['path'] : 'asset';
    throw new ProgramFault(`the asset ${path} cannot be read: ${cause instanceof Error ? cause.message : 'unknown'}`);
  }
}
