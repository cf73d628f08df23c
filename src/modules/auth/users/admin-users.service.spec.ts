import { aPlatformAdmin, aPrincipalWith } from '../../../../test/factories/principals.js';
import { anOrganization, aUser } from '../../../../test/factories/users.js';
import { AuthRig } from '../../../../test/fakes/auth-rig.js';
import type { Assignment, Role } from '../../../shared/http/principal.js';
import type { User } from './user.js';

const PLATFORM = aPlatformAdmin();
const ACME_ADMIN = aPrincipalWith('admin', 'acme');
const SORT = { by: 'createdAt', descending: true } as const;
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

let rig: AuthRig;
beforeEach(() => {
  rig = new AuthRig();
  for (const name of ['acme', 'umbrella']) rig.organizations.rows.set(name, anOrganization({ name }));
});

function stored(...assignments: Assignment[]): User {
  const user = aUser({ assignments });
  rig.users.rows.set(user.id, user);
  return user;
}

describe('what an administrator of one organization sees', () => {
  it('is its members, with their rights inside it', async () => {
    const both = stored({ role: 'viewer', organization: 'acme' }, { role: 'admin', organization: 'umbrella' });
    const stranger = stored({ role: 'viewer', organization: 'umbrella' });
    const page = await rig.adminUsers.list(ACME_ADMIN, {}, 1, 20, SORT);
    expect(page).toMatchObject({ total: 1, users: [{ id: both.id, assignments: [{ organization: 'acme' }] }] });
    await expect(rig.adminUsers.getUser(ACME_ADMIN, stranger.id)).rejects.toThrow(refused('RESOURCE_NOT_FOUND'));
    expect((await rig.adminUsers.list(ACME_ADMIN, { organization: 'umbrella' }, 1, 20, SORT)).total).toBe(0);
    expect((await rig.adminUsers.list(PLATFORM, {}, 1, 20, SORT)).total).toBe(2);
  });
});

describe('assignments', () => {
  it.each<[string, Assignment, string]>([
    ['an unknown role', { role: 'owner' as Role, organization: 'acme' }, 'INVALID_OPTIONS'],
    ['an unknown organization', { role: 'viewer', organization: 'nowhere' }, 'INVALID_OPTIONS'],
    ['everything for anybody but an administrator', { role: 'operator', organization: '*' }, 'INVALID_OPTIONS'],
    ['a project of everything', { role: 'admin', organization: '*', project: 'shop' }, 'INVALID_OPTIONS'],
  ])('refuse %s with 422', async (_case, assignment, code) => {
    const user = stored({ role: 'viewer', organization: 'acme' });
    await expect(rig.adminUsers.assign(PLATFORM, user.id, [assignment])).rejects.toThrow(
      expect.objectContaining({ code, status: 422 }),
    );
  });

  it('cannot be given outside the organizations one administers', async () => {
    const user = stored({ role: 'viewer', organization: 'acme' });
    for (const organization of ['umbrella', '*']) {
      await expect(rig.adminUsers.assign(ACME_ADMIN, user.id, [{ role: 'admin', organization }])).rejects.toThrow(
        refused('AUTHZ_FORBIDDEN'),
      );
    }
  });

  it('of other organizations stay when one organization sets its own', async () => {
    const user = stored({ role: 'viewer', organization: 'acme' }, { role: 'operator', organization: 'umbrella' });
    const seen = await rig.adminUsers.assign(ACME_ADMIN, user.id, [{ role: 'developer', organization: 'acme' }]);
    expect(seen.assignments).toEqual([{ role: 'developer', organization: 'acme' }]);
    expect(rig.users.rows.get(user.id)?.assignments).toEqual([
      { role: 'operator', organization: 'umbrella' },
      { role: 'developer', organization: 'acme' },
    ]);
  });
});

describe('accounts', () => {
  it('that belong to other organizations too are not disabled or removed by one of them', async () => {
    const user = stored({ role: 'viewer', organization: 'acme' }, { role: 'viewer', organization: 'umbrella' });
    await expect(rig.adminUsers.update(ACME_ADMIN, user.id, { status: 'disabled' })).rejects.toThrow(
      refused('AUTHZ_FORBIDDEN'),
    );
    await expect(rig.adminUsers.remove(ACME_ADMIN, user.id)).rejects.toThrow(refused('AUTHZ_FORBIDDEN'));
  });

  it('get a tier of their own from the platform only', async () => {
    const user = stored({ role: 'viewer', organization: 'acme' });
    await expect(rig.adminUsers.update(ACME_ADMIN, user.id, { tier: 'enterprise' })).rejects.toThrow(
      refused('AUTHZ_FORBIDDEN'),
    );
    expect(await rig.adminUsers.update(PLATFORM, user.id, { tier: 'enterprise' })).toMatchObject({
      tier: 'enterprise',
    });
  });

  it('are unlocked', async () => {
    const user = stored({ role: 'viewer', organization: 'acme' });
    await rig.users.lock(user.id, new Date('2031-01-01T00:00:00Z'));
    expect((await rig.adminUsers.unlock(ACME_ADMIN, user.id)).lockedUntil).toBeNull();
  });
});

describe('the last administrator', () => {
  const root = (): User => stored({ role: 'admin', organization: '*' }, { role: 'admin', organization: 'acme' });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['disabled', (id) => rig.adminUsers.update(PLATFORM, id, { status: 'disabled' })],
    ['demoted', (id) => rig.adminUsers.assign(PLATFORM, id, [{ role: 'viewer', organization: 'acme' }])],
    [
      'narrowed',
      (id) => rig.adminUsers.assign(PLATFORM, id, [{ role: 'admin', organization: '*', environments: ['dev'] }]),
    ],
    ['removed', (id) => rig.adminUsers.remove(PLATFORM, id)],
  ])('cannot be %s', async (_case, change) => {
    const last = root();
    await expect(change(last.id)).rejects.toThrow(
      expect.objectContaining({ code: 'LAST_ADMIN', details: { organizations: expect.arrayContaining(['*']) } }),
    );
    expect(rig.users.rows.get(last.id)).toEqual(last);
  });

  it('may go when another active one stays, on whom the change then relies', async () => {
    const last = root();
    const other = stored({ role: 'admin', organization: '*' });
    await rig.adminUsers.update(PLATFORM, last.id, { status: 'disabled' });
    expect(rig.users.reliedOn).toContain(other.id);
    await expect(rig.adminUsers.update(PLATFORM, other.id, { status: 'disabled' })).rejects.toThrow(
      refused('LAST_ADMIN'),
    );
  });

  it('of one organization may go while the platform has an administrator', async () => {
    const local = stored({ role: 'admin', organization: 'umbrella' });
    await expect(rig.adminUsers.remove(PLATFORM, local.id)).rejects.toThrow(refused('LAST_ADMIN'));
    root();
    await expect(rig.adminUsers.remove(PLATFORM, local.id)).resolves.toBeDefined();
  });
});
