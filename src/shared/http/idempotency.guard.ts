import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { PUBLIC_ROUTE, RATE_CLASS, type RateClass } from './allow.js';
import type { Standing } from './idempotency.js';
import { IdempotencyService } from './idempotency.service.js';
import { currentContext } from './request-context.js';

const standings = new WeakMap<FastifyRequest, Standing>();

/** How this request stands to earlier ones with its Idempotency-Key; undefined without a key. */
export function standingOf(request: FastifyRequest): Standing | undefined {
  return standings.get(request);
}

/**
 * Claims the Idempotency-Key of a POST. Stands between authentication and rate limits, because a replay and
 * `IDEMPOTENCY_IN_PROGRESS` do not count; the interceptor answers or stores afterwards.
 */
@Injectable()
export class IdempotencyGuard implements CanActivate {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method !== 'POST' || !this.#creates(context)) return true;
    const standing = await this.idempotency.begin({
      principal: currentContext()?.principal?.id ?? `address ${request.ip}`,
      method: request.method,
      path: request.url.split('?', 1)[0] ?? '/',
      key: String(key),
      body: { body: request.body ?? null, query: request.query ?? null },
    });
    standings.set(request, standing);
    const facts = currentContext();
    if (facts && standing.kind === 'first') {
      facts.idempotency = { scope: standing.scope, claim: standing.claim, isKept: false };
    }
    return true;
  }

  /** Logins and refreshes create nothing: their answers are never kept. */
  #creates(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (!this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets)) return true;
    const rateClass = this.reflector.getAllAndOverride<RateClass | undefined>(RATE_CLASS, targets);
    return rateClass !== 'AUTH' && rateClass !== 'REFRESH';
  }
}
