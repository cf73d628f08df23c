import { createHash, hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config, ConfigurationError } from '../../../shared/config/config.js';
import type { Principal } from '../../../shared/http/principal.js';

/** A bootstrap key from API_KEYS; the key itself is not kept. */
export interface StaticKey {
  /** First 8 hex digits of its SHA-256. */
  readonly id: string;
  readonly label: string;
  /** What it may do in the session half: `client` lacks administration. */
  readonly scope: 'full' | 'client';
  readonly hash: Buffer;
}

const FORMATS = {
  any: { pattern: /^[A-Za-z0-9_-]{16,128}$/, words: '16 to 128 characters of A-Z, a-z, 0-9, _ and -' },
  uuid: {
    pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i,
    words: 'a UUID of version 4',
  },
} as const;

/** Entries `key`, `label:key` or `label:key:scope` (sessions.md 11.1). @throws ConfigurationError naming bad entries by position */
export function readStaticKeys(entries: readonly string[], format: keyof typeof FORMATS): readonly StaticKey[] {
  const problems: string[] = [];
  const keys: StaticKey[] = [];
  entries.forEach((entry, i) => {
    const parts = entry.split(':').map((part) => part.trim());
    const [label, key, scope = 'full'] = parts.length === 1 ? ['', parts[0]] : parts;
    if (parts.length > 3) problems.push(`API_KEYS entry ${i + 1} must be key, label:key or label:key:scope`);
    else if (parts.length > 1 && !label) problems.push(`API_KEYS entry ${i + 1} has an empty label`);
    else if (!key || !FORMATS[format].pattern.test(key)) {
      problems.push(`API_KEYS entry ${i + 1} must be ${FORMATS[format].words} (API_KEY_FORMAT=${format})`);
    } else if (scope !== 'full' && scope !== 'client') {
      problems.push(`API_KEYS entry ${i + 1} has a scope other than full and client`);
    } else {
      const digest = sha256(key);
      const id = digest.toString('hex').slice(0, 8);
      if (keys.some((other) => other.hash.equals(digest))) problems.push(`API_KEYS entry ${i + 1} is there twice`);
      keys.push({ id, label: label || `key ${id}`, scope, hash: digest });
    }
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return keys;
}

/** The bootstrap keys of this process. */
@Injectable()
export class StaticKeys {
  readonly #keys: readonly StaticKey[];
  /** By the hex digits of their hash: what a look-up tells by its time says nothing of a key. */
  readonly #byHash: ReadonlyMap<string, StaticKey>;
  /** One principal a key: a busy client makes no garbage. */
  readonly #principals = new Map<StaticKey, Principal>();

  constructor(private readonly config: Config) {
    this.#keys = readStaticKeys(config.auth.staticKeys, config.auth.staticKeyFormat);
    this.#byHash = new Map(this.#keys.map((key) => [key.hash.toString('hex'), key]));
  }

  match(candidate: string): StaticKey | null {
    if (this.#keys.length === 0) return null;
    return this.#byHash.get(hash('sha256', candidate)) ?? null;
  }

  find(id: string): StaticKey | null {
    return this.#keys.find((key) => key.id === id) ?? null;
  }

  /** Bound to its organization; without STATIC_API_KEY_ROLE it has no right under /api/v1 (README 62). */
  principalOf(key: StaticKey): Principal {
    let principal = this.#principals.get(key);
    if (!principal) this.#principals.set(key, (principal = this.build(key)));
    return principal;
  }

  private build(key: StaticKey): Principal {
    const { staticKeyRole: role, staticKeysOrganization: organization } = this.config.auth;
    return {
      kind: 'static_key',
      id: `static-${key.id}`,
      name: key.label,
      assignments: role ? [{ role, organization }] : [],
      scope: { organization },
      sessionScope: key.scope,
      tier: 'static',
    };
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
