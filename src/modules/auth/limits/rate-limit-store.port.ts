import type { Bucket, Usage } from './rate-limit.js';

/**
 * Counters with fixed windows. Adapters: memory (one instance), MongoDB (several instances); both pass
 * test/contract/rate-limit-store.contract.ts. A store in memory answers at once, without a promise.
 */
export abstract class RateLimitStore {
  /** Its answers are never promises. */
  abstract readonly answersAtOnce: boolean;
  /** Counts one call; the first one, or the first after the window's end, opens a new window. */
  abstract hit(bucket: Bucket): Usage | Promise<Usage>;
  /** The counter as it stands, without counting; count 0 and a full window ahead when there is none. */
  abstract peek(bucket: Bucket): Usage | Promise<Usage>;
}
