import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { createLog } from '../../../shared/kernel/log.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import { TokenExpired, TokenInvalid, TokenReused } from '../auth.errors.js';
import { UserStates } from '../user-states.js';
import { RefreshFamiliesRepository } from './refresh-families.repository.js';
import { familyOf, newRefreshToken, type RefreshFamily, sha256 } from './refresh-family.js';
import { RevocationsRepository } from './revocations.repository.js';

/** An access token lives at most this much longer than its `exp` says: the clock skew allowed when it is verified, in ms. */
const SKEW_MS = 60_000;
const log = createLog('auth');

/** Logins (refresh families): open, rotate, end. Ending one also kills its access tokens. */
@Injectable()
export class LoginsService {
  constructor(
    private readonly families: RefreshFamiliesRepository,
    private readonly revocations: RevocationsRepository,
    private readonly states: UserStates,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly box: SecretBox,
    private readonly config: Config,
  ) {}

  async open(userId: string, amr: readonly string[]): Promise<{ family: string; refreshToken: string }> {
    const id = this.ids.base36(24);
    const refreshToken = newRefreshToken(id, this.box);
    const now = this.clock.now();
    await this.families.insert({
      id,
      userId,
      currentHash: sha256(refreshToken),
      amr,
      createdAt: now,
      expiresAt: this.#expiry(now),
      revokedAt: null,
    });
    return { family: id, refreshToken };
  }

  /** Whose token it is, if it was ever given out and its login is still known. */
  async ownerOf(token: string): Promise<string | null> {
    const id = familyOf(token, this.box);
    return id ? ((await this.families.find(id))?.userId ?? null) : null;
  }

  /** @throws TokenInvalid, TokenExpired; TokenReused after revoking the family when the token was rotated before */
  async rotate(token: string): Promise<{ family: RefreshFamily; next: string }> {
    const id = familyOf(token, this.box);
    if (!id) throw new TokenInvalid('Invalid refresh token');
    const now = this.clock.now();
    const next = newRefreshToken(id, this.box);
    const family = await this.families.rotate(id, sha256(token), sha256(next), this.#expiry(now), now);
    if (family) return { family, next };
    return this.#refuse(token, id, now);
  }

  /** @param tokenIds access tokens to kill besides those of the login */
  async end(userId: string, family: string, tokenIds: readonly string[]): Promise<void> {
    const now = this.clock.now();
    await this.families.revoke(family, now);
    await this.revocations.add(userId, [family, ...tokenIds], this.#lastAccess(now));
    this.states.forget(userId);
  }

  async endAll(userId: string, tokenIds: readonly string[] = []): Promise<void> {
    const now = this.clock.now();
    const live = await this.families.findUnrevoked(userId);
    await this.families.revokeAll(userId, now);
    await this.revocations.add(userId, [...live, ...tokenIds], this.#lastAccess(now));
    this.states.forget(userId);
  }

  /** No login of the user can be refreshed any more; access tokens live until they expire (api.md 3.2, password). */
  async revokeRefresh(userId: string): Promise<void> {
    await this.families.revokeAll(userId, this.clock.now());
  }

  async #refuse(token: string, id: string, now: Date): Promise<never> {
    const family = await this.families.find(id);
    if (!family) throw new TokenInvalid('The login of this refresh token is not known any more');
    if (family.currentHash !== sha256(token)) {
      await this.end(family.userId, id, []);
      log.warn('refresh token reused', { userId: family.userId, family: id });
      throw new TokenReused();
    }
    if (family.revokedAt) throw new TokenInvalid('The login of this refresh token was ended');
    throw new TokenExpired(family.expiresAt, now);
  }

  #expiry(now: Date): Date {
    return new Date(now.getTime() + this.config.auth.refreshSeconds * 1000);
  }

  #lastAccess(now: Date): Date {
    return new Date(now.getTime() + this.config.auth.accessSeconds * 1000 + SKEW_MS);
  }
}
