import { Injectable } from '@nestjs/common';
import { Config, ConfigurationError } from '../../shared/config/config.js';
import { AppError } from '../../shared/errors/app-error.js';
import { createLog } from '../../shared/kernel/log.js';
import { OrganizationsService } from './organizations/organizations.service.js';
import { passwordProblems } from './users/password.js';
import { UsersRepository } from './users/users.repository.js';
import { UsersService } from './users/users.service.js';

const log = createLog('auth');

/** What has to be there before the first request: the default organization and somebody to administer the platform. */
@Injectable()
export class BootstrapService {
  constructor(
    private readonly config: Config,
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly organizations: OrganizationsService,
  ) {}

  /** Safe when several instances start at once: one of them creates, the others find. @throws ConfigurationError */
  async prepare(): Promise<void> {
    const { bootstrapAdmin, defaultOrganization, staticKeysOrganization } = this.config.auth;
    const organization = defaultOrganization ?? 'default';
    if (defaultOrganization || bootstrapAdmin) await this.organizations.ensure({ name: organization });
    if (this.config.auth.staticKeys.length > 0) await this.organizations.ensure({ name: staticKeysOrganization });
    if (await this.#adminExists()) return;
    if (!bootstrapAdmin) {
      log.warn('no administrator exists; set BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD');
      return;
    }
    await this.#createAdmin(bootstrapAdmin, organization);
  }

  /** Platform administrator and administrator of its organization, which gets tier enterprise (README 46). */
  async #createAdmin(
    admin: { readonly email: string; readonly password: string },
    organization: string,
  ): Promise<void> {
    const weak = passwordProblems(admin.password, admin.email.toLowerCase());
    if (weak.length > 0) log.warn('the password of the bootstrap administrator is weak', { rules: weak });
    try {
      await this.accounts.add({
        ...admin,
        name: 'Administrator',
        assignments: [
          { role: 'admin', organization: '*' },
          { role: 'admin', organization },
        ],
      });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
      if (!(await this.#adminExists())) {
        throw new ConfigurationError(['BOOTSTRAP_ADMIN_EMAIL belongs to a user who is no administrator']);
      }
      return;
    }
    await this.organizations.setTier(organization, 'enterprise');
    log.info('administrator created', { organization });
  }

  async #adminExists(): Promise<boolean> {
    return (await this.users.findOtherAdmin('*', '')) !== null;
  }
}
