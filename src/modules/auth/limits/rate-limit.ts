import type { Principal, Tier } from '../../../shared/http/principal.js';

/** One counter with its limit; the window is fixed and starts at the first call. */
export interface Bucket {
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** State of a counter. */
export interface Usage {
  readonly count: number;
  /** End of the window, epoch ms. */
  readonly resetAt: number;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Requests of a user per minute, hour and day (api.md 1.8); missing = unlimited. */
export const TIER_LIMITS: Readonly<Record<Exclude<Tier, 'static'>, { minute: number; hour: number; day?: number }>> = {
  free: { minute: 60, hour: 1_000, day: 10_000 },
  standard: { minute: 300, hour: 10_000, day: 100_000 },
  enterprise: { minute: 1_000, hour: 50_000 },
};

/** Calls of open routes without credential, per address and minute. */
export const OPEN_PER_MINUTE = 100;
/** Logins of one address in an hour. */
export const AUTH_PER_HOUR = 100;
/** Registrations of one address in an hour, unless RATE_LIMIT_REG_PER_MINUTE says otherwise. */
export const REG_PER_HOUR = 5;
/** Heartbeats of one key in a minute: stops floods, far above any real use. */
export const HEARTBEAT_GUARD_PER_MINUTE = 12_000;

/**
 * Buckets of a principal on every counted route, shortest window first: a call refused by the minute does not use up the hour.
 * @param keyPerMinute RATE_LIMIT_PER_MINUTE
 */
export function bucketsOf(principal: Principal, keyPerMinute: number): readonly Bucket[] {
  if (principal.kind !== 'user' || principal.tier === 'static') {
    const limit = principal.rateLimitPerMinute ?? keyPerMinute;
    return [{ key: `principal/${principal.id}`, limit, windowMs: MINUTE_MS }];
  }
  const tier = TIER_LIMITS[principal.tier];
  const buckets: Bucket[] = [
    { key: `principal/${principal.id}`, limit: tier.minute, windowMs: MINUTE_MS },
    { key: `hour/${principal.id}`, limit: tier.hour, windowMs: HOUR_MS },
  ];
  if (tier.day !== undefined) buckets.push({ key: `day/${principal.id}`, limit: tier.day, windowMs: DAY_MS });
  return buckets;
}

/** Is `a` nearer to its limit than `b`? The nearest one is what the headers report. */
export function isTighter(a: Bucket, aUsage: Usage, b: Bucket, bUsage: Usage): boolean {
  const left = a.limit - aUsage.count - (b.limit - bUsage.count);
  return left === 0 ? a.limit < b.limit : left < 0;
}
