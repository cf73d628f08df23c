/**
 * The front desk answers plain requests of the session half without the framework, whose hooks, guards, interceptors and pipes
 * cost more than the answer (docs/decisions/heartbeat-path.md):
 * 1. a request that is anything but plain goes to the framework untouched: another path, an Origin, an Idempotency-Key, a
 *    body that is large or not one the route takes, a caller that memory does not know or that may not do it, a full bucket,
 *    an open circuit. The framework's own route refuses it, or finds that it is right after all;
 * 2. what is left is counted, gets its context and goes to the same services as the framework's route;
 * 3. their errors become the same bodies, and every answer is told to the same observers.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import proxyaddr from '@fastify/proxy-addr';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { AppExceptionFilter } from '../../errors/exception.filter.js';
import { trustedProxies } from '../trusted-proxies.js';
import type { RequestObserver } from './answered-request.js';
import { Exchange, type ExchangeTools, type Listener } from './exchange.js';
import type { FrontRoute } from './front-route.js';
import type { KnownCallers } from './known-callers.port.js';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ID_LENGTH = 36;

interface Place {
  readonly route: FrontRoute;
  /** Of the path, in front of the id and behind it. */
  readonly before: string;
  readonly after: string;
}

@Injectable()
export class FrontDesk implements BeforeApplicationShutdown {
  readonly #places: Place[] = [];
  readonly #observers: RequestObserver[] = [];
  #callers: KnownCallers | undefined;
  #isShut: () => boolean = () => false;
  #isClosing = false;

  constructor(private readonly config: Config) {}

  add(route: FrontRoute): void {
    const [before = '', after = ''] = route.endpoint.split(/:[^/]+/);
    this.#places.push({ route, before, after });
  }

  /** Who is let in; without it nobody is. */
  admit(callers: KnownCallers): void {
    this.#callers = callers;
  }

  /** While `isShut` says so, everything goes to the framework. */
  shutWhile(isShut: () => boolean): void {
    this.#isShut = isShut;
  }

  /** `observer` sees every request that is answered here. */
  observe(observer: RequestObserver): void {
    this.#observers.push(observer);
  }

  beforeApplicationShutdown(): void {
    this.#isClosing = true;
  }

  /** Takes its place in front of the listeners of `server`. @param filter turns errors into answers */
  open(server: Server, filter: AppExceptionFilter): void {
    const callers = this.#callers;
    if (!callers) return;
    const trusted = trustedProxies(this.config.server.trustProxy);
    const tools: ExchangeTools = {
      callers,
      filter,
      timeoutMs: this.config.server.requestTimeoutMs,
      isShut: () => this.#isClosing || this.#isShut(),
      addressOf: (request) => proxyaddr(request, trusted),
      answered: (request) => {
        for (const observer of this.#observers) observer(request);
      },
    };
    for (const listener of server.listeners('request') as Listener[]) {
      server.off('request', listener);
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        const exchange = this.#exchangeOf(request, response, tools);
        if (exchange) exchange.begin(listener);
        else listener(request, response);
      });
    }
  }

  #exchangeOf(request: IncomingMessage, response: ServerResponse, tools: ExchangeTools): Exchange | undefined {
    const { method, url = '', headers } = request;
    for (const { route, before, after } of this.#places) {
      if (method !== route.method || url.length !== before.length + ID_LENGTH + after.length) continue;
      if (!url.startsWith(before) || !url.endsWith(after)) continue;
      const id = url.slice(before.length, before.length + ID_LENGTH);
      const isPlain = ID.test(id) && headers.origin === undefined && headers['idempotency-key'] === undefined;
      return isPlain ? new Exchange(tools, route, id, request, response) : undefined;
    }
    return undefined;
  }
}
