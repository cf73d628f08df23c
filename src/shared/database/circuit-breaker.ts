import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { circuitBreaker, CircuitState, handleAll, type IBreaker } from 'cockatiel';
import type { ConnectionCheckOutFailedEvent } from 'mongodb';
import type { Connection } from 'mongoose';
import { Defect, Unavailable } from '../errors/app-error.js';
import { createLog } from '../kernel/log.js';
import { Metrics } from '../metrics/metrics.js';

const FAILURES = 5;
const WINDOW_MS = 60_000;
const OPEN_MS = 30_000;
const PROBE_MS = 5000;

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
 * Circuit breaker on the database (api.md 1.9), fed by the driver's own events, so that no repository knows of it:
 * 1. a failed heartbeat or a connection that could not be made is a connection failure; five within a minute open it;
 * 2. while it is open requests are refused without asking the database;
 * 3. after 30 s the next refused request sends one ping as the probe (a heartbeat does as well): it closes the circuit or opens
 *    it for another 30 s. Behind a load balancer the driver sends no heartbeats, hence the ping.
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
      .on('serverHeartbeatFailed', this.#heartbeatFailed)
      .on('serverHeartbeatSucceeded', this.#succeeded)
      .on('connectionCheckOutFailed', this.#checkOutFailed)
      .on('connectionReady', this.#succeeded);
  }

  onModuleDestroy(): void {
    this.connection
      .getClient()
      .off('serverHeartbeatFailed', this.#heartbeatFailed)
      .off('serverHeartbeatSucceeded', this.#succeeded)
      .off('connectionCheckOutFailed', this.#checkOutFailed)
      .off('connectionReady', this.#succeeded);
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

  /** What a request that needs the database is told unless the circuit is closed; null when it is. */
  refusal(): Unavailable | null {
    const { state } = this;
    if (state === 'closed') return null;
    const leftMs = this.#openedAt + OPEN_MS - Date.now();
    if (state === 'open' && leftMs <= 0) this.probe();
    return new Unavailable('circuit_open', 'The database cannot be reached; requests are refused until it answers', {
      details: { reason: 'circuit_open' },
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(leftMs / 1000))) },
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

  private probe(): void {
    void this.#policy
      .execute(async () => {
        await this.connection.db?.command({ ping: 1 }, { timeoutMS: PROBE_MS });
      })
      .catch((error: unknown) => log.debug('database probe failed', { error }));
  }

  readonly #heartbeatFailed = ({ failure }: { readonly failure: Error }): void => this.record(failure);
  readonly #checkOutFailed = ({ reason }: ConnectionCheckOutFailedEvent): void => {
    if (reason === 'connectionError') this.record(new Defect('No connection to the database'));
  };
  readonly #succeeded = (): void => this.record(null);
}
