import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type WebSocket, WebSocketServer } from 'ws';
import { Config } from '../../shared/config/config.js';
import { Denied, NotFound, Unavailable } from '../../shared/errors/app-error.js';
import { type ErrorBodyOptions, toAppError } from '../../shared/errors/exception.filter.js';
import { originPattern } from '../../shared/http/http-server.js';
import type { Principal } from '../../shared/http/principal.js';
import { Ids } from '../../shared/kernel/ids.js';
import { createLog } from '../../shared/kernel/log.js';
import { CLOSE, Connection } from './socket/connection.js';
import { type Endpoint, parseEndpoint } from './socket/endpoint.js';
import { addressOf, chooseProtocol, refuseUpgrade } from './socket/handshake.js';
import { ReadRights } from './socket/read-rights.js';
import { SocketDeps } from './socket/socket-deps.js';
import { authorize } from './socket/subscriptions.js';

/** api.md 1.2; `ws` closes with 1009 above it. */
const MAX_INBOUND_BYTES = 64 * 1024;
/** Resolution of everything timed on a connection. */
const TICK_MS = 200;
const SHUTDOWN_WAIT_MS = 2000;
const RECONNECT_AFTER_MS = 5000;
/** Sockets that did not answer the close frame by then are cut. */
const CLOSE_WAIT_MS = 500;

const log = createLog('progress');

/**
 * WebSocket on the HTTP server's port (docs/decisions/websocket-gateway.md):
 * 1. upgrade: address, origin, credential, right to the path's deployment; a refusal is an HTTP answer;
 * 2. a Connection for each socket; one timer for all of them;
 * 3. shutdown: announce, wait 2 s, close 1001.
 */
@Injectable()
export class ProgressGateway implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_INBOUND_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: chooseProtocol,
  });
  readonly #connections = new Map<Connection, WebSocket>();
  readonly #origins: readonly RegExp[];
  readonly #errors: ErrorBodyOptions;
  readonly #stop = new AbortController();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly config: Config,
    private readonly deps: SocketDeps,
    private readonly ids: Ids,
  ) {
    this.#origins = config.server.corsOrigins.map(originPattern);
    this.#errors = {
      ...(config.server.docsBaseUrl ? { docsBaseUrl: config.server.docsBaseUrl } : {}),
      showStack: config.env === 'development',
    };
  }

  onApplicationBootstrap(): void {
    this.listen(this.host.httpAdapter.getHttpServer() as Server);
  }

  /** Takes the upgrade requests of a server; called once. */
  listen(server: Server): void {
    // Any other upgrade (h2c of an eager client) is served as the plain request it also is.
    Object.assign(server, {
      shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === 'websocket',
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', (error) => log.debug('upgrading socket failed', { error }));
      void this.upgrade(request, socket, head);
    });
    void this.tickUntilStopped();
  }

  /** Open connections of this process. */
  get connections(): number {
    return this.#connections.size;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    if (this.#connections.size > 0) {
      for (const connection of this.#connections.keys()) connection.announceShutdown(RECONNECT_AFTER_MS);
      await this.deps.clock.sleep(SHUTDOWN_WAIT_MS);
      for (const connection of this.#connections.keys()) connection.close(CLOSE.goingAway, 'server shutting down');
      await this.deps.clock.sleep(CLOSE_WAIT_MS);
      for (const socket of this.#connections.values()) socket.terminate();
    }
    this.#sockets.close();
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const { endpoint, principal } = await this.admit(request);
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.connect(webSocket, endpoint, principal, addressOf(request, this.config.server.trustProxy));
      });
    } catch (error) {
      const { status, code } = toAppError(error);
      if (status === 401) this.deps.metrics.count('auth_failures_total', { reason: code });
      refuseUpgrade(socket, request, error, this.ids.uuid(), this.#errors);
    }
  }

  /** @throws AppError to be answered over HTTP */
  private async admit(request: IncomingMessage): Promise<{ endpoint: Endpoint; principal: Principal | null }> {
    if (!this.config.server.realtime) {
      throw new NotFound('route', '/ws', {
        code: 'ROUTE_NOT_FOUND',
        suggestion: 'WebSocket is off on this server (REALTIME_ENABLED=false); poll with updated_since',
      });
    }
    if (this.#stop.signal.aborted) throw new Unavailable('shutting_down', 'The server is shutting down');
    const endpoint = parseEndpoint(request.url ?? '/');
    const { origin } = request.headers;
    if (origin !== undefined && !this.isAllowedOrigin(origin, request.headers.host)) {
      throw new Denied('AUTHZ_FORBIDDEN', 403, 'This origin may not connect; see CORS_ORIGINS');
    }
    const principal = await this.deps.authenticator.authenticateHandshake({
      headers: request.headers,
      query: endpoint.credentials,
      ip: addressOf(request, this.config.server.trustProxy),
    });
    if (!endpoint.channel) return { endpoint, principal };
    if (!principal) throw new Denied('AUTH_REQUIRED', 401, 'Authentication required');
    await authorize(endpoint.channel, new ReadRights(this.deps.access, principal), this.deps);
    return { endpoint, principal };
  }

  private connect(webSocket: WebSocket, endpoint: Endpoint, principal: Principal | null, address: string): void {
    const connection = new Connection(webSocket, this.deps, {
      id: this.ids.uuid(),
      address,
      naming: endpoint.naming,
      selection: endpoint.selection,
      ...(endpoint.channel ? { channel: endpoint.channel } : {}),
    });
    this.#connections.set(connection, webSocket);
    webSocket.on('message', (data: Buffer, isBinary: boolean) => void connection.receive(data, isBinary));
    webSocket.on('pong', () => connection.pong());
    webSocket.on('error', (error) => log.debug('socket failed', { error }));
    webSocket.on('close', () => {
      connection.ended();
      this.#connections.delete(connection);
    });
    void connection.open(principal);
  }

  /** The page served by this very server may always connect. */
  private isAllowedOrigin(origin: string, host: string | undefined): boolean {
    if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return true;
    return this.#origins.some((pattern) => pattern.test(origin));
  }

  private async tickUntilStopped(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.deps.clock.sleep(TICK_MS, this.#stop.signal);
      let subscriptions = 0;
      for (const connection of this.#connections.keys()) {
        connection.tick();
        subscriptions += connection.subscriptions;
      }
      this.deps.metrics.set('websocket_clients', {}, this.#connections.size);
      this.deps.metrics.set('websocket_subscriptions', {}, subscriptions);
    }
  }
}
