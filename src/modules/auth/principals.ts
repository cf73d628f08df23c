import { Injectable } from '@nestjs/common';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { AccountDisabled, KeyMalformed, KeyUnknown, TokenInvalid } from './auth.errors.js';
import { type ApiKey, isWellFormedKey, keyStatus, loweredTo } from './keys/api-key.js';
import { KeyRing } from './keys/key-ring.js';
import { StaticKeys } from './keys/static-keys.js';
import type { TicketHolder } from './tokens/ticket.js';
import { type AccessClaims, TokensService } from './tokens/tokens.service.js';
import { type UserState, UserStates } from './user-states.js';

/** Credential → Principal with the rights of this moment. */
@Injectable()
export class Principals {
  /** One principal per state and token or key: a busy client makes no garbage. */
  readonly #built = new WeakMap<AccessClaims | ApiKey, { readonly state: UserState; readonly principal: Principal }>();

  constructor(
    private readonly clock: Clock,
    private readonly tokens: TokensService,
    private readonly states: UserStates,
    private readonly ring: KeyRing,
    private readonly staticKeys: StaticKeys,
  ) {}

  /** @throws TokenExpired, TokenInvalid, AccountDisabled */
  async fromToken(token: string): Promise<Principal> {
    return this.#ofClaims(await this.tokens.verify(token));
  }

  /** As `fromKey`, of what is in memory; null: `fromKey` knows more, or refuses. */
  known(key: string): Principal | null {
    if (!isWellFormedKey(key)) return null;
    const bootstrap = this.staticKeys.match(key);
    if (bootstrap) return this.staticKeys.principalOf(bootstrap);
    const managed = this.ring.peek(key);
    const state = managed && this.states.peek(managed.ownerId);
    if (!managed || !state || !this.#isAlive(managed, state)) return null;
    this.ring.recordUse(managed);
    return this.#principalOf(managed, state);
  }

  /** @throws KeyMalformed, KeyUnknown */
  async fromKey(key: string): Promise<Principal> {
    if (!isWellFormedKey(key)) throw new KeyMalformed();
    const bootstrap = this.staticKeys.match(key);
    if (bootstrap) return this.staticKeys.principalOf(bootstrap);
    const managed = await this.ring.find(key);
    if (!managed) throw new KeyUnknown();
    const principal = await this.#ofKey(managed);
    this.ring.recordUse(managed);
    return principal;
  }

  /** The same caller with the rights of now. @throws Denied when the credential is dead */
  async again(holder: TicketHolder): Promise<Principal> {
    if (holder.kind === 'static_key') {
      const key = this.staticKeys.find(holder.id.replace(/^static-/, ''));
      if (!key) throw new KeyUnknown();
      return this.staticKeys.principalOf(key);
    }
    if (holder.kind === 'api_key') {
      const key = await this.ring.findById(holder.id);
      if (!key) throw new KeyUnknown();
      return this.#ofKey(key);
    }
    if (!holder.jti || !holder.sid || !holder.expiresAt || holder.expiresAt <= this.clock.now()) {
      throw new TokenInvalid('The token behind this connection has expired');
    }
    return this.#ofClaims({
      sub: holder.id,
      jti: holder.jti,
      sid: holder.sid,
      amr: holder.amr,
      expiresAt: holder.expiresAt,
    });
  }

  async #ofClaims(claims: AccessClaims): Promise<Principal> {
    const state = await this.states.get(claims.sub);
    if (!state || state.revoked.has(claims.jti) || state.revoked.has(claims.sid)) {
      throw new TokenInvalid('The token was revoked');
    }
    if (state.user.status === 'disabled') throw new AccountDisabled();
    const built = this.#built.get(claims);
    if (built?.state === state) return built.principal;
    const principal: Principal = {
      kind: 'user',
      id: state.user.id,
      userId: state.user.id,
      name: state.user.email,
      assignments: state.user.assignments,
      tier: state.tier,
      expiresAt: claims.expiresAt,
      jti: claims.jti,
      loginId: claims.sid,
      amr: claims.amr,
    };
    this.#built.set(claims, { state, principal });
    return principal;
  }

  async #ofKey(key: ApiKey): Promise<Principal> {
    const state = await this.states.get(key.ownerId);
    if (!state || !this.#isAlive(key, state)) throw new KeyUnknown();
    return this.#principalOf(key, state);
  }

  #isAlive(key: ApiKey, state: UserState): boolean {
    return keyStatus(key, this.clock.now()) === 'active' && state.user.status !== 'disabled';
  }

  #principalOf(key: ApiKey, state: UserState): Principal {
    const built = this.#built.get(key);
    if (built?.state === state) return built.principal;
    const owned = state.user.assignments;
    const principal: Principal = {
      kind: 'api_key',
      id: key.id,
      userId: key.ownerId,
      name: key.name,
      assignments: key.role ? loweredTo(key.role, owned) : owned,
      ...(key.role ? { ownerAssignments: owned } : {}),
      ...(key.permissions ? { permissions: key.permissions } : {}),
      ...(key.scope ? { scope: key.scope } : {}),
      tier: state.tier,
      ...(key.rateLimitPerMinute === null ? {} : { rateLimitPerMinute: key.rateLimitPerMinute }),
      expiresAt: key.expiresAt,
    };
    this.#built.set(key, { state, principal });
    return principal;
  }
}

export function holderOf(principal: Principal): TicketHolder {
  return {
    kind: principal.kind,
    id: principal.id,
    jti: principal.jti ?? null,
    sid: principal.loginId ?? null,
    amr: principal.amr ?? [],
    expiresAt: principal.expiresAt ?? null,
  };
}
