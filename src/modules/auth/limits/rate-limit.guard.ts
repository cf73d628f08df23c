import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { RATE_CLASS, type RateClass } from '../../../shared/http/allow.js';
import { standingOf } from '../../../shared/http/idempotency.guard.js';
import { IdempotencyService } from '../../../shared/http/idempotency.service.js';
import { currentContext } from '../../../shared/http/request-context.js';
import { RateLimits } from './rate-limits.service.js';

/** Step 2 of api.md 2.5; runs behind authentication and the claim of the idempotency key. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limits: RateLimits,
    private readonly idempotency: IdempotencyService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const rateClass = this.reflector.getAllAndOverride<RateClass | undefined>(RATE_CLASS, [
      context.getHandler(),
      context.getClass(),
    ]);
    const buckets = this.limits.bucketsOf(request, rateClass, currentContext()?.principal);
    const standing = standingOf(request);
    try {
      const taken = this.limits.take(buckets, standing?.kind !== 'replay');
      if (taken) await taken;
    } catch (error) {
      if (standing?.kind === 'first') await this.idempotency.release(standing.scope, standing.claim);
      throw error;
    }
    return true;
  }
}
