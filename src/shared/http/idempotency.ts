import { createHash } from 'node:crypto';
import type { AppError, ErrorDetails } from '../errors/app-error.js';

/** Keys are kept this long, in ms (api.md 1.7). */
export const IDEMPOTENCY_LIFE_MS = 24 * 60 * 60_000;
export const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{8,128}$/;
/** Headers that belong to the result and come back with it. */
export const STORED_HEADERS = ['location', 'retry-after', 'etag', 'content-type'] as const;

/** What the first call was answered, ready to be given again. */
export type StoredAnswer =
  | {
      readonly kind: 'body';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** JSON value or text; bytes are not kept. */
      readonly body: unknown;
    }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly details?: ErrorDetails;
      readonly suggestion?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** A key as stored. */
export interface IdempotencyEntry {
  /** Hash of principal, method, path and key. */
  readonly scope: string;
  readonly bodyHash: string;
  /** Of the call that runs or ran; only its holder finishes or releases the entry. */
  readonly claim: string;
  /** A running call that has not finished by then died with its process. */
  readonly claimEndsAt: Date;
  /** Sealed StoredAnswer; null while the call runs. */
  readonly answer: string | null;
  readonly expiresAt: Date;
}

/** How a call with a key stands to the calls before it. */
export type Standing =
  | { readonly kind: 'first'; readonly scope: string; readonly claim: string }
  | { readonly kind: 'replay'; readonly answer: StoredAnswer }
  | { readonly kind: 'reused' };

/** Collision-free: the parts are separated by a character that none of them can contain. */
export function scopeOf(principal: string, method: string, path: string, key: string): string {
  return createHash('sha256').update([principal, method, path, key].join('\n')).digest('hex');
}

/** 5xx may work next time, 429 asks to try again, 401 is about the credential: none of them is the result of the call. */
export function isKept(error: AppError): boolean {
  return error.status < 500 && error.status !== 429 && error.status !== 401;
}
