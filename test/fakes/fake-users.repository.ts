import { MAX_FAILURES, type User } from '../../src/modules/auth/users/user.js';
import type {
  UserChanges,
  UserFilter,
  UserSort,
  UsersRepository,
} from '../../src/modules/auth/users/users.repository.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

/** In-memory twin of UsersRepository; both pass test/contract/auth-repositories.contract.spec.ts. */
export class FakeUsersRepository implements Surface<UsersRepository> {
  readonly rows = new Map<string, User>();
  /** Ids given to `relyOn`, in order. */
  readonly reliedOn: string[] = [];

  constructor(...users: readonly User[]) {
    for (const user of users) this.rows.set(user.id, user);
  }

  async prepare(): Promise<void> {}

  async insert(user: User): Promise<boolean> {
    const taken = [...this.rows.values()].some(
      (other) =>
        other.deletedAt === null &&
        (other.email === user.email || other.username.toLowerCase() === user.username.toLowerCase()),
    );
    if (taken) return false;
    this.rows.set(user.id, user);
    return true;
  }

  async findById(id: string): Promise<User | null> {
    const user = this.rows.get(id);
    return user && user.deletedAt === null ? user : null;
  }

  async findByLogin(login: string): Promise<User | null> {
    const key = login.trim().toLowerCase();
    const living = [...this.rows.values()].filter((user) => user.deletedAt === null);
    return living.find((user) => user.email === key || user.username.toLowerCase() === key) ?? null;
  }

  async list(
    filter: UserFilter,
    page: number,
    limit: number,
    sort: { readonly by: UserSort; readonly descending: boolean } = { by: 'createdAt', descending: true },
  ): Promise<{ users: readonly User[]; total: number }> {
    const text = filter.search?.toLowerCase();
    const found = [...this.rows.values()]
      .filter((user) => user.deletedAt === null)
      .filter((u) => !filter.organizations || u.assignments.some((a) => filter.organizations?.includes(a.organization)))
      .filter((u) => !filter.status || u.status === filter.status)
      .filter((u) => !text || [u.email, u.username, u.name].some((part) => part.toLowerCase().includes(text)))
      .sort((a, b) => compare(a[sort.by], b[sort.by]) * (sort.descending ? -1 : 1) || compare(a.id, b.id));
    return { users: found.slice((page - 1) * limit, page * limit), total: found.length };
  }

  async findIdsIn(organizations: readonly string[]): Promise<readonly string[]> {
    return (await this.list({ organizations }, 1, Number.MAX_SAFE_INTEGER)).users.map((user) => user.id);
  }

  async update(id: string, changes: UserChanges, now: Date): Promise<User | null | 'taken'> {
    const user = await this.findById(id);
    if (!user) return null;
    const owner = changes.email ? await this.findByLogin(changes.email) : null;
    if (owner && owner.id !== id) return 'taken';
    const next = { ...user, ...changes, updatedAt: now };
    this.rows.set(id, next);
    return next;
  }

  async recordFailure(id: string, now: Date): Promise<readonly Date[]> {
    return this.#set(id, (user) => ({ failures: [...user.failures, now].slice(-MAX_FAILURES) }))?.failures ?? [];
  }

  async lock(id: string, until: Date): Promise<void> {
    this.#set(id, () => ({ lockedUntil: until, failures: [] }));
  }

  async unlock(id: string, now: Date): Promise<boolean> {
    if (!(await this.findById(id))) return false;
    this.#set(id, () => ({ lockedUntil: null, failures: [], updatedAt: now }));
    return true;
  }

  async recordLogin(id: string, now: Date): Promise<boolean> {
    const user = this.rows.get(id);
    if (!user || (user.lockedUntil && user.lockedUntil > now)) return false;
    this.#set(id, () => ({ lastLoginAt: now, lockedUntil: null, failures: [] }));
    return true;
  }

  async anonymize(id: string, now: Date): Promise<boolean> {
    if (!(await this.findById(id))) return false;
    this.#set(id, () => ({
      email: '',
      username: '',
      name: 'Deleted user',
      passwordHash: null,
      assignments: [],
      status: 'disabled',
      preferences: {},
      failures: [],
      updatedAt: now,
      deletedAt: now,
    }));
    return true;
  }

  async findOtherAdmin(organization: string, id: string): Promise<User | null> {
    const admins = [...this.rows.values()]
      .filter((user) => user.id !== id && user.status === 'active')
      .filter((user) =>
        user.assignments.some(
          (a) => a.role === 'admin' && !a.project && !a.environments && [organization, '*'].includes(a.organization),
        ),
      )
      .sort((a, b) => compare(a.id, b.id));
    return admins[0] ?? null;
  }

  async relyOn(id: string): Promise<void> {
    this.reliedOn.push(id);
  }

  #set(id: string, changes: (user: User) => Partial<User>): User | undefined {
    const user = this.rows.get(id);
    if (user) this.rows.set(id, { ...user, ...changes(user) });
    return this.rows.get(id);
  }
}

function compare(a: string | Date, b: string | Date): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
