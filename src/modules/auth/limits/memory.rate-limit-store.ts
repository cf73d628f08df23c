import { Clock } from '../../../shared/kernel/clock.js';
import type { Bucket, Usage } from './rate-limit.js';
import { RateLimitStore } from './rate-limit-store.port.js';

interface Counter {
  count: number;
  resetAt: number;
}

/**
 * Counters of one process. Windows of one length stand in one map in the order of their start, so the oldest ends first and
 * dead ones are cleared from the front while new ones are opened: no timer, constant work per call.
 */
export class MemoryRateLimitStore extends RateLimitStore {
  override readonly answersAtOnce = true;
  readonly #byWindow = new Map<number, Map<string, Counter>>();

  constructor(private readonly clock: Clock) {
    super();
  }

  override hit(bucket: Bucket): Usage {
    const now = this.clock.now().getTime();
    const counters = this.#countersOf(bucket.windowMs);
    const counter = counters.get(bucket.key);
    if (counter && now < counter.resetAt) {
      counter.count += 1;
      return { count: counter.count, resetAt: counter.resetAt };
    }
    counters.delete(bucket.key); // so that it moves to the end
    const opened = { count: 1, resetAt: now + bucket.windowMs };
    counters.set(bucket.key, opened);
    clearEnded(counters, now);
    return { count: 1, resetAt: opened.resetAt };
  }

  override peek(bucket: Bucket): Usage {
    const now = this.clock.now().getTime();
    const counter = this.#countersOf(bucket.windowMs).get(bucket.key);
    return counter && now < counter.resetAt ? { ...counter } : { count: 0, resetAt: now + bucket.windowMs };
  }

  /** Counters held now, the dead ones at most two per opened window behind. */
  get size(): number {
    let size = 0;
    for (const counters of this.#byWindow.values()) size += counters.size;
    return size;
  }

  #countersOf(windowMs: number): Map<string, Counter> {
    let counters = this.#byWindow.get(windowMs);
    if (!counters) this.#byWindow.set(windowMs, (counters = new Map()));
    return counters;
  }
}

/** Two at most: as fast as new ones come, so the map cannot grow beyond the living ones for long. */
function clearEnded(counters: Map<string, Counter>, now: number): void {
  let left = 2;
  for (const [key, counter] of counters) {
    if (left === 0 || counter.resetAt > now) return;
    counters.delete(key);
    left -= 1;
  }
}
