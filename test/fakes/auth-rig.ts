import { AuthAccess } from '../../src/modules/auth/auth.access.js';
import { AuthService } from '../../src/modules/auth/auth.service.js';
import { Authenticator } from '../../src/modules/auth/authenticator.service.js';
import { BootstrapService } from '../../src/modules/auth/bootstrap.service.js';
import type { ApiKeysRepository } from '../../src/modules/auth/keys/api-keys.repository.js';
import { ApiKeysService } from '../../src/modules/auth/keys/api-keys.service.js';
import { KeyRing } from '../../src/modules/auth/keys/key-ring.js';
import { StaticKeys } from '../../src/modules/auth/keys/static-keys.js';
import { MemoryRateLimitStore } from '../../src/modules/auth/limits/memory.rate-limit-store.js';
import { RateLimits } from '../../src/modules/auth/limits/rate-limits.service.js';
import type { DeploymentProjectsReads } from '../../src/modules/auth/organizations/deployment-projects.reads.js';
import type { OrganizationsRepository } from '../../src/modules/auth/organizations/organizations.repository.js';
import { OrganizationsService } from '../../src/modules/auth/organizations/organizations.service.js';
import { Principals } from '../../src/modules/auth/principals.js';
import { LoginsService } from '../../src/modules/auth/tokens/logins.service.js';
import type { RefreshFamiliesRepository } from '../../src/modules/auth/tokens/refresh-families.repository.js';
import type { RevocationsRepository } from '../../src/modules/auth/tokens/revocations.repository.js';
import type { TicketsRepository } from '../../src/modules/auth/tokens/tickets.repository.js';
import { TokensService } from '../../src/modules/auth/tokens/tokens.service.js';
import { UserStates } from '../../src/modules/auth/user-states.js';
import { AdminUsersService } from '../../src/modules/auth/users/admin-users.service.js';
import { LastAdminRule } from '../../src/modules/auth/users/last-admin.js';
import { Passwords } from '../../src/modules/auth/users/password.js';
import { UserRemoval } from '../../src/modules/auth/users/user-removal.js';
import type { UsersRepository } from '../../src/modules/auth/users/users.repository.js';
import { UsersService } from '../../src/modules/auth/users/users.service.js';
import { readConfig } from '../../src/shared/config/config.js';
import type { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { configureLog } from '../../src/shared/kernel/log.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import {
  FakeApiKeysRepository,
  FakeOrganizationsRepository,
  FakeRefreshFamiliesRepository,
  FakeRevocationsRepository,
  FakeTicketsRepository,
} from './fake-auth-repositories.js';
import { FakeUsersRepository } from './fake-users.repository.js';
import { ManualClock } from './manual-clock.js';

/** Runs the work once and undoes nothing. */
export class FakeUnitOfWork {
  run<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

/** A Config of the given environment variables on top of the ones a test needs. */
export function testConfig(settings: Readonly<Record<string, string>> = {}): ReturnType<typeof readConfig> {
  return readConfig({
    NODE_ENV: 'test',
    MONGODB_URI: 'mongodb://127.0.0.1/none',
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    JWT_SECRET: 'a secret of at least thirty-two characters',
    ENCRYPTION_KEY: 'ab'.repeat(32),
    API_KEYS: 'test-key-0123456789',
    ...settings,
  });
}

/** The whole auth module on fakes and a clock that tests move. */
export class AuthRig {
  readonly clock = new ManualClock();
  readonly users = new FakeUsersRepository();
  readonly organizations = new FakeOrganizationsRepository();
  readonly keys = new FakeApiKeysRepository();
  readonly families = new FakeRefreshFamiliesRepository();
  readonly revocations = new FakeRevocationsRepository();
  readonly tickets = new FakeTicketsRepository();
  readonly config;
  readonly access;
  readonly auth;
  readonly authenticator;
  readonly accounts;
  readonly adminUsers;
  readonly organizationsService;
  readonly apiKeys;
  readonly bootstrap;
  readonly tokens;
  readonly limits;
  readonly passwords = new Passwords();

  constructor(settings: Readonly<Record<string, string>> = {}) {
    configureLog({ level: 'silent', toStderr: false, format: 'json' });
    const config = (this.config = testConfig(settings));
    const { clock } = this;
    const ids = new RandomIds();
    const users = this.users as unknown as UsersRepository;
    const organizations = this.organizations as unknown as OrganizationsRepository;
    const keys = this.keys as unknown as ApiKeysRepository;
    const revocations = this.revocations as unknown as RevocationsRepository;
    const tickets = this.tickets as unknown as TicketsRepository;
    const families = this.families as unknown as RefreshFamiliesRepository;
    const unitOfWork = new FakeUnitOfWork() as unknown as UnitOfWork;
    const projects = { projectsOf: async () => [] } as unknown as DeploymentProjectsReads;
    const states = new UserStates(users, organizations, revocations, clock);
    const ring = new KeyRing(keys, clock);
    this.tokens = new TokensService(config, clock, ids);
    const box = new SecretBox(config.encryptionKey);
    const logins = new LoginsService(families, revocations, states, clock, ids, box, config);
    const principals = new Principals(clock, this.tokens, states, ring, new StaticKeys(config));
    const lastAdmin = new LastAdminRule(users);
    const removal = new UserRemoval(unitOfWork, users, keys, logins, lastAdmin, states, ring, clock);
    this.limits = new RateLimits(new MemoryRateLimitStore(clock), config, clock);
    this.access = new AuthAccess(config);
    this.auth = new AuthService(users, this.passwords, logins, this.tokens, states, this.limits, clock);
    this.authenticator = new Authenticator(principals, tickets, this.limits, clock, config);
    this.accounts = new UsersService(users, this.passwords, logins, states, removal, clock, ids, config);
    this.adminUsers = new AdminUsersService(
      unitOfWork,
      users,
      this.accounts,
      organizations,
      lastAdmin,
      removal,
      logins,
      states,
      clock,
    );
    this.organizationsService = new OrganizationsService(organizations, projects, states, clock);
    this.apiKeys = new ApiKeysService(unitOfWork, keys, users, states, ring, this.access, clock, ids, config);
    this.bootstrap = new BootstrapService(config, users, this.accounts, this.organizationsService);
  }

  /** A bearer request from one address. */
  bearer(token: string): { headers: Record<string, string>; ip: string } {
    return { headers: { authorization: `Bearer ${token}` }, ip: '10.0.0.1' };
  }

  key(key: string): { headers: Record<string, string>; ip: string } {
    return { headers: { 'x-api-key': key }, ip: '10.0.0.1' };
  }
}
