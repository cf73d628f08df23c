import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Access } from '../../shared/http/access.port.js';
import type { RateClass } from '../../shared/http/allow.js';
import { FrontDesk } from '../../shared/http/front/front-desk.js';
import { KnownCallers } from '../../shared/http/front/known-callers.port.js';
import { homeOrganization, type Principal } from '../../shared/http/principal.js';
import { Authenticator } from './authenticator.service.js';
import { RateLimits } from './limits/rate-limits.service.js';

/** Keys of the configuration, and managed ones that were used a moment ago. */
@Injectable()
export class MemoryKnownCallers extends KnownCallers implements OnModuleInit {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly access: Access,
    private readonly limits: RateLimits,
    private readonly front: FrontDesk,
  ) {
    super();
  }

  onModuleInit(): void {
    this.front.admit(this);
  }

  override find(key: string, from: { readonly ip: string }): Principal | null {
    return this.authenticator.known(key, from);
  }

  override may(principal: Principal, permission: string): boolean {
    const organization = homeOrganization(principal);
    return organization !== null && this.access.may(principal, permission, { organization });
  }

  override take(
    principal: Principal,
    rateClass: RateClass | undefined,
    params: Readonly<Record<string, string>>,
  ): boolean {
    return this.limits.takeIfFree(this.limits.bucketsOf({ ip: '', params }, rateClass, principal));
  }
}
