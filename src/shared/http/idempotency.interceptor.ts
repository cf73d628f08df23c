import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, concatMap, from, type Observable, throwError } from 'rxjs';
import { AppError, Refused } from '../errors/app-error.js';
import { toAppError } from '../errors/exception.filter.js';
import { createLog } from '../kernel/log.js';
import { responseMeta } from './envelope.interceptor.js';
import { STORED_HEADERS, type StoredAnswer } from './idempotency.js';
import { standingOf } from './idempotency.guard.js';
import { currentContext } from './request-context.js';
import { IdempotencyService } from './idempotency.service.js';

const log = createLog('http');

/** Answers a replay from the store, and stores the answer of a first call before it is sent. The outermost interceptor. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const standing = context.getType() === 'http' ? standingOf(http.getRequest<FastifyRequest>()) : undefined;
    if (!standing) return next.handle();
    const reply = http.getResponse<FastifyReply>();
    switch (standing.kind) {
      case 'reused':
        return throwError(
          () =>
            new Refused('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for a request with another body', {
              suggestion: 'Use a new key for a new request',
            }),
        );
      case 'replay':
        return from([replayed(standing.answer, reply)]);
      case 'first':
        return next.handle().pipe(
          concatMap(async (body: unknown) => {
            if (!currentContext()?.idempotency?.isKept) {
              await this.#store(standing.scope, standing.claim, body, reply).catch(unsettled);
            }
            return body;
          }),
          catchError(async (error: unknown) => {
            await this.idempotency.fail(standing.scope, standing.claim, toAppError(error)).catch(unsettled);
            throw error;
          }),
        );
      default:
        return standing satisfies never;
    }
  }

  async #store(scope: string, claim: string, body: unknown, reply: FastifyReply): Promise<void> {
    if (Buffer.isBuffer(body)) return this.idempotency.release(scope, claim); // files are not results to keep
    const headers = STORED_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    });
    await this.idempotency.finish(scope, claim, {
      kind: 'body',
      status: reply.statusCode,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body,
    });
  }
}

/** The work is done and its answer is right; only a repetition within the claim's time is told to wait. */
function unsettled(error: unknown): void {
  log.error('idempotency key not settled', { error });
}

/** `meta` belongs to the request and not to the result: it is that of this request. */
function replayed(answer: StoredAnswer, reply: FastifyReply): unknown {
  reply.header('Idempotency-Replayed', 'true');
  if (answer.kind === 'error') throw new AppError(answer.code, answer.status, answer.message, answer);
  reply.status(answer.status).headers(answer.headers);
  const { body } = answer;
  if (body !== null && typeof body === 'object' && 'meta' in body) return { ...body, meta: responseMeta() };
  return body;
}
