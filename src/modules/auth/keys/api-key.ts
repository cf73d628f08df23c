import { hash } from 'node:crypto';
import type { Assignment, KeyScope, Role } from '../../../shared/http/principal.js';
import type { KeyId } from '../../../shared/kernel/ids.js';
import { lowerOf } from '../permissions.js';

/** A managed key. The key itself is shown once and kept only as hash. */
export interface ApiKey {
  readonly id: KeyId;
  /** SHA-256 of the key, 64 hex digits. */
  readonly hash: string;
  /** First characters of the key, to recognise it by. */
  readonly prefix: string;
  readonly ownerId: string;
  readonly name: string;
  readonly description: string | null;
  /** Lower than the owner's; null = the owner's. */
  readonly role: Role | null;
  /** Names of the matrix; null = all of the owner's. */
  readonly permissions: readonly string[] | null;
  readonly scope: KeyScope | null;
  /** Set by an administrator; null = RATE_LIMIT_PER_MINUTE. */
  readonly rateLimitPerMinute: number | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** The key that took its place; then `expiresAt` is the end of the grace period. */
  readonly rotatedTo: KeyId | null;
}

export type KeyStatus = 'active' | 'expired' | 'revoked';

export const DEFAULT_KEY_SECONDS = 7_776_000; // 90 d
const VISIBLE = 17; // msk_live_ and 8 of the 32 digits

export function keyStatus(key: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, now: Date): KeyStatus {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt <= now ? 'expired' : 'active';
}

/** `msk_live_` in production, else `msk_test_`, and 32 hex digits. */
export function formatKey(production: boolean, hex: string): string {
  return `msk_${production ? 'live' : 'test'}_${hex}`;
}

export function prefixOf(key: string): string {
  return key.slice(0, VISIBLE);
}

export function hashOfKey(key: string): string {
  return hash('sha256', key);
}

/** Never more than the last four characters. */
export function maskKey(key: string): string {
  return `****${key.length > 8 ? key.slice(-4) : ''}`;
}

const WELL_FORMED = /^[A-Za-z0-9_-]{1,128}$/;

/** Could this text be a key at all (api.md 2.1)? */
export function isWellFormedKey(text: string): boolean {
  return WELL_FORMED.test(text);
}

/** The owner's assignments at the key's role, where that is lower. */
export function loweredTo(role: Role, assignments: readonly Assignment[]): readonly Assignment[] {
  return assignments.map((assignment) => ({ ...assignment, role: lowerOf(role, assignment.role) }));
}
