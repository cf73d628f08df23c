import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../shared/database/unit-of-work.js';
import { Denied, NotFound } from '../../../shared/errors/app-error.js';
import type { Assignment, Principal, Role } from '../../../shared/http/principal.js';
import { createLog } from '../../../shared/kernel/log.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { administeredBy, requirePlatform } from '../administration.js';
import { refusedField } from '../auth.errors.js';
import { OrganizationsRepository } from '../organizations/organizations.repository.js';
import { LoginsService } from '../tokens/logins.service.js';
import { UserStates } from '../user-states.js';
import { LastAdminRule } from './last-admin.js';
import { UserRemoval } from './user-removal.js';
import { membershipsOf, type OrganizationTier, type User, type UserStatus } from './user.js';
import { type UserFilter, UsersRepository, type UserSort } from './users.repository.js';
import { type NewUser, UsersService } from './users.service.js';

export interface UserPage {
  readonly users: readonly User[];
  readonly total: number;
}

export interface AdminUserChanges {
  readonly name?: string;
  readonly status?: UserStatus;
  readonly tier?: OrganizationTier | null;
  readonly assignments?: readonly Assignment[];
}

const ROLES: readonly Role[] = ['admin', 'operator', 'developer', 'viewer'];
const log = createLog('auth');

/**
 * What administrators do with users. An administrator of the platform sees and changes everybody; one of an organization sees
 * its members, changes rights inside it, and changes an account only when it belongs to no other organization.
 */
@Injectable()
export class AdminUsersService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly organizations: OrganizationsRepository,
    private readonly lastAdmin: LastAdminRule,
    private readonly removal: UserRemoval,
    private readonly logins: LoginsService,
    private readonly states: UserStates,
    private readonly clock: Clock,
  ) {}

  async list(
    principal: Principal,
    filter: Omit<UserFilter, 'organizations'> & { readonly organization?: string },
    page: number,
    limit: number,
    sort: { readonly by: UserSort; readonly descending: boolean },
  ): Promise<UserPage> {
    const { organization, ...rest } = filter;
    const mine = administeredBy(principal);
    const organizations = organization
      ? mine === null || mine.includes(organization)
        ? [organization]
        : []
      : (mine ?? undefined);
    const found = await this.users.list({ ...rest, ...(organizations ? { organizations } : {}) }, page, limit, sort);
    return { ...found, users: found.users.map((user) => seenBy(principal, user)) };
  }

  async getUser(principal: Principal, id: string): Promise<User> {
    return seenBy(principal, await this.#visible(principal, id));
  }

  /** @throws Taken, PasswordTooWeak; Refused for an assignment that cannot be, Denied for one outside the caller's organizations */
  async create(principal: Principal, draft: NewUser): Promise<User> {
    await this.#checkAssignments(principal, draft.assignments ?? []);
    if (administeredBy(principal) !== null && (draft.assignments ?? []).length === 0) {
      throw refusedField('assignments', 'must name an organization that you administer');
    }
    return this.accounts.create(draft);
  }

  async update(principal: Principal, id: string, changes: AdminUserChanges): Promise<User> {
    const user = await this.#visible(principal, id);
    const { assignments, ...account } = changes;
    if (Object.values(account).some((value) => value !== undefined)) requireWhole(principal, user);
    if (changes.tier !== undefined) requirePlatform(principal, 'set the tier');
    return this.#write(principal, user, account, assignments);
  }

  /** @param assignments the whole list, as far as the caller administers it */
  async assign(principal: Principal, id: string, assignments: readonly Assignment[]): Promise<User> {
    return this.#write(principal, await this.#visible(principal, id), {}, assignments);
  }

  async unlock(principal: Principal, id: string): Promise<User> {
    await this.#visible(principal, id);
    await this.users.unlock(id, this.clock.now());
    this.states.forget(id);
    log.info('user unlocked', { userId: id, by: principal.id });
    return this.getUser(principal, id);
  }

  /** Disables and anonymizes. @throws LastAdmin */
  async remove(principal: Principal, id: string): Promise<User> {
    const user = await this.#visible(principal, id);
    requireWhole(principal, user);
    await this.removal.remove(user);
    return user;
  }

  async #write(
    principal: Principal,
    user: User,
    account: Omit<AdminUserChanges, 'assignments'>,
    given: readonly Assignment[] | undefined,
  ): Promise<User> {
    if (given) await this.#checkAssignments(principal, given);
    const mine = administeredBy(principal);
    const written = await this.unitOfWork.run(async () => {
      const current = await this.users.findById(user.id);
      if (!current) throw new NotFound('user', user.id);
      const others = mine === null ? [] : current.assignments.filter((a) => !mine.includes(a.organization));
      const assignments = given ? [...others, ...given] : current.assignments;
      const status = account.status ?? current.status;
      await this.lastAdmin.check(current, { assignments, status });
      return this.accounts.change(user.id, {
        ...(account.name ? { name: account.name } : {}),
        ...(account.status ? { status } : {}),
        ...(account.tier === undefined ? {} : { tier: account.tier }),
        ...(given ? { assignments } : {}),
      });
    });
    if (written.status === 'disabled') await this.logins.endAll(user.id);
    this.states.forget(user.id);
    log.info('user changed', { userId: user.id, by: principal.id });
    return seenBy(principal, written);
  }

  async #visible(principal: Principal, id: string): Promise<User> {
    const user = await this.users.findById(id);
    const mine = administeredBy(principal);
    if (user && (mine === null || membershipsOf(user).some((name) => mine.includes(name)))) return user;
    throw new NotFound('user', id);
  }

  async #checkAssignments(principal: Principal, assignments: readonly Assignment[]): Promise<void> {
    const mine = administeredBy(principal);
    const named = [...new Set(assignments.map((a) => a.organization).filter((name) => name !== '*'))];
    const known = new Set((await this.organizations.findAll(named)).map((o) => o.name));
    assignments.forEach((assignment, i) => {
      const field = `assignments[${i}]`;
      if (!ROLES.includes(assignment.role)) throw refusedField(`${field}.role`, `must be one of ${ROLES.join(', ')}`);
      if (mine !== null && !mine.includes(assignment.organization)) {
        throw new Denied('AUTHZ_FORBIDDEN', 403, `You do not administer the organization of ${field}`, {
          details: {
            permission: 'users:manage',
            organization: assignment.organization,
            requiredRoles: ['admin'],
          },
        });
      }
      if (assignment.organization === '*') {
        if (assignment.role !== 'admin') {
          throw refusedField(`${field}.role`, 'must be admin where the organization is *');
        }
        if (assignment.project !== undefined) {
          throw refusedField(`${field}.project`, 'cannot be given where the organization is *');
        }
      } else if (!known.has(assignment.organization)) {
        throw refusedField(
          `${field}.organization`,
          `names the organization "${assignment.organization}", which does not exist`,
        );
      }
    });
  }
}

/** The account itself may be changed only by somebody who administers all its organizations. */
function requireWhole(principal: Principal, user: User): void {
  const mine = administeredBy(principal);
  const foreign = user.assignments.map((a) => a.organization).find((name) => mine !== null && !mine.includes(name));
  if (foreign === undefined) return;
  throw new Denied(
    'AUTHZ_FORBIDDEN',
    403,
    'This account belongs to other organizations too; change its assignments instead',
    {
      details: { permission: 'users:manage', organization: '*', requiredRoles: ['admin'] },
    },
  );
}

/** Rights in organizations that the caller does not administer stay hidden. */
function seenBy(principal: Principal, user: User): User {
  const mine = administeredBy(principal);
  if (mine === null) return user;
  return { ...user, assignments: user.assignments.filter((a) => mine.includes(a.organization)) };
}
