import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppExceptionFilter } from '../../errors/exception.filter.js';
import { type Caller, callerOf } from '../allow.js';
import type { Principal } from '../principal.js';
import { correlationOf, type RequestContext, runInContext } from '../request-context.js';
import { requestTimedOut } from '../timeout.interceptor.js';
import type { AnsweredRequest } from './answered-request.js';
import { answerHeaders } from './front-headers.js';
import type { FrontRoute } from './front-route.js';
import type { KnownCallers } from './known-callers.port.js';
import { readSmallBody, smallLength } from './small-body.js';

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** What all exchanges share. */
export interface ExchangeTools {
  readonly callers: KnownCallers;
  readonly filter: AppExceptionFilter;
  readonly timeoutMs: number;
  readonly isShut: () => boolean;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly answered: (request: AnsweredRequest) => void;
}

type KnownContext = RequestContext & { readonly principal: Principal };

/** One request to a front route: either it is answered here, or handed to the framework before anything has happened. */
export class Exchange implements AnsweredRequest {
  /** 0 until it is answered. */
  status = 0;
  elapsedMs = 0;
  #context: KnownContext | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tools: ExchangeTools,
    private readonly route: FrontRoute,
    private readonly id: string,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {}

  /** @param framework answers what is not answered here */
  begin(framework: Listener): void {
    const { request, response, route } = this;
    const { takes } = route;
    const length = smallLength(request.headers);
    if (length === 0) {
      if (!this.#admitted(undefined)) framework(request, response);
    } else if (length === null || !takes) {
      framework(request, response);
    } else {
      const take = (body: unknown): boolean => takes(body) && this.#admitted(body);
      readSmallBody(request, length, take, () => framework(request, response));
    }
  }

  get method(): string {
    return this.route.method;
  }
  get endpoint(): string {
    return this.route.endpoint;
  }
  get params(): Readonly<Record<string, string>> {
    return { [this.route.parameter]: this.id };
  }
  get ip(): string {
    return this.tools.addressOf(this.request);
  }
  get clientRequestId(): string | undefined {
    return this.request.headers['x-request-id'] as string | undefined;
  }
  get context(): RequestContext | undefined {
    return this.#context;
  }
  get timeoutMs(): number {
    return this.tools.timeoutMs;
  }

  /** Lets it in and starts its work; false: the framework shall answer, and nothing has happened. */
  #admitted(body: unknown): boolean {
    const { callers, isShut } = this.tools;
    const key = this.request.headers['x-api-key'];
    if (typeof key !== 'string' || isShut()) return false;
    const principal = callers.find(key, this);
    if (!principal || !callers.may(principal, this.route.permission)) return false;
    const requestId = randomUUID();
    const context: KnownContext = {
      requestId,
      correlationId: correlationOf(this.request.headers) ?? requestId,
      startedAt: performance.now(),
      principal,
    };
    this.#context = context;
    return runInContext(context, startOf, this, body);
  }

  /** In the async context of the request, as everything from here on. @returns as #admitted */
  start(body: unknown): boolean {
    const { tools, route, params, context } = this;
    const principal = context?.principal;
    if (!principal || !tools.callers.take(principal, route.rateClass, params)) return false;
    this.#timer = setTimeout(timedOut, tools.timeoutMs, this);
    void this.#work(callerOf(principal), body);
    return true;
  }

  /** After an answer it does nothing: what took too long may still fail later. */
  refuse(error: unknown): void {
    if (this.status !== 0) return;
    const { status, headers, body } = this.tools.filter.refusal(error, this.request.url ?? '/', this.context);
    this.#send(status, JSON.stringify(body), headers);
  }

  /** Never rejects. */
  async #work(caller: Caller, body: unknown): Promise<void> {
    try {
      const answer = await this.route.answer(caller, this.id, body);
      if (this.status === 0) this.#send(200, answer.body, answer.headers);
    } catch (error) {
      this.refuse(error);
    }
  }

  #send(status: number, body: string, headers: Readonly<Record<string, string>> | undefined): void {
    const context = this.#context as KnownContext;
    clearTimeout(this.#timer);
    this.status = status;
    this.response.writeHead(status, answerHeaders(context, body, headers));
    this.response.end(body);
    this.elapsedMs = performance.now() - context.startedAt;
    this.tools.answered(this);
  }
}

const startOf = (exchange: Exchange, body: unknown): boolean => exchange.start(body);
const timedOut = (exchange: Exchange): void => exchange.refuse(requestTimedOut(exchange.timeoutMs));
