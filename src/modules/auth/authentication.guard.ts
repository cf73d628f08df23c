import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { environmentOf, PUBLIC_ROUTE } from '../../shared/http/allow.js';
import { currentContext } from '../../shared/http/request-context.js';
import { CredentialMissing } from './auth.errors.js';
import { Authenticator } from './authenticator.service.js';

const SESSION_ROUTES = /^\/api\/(sessions|tasks|machines|orchestration)(\/|\?|$)/;

/** Step 1 of api.md 2.5. Every route that is not marked @Public needs a credential, whatever else its handler says. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // sockets authenticate in their handshake
    if (
      this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [context.getHandler(), context.getClass()])
    ) {
      return true;
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.#principal(request);
    const facts = currentContext();
    if (facts) {
      facts.principal = principal;
      facts.environment = environmentOf(request);
    }
    return true;
  }

  async #principal(request: FastifyRequest): ReturnType<Authenticator['authenticateRequest']> {
    try {
      return await this.authenticator.authenticateRequest(request);
    } catch (error) {
      if (error instanceof CredentialMissing && SESSION_ROUTES.test(request.url)) {
        throw new CredentialMissing('API key required');
      }
      throw error;
    }
  }
}
