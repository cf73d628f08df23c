import { AppError, Denied } from '../../../shared/errors/app-error.js';
import { toAppError } from '../../../shared/errors/exception.filter.js';
import type { Access } from '../../../shared/http/access.port.js';
import type { Principal } from '../../../shared/http/principal.js';
import type { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import type { Metrics } from '../../../shared/metrics/metrics.js';
import type { Authenticator } from '../../auth/authenticator.service.js';
import type { DeploymentChannel } from '../channel.js';
import type { EventNaming, SharedFrame } from '../event-frame.js';
import { channelsOf, type ClientFrame, readFrame, requestIdOf, UnreadableFrame } from './client-frame.js';
import type { ConnectionQuota } from './connection-quota.js';
import { InboundLimit } from './inbound-limit.js';
import { ReadRights } from './read-rights.js';
import type { Selection } from './selection.js';
import type { Dropped } from './subscription.js';
import { type Client, type SubscriptionSources, Subscriptions } from './subscriptions.js';

const AUTHENTICATE_WITHIN_MS = 10_000;
const PING_EVERY_MS = 30_000;
const MISSED_PONGS = 2;
const WARN_BEFORE_EXPIRY_MS = 60_000;
/** Rights are looked up again this often; api.md 4.1 asks for 60 s. */
const RECHECK_EVERY_MS = 45_000;
const SHED_ABOVE_BYTES = 1024 * 1024;
const CLOSE_ABOVE_BYTES = 8 * 1024 * 1024;
/** A replay goes on below this. */
const DRAINED_BELOW_BYTES = 256 * 1024;
const UNREADABLE_IN_A_ROW = 3;
const CLOSED_STATE = 2; // CLOSING and CLOSED

/** Close codes of api.md 4.6 that the server chooses. */
export const CLOSE = {
  goingAway: 1001,
  binary: 1003,
  unexpected: 1011,
  overloaded: 1013,
  unreadable: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  deploymentGone: 4404,
  heartbeat: 4408,
  quota: 4429,
} as const;

/** What is needed of a WebSocket of the `ws` library. */
export interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: string | Buffer, options: { binary: boolean }, done: () => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
}

export interface ConnectionDeps extends SubscriptionSources {
  readonly access: Access;
  readonly authenticator: Pick<Authenticator, 'authenticateHandshake' | 'authenticateFrame' | 'recheck'>;
  readonly quota: ConnectionQuota;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface ConnectionOptions {
  readonly id: string;
  /** Remote address. */
  readonly address: string;
  readonly naming: EventNaming;
  readonly selection: Selection;
  /** Channel of a path endpoint, subscribed at once; the connection ends when its deployment is deleted. */
  readonly channel?: DeploymentChannel;
}

const log = createLog('progress');

/** One client: its authentication, limits, keepalive and what is buffered for it. All time comes through `tick`. */
export class Connection implements Client {
  readonly #subscriptions: Subscriptions;
  readonly #inbound = new InboundLimit();
  readonly #openedAt: number;
  #rights: ReadRights | null = null;
  #work: Promise<void> = Promise.resolve();
  #unreadable = 0;
  #pingedAt: number;
  #missedPongs = 0;
  #checkedAt: number;
  #isChecking = false;
  #warnedOf: Date | null = null;
  #isOver = false;
  #drainWaiters: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly deps: ConnectionDeps,
    private readonly options: ConnectionOptions,
  ) {
    this.#openedAt = this.#pingedAt = this.#checkedAt = this.now();
    this.#subscriptions = new Subscriptions(this, deps, options.selection);
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** First frames; a path endpoint's channel is subscribed here. */
  open(principal: Principal | null): Promise<void> {
    return this.inOrder(async () => {
      if (principal && !this.admit(principal)) return;
      this.control({
        type: 'connected',
        connectionId: this.options.id,
        heartbeatIntervalMs: PING_EVERY_MS,
        authenticated: principal !== null,
        protocol: 1,
        serverTime: this.deps.clock.now().toISOString(),
      });
      if (this.options.channel && this.#rights) {
        await this.#subscriptions.subscribeTo(this.options.channel, this.#rights);
      }
    });
  }

  /** A frame of the client. Frames are answered in the order they came. */
  receive(data: Buffer, isBinary: boolean): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.deps.metrics.count('websocket_messages_total', { direction: 'in' });
    if (isBinary) {
      this.close(CLOSE.binary, 'binary frames are not understood');
      return Promise.resolve();
    }
    const text = data.toString('utf8');
    const verdict = this.#inbound.take(this.now());
    if (verdict === 'ok') return this.inOrder(() => this.answer(text));
    this.deps.metrics.count('rate_limited_total', { bucket: 'websocket' });
    this.refuse(new AppError('WS_RATE_LIMITED', 429, 'More than 60 frames in a minute'), withId(requestIdOf(text)));
    if (verdict === 'close') this.close(CLOSE.quota, 'too many frames');
    return Promise.resolve();
  }

  pong(): void {
    this.#missedPongs = 0;
  }

  /** Called a few times a second. */
  tick(): void {
    if (this.#isOver) return;
    const now = this.now();
    if (!this.#rights && now - this.#openedAt >= AUTHENTICATE_WITHIN_MS) {
      return this.close(CLOSE.unauthenticated, 'no authenticate frame within 10 s');
    }
    if (now - this.#pingedAt >= PING_EVERY_MS) this.keepAlive(now);
    this.watchExpiry(now);
    this.#subscriptions.tick();
    if (this.#rights && !this.#isChecking && now - this.#checkedAt >= RECHECK_EVERY_MS) void this.recheck();
  }

  /** Announces the end; `close` follows. */
  announceShutdown(reconnectAfterMs: number): void {
    this.control({ type: 'server_shutdown', reconnectAfterMs });
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.ended();
    this.socket.close(code, reason);
  }

  /** The socket is gone, whoever closed it. */
  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#subscriptions.closeAll();
    if (this.#rights) this.deps.quota.release(this.#rights.principal);
    this.releaseWaiters();
  }

  terminate(): void {
    this.ended();
    this.socket.terminate();
  }

  now(): number {
    return this.deps.clock.now().getTime();
  }

  isCongested(): boolean {
    return this.socket.bufferedAmount > SHED_ABOVE_BYTES;
  }

  deliver(frame: SharedFrame, channel: string): void {
    this.write(frame.text(channel, this.options.naming));
    const gone = frame.event.type === 'deployment_deleted' && frame.event.scope.deploymentId;
    if (gone && gone === this.options.channel?.deploymentId) this.close(CLOSE.deploymentGone, 'deployment deleted');
  }

  tellDropped(dropped: Dropped): void {
    this.deps.metrics.count('websocket_dropped_total', { reason: dropped.reason }, dropped.count);
    this.control({ type: 'dropped', ...dropped });
  }

  control(frame: Readonly<Record<string, unknown>>): void {
    this.write(JSON.stringify(frame));
  }

  refuse(error: unknown, about: { readonly channel?: string; readonly requestId?: string }): void {
    const known = toAppError(error);
    if (known.status >= 500) log.error('frame failed', { error, connectionId: this.options.id });
    this.control({
      type: 'error',
      code: known.code,
      message: known.status === 500 ? 'An unexpected error occurred' : known.message,
      ...about,
      ...(known.details ? { details: known.details } : {}),
    });
  }

  drained(): Promise<void> {
    if (this.#isOver || this.socket.bufferedAmount < DRAINED_BELOW_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  private inOrder(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => (this.#isOver ? undefined : work()))
      .catch((error: unknown) => {
        log.error('connection failed', { error, connectionId: this.options.id });
        this.close(CLOSE.unexpected, 'unexpected error');
      });
    return this.#work;
  }

  private async answer(text: string): Promise<void> {
    try {
      const frame = readFrame(text);
      this.#unreadable = 0;
      await this.act(frame);
    } catch (error) {
      this.refuse(error, withId(requestIdOf(text)));
      if (!(error instanceof UnreadableFrame)) return;
      this.#unreadable += 1;
      if (this.#unreadable >= UNREADABLE_IN_A_ROW) this.close(CLOSE.unreadable, 'three unreadable frames in a row');
    }
  }

  private async act(frame: ClientFrame): Promise<void> {
    switch (frame.action) {
      case 'authenticate':
        return this.authenticate(frame);
      case 'ping':
        return this.control({
          type: 'pong',
          timestamp: frame.timestamp ?? null,
          serverTime: this.deps.clock.now().toISOString(),
          ...withId(frame.requestId),
        });
      case 'list': {
        const channels = this.#subscriptions.channels();
        return this.control({ type: 'subscriptions', channels, ...withId(frame.requestId) });
      }
      case 'subscribe': {
        const rights = await this.currentRights();
        return rights ? this.#subscriptions.subscribe(frame, rights) : undefined;
      }
      case 'unsubscribe':
        this.requireRights();
        return this.#subscriptions.unsubscribe(channelsOf(frame), frame.requestId);
      case 'replay':
        return this.#subscriptions.replay(frame, this.requireRights());
    }
  }

  private async authenticate(frame: Extract<ClientFrame, { action: 'authenticate' }>): Promise<void> {
    try {
      const given = {
        ...(frame.token === undefined ? {} : { token: frame.token }),
        ...(frame.apiKey === undefined ? {} : { apiKey: frame.apiKey }),
      };
      const principal = await this.deps.authenticator.authenticateFrame(given, this.options.address);
      if (this.#isOver || !this.admit(principal)) return;
      this.control({
        type: 'authenticated',
        userId: principal.userId ?? principal.id,
        roles: [...new Set(principal.assignments.map((assignment) => assignment.role))],
        expiresAt: principal.expiresAt?.toISOString() ?? null,
        ...withId(frame.requestId),
      });
      if (this.#rights) await this.#subscriptions.recheck(this.#rights);
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      this.refuse(error, withId(frame.requestId));
      this.close(CLOSE.unauthenticated, 'authentication failed');
    }
  }

  /** Takes a place in the user's quota; a second authentication gives the first place back. */
  private admit(principal: Principal): boolean {
    if (this.#rights) this.deps.quota.release(this.#rights.principal);
    if (!this.deps.quota.take(principal)) {
      this.#rights = null;
      this.refuse(new AppError('QUOTA_EXCEEDED', 403, 'Too many WebSocket connections of this user'), {});
      this.close(CLOSE.quota, 'too many connections');
      return false;
    }
    if (this.#rights) this.#rights.replace(principal);
    else this.#rights = new ReadRights(this.deps.access, principal);
    this.#checkedAt = this.now();
    this.#warnedOf = null;
    return true;
  }

  private requireRights(): ReadRights {
    if (!this.#rights) throw new Denied('AUTH_REQUIRED', 401, 'Send an authenticate frame first');
    return this.#rights;
  }

  /** The caller's rights of today (api.md 4.1: at every subscribe); null when the connection had to end. */
  private async currentRights(): Promise<ReadRights | null> {
    const rights = this.requireRights();
    const principal = await this.deps.authenticator.recheck(rights.principal);
    if (!principal) {
      this.close(CLOSE.forbidden, 'no longer allowed');
      return null;
    }
    rights.replace(principal);
    return rights;
  }

  private async recheck(): Promise<void> {
    this.#isChecking = true;
    this.#checkedAt = this.now();
    try {
      const rights = await this.currentRights();
      if (rights && !this.#isOver) await this.#subscriptions.recheck(rights);
    } catch (error) {
      log.warn('re-check of a connection failed, the next one tries again', { error, connectionId: this.options.id });
    } finally {
      this.#isChecking = false;
    }
  }

  private keepAlive(now: number): void {
    if (this.#missedPongs >= MISSED_PONGS) {
      this.close(CLOSE.heartbeat, 'no pong for 60 s');
      return this.socket.terminate();
    }
    this.#pingedAt = now;
    this.#missedPongs += 1;
    this.socket.ping();
  }

  private watchExpiry(now: number): void {
    const expiresAt = this.#rights?.principal.expiresAt;
    if (!expiresAt) return;
    if (now >= expiresAt.getTime()) return this.close(CLOSE.unauthenticated, 'token expired');
    if (this.#warnedOf || now < expiresAt.getTime() - WARN_BEFORE_EXPIRY_MS) return;
    this.#warnedOf = expiresAt;
    this.control({ type: 'auth_expiring', expiresAt: expiresAt.toISOString() });
    this.refuse(
      new Denied('AUTH_TOKEN_EXPIRED', 401, 'The token expires within 60 s; send a new authenticate frame', {
        details: { expiredAt: expiresAt.toISOString(), currentTime: new Date(now).toISOString() },
      }),
      {},
    );
  }

  private write(data: string | Buffer): void {
    if (this.#isOver || this.socket.readyState >= CLOSED_STATE) return;
    if (this.socket.bufferedAmount > CLOSE_ABOVE_BYTES) {
      log.warn('client is too slow', { connectionId: this.options.id, bufferedBytes: this.socket.bufferedAmount });
      return this.close(CLOSE.overloaded, 'too slow; resume from your cursor');
    }
    this.deps.metrics.count('websocket_messages_total', { direction: 'out' });
    this.socket.send(data, { binary: false }, () => {
      if (this.#drainWaiters.length > 0 && this.socket.bufferedAmount < DRAINED_BELOW_BYTES) this.releaseWaiters();
    });
  }

  private releaseWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function withId(requestId: string | undefined): { requestId?: string } {
  return requestId ? { requestId } : {};
}
