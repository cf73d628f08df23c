import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import type { RateClass } from '../../../shared/http/allow.js';
import type { Principal } from '../../../shared/http/principal.js';
import { currentContext } from '../../../shared/http/request-context.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { RateLimitExceeded } from '../auth.errors.js';
import {
  AUTH_PER_HOUR,
  type Bucket,
  bucketsOf,
  HEARTBEAT_GUARD_PER_MINUTE,
  HOUR_MS,
  isTighter,
  MINUTE_MS,
  OPEN_PER_MINUTE,
  REG_PER_HOUR,
  type Usage,
} from './rate-limit.js';
import { RateLimitStore } from './rate-limit-store.port.js';

/** What of a request decides about its buckets. */
export interface LimitedRequest {
  readonly ip: string;
  readonly body?: unknown;
  readonly params?: unknown;
}

const log = createLog('auth');

/** Which buckets a call counts in, and what happens when one is full (api.md 1.8). */
@Injectable()
export class RateLimits {
  readonly #base = new WeakMap<Principal, readonly Bucket[]>();

  constructor(
    private readonly store: RateLimitStore,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Buckets of a call, in the order they are counted. */
  bucketsOf(request: LimitedRequest, rateClass: RateClass | undefined, principal: Principal | undefined): Bucket[] {
    if (rateClass === 'EXEMPT') return [];
    if (rateClass === 'HEARTBEAT' && principal) return this.#heartbeat(request, principal);
    const buckets = [...this.#ofClass(request, rateClass, principal)];
    if (principal) buckets.push(...this.#ofPrincipal(principal));
    else buckets.push({ key: `open/${request.ip}`, limit: OPEN_PER_MINUTE, windowMs: MINUTE_MS });
    return buckets;
  }

  /**
   * Counts the call and notes the tightest bucket in the request context.
   * @param counted false: only report (a replay by idempotency key)
   * @throws RateLimitExceeded
   */
  take(buckets: readonly Bucket[], counted = true): void | Promise<void> {
    return this.#step(buckets, 0, null, counted);
  }

  /** As `take`, in one turn; false, and nothing counted, when a bucket is full or the store cannot answer at once. */
  takeIfFree(buckets: readonly Bucket[]): boolean {
    if (!this.store.answersAtOnce) return false;
    for (const bucket of buckets) {
      if ((this.store.peek(bucket) as Usage).count >= bucket.limit) return false;
    }
    void this.take(buckets);
    return true;
  }

  /** One refresh of this user. @throws RateLimitExceeded */
  takeRefresh(userId: string): void | Promise<void> {
    return this.take([
      { key: `REFRESH/${userId}`, limit: this.config.rateLimits.refreshPerMinute, windowMs: MINUTE_MS },
    ]);
  }

  /** One failed authentication of this address. @throws RateLimitExceeded instead of the failure when there were too many */
  takeFailure(ip: string): void | Promise<void> {
    return this.take([
      { key: `failed/${ip}`, limit: this.config.rateLimits.authFailuresPerMinute, windowMs: MINUTE_MS },
    ]);
  }

  /** Stays in one turn of the event loop as long as the store answers at once. */
  #step(
    buckets: readonly Bucket[],
    index: number,
    tightest: { readonly bucket: Bucket; readonly usage: Usage } | null,
    counted: boolean,
  ): void | Promise<void> {
    let best = tightest;
    for (let i = index; i < buckets.length; i += 1) {
      const bucket = buckets[i] as Bucket;
      const usage = counted ? this.store.hit(bucket) : this.store.peek(bucket);
      if (usage instanceof Promise) {
        return usage.then((known) => this.#step(buckets, i + 1, this.#weigh(bucket, known, best, counted), counted));
      }
      best = this.#weigh(bucket, usage, best, counted);
    }
    if (best) report(best.bucket, best.usage);
    return undefined;
  }

  #weigh(
    bucket: Bucket,
    usage: Usage,
    best: { readonly bucket: Bucket; readonly usage: Usage } | null,
    counted: boolean,
  ): { readonly bucket: Bucket; readonly usage: Usage } {
    if (counted && usage.count > bucket.limit) {
      report(bucket, usage);
      // once a window: a flood must not become one of log lines
      if (usage.count === bucket.limit + 1) log.warn('rate limit hit', { bucket: bucket.key, limit: bucket.limit });
      throw new RateLimitExceeded(bucket.limit, bucket.windowMs / 1000, usage.resetAt, this.clock.now().getTime());
    }
    return best && !isTighter(bucket, usage, best.bucket, best.usage) ? best : { bucket, usage };
  }

  #ofPrincipal(principal: Principal): readonly Bucket[] {
    let buckets = this.#base.get(principal);
    if (!buckets) this.#base.set(principal, (buckets = bucketsOf(principal, this.config.rateLimits.perMinute)));
    return buckets;
  }

  #ofClass(
    request: LimitedRequest,
    rateClass: RateClass | undefined,
    principal: Principal | undefined,
  ): readonly Bucket[] {
    const limits = this.config.rateLimits;
    const mine = (limit: number): readonly Bucket[] => [
      { key: `${rateClass}/${principal?.id ?? request.ip}`, limit, windowMs: MINUTE_MS },
    ];
    switch (rateClass) {
      case 'AUTH':
        return [
          { key: `AUTH/${request.ip}/${loginOf(request.body)}`, limit: limits.authPerMinute, windowMs: MINUTE_MS },
          { key: `AUTH/${request.ip}`, limit: AUTH_PER_HOUR, windowMs: HOUR_MS },
        ];
      case 'REG':
        return limits.regPerMinute === undefined
          ? [{ key: `REG/${request.ip}`, limit: REG_PER_HOUR, windowMs: HOUR_MS }]
          : [{ key: `REG/${request.ip}`, limit: limits.regPerMinute, windowMs: MINUTE_MS }];
      case 'EXEC':
        return mine(limits.execPerMinute);
      case 'CHECK':
        return mine(limits.checkPerMinute);
      case 'EXPORT':
        return mine(limits.exportPerMinute);
      case 'REFRESH': // counted by user, once the token has told who that is: takeRefresh
      case 'HEARTBEAT':
      case 'EXEMPT':
      case undefined:
        return [];
      default:
        return rateClass satisfies never;
    }
  }

  /** A bucket per session or machine, inside its organization, so that nothing shared can cause a false stall (README 9, 26). */
  #heartbeat(request: LimitedRequest, principal: Principal): Bucket[] {
    const limits = this.config.rateLimits;
    const [target] = Object.values((request.params ?? {}) as Record<string, string>);
    const organization = principal.scope?.organization ?? principal.assignments[0]?.organization ?? '';
    return [
      {
        key: `HEARTBEAT/${organization}/${target ?? principal.id}`,
        limit: limits.heartbeatPerMinute,
        windowMs: MINUTE_MS,
      },
      { key: `HEARTBEAT/${principal.id}`, limit: HEARTBEAT_GUARD_PER_MINUTE, windowMs: MINUTE_MS },
    ];
  }
}

function report(bucket: Bucket, usage: Usage): void {
  const context = currentContext();
  if (!context) return;
  context.rateLimit = {
    limit: bucket.limit,
    remaining: Math.max(0, bucket.limit - usage.count),
    reset: Math.ceil(usage.resetAt / 1000),
  };
}

/** The account a login is for; what is no text counts as one account, validation refuses it later. */
function loginOf(body: unknown): string {
  const { username, email } = (body ?? {}) as { username?: unknown; email?: unknown };
  const login = username ?? email;
  return typeof login === 'string' ? login.trim().toLowerCase().slice(0, 254) : '';
}
