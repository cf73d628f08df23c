import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import { isPlatformAdmin, organizationsOf, type Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { administeredBy, requirePlatform } from '../administration.js';
import { Taken } from '../auth.errors.js';
import { UserStates } from '../user-states.js';
import { DeploymentProjectsReads } from './deployment-projects.reads.js';
import type { Organization } from './organization.js';
import { type OrganizationChanges, OrganizationsRepository } from './organizations.repository.js';

/** An organization and the projects that its deployments have. */
export interface OrganizationView extends Organization {
  readonly projects: readonly string[];
}

export interface NewOrganization {
  readonly name: string;
  /** Default: the name. */
  readonly displayName?: string;
  /** Default: standard. */
  readonly tier?: Organization['tier'];
  /** Default: the name. */
  readonly pulumiOrg?: string;
  readonly settings?: Organization['settings'];
}

const log = createLog('auth');

@Injectable()
export class OrganizationsService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly projects: DeploymentProjectsReads,
    private readonly states: UserStates,
    private readonly clock: Clock,
  ) {}

  /** Those the principal belongs to; every one for an administrator of the platform. */
  async list(
    principal: Principal,
    page: number,
    limit: number,
  ): Promise<{ readonly organizations: readonly OrganizationView[]; readonly total: number }> {
    return this.#page(membershipsOf(principal), page, limit);
  }

  async getOrganization(principal: Principal, name: string): Promise<OrganizationView> {
    const mine = membershipsOf(principal);
    const found = mine === undefined || mine.includes(name) ? await this.organizations.find(name) : null;
    if (!found) throw new NotFound('organization', name);
    return this.#view(found);
  }

  async listAdministered(
    principal: Principal,
    page: number,
    limit: number,
  ): Promise<{ readonly organizations: readonly OrganizationView[]; readonly total: number }> {
    return this.#page(administeredBy(principal) ?? undefined, page, limit);
  }

  async getAdministered(principal: Principal, name: string): Promise<OrganizationView> {
    const mine = administeredBy(principal);
    const found = mine === null || mine.includes(name) ? await this.organizations.find(name) : null;
    if (!found) throw new NotFound('organization', name);
    return this.#view(found);
  }

  /** @throws Denied unless the caller administers the platform; Taken */
  async create(principal: Principal, draft: NewOrganization): Promise<OrganizationView> {
    requirePlatform(principal, 'create organizations');
    const organization = this.#newOrganization(draft);
    if (!(await this.organizations.insert(organization))) throw new Taken('organization', 'name');
    log.info('organization created', { organization: organization.name, by: principal.id });
    return this.#view(organization);
  }

  /** @throws NotFound outside the caller's organizations; Denied for a tier set by anybody but the platform's administrators */
  async update(principal: Principal, name: string, changes: OrganizationChanges): Promise<OrganizationView> {
    await this.getAdministered(principal, name);
    if (changes.tier !== undefined) requirePlatform(principal, 'set the tier');
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value != null));
    const updated = await this.organizations.update(name, given, this.clock.now());
    if (!updated) throw new NotFound('organization', name);
    if (changes.tier !== undefined) this.states.forgetAll();
    log.info('organization changed', { organization: name, by: principal.id });
    return this.#view(updated);
  }

  /** Makes it unless it is there. */
  async ensure(draft: NewOrganization): Promise<void> {
    if (await this.organizations.find(draft.name)) return;
    if (await this.organizations.insert(this.#newOrganization(draft))) {
      log.info('organization created', { organization: draft.name });
    }
  }

  async setTier(name: string, tier: Organization['tier']): Promise<void> {
    await this.organizations.update(name, { tier }, this.clock.now());
    this.states.forgetAll();
  }

  #newOrganization(draft: NewOrganization): Organization {
    const now = this.clock.now();
    return {
      name: draft.name,
      displayName: draft.displayName ?? draft.name,
      tier: draft.tier ?? 'standard',
      pulumiOrg: draft.pulumiOrg ?? draft.name,
      settings: draft.settings ?? {},
      createdAt: now,
      updatedAt: now,
    };
  }

  async #page(
    names: readonly string[] | undefined,
    page: number,
    limit: number,
  ): Promise<{ organizations: readonly OrganizationView[]; total: number }> {
    const { organizations, total } = await this.organizations.list(names, page, limit);
    return { organizations: await Promise.all(organizations.map((one) => this.#view(one))), total };
  }

  async #view(organization: Organization): Promise<OrganizationView> {
    return { ...organization, projects: await this.projects.projectsOf(organization.name) };
  }
}

function membershipsOf(principal: Principal): readonly string[] | undefined {
  const limit = principal.scope?.organization;
  if (isPlatformAdmin(principal)) return limit === undefined ? undefined : [limit];
  return organizationsOf(principal).filter((name) => limit === undefined || name === limit);
}
