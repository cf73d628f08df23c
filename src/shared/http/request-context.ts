import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { EnvironmentName, Principal } from './principal.js';

/** Facts of the request that is being served, reachable from everywhere below without passing them along. */
export interface RequestContext {
  /** UUID v4 made by the server. */
  readonly requestId: string;
  /** The caller's `X-Correlation-Id`, else the request id. */
  readonly correlationId: string;
  /** performance.now() at arrival. */
  readonly startedAt: number;
  /** Set by the authentication guard; absent on open routes. */
  principal?: Principal;
  /** Environment named in path, query or body; set by the authentication guard. */
  environment?: EnvironmentName;
  /** Tightest bucket, set by the rate limit guard; shown in headers and `meta.rateLimit`. */
  rateLimit?: { readonly limit: number; readonly remaining: number; readonly reset: number };
  /** Claim of its Idempotency-Key, when it is the first call with it. */
  idempotency?: { readonly scope: string; readonly claim: string; isKept: boolean };
  /** Code of the error it was answered with, set by the exception filter; counted in metrics. */
  errorCode?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

export function runInContext<T, A extends unknown[]>(context: RequestContext, work: (...args: A) => T, ...args: A): T {
  return storage.run(context, work, ...args);
}

export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

const CORRELATION_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's own `X-Correlation-Id`, when it is one. */
export function correlationOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-correlation-id'];
  return typeof given === 'string' && CORRELATION_ID.test(given) ? given : undefined;
}

/** A request that carries its context, for places that async context does not reach (errors of body parsing). */
export type ContextRequest = FastifyRequest & { cloudContext?: RequestContext };

export function contextOf(request: FastifyRequest): RequestContext | undefined {
  return (request as ContextRequest).cloudContext;
}
