import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpAdapterHost } from '@nestjs/core';
import { WebSocket } from 'ws';
import type { DeploymentHome } from '../../src/modules/progress/channel.reads.js';
import { ProgressGateway } from '../../src/modules/progress/progress.gateway.js';
import { StoredSnapshots } from '../../src/modules/progress/snapshot-source.js';
import { ConnectionQuota } from '../../src/modules/progress/socket/connection-quota.js';
import { OrganizationTails } from '../../src/modules/progress/socket/organization-tails.js';
import type { SocketDeps } from '../../src/modules/progress/socket/socket-deps.js';
import type { Config } from '../../src/shared/config/config.js';
import { Denied, NotFound } from '../../src/shared/errors/app-error.js';
import type { EventRelay } from '../../src/shared/events/event-relay.port.js';
import type { EventsRepository } from '../../src/shared/events/events.repository.js';
import type { Access } from '../../src/shared/http/access.port.js';
import type { Principal } from '../../src/shared/http/principal.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { Metrics } from '../../src/shared/metrics/metrics.js';
import { FakeEvents } from './fake-events.js';
import { ManualClock } from './manual-clock.js';

export type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

/** The gateway on a real HTTP server, over events in memory and a clock that is moved by hand. */
export class ProgressServer {
  readonly clock = new ManualClock();
  readonly events = new FakeEvents(this.clock);
  readonly metrics = new Metrics();
  /** Credential → who it is. */
  readonly principals = new Map<string, Principal>();
  readonly deployments = new Map<string, DeploymentHome>();
  readonly operations = new Set<string>();
  /** `<organization> <session id>`. */
  readonly sessions = new Set<string>();
  /** `<principal id> <permission>` that are refused. */
  readonly forbidden = new Set<string>();
  readonly clients: Client[] = [];
  readonly #http: Server = createServer((_request, response) => response.end('plain'));
  readonly #tails = new OrganizationTails(
    this.events as unknown as EventsRepository,
    this.events.relay as EventRelay,
    this.clock,
  );
  readonly gateway: ProgressGateway;

  /** @param settings of the server, on top of the test defaults */
  constructor(settings: { readonly realtime?: boolean } = {}) {
    const deps = {
      events: this.events,
      tails: this.#tails,
      reads: {
        findHome: (id: string) => Promise.resolve(this.deployments.get(id) ?? null),
        hasOperation: (_id: string, operation: string) => Promise.resolve(this.operations.has(operation)),
        hasSession: (organization: string, id: string) => Promise.resolve(this.sessions.has(`${organization} ${id}`)),
      },
      snapshots: new StoredSnapshots(this.events as unknown as EventsRepository, new RandomIds()),
      access: this.access(),
      authenticator: this.authenticator(),
      metrics: this.metrics,
      clock: this.clock,
      quota: new ConnectionQuota(),
      retentionDays: 30,
    };
    const config = {
      env: 'test',
      server: { corsOrigins: ['https://console.acme.test'], trustProxy: false, realtime: true, ...settings },
    };
    this.gateway = new ProgressGateway(
      { httpAdapter: { getHttpServer: () => this.#http } } as unknown as HttpAdapterHost,
      config as unknown as Config,
      deps as unknown as SocketDeps,
      new RandomIds(),
    );
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    this.#tails.onModuleInit();
    this.gateway.onApplicationBootstrap();
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.socket.terminate();
    const stopping = this.gateway.beforeApplicationShutdown();
    for (let i = 0; i < 20; i++) await this.clock.advance(1000);
    await stopping;
    this.#tails.onApplicationShutdown();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Opens a socket; its first frame is `connected`. */
  async connect(
    path: string,
    options: { key?: string; headers?: Record<string, string>; protocols?: string[] } = {},
  ): Promise<Client> {
    const headers = { ...(options.key ? { 'X-API-Key': options.key } : {}), ...options.headers };
    const client = new Client(new WebSocket(`${this.url}${path}`, options.protocols ?? [], { headers }));
    this.clients.push(client);
    await client.next('connected');
    return client;
  }

  /** The HTTP answer of a refused upgrade. */
  async refusal(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const socket = new WebSocket(`${this.url}${path}`, { headers });
    return new Promise((resolve, reject) => {
      socket.on('open', () => reject(new Error('the socket opened')));
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> });
        });
      });
    });
  }

  private authenticator(): unknown {
    const find = async (credential: string | undefined): Promise<Principal | null> => {
      if (credential === undefined) return null;
      const principal = this.principals.get(credential);
      if (!principal) throw new Denied('AUTH_INVALID_API_KEY', 401, 'Invalid API key');
      return principal;
    };
    return {
      authenticateHandshake: ({ headers }: { headers: Record<string, string> }) => find(headers['x-api-key']),
      authenticateFrame: ({ token, apiKey }: { token?: string; apiKey?: string }) => find(token ?? apiKey ?? ''),
      recheck: async ({ id }: Principal) =>
        [...this.principals.values()].find((principal) => principal.id === id) ?? null,
    };
  }

  private access(): Access {
    const may = (principal: Principal, permission: string, organization: string | undefined): boolean =>
      principal.assignments.some((a) => a.organization === organization) &&
      !this.forbidden.has(`${principal.id} ${permission}`);
    return {
      requireAnywhere: () => undefined,
      visible: () => ({}),
      may: (principal, permission, target) => may(principal, permission, target.organization),
      require: (principal, permission, target, { kind, id }) => {
        if (!principal.assignments.some((a) => a.organization === target.organization)) throw new NotFound(kind, id);
        if (!may(principal, permission, target.organization)) throw new Denied('AUTHZ_FORBIDDEN', 403, 'No');
      },
    };
  }
}

/** A WebSocket client that keeps every frame. */
export class Client {
  readonly frames: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  #read = 0;
  #waiters: (() => void)[] = [];

  constructor(readonly socket: WebSocket) {
    const wake = (): void => {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter();
    };
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      wake();
    });
    socket.on('error', () => undefined);
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next unread frame of the type (or one it accepts); what comes before it counts as read. Fails when the socket closes. */
  async next(type: string, accepts: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++];
        if (frame?.type === type && accepts(frame)) return frame;
      }
      if (this.closed) throw new Error(`closed with ${this.closed.code} before ${type}`);
      await this.changed();
    }
  }

  /** Sends and waits for the answer of the given type. */
  async ask(frame: Readonly<Record<string, unknown>>, type: string): Promise<Frame> {
    this.send(frame);
    return this.next(type);
  }

  /** Waits until it holds; looked at after every frame. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.changed();
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    while (!this.closed) await this.changed();
    return this.closed;
  }

  /** Event frames (they have an id) so far. */
  events(channel?: string): Frame[] {
    return this.frames.filter((frame) => 'id' in frame && (!channel || frame['channel'] === channel));
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}
