import { Injectable } from '@nestjs/common';
import { AppError, Conflict, Denied, Refused } from '../../shared/errors/app-error.js';
import { invalidField, invalidFields } from '../../shared/errors/field-problems.js';
import { draft } from '../../shared/events/events.js';
import { Access } from '../../shared/http/access.port.js';
import { ENVIRONMENTS, homeOrganization, isPlatformAdmin, type Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { Ids } from '../../shared/kernel/ids.js';
import { type CustomTemplate, nextMinor, type TemplateDocument, type TemplateVersion } from './custom-template.js';
import { DeploymentSource } from './deployment-source.port.js';
import { type Finding, isBlocking } from './finding.js';
import { type ManifestTemplate, SHARED } from './manifest-template.js';
import { literalSecrets } from './literal-secrets.js';
import {
  copyDocument,
  describeChanges,
  documentOf,
  editedDocument,
  newDocument,
  type NewTemplate,
  type StackEntry,
  type TemplateEdits,
  type TemplateParts,
} from './template-drafts.js';
import { readCustomTemplate, TemplateLibrary } from './template-library.js';
import { TemplatesService } from './templates.service.js';

/** Custom templates by tier (api.md 1.8). */
const TEMPLATE_LIMIT: Readonly<Record<string, number>> = { free: 2, standard: 20, static: 20 };

export interface TemplateOrder extends NewTemplate {
  /** Default: that of the deployment, else the caller's own. */
  readonly organization?: string;
  /** For everybody; platform administrators only. */
  readonly shared?: boolean;
  readonly fromDeployment?: string;
  readonly fromTemplate?: string;
}

/** Which custom template: where several organizations have that name, `organization` picks. */
export interface TemplateAddress {
  readonly name: string;
  readonly organization?: string;
}

export interface TemplateChanged {
  readonly template: ManifestTemplate;
  readonly changes: readonly string[];
  readonly warnings: readonly Finding[];
}

/** Making, changing and deleting custom templates (deployments.md 2.5). Built-in ones never change. */
@Injectable()
export class CustomTemplatesService {
  #deployments: DeploymentSource | undefined;

  constructor(
    private readonly library: TemplateLibrary,
    private readonly templates: TemplatesService,
    private readonly access: Access,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The deployments module says how a deployment becomes a template. */
  readDeploymentsThrough(source: DeploymentSource): void {
    this.#deployments = source;
  }

  /**
   * @throws Denied `QUOTA_EXCEEDED`, or for rights the principal lacks; Conflict `RESOURCE_ALREADY_EXISTS`;
   * Refused `VALIDATION_INVALID_TEMPLATE` with all findings; 400 for fields that do not fit together
   */
  async create(principal: Principal, order: TemplateOrder): Promise<TemplateChanged> {
    requireFittingParts(order);
    const deployment = await this.#describe(principal, order.fromDeployment);
    const organization = this.#ownerOf(principal, order, deployment?.organization);
    return this.library.change(async () => {
      this.#requireFreeName(order.name, organization);
      this.#requireQuota(principal, organization);
      const { stackTemplates } = this.library;
      const source = deployment?.document ?? this.#sourceOf(principal, order.fromTemplate);
      const document = source ? copyDocument(source, order, stackTemplates) : newDocument(order, stackTemplates);
      const now = this.clock.now();
      const row: Omit<CustomTemplate, 'change'> = {
        templateId: `tpl-${this.ids.base36(16)}`,
        organization,
        name: order.name,
        version: String(document['version']),
        revision: 1,
        status: 'active',
        document,
        createdAt: now,
        createdBy: principal.name,
        updatedAt: now,
        updatedBy: principal.name,
      };
      const { template, warnings } = this.#checked(row);
      const { name, version } = row;
      return {
        organization,
        template: row,
        version: versionOf(row, template, []),
        events: [draft('template_created', { organization }, { name, version, createdBy: principal.name })],
        result: { template, changes: [], warnings },
      };
    });
  }

  /**
   * A new minor version; edits that change nothing leave version and revision alone.
   * @throws Denied `TEMPLATE_IMMUTABLE` for a built-in one; NotFound; AppError 412 `PRECONDITION_FAILED`;
   * Refused `VALIDATION_INVALID_TEMPLATE` with all findings
   */
  async update(
    principal: Principal,
    address: TemplateAddress,
    edits: TemplateEdits,
    ifRevision?: number,
  ): Promise<TemplateChanged> {
    requireFittingEdits(edits);
    return this.library.change(async () => {
      const before = this.#own(principal, address, ifRevision);
      this.#requireNamedStacks(before, edits);
      const edited = editedDocument(before.document, edits, this.library.stackTemplates);
      const found = describeChanges(before.document, edited);
      if (found.length === 0) {
        const { template, warnings } = this.#checked(before);
        return { organization: before.organization, events: [], result: { template, changes: [], warnings } };
      }
      const version = nextMinor(before.version);
      const row = {
        ...before,
        version,
        revision: before.revision + 1,
        document: { ...edited, version },
        updatedAt: this.clock.now(),
        updatedBy: principal.name,
      };
      const { template, warnings } = this.#checked(row);
      const changes = [...found, `version: ${before.version} → ${version}`];
      const { organization, name } = row;
      return {
        organization,
        template: row,
        version: versionOf(row, template, changes),
        events: [draft('template_updated', { organization }, { name, version, changes, updatedBy: principal.name })],
        result: { template, changes, warnings },
      };
    });
  }

  /**
   * Deployments keep their manifest and the name.
   * @throws Denied `TEMPLATE_IMMUTABLE`; NotFound; AppError 412
   */
  async remove(principal: Principal, address: TemplateAddress, ifRevision?: number): Promise<CustomTemplate> {
    return this.library.change(async () => {
      const before = this.#own(principal, address, ifRevision);
      const row: CustomTemplate = {
        ...before,
        status: 'deleted',
        revision: before.revision + 1,
        updatedAt: this.clock.now(),
        updatedBy: principal.name,
      };
      const { organization, name } = row;
      return {
        organization,
        template: row,
        events: [draft('template_deleted', { organization }, { name, deletedBy: principal.name })],
        result: row,
      };
    });
  }

  /** Versions of a custom template, newest first; a built-in one has the version it came with. */
  async versions(
    principal: Principal,
    address: TemplateAddress,
    page: { readonly page: number; readonly limit: number },
  ): Promise<{ readonly template: ManifestTemplate; readonly versions: readonly TemplateVersion[]; total: number }> {
    await this.library.refresh();
    const template = this.templates.get(address.name, this.templates.viewerOf(principal), address.organization);
    if (!template.custom) return { template, versions: [], total: 0 };
    const skip = (page.page - 1) * page.limit;
    return { template, ...(await this.library.versions(template.custom.templateId, { skip, limit: page.limit })) };
  }

  async #describe(principal: Principal, deploymentId: string | undefined) {
    if (deploymentId === undefined) return undefined;
    if (!this.#deployments) throw invalidField('fromDeployment', 'format', 'deployments are not served here');
    return this.#deployments.describe(principal, deploymentId);
  }

  #sourceOf(principal: Principal, name: string | undefined): TemplateDocument | undefined {
    if (name === undefined) return undefined;
    return documentOf(this.templates.get(name, this.templates.viewerOf(principal)));
  }

  #ownerOf(principal: Principal, order: TemplateOrder, ofDeployment: string | undefined): string {
    if (order.shared) {
      requirePlatformAdmin(principal);
      return SHARED;
    }
    const organization = order.organization ?? ofDeployment ?? homeOrganization(principal);
    if (organization === null) {
      const message = 'organization is required: the credential belongs to none; or make the template shared';
      throw invalidField('organization', 'required', message);
    }
    if (organization === SHARED) throw invalidField('organization', 'format', 'use shared: true');
    this.access.require(principal, 'templates:manage', { organization }, { kind: 'organization', id: organization });
    return organization;
  }

  /** @throws Conflict for a name that the organization's people see already; a shared name must be free everywhere */
  #requireFreeName(name: string, organization: string): void {
    const taken =
      this.library.builtIn.has(name) ||
      this.library.custom.some(
        ({ name: other, custom }) =>
          other === name &&
          (organization === SHARED || custom?.organization === SHARED || custom?.organization === organization),
      );
    if (!taken) return;
    throw new Conflict('RESOURCE_ALREADY_EXISTS', `A template "${name}" exists already`, {
      details: { resource: 'template', id: name, field: 'name' },
      suggestion: 'Choose another name, or change the template that is there.',
    });
  }

  #requireQuota(principal: Principal, organization: string): void {
    const limit = TEMPLATE_LIMIT[principal.tier];
    if (limit === undefined || organization === SHARED) return;
    const used = this.library.custom.filter((template) => template.custom?.organization === organization).length;
    if (used < limit) return;
    throw new Denied('QUOTA_EXCEEDED', 403, `The organization has ${used} custom templates, its limit is ${limit}`, {
      details: { quota: 'customTemplates', limit, used, tier: principal.tier },
      suggestion: 'Delete a template that is no longer used.',
    });
  }

  /** The custom template at that address, which the principal may manage and whose revision is the expected one. */
  #own(principal: Principal, { name, organization }: TemplateAddress, ifRevision: number | undefined): CustomTemplate {
    const template = this.templates.get(name, this.templates.viewerOf(principal), organization);
    if (!template.custom) {
      throw new Denied('TEMPLATE_IMMUTABLE', 403, `The built-in template "${name}" cannot be changed`, {
        details: { template: name },
        suggestion: `Make your own from it: POST /api/v1/templates {"name": …, "fromTemplate": "${name}"}`,
      });
    }
    const owner = template.custom.organization;
    if (owner === SHARED) requirePlatformAdmin(principal);
    else this.access.require(principal, 'templates:manage', { organization: owner }, { kind: 'template', id: name });
    const row = this.library.stored(template.custom.templateId) as CustomTemplate;
    if (ifRevision === undefined || ifRevision === row.revision) return row;
    throw new AppError(
      'PRECONDITION_FAILED',
      412,
      `Template "${name}" is at revision ${row.revision}, not ${ifRevision}`,
      { details: { revision: row.revision, expected: ifRevision }, suggestion: 'Read it again and repeat the change.' },
    );
  }

  /** Stacks may be enabled when they are registered (they are added then), disabled when they are in the template. */
  #requireNamedStacks(before: CustomTemplate, edits: TemplateEdits): void {
    const after = editedDocument(before.document, { stacks: edits.stacks }, this.library.stackTemplates);
    const inside = Object.keys(after['stacks'] as object);
    const known = [...this.library.stackTemplates.keys()];
    const unknown = [
      ...(edits.enableStacks ?? []).filter((name) => !inside.includes(name) && !known.includes(name)),
      ...(edits.disableStacks ?? []).filter((name) => !inside.includes(name)),
    ];
    if (unknown.length === 0) return;
    const errors = unknown.map((name): Finding => ({
      ruleId: 'TPL-007',
      code: 'UNKNOWN_STACK',
      severity: 'HIGH',
      message: known.includes(name) ? `stack ${name} is not in the template` : `stack ${name} is not registered`,
      location: `stacks.${name}`,
      stack: name,
      details: { known, inside },
      remediation: 'Name a stack of the template, or one that is registered.',
    }));
    throw refused(before.name, errors);
  }

  /** @throws Refused with all findings that block; 400 for secrets in clear */
  #checked(row: Omit<CustomTemplate, 'change'>): { template: ManifestTemplate; warnings: readonly Finding[] } {
    const { template, findings } = readCustomTemplate(row);
    if (!template) throw refused(row.name, findings);
    const secrets = literalSecrets(template, this.library.stackTemplates);
    if (secrets.length > 0) throw invalidFields(secrets);
    const all = this.templates.findingsOf(template);
    const errors = all.filter(isBlocking);
    if (errors.length > 0) throw refused(row.name, errors);
    return { template, warnings: all };
  }
}

function versionOf(
  row: Omit<CustomTemplate, 'change'>,
  template: ManifestTemplate,
  changes: readonly string[],
): TemplateVersion {
  const { templateId, version, revision, document, updatedAt, updatedBy } = row;
  const { contentHash } = template;
  return { templateId, version, revision, document, contentHash, changes, createdAt: updatedAt, createdBy: updatedBy };
}

function requirePlatformAdmin(principal: Principal): void {
  if (isPlatformAdmin(principal)) return;
  throw new Denied('AUTHZ_FORBIDDEN', 403, 'Shared templates are made and changed by platform administrators', {
    details: { permission: 'templates:manage', organization: SHARED, requiredRoles: ['admin'] },
  });
}

/** @throws 400 when there is no source of stacks, or two; or for what no template can have */
function requireFittingParts(order: TemplateOrder): void {
  if (order.fromDeployment !== undefined && order.fromTemplate !== undefined) {
    throw invalidField('fromTemplate', 'format', 'fromDeployment and fromTemplate exclude each other');
  }
  if (!order.stacks && order.fromDeployment === undefined && order.fromTemplate === undefined) {
    throw invalidField('stacks', 'required', 'stacks is required without fromDeployment or fromTemplate');
  }
  if (order.shared && order.organization !== undefined) {
    throw invalidField('organization', 'format', 'a shared template belongs to no organization');
  }
  requireEnvironmentNames(order);
  requireEntries(order.stacks ?? []);
}

function requireFittingEdits(edits: TemplateEdits): void {
  if (Object.values(edits).every((value) => value === undefined)) {
    throw invalidField('body', 'required', 'at least one field must be given');
  }
  const both = (edits.enableStacks ?? []).filter((name) => edits.disableStacks?.includes(name));
  if (both.length > 0) {
    throw invalidField('disableStacks', 'format', `${both.join(', ')} cannot be enabled and disabled at once`);
  }
  requireEnvironmentNames(edits);
  if (Array.isArray(edits.stacks)) requireEntries(edits.stacks as readonly StackEntry[]);
}

function requireEnvironmentNames({ environments }: TemplateParts): void {
  const wrong = Object.keys(environments ?? {}).filter((name) => !(ENVIRONMENTS as readonly string[]).includes(name));
  if (wrong.length === 0) return;
  const hint = wrong.includes('staging') ? '; staging is called stage' : '';
  throw invalidField('environments', 'format', `environments are dev, stage and prod, not ${wrong.join(', ')}${hint}`);
}

/** @throws 400 for entries that name no stack, or one twice */
function requireEntries(entries: readonly StackEntry[]): void {
  const names = entries.map((entry, index) => {
    const name = typeof entry === 'string' ? entry : (entry as { name?: unknown } | null)?.name;
    if (typeof name === 'string' && name !== '') return name;
    throw invalidField(`stacks[${index}]`, 'format', 'must be the name of a stack, or an object with its name');
  });
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) throw invalidField(`stacks[${twice}]`, 'format', `stack ${names[twice]} is listed twice`);
}

function refused(name: string, errors: readonly Finding[]): Refused {
  const message = `Template "${name}" is not valid: ${errors.map((error) => error.message).join('; ')}`;
  const stacks = [...new Set(errors.flatMap((error) => (error.stack ? [error.stack] : [])))];
  return new Refused('VALIDATION_INVALID_TEMPLATE', message, {
    details: { template: name, stacks, errors },
    suggestion: errors[0]?.remediation,
  });
}
