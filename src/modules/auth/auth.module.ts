import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../../shared/config/config.js';
import { Access } from '../../shared/http/access.port.js';
import { IdempotencyGuard } from '../../shared/http/idempotency.guard.js';
import { IdempotencyModule } from '../../shared/http/idempotency.module.js';
import { Clock } from '../../shared/kernel/clock.js';
import { AuthAccess } from './auth.access.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { Authenticator } from './authenticator.service.js';
import { BootstrapService } from './bootstrap.service.js';
import { AdminApiKeysController } from './keys/admin-api-keys.controller.js';
import { API_KEYS, apiKeySchema } from './keys/api-key.schema.js';
import { ApiKeysController } from './keys/api-keys.controller.js';
import { ApiKeysRepository } from './keys/api-keys.repository.js';
import { ApiKeysService } from './keys/api-keys.service.js';
import { KeyRing } from './keys/key-ring.js';
import { StaticKeys } from './keys/static-keys.js';
import { MemoryRateLimitStore } from './limits/memory.rate-limit-store.js';
import { RATE_LIMIT_COUNTERS, rateLimitCounterSchema } from './limits/rate-limit-counter.schema.js';
import { RateLimitCountersRepository } from './limits/rate-limit-counters.repository.js';
import { RateLimitStore } from './limits/rate-limit-store.port.js';
import { RateLimitGuard } from './limits/rate-limit.guard.js';
import { RateLimits } from './limits/rate-limits.service.js';
import { AdminOrganizationsController } from './organizations/admin-organizations.controller.js';
import { DeploymentProjectsReads } from './organizations/deployment-projects.reads.js';
import { ORGANIZATIONS, organizationSchema } from './organizations/organization.schema.js';
import { OrganizationsController } from './organizations/organizations.controller.js';
import { OrganizationsRepository } from './organizations/organizations.repository.js';
import { OrganizationsService } from './organizations/organizations.service.js';
import { MemoryKnownCallers } from './memory.known-callers.js';
import { Principals } from './principals.js';
import { LoginsService } from './tokens/logins.service.js';
import { RefreshFamiliesRepository } from './tokens/refresh-families.repository.js';
import { REFRESH_FAMILIES, refreshFamilySchema } from './tokens/refresh-family.schema.js';
import { REVOCATIONS, revocationSchema } from './tokens/revocation.schema.js';
import { RevocationsRepository } from './tokens/revocations.repository.js';
import { TICKETS, ticketSchema } from './tokens/ticket.schema.js';
import { TicketsRepository } from './tokens/tickets.repository.js';
import { TokensService } from './tokens/tokens.service.js';
import { UserStates } from './user-states.js';
import { AdminUsersController } from './users/admin-users.controller.js';
import { AdminUsersService } from './users/admin-users.service.js';
import { LastAdminRule } from './users/last-admin.js';
import { Passwords } from './users/password.js';
import { UserRemoval } from './users/user-removal.js';
import { USERS, userSchema } from './users/user.schema.js';
import { UsersController } from './users/users.controller.js';
import { UsersRepository } from './users/users.repository.js';
import { UsersService } from './users/users.service.js';

/** Who is calling and what may they do. Global, because every module asks Access. */
@Global()
@Module({
  imports: [
    IdempotencyModule,
    MongooseModule.forFeature([
      { name: USERS, schema: userSchema },
      { name: ORGANIZATIONS, schema: organizationSchema },
      { name: API_KEYS, schema: apiKeySchema },
      { name: REFRESH_FAMILIES, schema: refreshFamilySchema },
      { name: REVOCATIONS, schema: revocationSchema },
      { name: TICKETS, schema: ticketSchema },
      { name: RATE_LIMIT_COUNTERS, schema: rateLimitCounterSchema },
    ]),
  ],
  controllers: [
    AuthController,
    ApiKeysController,
    UsersController,
    OrganizationsController,
    AdminUsersController,
    AdminApiKeysController,
    AdminOrganizationsController,
  ],
  providers: [
    // doors to the database
    UsersRepository,
    OrganizationsRepository,
    ApiKeysRepository,
    RefreshFamiliesRepository,
    RevocationsRepository,
    TicketsRepository,
    RateLimitCountersRepository,
    DeploymentProjectsReads,
    // use cases
    AuthService,
    UsersService,
    AdminUsersService,
    UserRemoval,
    LastAdminRule,
    OrganizationsService,
    ApiKeysService,
    LoginsService,
    BootstrapService,
    // credentials and rights
    Passwords,
    TokensService,
    UserStates,
    KeyRing,
    StaticKeys,
    Principals,
    Authenticator,
    AuthAccess,
    { provide: Access, useExisting: AuthAccess },
    MemoryKnownCallers,
    // limits
    RateLimits,
    {
      provide: RateLimitStore,
      inject: [Config, Clock, RateLimitCountersRepository],
      useFactory: (config: Config, clock: Clock, counters: RateLimitCountersRepository): RateLimitStore =>
        config.rateLimits.store === 'mongo' ? counters : new MemoryRateLimitStore(clock),
    },
    // steps 1 and 2 of every request, in this order
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useExisting: IdempotencyGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
  exports: [Access, AuthAccess, Authenticator, OrganizationsService],
})
export class AuthModule implements OnModuleInit {
  constructor(
    private readonly users: UsersRepository,
    private readonly organizations: OrganizationsRepository,
    private readonly keys: ApiKeysRepository,
    private readonly families: RefreshFamiliesRepository,
    private readonly revocations: RevocationsRepository,
    private readonly tickets: TicketsRepository,
    private readonly counters: RateLimitCountersRepository,
    private readonly bootstrap: BootstrapService,
  ) {}

  async onModuleInit(): Promise<void> {
    const { users, organizations, keys, families, revocations, tickets, counters } = this;
    for (const repository of [users, organizations, keys, families, revocations, tickets, counters]) {
      await repository.prepare();
    }
    await this.bootstrap.prepare();
  }
}
