import { createHash, randomBytes } from 'node:crypto';
import type { SecretBox } from '../../../shared/kernel/secret-box.js';

/** All refresh tokens of one login; only the newest of them is good. */
export interface RefreshFamily {
  /** Also the `sid` claim of its access tokens. */
  readonly id: string;
  readonly userId: string;
  /** SHA-256 of the newest token. */
  readonly currentHash: string;
  readonly amr: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

/**
 * `<family>.<32 random bytes>.<keyed digest of both>`. Only the hash of the newest token is stored; the digest tells a token
 * that was given out once (and is used again) from one that somebody made up.
 */
export function newRefreshToken(family: string, box: SecretBox): string {
  const body = `${family}.${randomBytes(32).toString('base64url')}`;
  return `${body}.${digest(body, box)}`;
}

/** @returns the family id of a token that was really given out, else null */
export function familyOf(token: string, box: SecretBox): string | null {
  const match = /^(([a-z0-9]{24})\.[A-Za-z0-9_-]{43})\.([0-9a-f]{32})$/.exec(token);
  if (!match?.[1] || !match[2]) return null;
  return digest(match[1], box) === match[3] ? match[2] : null;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function digest(body: string, box: SecretBox): string {
  return box.mac(`refresh token ${body}`).slice(0, 32);
}
