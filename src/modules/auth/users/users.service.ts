import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Denied, NotFound } from '../../../shared/errors/app-error.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { createLog } from '../../../shared/kernel/log.js';
import { CredentialsWrong, NotWithKey, PasswordTooWeak, RegistrationDisabled, Taken } from '../auth.errors.js';
import { LoginsService } from '../tokens/logins.service.js';
import { UserStates } from '../user-states.js';
import { passwordProblems, Passwords } from './password.js';
import type { User } from './user.js';
import { UserRemoval } from './user-removal.js';
import { type UserChanges, UsersRepository } from './users.repository.js';

export interface NewUser {
  readonly email: string;
  readonly password: string;
  /** Default: the e-mail. */
  readonly username?: string;
  /** Default: the part of the e-mail before the @. */
  readonly name?: string;
  readonly assignments?: User['assignments'];
}

const log = createLog('auth');

/** Users and what they do with their own account. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: Passwords,
    private readonly logins: LoginsService,
    private readonly states: UserStates,
    private readonly removal: UserRemoval,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly config: Config,
  ) {}

  /** The caller makes an account for itself: a viewer of DEFAULT_ORGANIZATION, or without any right until assigned. */
  async register(draft: Omit<NewUser, 'assignments'>): Promise<User> {
    if (!this.config.auth.allowRegistration) throw new RegistrationDisabled();
    const organization = this.config.auth.defaultOrganization;
    return this.create({ ...draft, assignments: organization ? [{ role: 'viewer', organization }] : [] });
  }

  /** @throws PasswordTooWeak, Taken */
  async create(draft: NewUser): Promise<User> {
    requireGoodPassword(draft.password, draft.email.trim());
    return this.add(draft);
  }

  /** Without the password policy: the bootstrap administrator's password is the operator's own choice. @throws Taken */
  async add(draft: NewUser): Promise<User> {
    const email = draft.email.trim().toLowerCase();
    const now = this.clock.now();
    const user: User = {
      id: this.ids.userId(),
      email,
      username: draft.username ?? email,
      name: draft.name ?? email.split('@', 1)[0] ?? email,
      passwordHash: await this.passwords.hash(draft.password),
      assignments: draft.assignments ?? [],
      status: 'active',
      tier: null,
      failures: [],
      lockedUntil: null,
      preferences: {},
      createdAt: now,
      updatedAt: now,
      lastLoginAt: null,
      deletedAt: null,
    };
    if (!(await this.users.insert(user))) {
      throw new Taken('user', (await this.users.findByLogin(email)) ? 'email' : 'username');
    }
    log.info('user created', { userId: user.id });
    return user;
  }

  /** The person behind the credential. @throws Denied for a bootstrap key, which has none */
  async getOwn(principal: Principal): Promise<User> {
    return this.getUser(ownId(principal));
  }

  async getUser(id: string): Promise<User> {
    const user = await this.users.findById(id);
    if (!user) throw new NotFound('user', id);
    return user;
  }

  /** @throws Taken when the e-mail belongs to somebody else */
  async updateOwn(principal: Principal, changes: Pick<UserChanges, 'name' | 'email' | 'preferences'>): Promise<User> {
    const user = await this.getOwn(principal);
    return this.change(user.id, {
      ...(changes.name ? { name: changes.name } : {}),
      ...(changes.email ? { email: changes.email.trim().toLowerCase() } : {}),
      ...(changes.preferences
        ? { preferences: { ...user.preferences, ...withoutUndefined(changes.preferences) } }
        : {}),
    });
  }

  /** Writes and lets the new facts work at once in this process. */
  async change(id: string, changes: UserChanges): Promise<User> {
    const user = await this.users.update(id, changes, this.clock.now());
    if (user === 'taken') throw new Taken('user', 'email');
    if (!user) throw new NotFound('user', id);
    this.states.forget(id);
    return user;
  }

  /** Every other device has to log in again. @throws CredentialsWrong, PasswordTooWeak, NotWithKey */
  async changePassword(principal: Principal, currentPassword: string, newPassword: string): Promise<void> {
    if (principal.kind !== 'user') throw new NotWithKey('self');
    const user = await this.getOwn(principal);
    if (!(await this.passwords.matches(user.passwordHash, currentPassword))) throw new CredentialsWrong();
    requireGoodPassword(newPassword, user.email);
    await this.change(user.id, { passwordHash: await this.passwords.hash(newPassword) });
    await this.logins.revokeRefresh(user.id);
    log.info('password changed', { userId: user.id });
  }

  /** Personal data goes, the id stays. @throws CredentialsWrong, LastAdmin, NotWithKey */
  async removeOwn(principal: Principal, password: string): Promise<User> {
    if (principal.kind !== 'user') throw new NotWithKey('self');
    const user = await this.getOwn(principal);
    if (!(await this.passwords.matches(user.passwordHash, password))) throw new CredentialsWrong();
    await this.removal.remove(user);
    return user;
  }
}

export function requireGoodPassword(password: string, email: string): void {
  const problems = passwordProblems(password, email);
  if (problems.length > 0) throw new PasswordTooWeak(problems);
}

function ownId(principal: Principal): string {
  if (principal.userId) return principal.userId;
  throw new Denied('AUTHZ_FORBIDDEN', 403, 'A bootstrap key belongs to no user', {
    details: { permission: 'self', requiredRoles: [] },
  });
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
