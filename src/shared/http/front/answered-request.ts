import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf, type RequestContext } from '../request-context.js';

/** A request and how it was answered, by whichever path; the metrics, the log and the brake of detection look at it. */
export interface AnsweredRequest {
  readonly method: string;
  /** Route pattern (`/api/sessions/:sessionId/heartbeat`); `unknown` where no route took it. */
  readonly endpoint: string;
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  /** From its arrival to its answer. */
  readonly elapsedMs: number;
  /** Of the caller, behind trusted proxies. */
  readonly ip: string;
  /** The caller's own `X-Request-Id`. */
  readonly clientRequestId: string | undefined;
  readonly context: RequestContext | undefined;
}

/** One that the framework has answered. */
export function answeredBy(request: FastifyRequest, reply: FastifyReply): AnsweredRequest {
  const given = request.headers['x-request-id'];
  return {
    method: request.method,
    endpoint: request.routeOptions.url ?? 'unknown',
    params: (request.params ?? {}) as Readonly<Record<string, string>>,
    status: reply.statusCode,
    elapsedMs: reply.elapsedTime,
    get ip() {
      return request.ip;
    },
    clientRequestId: typeof given === 'string' ? given : undefined,
    context: contextOf(request),
  };
}

export type RequestObserver = (request: AnsweredRequest) => void;
