import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import type { AppError } from '../../shared/errors/app-error.js';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { createLog } from '../../shared/kernel/log.js';
import { CredentialMissing, TokenInvalid } from './auth.errors.js';
import { maskKey } from './keys/api-key.js';
import { RateLimits } from './limits/rate-limits.service.js';
import { holderOf, Principals } from './principals.js';
import { TICKET_SECONDS } from './tokens/ticket.js';
import { TicketsRepository } from './tokens/tickets.repository.js';

/** The parts of a request that may carry a credential. Header names in lower case. */
export interface CredentialSource {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Address of the caller, for the log and the bucket of failures. */
  readonly ip: string;
}

/** A WebSocket upgrade may carry more. */
export interface HandshakeSource extends CredentialSource {
  /** Query parameters `ticket` and `token`. */
  readonly query: { readonly ticket?: string; readonly token?: string };
}

interface Credential {
  readonly kind: 'token' | 'key' | 'ticket';
  readonly value: string;
}

const log = createLog('auth');
const SUBPROTOCOL = /^bearer\.(.+)$/;

/** Finds the credential of a request and says who is calling (api.md 2.1, 4.1). */
@Injectable()
export class Authenticator {
  constructor(
    private readonly principals: Principals,
    private readonly tickets: TicketsRepository,
    private readonly limits: RateLimits,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * A request over HTTP: `X-API-Key` decides, else `Authorization: Bearer` (without two dots it is a key).
   * @throws Denied 401 or 403; RateLimitExceeded after too many failures of this address
   */
  authenticateRequest(source: CredentialSource): Promise<Principal> {
    return this.#check(keyHeader(source) ?? bearer(source), source.ip);
  }

  /** The caller behind an `X-API-Key`, when memory knows it; null: `authenticateRequest` may find it, or refuse. */
  known(key: string, from: { readonly ip: string }): Principal | null {
    const principal = this.principals.known(key);
    if (principal && log.isOn('debug')) {
      log.debug('authenticated', { ip: from.ip, key: maskKey(key), principal: principal.id });
    }
    return principal;
  }

  /**
   * A WebSocket upgrade; the first that is there decides: `Authorization`, `X-API-Key`, `?ticket=`, subprotocol
   * `bearer.<jwt>`, `?token=` (unless WS_ALLOW_QUERY_TOKEN is off). null = no credential at all.
   * @throws as authenticateRequest
   */
  async authenticateHandshake(source: HandshakeSource): Promise<Principal | null> {
    const { ticket, token } = source.query;
    const credential =
      bearer(source) ??
      keyHeader(source) ??
      (ticket === undefined ? null : ({ kind: 'ticket', value: ticket } as const)) ??
      subprotocol(source) ??
      (token === undefined || !this.config.server.wsAllowQueryToken ? null : tokenOrKey(token));
    return credential ? this.#check(credential, source.ip) : null;
  }

  /** The frame `{"action":"authenticate", token | apiKey}`. @throws as authenticateRequest */
  authenticateFrame(frame: { readonly token?: string; readonly apiKey?: string }, ip: string): Promise<Principal> {
    if (frame.apiKey !== undefined) return this.#check({ kind: 'key', value: frame.apiKey }, ip);
    return this.#check(frame.token === undefined ? null : tokenOrKey(frame.token), ip);
  }

  /** The principal of an open connection with the rights of this moment; null when its credential is dead. */
  async recheck(principal: Principal): Promise<Principal | null> {
    try {
      return await this.principals.again(holderOf(principal));
    } catch (error) {
      if (isDenial(error)) return null;
      throw error;
    }
  }

  /** A one-time ticket for a WebSocket, good for TICKET_SECONDS on any instance. */
  async issueTicket(principal: Principal): Promise<string> {
    const ticket = randomBytes(32).toString('base64url');
    await this.tickets.insert({
      hash: hashOf(ticket),
      principal: holderOf(principal),
      expiresAt: new Date(this.clock.now().getTime() + TICKET_SECONDS * 1000),
    });
    return ticket;
  }

  async #check(credential: Credential | null, ip: string): Promise<Principal> {
    if (!credential) throw new CredentialMissing();
    try {
      const principal = await this.#resolve(credential);
      log.debug('auth.succeeded', { ip, key_hint: masked(credential), principal: principal.id });
      return principal;
    } catch (error) {
      if (!isDenial(error)) throw error;
      log.warn('auth.failed', { ip, key_hint: masked(credential), reason: (error as AppError).code });
      await this.limits.takeFailure(ip);
      throw error;
    }
  }

  async #resolve(credential: Credential): Promise<Principal> {
    switch (credential.kind) {
      case 'token':
        return this.principals.fromToken(credential.value);
      case 'key':
        return this.principals.fromKey(credential.value);
      case 'ticket': {
        const ticket = await this.tickets.redeem(hashOf(credential.value), this.clock.now());
        if (!ticket) throw new TokenInvalid('The ticket is unknown, used or older than 30 s');
        return this.principals.again(ticket.principal);
      }
      default:
        return credential.kind satisfies never;
    }
  }
}

/** A repeated header arrives as one text with a comma, which no key can contain. */
function keyHeader({ headers }: CredentialSource): Credential | null {
  const value = headers['x-api-key'];
  if (value === undefined) return null;
  return { kind: 'key', value: typeof value === 'string' ? value : value.join(', ') };
}

function bearer({ headers }: CredentialSource): Credential | null {
  const value = headers['authorization'];
  if (typeof value !== 'string') return null;
  const match = /^Bearer(?:\s+(.*))?$/i.exec(value.trim());
  return match ? tokenOrKey(match[1] ?? '') : null;
}

function subprotocol({ headers }: CredentialSource): Credential | null {
  const offered = String(headers['sec-websocket-protocol'] ?? '').split(',');
  for (const protocol of offered) {
    const token = SUBPROTOCOL.exec(protocol.trim())?.[1];
    if (token) return { kind: 'token', value: token };
  }
  return null;
}

function tokenOrKey(value: string): Credential {
  return { kind: value.split('.').length === 3 ? 'token' : 'key', value };
}

function masked(credential: Credential): string {
  return credential.kind === 'key' ? maskKey(credential.value) : credential.kind;
}

function isDenial(error: unknown): boolean {
  const status = (error as { status?: unknown } | null)?.status;
  return status === 401 || status === 403;
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
