import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Answer, RawAnswer } from './answer.js';
import { currentContext } from './request-context.js';

/** Wraps answers of `/api/v1` into `{success, data, meta}` (api.md 1.3); all other routes answer with bare bodies. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(map((value: unknown) => unfold(value, request, reply)));
  }
}

function unfold(value: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
  if (value instanceof RawAnswer) {
    reply.headers(value.headers).type(value.contentType);
    return value.body;
  }
  const { data, extras } = value instanceof Answer ? value : new Answer(value);
  if (extras.status) reply.status(extras.status);
  if (extras.location) reply.header('Location', extras.location);
  if (extras.headers) reply.headers(extras.headers);
  if (!request.url.startsWith('/api/v1/')) return data;
  return {
    success: true,
    data: data ?? {},
    ...(extras.message ? { message: extras.message } : {}),
    ...(extras.warning ? { warning: extras.warning } : {}),
    meta: responseMeta(),
  };
}

/** `meta` of the request that is being answered. */
export function responseMeta(): Record<string, unknown> {
  const context = currentContext();
  return {
    requestId: context?.requestId,
    timestamp: new Date().toISOString(),
    duration: context ? Math.round(performance.now() - context.startedAt) : 0,
    ...(context?.rateLimit ? { rateLimit: context.rateLimit } : {}),
  };
}
