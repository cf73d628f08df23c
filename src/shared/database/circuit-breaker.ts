import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { circuitBreaker, CircuitState, handleAll, type IBreaker } from 'cockatiel';
import type { ConnectionCheckOutFailedEvent } from 'mongodb';
import type { Connection } from 'mongoose';
import { Config } from '../config/config.js';
import { Defect, Unavailable } from '../errors/app-error.js';
import { createLog } from '../kernel/log.js';
import { Metrics } from '../metrics/metrics.js';

const PROBE_MS = 5000;

const log = createLog('database');

export type CircuitName = 'closed' | 'half-open' | 'open';

const GAUGE = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Opens at so many failures within a window; successes between do not count. */
export class FailuresInWindow implements IBreaker {
  state: number[] = [];

  constructor(private readonly limits: Pick<Config['circuit'], 'failures' | 'windowMs'>) {}

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.state = [];
  }

  failure(): boolean {
    const now = Date.now();
    this.state = [...this.state.filter((at) => now - at < this.limits.windowMs), now];
    return this.state.length >= this.limits.failures;
  }
}

/**
 * Circuit breaker on the database (api.md 1.9), fed by the driver's own events, so that no repository knows of it:
 * 1. a failed heartbeat or a connection that could not be made is a connection failure; CIRCUIT_FAILURES (5) within CIRCUIT_WINDOW_MS (a minute) open it;
 * 2. while it is open requests are refused without asking the database;
 * 3. after CIRCUIT_OPEN_MS (30 s) the next refused request sends one ping as the probe (a heartbeat does as well): it closes the
 *    circuit or opens it for as long again. Behind a load balancer the driver sends no heartbeats, hence the ping.
 */
@Injectable()
export class DatabaseCircuit implements OnModuleInit, OnModuleDestroy {
  readonly #policy;
  #openedAt = 0;

  constructor(
    @InjectConnection() private readonly connection: Connection,
    metrics: Metrics,
    private readonly config: Config,
  ) {
    this.#policy = circuitBreaker(handleAll, {
      halfOpenAfter: config.circuit.openMs,
      breaker: new FailuresInWindow(config.circuit),
    });
    this.#policy.onStateChange(() => metrics.set('circuit_state', {}, GAUGE[this.state]));
    this.#policy.onBreak(() => {
      this.#openedAt = Date.now();
      log.warn('circuit.opened', { failures: config.circuit.failures, windowMs: config.circuit.windowMs });
    });
    this.#policy.onHalfOpen(() => log.warn('circuit.half_open'));
    this.#policy.onReset(() => log.warn('circuit.closed'));
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
    const leftMs = this.#openedAt + this.config.circuit.openMs - Date.now();
    if (state === 'open' && leftMs <= 0) this.probe();
    return new Unavailable(
      'circuit_open',
      'The circuit to the database is open; requests are refused until it answers',
      {
        details: { reason: 'circuit_open' },
        headers: { 'Retry-After': String(Math.max(1, Math.ceil(leftMs / 1000))) },
      },
    );
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
