import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { UnitOfWork } from '../../../shared/database/unit-of-work.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { Conflict, NotFound } from '../../../shared/errors/app-error.js';
import type { KeyScope, Principal, Role } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { createLog } from '../../../shared/kernel/log.js';
import { administeredBy } from '../administration.js';
import { AuthAccess } from '../auth.access.js';
import { KeyRightsEscalated, NotWithKey, QuotaExceeded, refusedField } from '../auth.errors.js';
import { TIER_LIMITS } from '../limits/rate-limit.js';
import { isAbove } from '../permissions.js';
import { UserStates } from '../user-states.js';
import { membershipsOf } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';
import {
  type ApiKey,
  DEFAULT_KEY_SECONDS,
  formatKey,
  hashOfKey,
  keyStatus,
  type KeyStatus,
  prefixOf,
} from './api-key.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KeyRing } from './key-ring.js';

export interface NewApiKey {
  readonly name: string;
  readonly description?: string;
  /** Life in seconds. Default: 90 days. */
  readonly expiresIn?: number;
  readonly permissions?: readonly string[];
  readonly role?: Role;
  readonly scope?: KeyScope;
}

/** The one moment at which the key itself is known. */
export interface IssuedKey {
  readonly secret: string;
  readonly key: ApiKey;
}

export interface KeyPage {
  readonly keys: readonly ApiKey[];
  readonly total: number;
}

/** Keys per user (api.md 1.8). */
const KEY_QUOTA = { free: 2, standard: 10, enterprise: Number.POSITIVE_INFINITY } as const;
const log = createLog('auth');

/** Managed API keys: never wider than their owner, shown once. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keys: ApiKeysRepository,
    private readonly users: UsersRepository,
    private readonly states: UserStates,
    private readonly ring: KeyRing,
    private readonly access: AuthAccess,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly config: Config,
  ) {}

  /** @throws NotWithKey, KeyRightsEscalated, QuotaExceeded */
  async create(principal: Principal, draft: NewApiKey): Promise<IssuedKey> {
    const ownerId = requirePerson(principal);
    this.#requireHeld(principal, draft);
    const scope = scopeFor(principal, draft.scope);
    const now = this.clock.now();
    const issued = this.#issue({
      ownerId,
      name: draft.name,
      description: draft.description ?? null,
      role: draft.role ?? null,
      permissions: draft.permissions ? [...new Set(draft.permissions)] : null,
      scope,
      rateLimitPerMinute: null,
      createdAt: now,
      expiresAt: new Date(now.getTime() + (draft.expiresIn ?? DEFAULT_KEY_SECONDS) * 1000),
    });
    await this.#insertWithinQuota(issued.key, ownerId);
    log.info('api key created', { keyId: issued.key.id, userId: ownerId });
    return issued;
  }

  async list(principal: Principal, status: KeyStatus | undefined, page: number, limit: number): Promise<KeyPage> {
    const ownerId = principal.userId;
    if (!ownerId) return { keys: [], total: 0 };
    return this.keys.list({ ownerIds: [ownerId], ...(status ? { status } : {}) }, this.clock.now(), page, limit);
  }

  async getOwn(principal: Principal, id: string): Promise<ApiKey> {
    const key = await this.keys.find(id);
    if (!key || key.ownerId !== principal.userId) throw new NotFound('api key', id);
    return key;
  }

  /**
   * A new key with the same rights and life; the old one works for `graceSeconds` more.
   * @throws Conflict when the old one is revoked, expired or rotated already
   */
  async rotate(principal: Principal, id: string, graceSeconds: number): Promise<IssuedKey> {
    requirePerson(principal);
    const old = await this.getOwn(principal, id);
    const now = this.clock.now();
    const lifeMs = old.expiresAt.getTime() - old.createdAt.getTime();
    const issued = this.#issue({ ...old, createdAt: now, expiresAt: new Date(now.getTime() + lifeMs) });
    const until = new Date(Math.min(old.expiresAt.getTime(), now.getTime() + graceSeconds * 1000));
    await this.unitOfWork.run(async () => {
      if (!(await this.keys.rotate(id, issued.key.id, until, now))) {
        throw new Conflict('RESOURCE_CONFLICT', `API key "${id}" is revoked, expired or rotated already`, {
          details: { keyId: id, status: keyStatus(old, now), rotatedTo: old.rotatedTo },
        });
      }
      await this.keys.insert(issued.key);
    });
    this.ring.forget(old.hash);
    log.info('api key rotated', { keyId: id, successor: issued.key.id });
    return issued;
  }

  /** Its own key, or as administrator of the owner's organization any key; repeating it changes nothing. */
  async revoke(principal: Principal, id: string): Promise<ApiKey> {
    requirePerson(principal);
    const key = await this.keys.find(id);
    if (!key || !(key.ownerId === principal.userId || (await this.#administers(principal, key)))) {
      throw new NotFound('api key', id);
    }
    return this.#revoke(key);
  }

  /** Keys of everybody in the caller's organizations. */
  async listAdministered(
    principal: Principal,
    status: KeyStatus | undefined,
    page: number,
    limit: number,
  ): Promise<KeyPage> {
    const mine = administeredBy(principal);
    const owners = mine === null ? {} : { ownerIds: await this.users.findIdsIn(mine) };
    return this.keys.list({ ...owners, ...(status ? { status } : {}) }, this.clock.now(), page, limit);
  }

  /** @param perMinute null = the general limit again @throws Refused above the limit of the owner's tier */
  async setRateLimit(principal: Principal, id: string, perMinute: number | null): Promise<ApiKey> {
    const key = await this.#administered(principal, id);
    const tier = (await this.states.get(key.ownerId))?.tier ?? 'standard';
    const most = TIER_LIMITS[tier].minute;
    if (perMinute !== null && perMinute > most) {
      throw refusedField('rateLimitPerMinute', `must be at most ${most}, the limit of tier ${tier}`);
    }
    const changed = await this.keys.setRateLimit(id, perMinute);
    if (!changed) throw new NotFound('api key', id);
    this.ring.forget(key.hash);
    log.info('api key limited', { keyId: id, perMinute, by: principal.id });
    return changed;
  }

  async revokeAdministered(principal: Principal, id: string): Promise<ApiKey> {
    requirePerson(principal);
    return this.#revoke(await this.#administered(principal, id));
  }

  async #revoke(key: ApiKey): Promise<ApiKey> {
    const revoked = await this.keys.revoke(key.id, this.clock.now());
    if (!revoked) throw new NotFound('api key', key.id);
    this.ring.forget(key.hash);
    log.info('api key revoked', { keyId: key.id, userId: key.ownerId });
    return revoked;
  }

  #issue(facts: Omit<ApiKey, 'id' | 'hash' | 'prefix' | 'lastUsedAt' | 'revokedAt' | 'rotatedTo'>): IssuedKey {
    const secret = formatKey(this.config.env === 'production', randomBytes(16).toString('hex'));
    return {
      secret,
      key: {
        ...facts,
        id: this.ids.keyId(),
        hash: hashOfKey(secret),
        prefix: prefixOf(secret),
        lastUsedAt: null,
        revokedAt: null,
        rotatedTo: null,
      },
    };
  }

  /** The transaction touches the owner, so that two creations at once cannot both take the last place. */
  async #insertWithinQuota(key: ApiKey, ownerId: string): Promise<void> {
    const tier = (await this.states.get(ownerId))?.tier ?? 'standard';
    const limit = KEY_QUOTA[tier];
    await this.unitOfWork.run(async () => {
      await this.users.relyOn(ownerId);
      const used = await this.keys.countActive(ownerId, this.clock.now());
      if (used >= limit) throw new QuotaExceeded('API keys per user', limit, used, tier);
      await this.keys.insert(key);
    });
  }

  #requireHeld(principal: Principal, { permissions, role }: NewApiKey): void {
    const held = new Set<string>(this.access.permissionsOf(principal));
    const missing = (permissions ?? []).filter((name) => !held.has(name));
    if (missing.length > 0) throw new KeyRightsEscalated({ permissions: missing });
    const highest = principal.assignments.map((a) => a.role).reduce(higher, 'viewer');
    if (role && isAbove(role, highest)) throw new KeyRightsEscalated({ role, ownerRole: highest });
  }

  async #administered(principal: Principal, id: string): Promise<ApiKey> {
    const key = await this.keys.find(id);
    if (!key || !(await this.#administers(principal, key))) throw new NotFound('api key', id);
    return key;
  }

  async #administers(principal: Principal, key: ApiKey): Promise<boolean> {
    const mine = administeredBy(principal);
    if (mine === null) return true;
    if (mine.length === 0) return false;
    const owner = await this.users.findById(key.ownerId);
    return owner !== null && membershipsOf(owner).some((name) => mine.includes(name));
  }
}

/** Keys make no keys. @throws NotWithKey */
function requirePerson(principal: Principal): string {
  if (principal.kind !== 'user' || !principal.userId) throw new NotWithKey('api-keys:own');
  return principal.userId;
}

/** A scope inside the owner's organizations; projects and deployments need to know whose they are. */
function scopeFor(principal: Principal, scope: KeyScope | undefined): KeyScope | null {
  if (!scope || Object.values(scope).every((part) => part === undefined)) return null;
  const organizations = membershipsOf(principal);
  const mayAnywhere = principal.assignments.some((a) => a.organization === '*');
  const organization = scope.organization ?? (organizations.length === 1 ? organizations[0] : undefined);
  if (scope.organization !== undefined && !mayAnywhere && !organizations.includes(scope.organization)) {
    throw new KeyRightsEscalated({ scope: { organization: scope.organization } });
  }
  if ((scope.projects || scope.deployments) && organization === undefined) {
    throw invalidField('scope.organization', 'required', 'scope.organization is required with projects or deployments');
  }
  return {
    ...(organization === undefined ? {} : { organization }),
    ...(scope.projects ? { projects: scope.projects } : {}),
    ...(scope.deployments ? { deployments: scope.deployments.map((id) => id.trim().toUpperCase()) } : {}),
    ...(scope.environments ? { environments: scope.environments } : {}),
  };
}

function higher(one: Role, other: Role): Role {
  return isAbove(one, other) ? one : other;
}
