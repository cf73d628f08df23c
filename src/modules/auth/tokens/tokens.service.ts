import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { Config } from '../../../shared/config/config.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { TokenExpired, TokenInvalid } from '../auth.errors.js';
import { membershipsOf, rolesOf, type User } from '../users/user.js';

const ISSUER = 'cloud';
const AUDIENCE = 'cloud-api';
/** Identity tokens are for the client that logged in, never for the API. */
const IDENTITY_AUDIENCE = 'cloud-client';
/** Clocks of two servers may differ by this much (api.md 2.2). */
const CLOCK_SKEW_SECONDS = 60;
/** Verified tokens remembered at a time; the oldest goes first. */
const REMEMBERED = 10_000;

export interface AccessClaims {
  /** User id. */
  readonly sub: string;
  readonly jti: string;
  /** Id of the login (refresh family) the token belongs to. */
  readonly sid: string;
  readonly amr: readonly string[];
  readonly expiresAt: Date;
}

export interface IssuedTokens {
  readonly accessToken: string;
  readonly idToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Signs and verifies access and identity tokens (HS256, api.md 2.2). Whether a login still lives is not asked here. */
@Injectable()
export class TokensService {
  readonly #secret: Uint8Array;
  readonly #verified = new Map<string, AccessClaims>();

  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.#secret = new TextEncoder().encode(config.auth.jwtSecret);
  }

  async issue(user: User, sid: string, amr: readonly string[]): Promise<IssuedTokens> {
    const expiresIn = this.config.auth.accessSeconds;
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const sign = (audience: string, claims: Record<string, unknown>): Promise<string> =>
      new SignJWT({ email: user.email, name: user.name, ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(user.id)
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setJti(this.ids.uuid())
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + expiresIn)
        .sign(this.#secret);
    return {
      accessToken: await sign(AUDIENCE, { roles: rolesOf(user), orgs: membershipsOf(user), amr, sid }),
      idToken: await sign(IDENTITY_AUDIENCE, { preferred_username: user.username, amr }),
      expiresIn,
    };
  }

  /**
   * Signature, issuer, audience, times. A token seen before costs one look into a map.
   * @throws TokenExpired, TokenInvalid
   */
  async verify(token: string): Promise<AccessClaims> {
    const seen = this.#verified.get(token);
    const now = this.clock.now();
    if (seen && now.getTime() < seen.expiresAt.getTime() + CLOCK_SKEW_SECONDS * 1000) return seen;
    const claims = await this.#check(token, now);
    if (this.#verified.size >= REMEMBERED) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(token, claims);
    return claims;
  }

  async #check(token: string, now: Date): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: now,
        requiredClaims: ['sub', 'jti', 'sid', 'exp', 'iat'],
      });
      return {
        sub: String(payload.sub),
        jti: String(payload.jti),
        sid: String(payload['sid']),
        amr: Array.isArray(payload['amr']) ? payload['amr'].map(String) : [],
        expiresAt: new Date(Number(payload.exp) * 1000),
      };
    } catch (error) {
      this.#verified.delete(token);
      if (error instanceof errors.JWTExpired) throw new TokenExpired(new Date(Number(error.payload.exp) * 1000), now);
      throw new TokenInvalid('Invalid token', error);
    }
  }
}
