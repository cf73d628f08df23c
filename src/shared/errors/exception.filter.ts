import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type RouteTable, unrouted } from '../http/route-table.js';
import { contextOf, currentContext, type RequestContext } from '../http/request-context.js';
import { createLog } from '../kernel/log.js';
import { AppError, Defect, Invalid, NotFound, Unavailable } from './app-error.js';

const log = createLog('http');

export interface ErrorBodyOptions {
  /** Adds `documentationUrl`. */
  readonly docsBaseUrl?: string;
  /** A stack trace in the body; only with NODE_ENV=development. */
  readonly showStack: boolean;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The one place that turns an error into the body of api.md 1.4, for both API families. */
@Catch()
export class AppExceptionFilter implements ExceptionFilter {
  #routes: RouteTable | undefined;

  constructor(private readonly options: ErrorBodyOptions) {}

  /** All routes, so that a wrong method can be told from a wrong path. */
  useRoutes(routes: RouteTable): void {
    this.#routes = routes;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  send(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const isUnrouted = error instanceof HttpException && error.getStatus() === 404 && this.#routes;
    const known = isUnrouted && this.#routes ? unrouted(request, this.#routes) : error;
    const refusal = this.refusal(known, request.url, currentContext() ?? contextOf(request));
    if (reply.sent) return;
    reply.status(refusal.status).headers(refusal.headers).type('application/json; charset=utf-8').send(refusal.body);
  }

  /** How an error is answered; it is logged, and its code noted in the context. @param url of the request */
  refusal(error: unknown, url: string, context: RequestContext | undefined): Refusal {
    const known = toAppError(error);
    const path = url.split('?', 1)[0] ?? '/';
    if (known.status >= 500) log.error('request failed', { error, code: known.code, path });
    else log.debug('request refused', { code: known.code, status: known.status, path });
    if (context) context.errorCode = known.code;
    return {
      status: known.status,
      headers: { ...known.headers, ...(known.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}) },
      body: errorBody(known, path, this.options, context?.requestId),
    };
  }
}

export function errorBody(
  error: AppError,
  path: string,
  options: ErrorBodyOptions,
  requestId?: string,
): Record<string, unknown> {
  return {
    success: false,
    statusCode: error.status,
    error: STATUS_CODES[error.status] ?? 'Error',
    code: error.code,
    message: error.status === 500 && error instanceof Defect ? 'An unexpected error occurred' : error.message,
    timestamp: new Date().toISOString(),
    path,
    request_id: requestId,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.suggestion ? { suggestion: error.suggestion } : {}),
    ...(options.docsBaseUrl ? { documentationUrl: `${options.docsBaseUrl}/errors/${error.code}` } : {}),
    ...(options.showStack ? { stack: error.stack } : {}),
  };
}

/** The server's code for a query that ran into `maxTimeMS`. */
const MAX_TIME_EXPIRED = 50;
/** A request waits for nobody but the database: a socket that broke under it was the database's. */
const BROKEN_WIRE: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED']);
const NO_CONNECTION: ReadonlySet<string> = new Set([
  'MongoServerSelectionError',
  'MongoNetworkError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongooseServerSelectionError',
]);

/** Framework and driver errors become codes of api.md section 7; the unknown becomes a Defect. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Nest wraps what Fastify throws before a handler is reached
  if (error instanceof HttpException && error.cause) return toAppError(error.cause);
  const { name, code, statusCode } = (error ?? {}) as { name?: string; code?: unknown; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) {
    return new Invalid('PAYLOAD_TOO_LARGE', 'The request body is larger than this route accepts', {
      status: 413,
      cause: error,
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || statusCode === 415) {
    const message =
      'Send the body as application/json; where a manifest or a state comes in, application/yaml will do too';
    return new Invalid('UNSUPPORTED_MEDIA_TYPE', message, { status: 415, cause: error });
  }
  if (
    code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ||
    code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
    error instanceof SyntaxError
  ) {
    return new Invalid('VALIDATION_MALFORMED_JSON', 'The request body is not valid JSON', {
      cause: error,
      details: [{ field: 'body', messages: [(error as Error).message] }],
    });
  }
  if (code === MAX_TIME_EXPIRED || name === 'MongoOperationTimeoutError' || name === 'MongoNetworkTimeoutError') {
    return new AppError('DATABASE_TIMEOUT', 504, 'The database did not answer in time (DB_QUERY_TIMEOUT_MS)', {
      cause: error,
      suggestion: 'Try again; nothing was changed unless a later read shows it',
    });
  }
  if ((name !== undefined && NO_CONNECTION.has(name)) || (typeof code === 'string' && BROKEN_WIRE.has(code))) {
    return new Unavailable('database_unavailable', 'The database cannot be reached', { cause: error });
  }
  if (error instanceof HttpException && error.getStatus() === 404) {
    return new NotFound('route', '', { code: 'ROUTE_NOT_FOUND', cause: error });
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Invalid('VALIDATION_INVALID_FORMAT', (error as Error).message, { status: statusCode, cause: error });
  }
  return new Defect('An unexpected error occurred', { cause: error });
}
