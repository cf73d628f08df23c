import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { circuitBreaker, CircuitState, handleAll, type IBreaker } from 'cockatiel';
import type { Connection } from 'mongoose';
import { Unavailable } from '../errors/app-error.js';
import { createLog } from '../kernel/log.js';
import { Metrics } from '../metrics/metrics.js';

const FAILURES = 5;
const WINDOW_MS = 60_000;
const OPEN_MS = 30_000;

const log = createLog('database');

export type CircuitName = 'closed' | 'half-open' | 'open';

const GAUGE = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Opens at the fifth failure within a minute; successes between do not count. */
export class FailuresInWindow implements IBreaker {
  state: number[] = [];

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.state = [];
  }

  failure(): boolean {
    const now = Date.now();
    this.state = [...this.state.filter((at) => now - at < WINDOW_MS), now];
    return this.state.length >= FAILURES;
  }
}

/**
 * Circuit breaker on the database (api.md 1.9), fed by the driver's own monitoring: every heartbeat that fails is a connection
 * failure, and after 30 s open the next heartbeat is the probe. The driver beats every 10 s, and twice a second while a
 * request waits for a server, so that 5 waiting seconds are enough to open it; no request is sacrificed as probe.
 */
@Injectable()
export class DatabaseCircuit implements OnModuleInit, OnModuleDestroy {
  readonly #policy = circuitBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker: new FailuresInWindow() });
  #openedAt = 0;

  constructor(
    @InjectConnection() private readonly connection: Connection,
    metrics: Metrics,
  ) {
    this.#policy.onStateChange(() => metrics.set('circuit_state', {}, GAUGE[this.state]));
    this.#policy.onBreak(() => {
      this.#openedAt = Date.now();
      log.warn('database circuit opened', { failures: FAILURES, windowMs: WINDOW_MS });
    });
    this.#policy.onReset(() => log.info('database circuit closed'));
  }

  onModuleInit(): void {
    this.connection
      .getClient()
      .on('serverHeartbeatFailed', this.#failed)
      .on('serverHeartbeatSucceeded', this.#succeeded);
  }

  onModuleDestroy(): void {
    this.connection
      .getClient()
      .off('serverHeartbeatFailed', this.#failed)
      .off('serverHeartbeatSucceeded', this.#succeeded);
  }

  get state(): CircuitName {
    switch (this.#policy.state) {
      case CircuitState.Closed:
        return 'closed';
      case CircuitState.HalfOpen:
        return 'half-open';
      default:
        return 'open';
    }
  }

  /** What a request that needs the database is told while the circuit is open; null otherwise. */
  refusal(): Unavailable | null {
    if (this.state !== 'open') return null;
    const seconds = Math.max(1, Math.ceil((this.#openedAt + OPEN_MS - Date.now()) / 1000));
    return new Unavailable('circuit_open', 'The database cannot be reached; requests are refused until it answers', {
      details: { reason: 'circuit_open' },
      headers: { 'Retry-After': String(seconds) },
    });
  }

  /** Counts one connection failure or success. */
  record(failure: unknown): void {
    void this.#policy
      .execute(() => {
        if (failure) throw failure;
      })
      .catch(() => undefined); // an open circuit, or the failure itself: both are in `state`
  }

  readonly #failed = ({ failure }: { readonly failure: Error }): void => this.record(failure);
  readonly #succeeded = (): void => this.record(null);
}
