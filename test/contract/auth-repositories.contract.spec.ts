import mongoose, { type Connection } from 'mongoose';
import { API_KEYS, type ApiKeyRecord, apiKeySchema } from '../../src/modules/auth/keys/api-key.schema.js';
import { ApiKeysRepository } from '../../src/modules/auth/keys/api-keys.repository.js';
import { MemoryRateLimitStore } from '../../src/modules/auth/limits/memory.rate-limit-store.js';
import {
  RATE_LIMIT_COUNTERS,
  type RateLimitCounterRecord,
  rateLimitCounterSchema,
} from '../../src/modules/auth/limits/rate-limit-counter.schema.js';
import { RateLimitCountersRepository } from '../../src/modules/auth/limits/rate-limit-counters.repository.js';
import type { RateLimitStore } from '../../src/modules/auth/limits/rate-limit-store.port.js';
import {
  type OrganizationRecord,
  ORGANIZATIONS,
  organizationSchema,
} from '../../src/modules/auth/organizations/organization.schema.js';
import { OrganizationsRepository } from '../../src/modules/auth/organizations/organizations.repository.js';
import { RefreshFamiliesRepository } from '../../src/modules/auth/tokens/refresh-families.repository.js';
import type { RefreshFamily } from '../../src/modules/auth/tokens/refresh-family.js';
import {
  REFRESH_FAMILIES,
  type RefreshFamilyRecord,
  refreshFamilySchema,
} from '../../src/modules/auth/tokens/refresh-family.schema.js';
import {
  type RevocationRecord,
  REVOCATIONS,
  revocationSchema,
} from '../../src/modules/auth/tokens/revocation.schema.js';
import { RevocationsRepository } from '../../src/modules/auth/tokens/revocations.repository.js';
import { type TicketRecord, TICKETS, ticketSchema } from '../../src/modules/auth/tokens/ticket.schema.js';
import { TicketsRepository } from '../../src/modules/auth/tokens/tickets.repository.js';
import { type UserRecord, USERS, userSchema } from '../../src/modules/auth/users/user.schema.js';
import { UsersRepository } from '../../src/modules/auth/users/users.repository.js';
import type { IdempotencyEntry } from '../../src/shared/http/idempotency.js';
import { IdempotencyRepository } from '../../src/shared/http/idempotency.repository.js';
import {
  IDEMPOTENCY_KEYS,
  type IdempotencyRecord,
  idempotencySchema,
} from '../../src/shared/http/idempotency.schema.js';
import type { KeyId, UserId } from '../../src/shared/kernel/ids.js';
import { anApiKey, anOrganization, aUser } from '../factories/users.js';
import {
  FakeApiKeysRepository,
  FakeOrganizationsRepository,
  FakeRefreshFamiliesRepository,
  FakeRevocationsRepository,
  FakeTicketsRepository,
} from '../fakes/fake-auth-repositories.js';
import { FakeIdempotencyRepository } from '../fakes/fake-idempotency.repository.js';
import { FakeUsersRepository } from '../fakes/fake-users.repository.js';
import { ManualClock } from '../fakes/manual-clock.js';

const NOW = new Date('2035-01-01T00:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

interface Stores {
  readonly users: Pick<UsersRepository, keyof UsersRepository>;
  readonly organizations: Pick<OrganizationsRepository, keyof OrganizationsRepository>;
  readonly keys: Pick<ApiKeysRepository, keyof ApiKeysRepository>;
  readonly families: Pick<RefreshFamiliesRepository, keyof RefreshFamiliesRepository>;
  readonly revocations: Pick<RevocationsRepository, keyof RevocationsRepository>;
  readonly tickets: Pick<TicketsRepository, keyof TicketsRepository>;
  readonly idempotency: Pick<IdempotencyRepository, keyof IdempotencyRepository>;
  readonly counters: RateLimitStore;
}

const clock = new ManualClock(NOW);
let connection: Connection | undefined;

async function onMongo(): Promise<Stores> {
  connection = mongoose.createConnection(String(process.env['MONGODB_URI']), {
    dbName: `auth_contract_${process.pid}_${Date.now()}`,
    autoIndex: false,
    autoCreate: false,
  });
  const db = connection;
  const stores = {
    users: new UsersRepository(db.model<UserRecord>(USERS, userSchema)),
    organizations: new OrganizationsRepository(db.model<OrganizationRecord>(ORGANIZATIONS, organizationSchema)),
    keys: new ApiKeysRepository(db.model<ApiKeyRecord>(API_KEYS, apiKeySchema)),
    families: new RefreshFamiliesRepository(db.model<RefreshFamilyRecord>(REFRESH_FAMILIES, refreshFamilySchema)),
    revocations: new RevocationsRepository(db.model<RevocationRecord>(REVOCATIONS, revocationSchema)),
    tickets: new TicketsRepository(db.model<TicketRecord>(TICKETS, ticketSchema)),
    idempotency: new IdempotencyRepository(db.model<IdempotencyRecord>(IDEMPOTENCY_KEYS, idempotencySchema)),
    counters: new RateLimitCountersRepository(
      db.model<RateLimitCounterRecord>(RATE_LIMIT_COUNTERS, rateLimitCounterSchema),
      clock,
    ),
  };
  for (const store of Object.values(stores)) await store.prepare();
  return stores;
}

function onFakes(): Stores {
  return {
    users: new FakeUsersRepository(),
    organizations: new FakeOrganizationsRepository(),
    keys: new FakeApiKeysRepository(),
    families: new FakeRefreshFamiliesRepository(),
    revocations: new FakeRevocationsRepository(),
    tickets: new FakeTicketsRepository(),
    idempotency: new FakeIdempotencyRepository(),
    counters: new MemoryRateLimitStore(clock),
  };
}

afterAll(async () => {
  await connection?.dropDatabase();
  await connection?.close();
});

describe.each([
  ['in memory', async () => onFakes()],
  ['on the database', onMongo],
] as const)('stores of the auth module %s', (_name, open) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  }, 60_000);

  describe('users', () => {
    it('come back as they were stored, by id, e-mail and user name in any case', async () => {
      const user = aUser({
        email: 'ada@example.com',
        username: 'Ada',
        assignments: [
          { role: 'admin', organization: 'acme' },
          { role: 'developer', organization: 'umbrella', project: 'shop', environments: ['dev'] },
        ],
        preferences: { language: 'en', chat: { model: 'x' } },
      });
      expect(await stores.users.insert(user)).toBe(true);
      expect(await stores.users.findById(user.id)).toEqual(user);
      expect(await stores.users.findByLogin(' ADA@example.com')).toEqual(user);
      expect(await stores.users.findByLogin('aDa')).toEqual(user);
      expect(await stores.users.findByLogin('nobody')).toBeNull();
    });

    it('share neither e-mail nor user name, until the owner is gone', async () => {
      const user = aUser({ email: 'eve@example.com', username: 'Eve' });
      await stores.users.insert(user);
      expect(await stores.users.insert(aUser({ email: 'eve@example.com', username: 'x1' }))).toBe(false);
      expect(await stores.users.insert(aUser({ username: 'EVE' }))).toBe(false);
      const other = aUser();
      await stores.users.insert(other);
      expect(await stores.users.update(other.id, { email: 'eve@example.com' }, NOW)).toBe('taken');
      expect(await stores.users.anonymize(user.id, NOW)).toBe(true);
      expect(await stores.users.anonymize(user.id, NOW)).toBe(false);
      expect(await stores.users.findById(user.id)).toBeNull();
      expect(await stores.users.findByLogin('eve')).toBeNull();
      expect(await stores.users.insert(aUser({ email: 'eve@example.com', username: 'Eve' }))).toBe(true);
    });

    it('keep the newest five failures, and lose them with a lock, an unlock or a login', async () => {
      const user = aUser();
      await stores.users.insert(user);
      for (let i = 1; i <= 6; i += 1) await stores.users.recordFailure(user.id, later(i));
      expect(await stores.users.recordFailure(user.id, later(7))).toEqual([3, 4, 5, 6, 7].map(later));
      await stores.users.lock(user.id, later(100));
      expect(await stores.users.recordLogin(user.id, later(99))).toBe(false);
      expect(await stores.users.recordLogin(user.id, later(100))).toBe(true);
      expect(await stores.users.findById(user.id)).toMatchObject({
        failures: [],
        lockedUntil: null,
        lastLoginAt: later(100),
      });
    });

    it('are listed by organization, status and text, page by page', async () => {
      const organization = 'lists';
      for (const name of ['Zoe', 'Bob', 'Amy (QA)']) {
        await stores.users.insert(aUser({ name, assignments: [{ role: 'viewer', organization }] }));
      }
      const byName = { by: 'name', descending: false } as const;
      const first = await stores.users.list({ organizations: [organization] }, 1, 2, byName);
      expect([first.total, first.users.map((u) => u.name)]).toEqual([3, ['Amy (QA)', 'Bob']]);
      expect((await stores.users.list({ organizations: [organization] }, 2, 2, byName)).users).toHaveLength(1);
      const found = await stores.users.list({ organizations: [organization], search: '(qa' }, 1, 9);
      expect(found.users.map((u) => u.name)).toEqual(['Amy (QA)']);
      expect((await stores.users.list({ organizations: [organization], status: 'disabled' }, 1, 9)).total).toBe(0);
      expect(await stores.users.findIdsIn([organization])).toHaveLength(3);
    });

    it('find another administrator of the whole organization or of all', async () => {
      const organization = 'admins';
      const one = aUser({ id: 'user-admin-1' as UserId, assignments: [{ role: 'admin', organization }] });
      const half = aUser({ assignments: [{ role: 'admin', organization, environments: ['dev'] }] });
      const off = aUser({ status: 'disabled', assignments: [{ role: 'admin', organization }] });
      for (const user of [one, half, off]) await stores.users.insert(user);
      expect((await stores.users.findOtherAdmin(organization, 'x'))?.id).toBe(one.id);
      expect(await stores.users.findOtherAdmin(organization, one.id)).toBeNull();
      await stores.users.insert(
        aUser({ id: 'user-admin-0' as UserId, assignments: [{ role: 'admin', organization: '*' }] }),
      );
      expect((await stores.users.findOtherAdmin(organization, one.id))?.id).toBe('user-admin-0');
    });
  });

  it('organizations have one name, change all else and are listed by name', async () => {
    const { organizations } = stores;
    expect(await organizations.insert(anOrganization({ name: 'beta' }))).toBe(true);
    expect(await organizations.insert(anOrganization({ name: 'beta' }))).toBe(false);
    await organizations.insert(anOrganization({ name: 'alpha' }));
    const changed = await organizations.update('beta', { tier: 'free', settings: { a: 1 } }, NOW);
    expect(changed).toEqual({ ...anOrganization({ name: 'beta' }), tier: 'free', settings: { a: 1 }, updatedAt: NOW });
    expect(await organizations.update('gamma', {}, NOW)).toBeNull();
    expect((await organizations.list(undefined, 1, 9)).organizations.map((o) => o.name)).toEqual(['alpha', 'beta']);
    expect(await organizations.list(['beta'], 1, 9)).toMatchObject({ total: 1 });
    expect(await organizations.findAll(['beta', 'gamma'])).toEqual([changed]);
  });

  it('keys are found by hash, counted while they live, handed over once and revoked once', async () => {
    const { keys } = stores;
    const ownerId = 'user-keys';
    const now = new Date('2030-01-02T00:00:00Z');
    const key = anApiKey({
      ownerId,
      permissions: ['deployments:read'],
      scope: { organization: 'acme', projects: ['shop'] },
    });
    const expired = anApiKey({ ownerId, expiresAt: now });
    for (const one of [key, expired]) await keys.insert(one);
    expect(await keys.findByHash(key.hash)).toEqual(key);
    expect(await keys.countActive(ownerId, now)).toBe(1);
    expect((await keys.list({ ownerIds: [ownerId], status: 'expired' }, now, 1, 9)).keys).toEqual([expired]);
    const until = new Date(now.getTime() + 1_000);
    expect(await keys.rotate(key.id, 'key-next', until, now)).toMatchObject({
      rotatedTo: 'key-next',
      expiresAt: until,
    });
    expect(await keys.rotate(key.id, 'key-other', until, now)).toBeNull();
    expect(await keys.rotate(expired.id, 'key-other', until, now)).toBeNull();
    expect((await keys.revoke(key.id, now))?.revokedAt).toEqual(now);
    expect((await keys.revoke(key.id, until))?.revokedAt).toEqual(now);
    expect((await keys.list({ ownerIds: [ownerId], status: 'revoked' }, now, 1, 9)).total).toBe(1);
    expect((await keys.setRateLimit(key.id, 7))?.rateLimitPerMinute).toBe(7);
    expect(await keys.revoke('key-none' as KeyId, now)).toBeNull();
  });

  it('of simultaneous rotations of one refresh token exactly one wins', async () => {
    const { families } = stores;
    const family: RefreshFamily = {
      id: 'f1',
      userId: 'user-f',
      currentHash: 'h0',
      amr: ['pwd'],
      createdAt: NOW,
      expiresAt: later(1_000),
      revokedAt: null,
    };
    await families.insert(family);
    const ends = await Promise.all([1, 2, 3, 4, 5].map((n) => families.rotate('f1', 'h0', `n${n}`, later(2_000), NOW)));
    const winners = ends.filter((end) => end !== null);
    expect(winners).toHaveLength(1);
    expect(await families.find('f1')).toEqual(winners[0]);
    expect(await families.rotate('f1', String(winners[0]?.currentHash), 'x', later(9_000), later(2_000))).toBeNull();
    expect(await families.findUnrevoked('user-f')).toEqual(['f1']);
    await families.revokeAll('user-f', NOW);
    expect(await families.findUnrevoked('user-f')).toEqual([]);
    expect(await families.rotate('f1', String(winners[0]?.currentHash), 'x', later(9_000), NOW)).toBeNull();
  });

  it('revocations may be added twice', async () => {
    await stores.revocations.add('user-r', ['t1', 't2'], later(1_000));
    await stores.revocations.add('user-r', ['t2'], later(2_000));
    expect([...(await stores.revocations.findIds('user-r'))].sort()).toEqual(['t1', 't2']);
  });

  it('a ticket is redeemed by one of several, and never after its time', async () => {
    const principal = { kind: 'user', id: 'u', jti: 'j', sid: 's', amr: ['pwd'], expiresAt: later(5) } as const;
    const ticket = { hash: 'h', principal, expiresAt: later(30) };
    await stores.tickets.insert(ticket);
    expect(await stores.tickets.redeem('h', later(30))).toBeNull();
    const ends = await Promise.all([1, 2, 3].map(() => stores.tickets.redeem('h', NOW)));
    expect(ends.filter((end) => end !== null)).toEqual([ticket]);
  });

  it('of twenty simultaneous claims of one idempotency key exactly one succeeds', async () => {
    const entry = (claim: string): IdempotencyEntry => ({
      scope: 'scope',
      bodyHash: 'b',
      claim,
      claimEndsAt: later(10),
      answer: null,
      expiresAt: later(100),
    });
    const ends = await Promise.all(Array.from({ length: 20 }, (_, n) => stores.idempotency.claim(entry(`c${n}`), NOW)));
    const winner = ends.findIndex((end) => end === null);
    expect(ends.filter((end) => end === null)).toHaveLength(1);
    expect(ends.find((end) => end !== null)?.claim).toBe(`c${winner}`);
    expect(await stores.idempotency.claim(entry('late'), later(10))).toBeNull();
    await stores.idempotency.finish('scope', `c${winner}`, 'stale');
    await stores.idempotency.finish('scope', 'late', 'sealed');
    expect(await stores.idempotency.claim(entry('again'), later(50))).toMatchObject({
      claim: 'late',
      answer: 'sealed',
    });
    await stores.idempotency.release('scope', 'late');
    expect(await stores.idempotency.removeExpired(later(99))).toBe(0);
    expect(await stores.idempotency.removeExpired(later(100))).toBe(1);
  });

  it('counters count every one of simultaneous calls, in a window that starts with the first', async () => {
    const bucket = { key: 'b', limit: 5, windowMs: 60_000 };
    expect(await stores.counters.peek(bucket)).toMatchObject({ count: 0 });
    const start = clock.now().getTime();
    const ends = await Promise.all(Array.from({ length: 12 }, () => stores.counters.hit(bucket)));
    expect(ends.map((end) => end.count).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(new Set(ends.map((end) => end.resetAt))).toEqual(new Set([start + 60_000]));
    await clock.advance(59_999);
    expect(await stores.counters.peek(bucket)).toMatchObject({ count: 12 });
    await clock.advance(1);
    expect(await stores.counters.hit(bucket)).toEqual({ count: 1, resetAt: start + 120_000 });
  });
});
