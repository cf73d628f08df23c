import { Injectable } from '@nestjs/common';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { createLog } from '../../shared/kernel/log.js';
import { AccountDisabled, AccountLocked, CredentialsWrong, NotWithKey, TokenInvalid } from './auth.errors.js';
import { RateLimits } from './limits/rate-limits.service.js';
import { LoginsService } from './tokens/logins.service.js';
import { type IssuedTokens, TokensService } from './tokens/tokens.service.js';
import { UserStates } from './user-states.js';
import { Passwords } from './users/password.js';
import { isLocked, lockAfter, type User } from './users/user.js';
import { UsersRepository } from './users/users.repository.js';

/** What a client gets for a login or a refresh. */
export interface LoginResult extends IssuedTokens {
  readonly refreshToken: string;
  readonly user: User;
}

const log = createLog('auth');

/** Password login, refresh and logout (api.md 2.2). */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: Passwords,
    private readonly logins: LoginsService,
    private readonly tokens: TokensService,
    private readonly states: UserStates,
    private readonly limits: RateLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Unknown user and wrong password get the same answer after the same work.
   * @param login e-mail or user name
   * @throws CredentialsWrong, AccountLocked, AccountDisabled
   */
  async login(login: string, password: string, ip: string): Promise<LoginResult> {
    const user = await this.users.findByLogin(login);
    const now = this.clock.now();
    if (user?.lockedUntil && isLocked(user, now))
      throw this.#refused(user, ip, new AccountLocked(user.lockedUntil, now));
    if (!(await this.passwords.matches(user?.passwordHash ?? null, password)) || !user) {
      if (user) await this.#recordFailure(user);
      throw this.#refused(user, ip, new CredentialsWrong());
    }
    if (user.status === 'disabled') throw this.#refused(user, ip, new AccountDisabled());
    if (!(await this.users.recordLogin(user.id, this.clock.now()))) {
      const locked = (await this.users.findById(user.id))?.lockedUntil ?? now; // by failures while the password was checked
      throw this.#refused(user, ip, new AccountLocked(locked, now));
    }
    const amr = ['pwd'];
    const { family, refreshToken } = await this.logins.open(user.id, amr);
    const tokens = await this.tokens.issue(user, family, amr);
    log.info('logged in', { userId: user.id, ip });
    return { ...tokens, refreshToken, user };
  }

  /**
   * Trades a refresh token for new tokens; the old one is used up.
   * @throws TokenInvalid, TokenExpired, TokenReused, AccountDisabled
   */
  async refresh(refreshToken: string): Promise<LoginResult> {
    const owner = await this.logins.ownerOf(refreshToken);
    if (owner) await this.limits.takeRefresh(owner);
    const { family, next } = await this.logins.rotate(refreshToken);
    const state = await this.states.get(family.userId);
    if (!state) throw new TokenInvalid('The user does not exist any more');
    if (state.user.status === 'disabled') throw new AccountDisabled();
    const tokens = await this.tokens.issue(state.user, family.id, family.amr);
    return { ...tokens, refreshToken: next, user: state.user };
  }

  /** Ends the login of this token, or every login of the user. @throws NotWithKey */
  async logout(principal: Principal, allSessions: boolean): Promise<void> {
    if (!principal.userId || !principal.jti || !principal.loginId) throw new NotWithKey('self');
    if (allSessions) await this.logins.endAll(principal.userId, [principal.jti, principal.loginId]);
    else await this.logins.end(principal.userId, principal.loginId, [principal.jti]);
    log.info('logged out', { userId: principal.userId, allSessions });
  }

  async #recordFailure(user: User): Promise<void> {
    const now = this.clock.now();
    const until = lockAfter(await this.users.recordFailure(user.id, now), now);
    if (!until) return;
    await this.users.lock(user.id, until);
    this.states.forget(user.id);
    log.warn('account locked', { userId: user.id, until });
  }

  #refused<E extends Error & { readonly code: string }>(user: User | null, ip: string, error: E): E {
    log.warn('login failed', { ip, userId: user?.id, reason: error.code });
    return error;
  }
}
