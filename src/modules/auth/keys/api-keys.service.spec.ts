import { aPrincipal, aPrincipalWith } from '../../../../test/factories/principals.js';
import { anApiKey, anOrganization, aUser } from '../../../../test/factories/users.js';
import { AuthRig } from '../../../../test/fakes/auth-rig.js';
import type { Principal } from '../../../shared/http/principal.js';
import type { User } from '../users/user.js';

let rig: AuthRig;
let owner: User;
let me: Principal;
beforeEach(() => {
  rig = new AuthRig();
  owner = aUser();
  rig.users.rows.set(owner.id, owner);
  rig.organizations.rows.set('acme', anOrganization());
  me = aPrincipal({ id: owner.id, userId: owner.id, assignments: owner.assignments });
});

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;
const use = (secret: string): Promise<Principal> => rig.authenticator.authenticateRequest(rig.key(secret));

describe('a managed key', () => {
  it('is shown once and stored as hash with a visible prefix', async () => {
    const { secret, key } = await rig.apiKeys.create(me, { name: 'ci' });
    expect(secret).toMatch(/^msk_test_[0-9a-f]{32}$/);
    expect(key.prefix).toBe(secret.slice(0, 17));
    expect(JSON.stringify([...rig.keys.rows.values()])).not.toContain(secret);
    expect(key.expiresAt).toEqual(new Date('2030-04-01T00:00:00Z'));
  });

  it('has its owner’s rights, narrowed by role, permissions and scope', async () => {
    const { secret } = await rig.apiKeys.create(me, {
      name: 'ci',
      role: 'developer',
      permissions: ['deployments:read', 'deployments:deploy'],
      scope: { projects: ['shop'], environments: ['dev'] },
    });
    expect(await use(secret)).toMatchObject({
      kind: 'api_key',
      userId: owner.id,
      name: 'ci',
      tier: 'standard',
      assignments: [{ role: 'developer', organization: 'acme' }],
      ownerAssignments: owner.assignments,
      permissions: ['deployments:read', 'deployments:deploy'],
      scope: { organization: 'acme', projects: ['shop'], environments: ['dev'] },
    });
  });

  it('dies with its owner, at its expiry and at its revocation, always with the same answer', async () => {
    const { secret, key } = await rig.apiKeys.create(me, { name: 'ci', expiresIn: 3600 });
    await use(secret);
    await rig.accounts.change(owner.id, { status: 'disabled' });
    await expect(use(secret)).rejects.toThrow(refused('AUTH_INVALID_API_KEY'));
    await rig.accounts.change(owner.id, { status: 'active' });
    await use(secret);
    await rig.apiKeys.revoke(me, key.id);
    await expect(use(secret)).rejects.toThrow(refused('AUTH_INVALID_API_KEY'));
    const second = await rig.apiKeys.create(me, { name: 'ci', expiresIn: 3600 });
    await rig.clock.advance(3_600_000);
    await expect(use(second.secret)).rejects.toThrow(refused('AUTH_INVALID_API_KEY'));
  });

  it('is looked up once in ten seconds, and its use is written once a minute', async () => {
    const { secret, key } = await rig.apiKeys.create(me, { name: 'ci' });
    const recordUse = jest.spyOn(rig.keys, 'recordUse');
    for (let i = 0; i < 20; i += 1) await use(secret);
    expect(rig.keys.lookups).toBe(1);
    expect(recordUse).toHaveBeenCalledTimes(1);
    await rig.clock.advance(59_000);
    await use(secret);
    expect(recordUse).toHaveBeenCalledTimes(1);
    await rig.clock.advance(1_000);
    await use(secret);
    expect(recordUse).toHaveBeenCalledTimes(2);
    expect(rig.keys.rows.get(key.id)?.lastUsedAt).toEqual(rig.clock.now());
  });

  it('revoked twice keeps the first moment', async () => {
    const { key } = await rig.apiKeys.create(me, { name: 'ci' });
    const first = await rig.apiKeys.revoke(me, key.id);
    await rig.clock.advance(1_000);
    expect((await rig.apiKeys.revoke(me, key.id)).revokedAt).toEqual(first.revokedAt);
  });
});

describe('creating keys', () => {
  it.each([
    ['a permission the caller lacks', { permissions: ['audit:read'] }],
    ['a role above the caller’s', { role: 'admin' as const }],
    ['an organization that is not the caller’s', { scope: { organization: 'umbrella' } }],
  ])('refuses %s', async (_case, draft) => {
    const developer = aPrincipalWith('developer', 'acme', { id: owner.id, userId: owner.id });
    await expect(rig.apiKeys.create(developer, { name: 'x', ...draft })).rejects.toThrow(
      refused('APIKEY_PERMISSION_ESCALATION'),
    );
  });

  it('is for people, not for keys', async () => {
    const key = aPrincipal({ kind: 'api_key', id: 'key-1' });
    await expect(rig.apiKeys.create(key, { name: 'x' })).rejects.toThrow(refused('AUTHZ_FORBIDDEN'));
    await expect(rig.apiKeys.rotate(key, 'key-1', 0)).rejects.toThrow(refused('AUTHZ_FORBIDDEN'));
    await expect(rig.apiKeys.revoke(key, 'key-1')).rejects.toThrow(refused('AUTHZ_FORBIDDEN'));
  });

  it('ends at the quota of the tier, counting living keys only', async () => {
    rig.organizations.rows.set('acme', anOrganization({ tier: 'free' }));
    const { key } = await rig.apiKeys.create(me, { name: 'one' });
    await rig.apiKeys.create(me, { name: 'two' });
    await expect(rig.apiKeys.create(me, { name: 'three' })).rejects.toThrow(
      expect.objectContaining({
        code: 'QUOTA_EXCEEDED',
        details: { quota: 'API keys per user', limit: 2, used: 2, tier: 'free' },
      }),
    );
    await rig.apiKeys.revoke(me, key.id);
    await expect(rig.apiKeys.create(me, { name: 'three' })).resolves.toBeDefined();
    expect(rig.users.reliedOn).toContain(owner.id);
  });
});

describe('rotation', () => {
  it('kills the old key at once without a grace period', async () => {
    const old = await rig.apiKeys.create(me, { name: 'ci', permissions: ['deployments:read'] });
    await use(old.secret);
    const next = await rig.apiKeys.rotate(me, old.key.id, 0);
    expect(next.key).toMatchObject({ name: 'ci', permissions: ['deployments:read'], ownerId: owner.id });
    await expect(use(old.secret)).rejects.toThrow(refused('AUTH_INVALID_API_KEY'));
    await expect(use(next.secret)).resolves.toBeDefined();
    await expect(rig.apiKeys.rotate(me, old.key.id, 0)).rejects.toThrow(refused('RESOURCE_CONFLICT'));
  });

  it('lets both work for the grace period', async () => {
    const old = await rig.apiKeys.create(me, { name: 'ci' });
    const next = await rig.apiKeys.rotate(me, old.key.id, 60);
    await rig.clock.advance(59_000);
    await expect(use(old.secret)).resolves.toBeDefined();
    await rig.clock.advance(1_000);
    await expect(use(old.secret)).rejects.toThrow(refused('AUTH_INVALID_API_KEY'));
    await expect(use(next.secret)).resolves.toBeDefined();
  });
});

describe('administrators', () => {
  it('revoke keys of their organization and see nothing of others', async () => {
    const stranger = aUser({ assignments: [{ role: 'viewer', organization: 'umbrella' }] });
    rig.users.rows.set(stranger.id, stranger);
    const mine = anApiKey({ ownerId: owner.id });
    const theirs = anApiKey({ ownerId: stranger.id });
    for (const key of [mine, theirs]) rig.keys.rows.set(key.id, key);
    const admin = aPrincipal({ id: 'user-admin', userId: 'user-admin' });
    expect((await rig.apiKeys.listAdministered(admin, undefined, 1, 20)).keys.map((k) => k.id)).toEqual([mine.id]);
    expect((await rig.apiKeys.revoke(admin, mine.id)).revokedAt).not.toBeNull();
    await expect(rig.apiKeys.revoke(admin, theirs.id)).rejects.toThrow(refused('RESOURCE_NOT_FOUND'));
    await expect(rig.apiKeys.revoke(aPrincipalWith('viewer', 'acme', { userId: 'x' }), mine.id)).rejects.toThrow(
      refused('RESOURCE_NOT_FOUND'),
    );
  });

  it('limit a key up to the tier of its owner', async () => {
    const key = anApiKey({ ownerId: owner.id, secret: 'msk_test_limited' });
    rig.keys.rows.set(key.id, key);
    const admin = aPrincipal({ userId: 'user-admin' });
    await use('msk_test_limited');
    await rig.apiKeys.setRateLimit(admin, key.id, 300);
    expect(await use('msk_test_limited')).toMatchObject({ rateLimitPerMinute: 300 });
    await expect(rig.apiKeys.setRateLimit(admin, key.id, 301)).rejects.toThrow(refused('INVALID_OPTIONS'));
  });
});
