import type { ApiKey } from '../../src/modules/auth/keys/api-key.js';
import { keyStatus } from '../../src/modules/auth/keys/api-key.js';
import type { ApiKeyFilter, ApiKeysRepository } from '../../src/modules/auth/keys/api-keys.repository.js';
import type { Organization } from '../../src/modules/auth/organizations/organization.js';
import type {
  OrganizationChanges,
  OrganizationsRepository,
} from '../../src/modules/auth/organizations/organizations.repository.js';
import type { RefreshFamiliesRepository } from '../../src/modules/auth/tokens/refresh-families.repository.js';
import type { RefreshFamily } from '../../src/modules/auth/tokens/refresh-family.js';
import type { RevocationsRepository } from '../../src/modules/auth/tokens/revocations.repository.js';
import type { Ticket } from '../../src/modules/auth/tokens/ticket.js';
import type { TicketsRepository } from '../../src/modules/auth/tokens/tickets.repository.js';
import type { KeyId } from '../../src/shared/kernel/ids.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

/* In-memory twins of the smaller repositories of the auth module; all pass test/contract/auth-repositories.contract.spec.ts. */

export class FakeOrganizationsRepository implements Surface<OrganizationsRepository> {
  readonly rows = new Map<string, Organization>();

  constructor(...organizations: readonly Organization[]) {
    for (const one of organizations) this.rows.set(one.name, one);
  }

  async prepare(): Promise<void> {}

  async insert(organization: Organization): Promise<boolean> {
    if (this.rows.has(organization.name)) return false;
    this.rows.set(organization.name, organization);
    return true;
  }

  async find(name: string): Promise<Organization | null> {
    return this.rows.get(name) ?? null;
  }

  async findAll(names: readonly string[]): Promise<readonly Organization[]> {
    return names.flatMap((name) => this.rows.get(name) ?? []);
  }

  async list(
    names: readonly string[] | undefined,
    page: number,
    limit: number,
  ): Promise<{ organizations: readonly Organization[]; total: number }> {
    const found = [...this.rows.values()]
      .filter((one) => !names || names.includes(one.name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { organizations: found.slice((page - 1) * limit, page * limit), total: found.length };
  }

  async update(name: string, changes: OrganizationChanges, now: Date): Promise<Organization | null> {
    const before = this.rows.get(name);
    if (!before) return null;
    const next = { ...before, ...changes, updatedAt: now };
    this.rows.set(name, next);
    return next;
  }
}

export class FakeApiKeysRepository implements Surface<ApiKeysRepository> {
  readonly rows = new Map<string, ApiKey>();
  /** How often the store was asked for a hash. */
  lookups = 0;

  constructor(...keys: readonly ApiKey[]) {
    for (const key of keys) this.rows.set(key.id, key);
  }

  async prepare(): Promise<void> {}

  async insert(key: ApiKey): Promise<void> {
    this.rows.set(key.id, key);
  }

  async findByHash(hash: string): Promise<ApiKey | null> {
    this.lookups += 1;
    return [...this.rows.values()].find((key) => key.hash === hash) ?? null;
  }

  async find(id: string): Promise<ApiKey | null> {
    return this.rows.get(id) ?? null;
  }

  async list(
    filter: ApiKeyFilter,
    now: Date,
    page: number,
    limit: number,
  ): Promise<{ keys: readonly ApiKey[]; total: number }> {
    const found = [...this.rows.values()]
      .filter((key) => !filter.ownerIds || filter.ownerIds.includes(key.ownerId))
      .filter((key) => !filter.status || keyStatus(key, now) === filter.status)
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1));
    return { keys: found.slice((page - 1) * limit, page * limit), total: found.length };
  }

  async countActive(ownerId: string, now: Date): Promise<number> {
    return (await this.list({ ownerIds: [ownerId], status: 'active' }, now, 1, 1)).total;
  }

  async rotate(id: string, successor: string, until: Date, now: Date): Promise<ApiKey | null> {
    const key = this.rows.get(id);
    if (!key || key.rotatedTo !== null || keyStatus(key, now) !== 'active') return null;
    const revokedAt = until <= now ? now : null;
    return this.#set({ ...key, rotatedTo: successor as KeyId, expiresAt: until, revokedAt });
  }

  async revoke(id: string, now: Date): Promise<ApiKey | null> {
    const key = this.rows.get(id);
    return key ? this.#set({ ...key, revokedAt: key.revokedAt ?? now }) : null;
  }

  async revokeAll(ownerId: string, now: Date): Promise<void> {
    for (const key of this.rows.values()) if (key.ownerId === ownerId) await this.revoke(key.id, now);
  }

  async setRateLimit(id: string, perMinute: number | null): Promise<ApiKey | null> {
    const key = this.rows.get(id);
    return key ? this.#set({ ...key, rateLimitPerMinute: perMinute }) : null;
  }

  async recordUse(id: string, now: Date): Promise<void> {
    const key = this.rows.get(id);
    if (key) this.#set({ ...key, lastUsedAt: now });
  }

  #set(key: ApiKey): ApiKey {
    this.rows.set(key.id, key);
    return key;
  }
}

export class FakeRefreshFamiliesRepository implements Surface<RefreshFamiliesRepository> {
  readonly rows = new Map<string, RefreshFamily>();

  async prepare(): Promise<void> {}

  async insert(family: RefreshFamily): Promise<void> {
    this.rows.set(family.id, family);
  }

  async find(id: string): Promise<RefreshFamily | null> {
    return this.rows.get(id) ?? null;
  }

  async rotate(
    id: string,
    currentHash: string,
    nextHash: string,
    expiresAt: Date,
    now: Date,
  ): Promise<RefreshFamily | null> {
    const family = this.rows.get(id);
    if (!family || family.currentHash !== currentHash || family.revokedAt || family.expiresAt <= now) return null;
    const next = { ...family, currentHash: nextHash, expiresAt };
    this.rows.set(id, next);
    return next;
  }

  async revoke(id: string, now: Date): Promise<void> {
    const family = this.rows.get(id);
    if (family && !family.revokedAt) this.rows.set(id, { ...family, revokedAt: now });
  }

  async findUnrevoked(userId: string): Promise<readonly string[]> {
    return [...this.rows.values()].filter((f) => f.userId === userId && !f.revokedAt).map((f) => f.id);
  }

  async revokeAll(userId: string, now: Date): Promise<void> {
    for (const id of await this.findUnrevoked(userId)) await this.revoke(id, now);
  }
}

export class FakeRevocationsRepository implements Surface<RevocationsRepository> {
  readonly rows = new Map<string, { userId: string; expiresAt: Date }>();

  async prepare(): Promise<void> {}

  async add(userId: string, ids: readonly string[], expiresAt: Date): Promise<void> {
    for (const id of ids) this.rows.set(id, { userId, expiresAt });
  }

  async findIds(userId: string): Promise<readonly string[]> {
    return [...this.rows].filter(([, row]) => row.userId === userId).map(([id]) => id);
  }
}

export class FakeTicketsRepository implements Surface<TicketsRepository> {
  readonly rows = new Map<string, Ticket>();

  async prepare(): Promise<void> {}

  async insert(ticket: Ticket): Promise<void> {
    this.rows.set(ticket.hash, ticket);
  }

  async redeem(hash: string, now: Date): Promise<Ticket | null> {
    const ticket = this.rows.get(hash);
    if (!ticket || ticket.expiresAt <= now) return null;
    this.rows.delete(hash);
    return ticket;
  }
}
