import { Injectable } from '@nestjs/common';
import type { CloudParameters, CloudResource } from '../../../tools/sandbox-cloud/account-store.port.js';
import type { FaultRule } from '../../../tools/sandbox-cloud/fault-rule.js';
import type { Properties } from '../../../tools/sandbox-cloud/provider.port.js';
import { SandboxCloud } from '../../../tools/sandbox-cloud/sandbox-cloud.js';
import { invalidField, invalidFields, type Violation } from '../../shared/errors/field-problems.js';
import { Access } from '../../shared/http/access.port.js';
import type { Principal } from '../../shared/http/principal.js';
import { SandboxResourceAmbiguous, SandboxResourceNotFound, SandboxRuleInvalid } from './sandbox.errors.js';

export interface InventoryRequest {
  readonly region?: string;
  readonly type?: string;
  readonly stack?: string;
  readonly page: number;
  readonly limit: number;
}

/** Which resource of an account; `region` and `type` tell equal ids apart. */
export interface ResourceAddress {
  readonly account: string;
  readonly id: string;
  readonly region?: string;
  readonly type?: string;
}

/** The administrator's hand on the sandbox cloud of an organization. */
@Injectable()
export class SandboxService {
  constructor(
    private readonly cloud: SandboxCloud,
    private readonly access: Access,
  ) {}

  /**
   * The organization whose sandbox the caller steers: the named one, else the only one the caller administers.
   * @throws NotFound for an organization of others; Invalid when several are possible and none is named
   */
  organizationOf(principal: Principal, named: string | undefined): string {
    const own = new Set(
      principal.assignments
        .filter(({ role, organization }) => role === 'admin' && organization !== '*')
        .map((a) => a.organization),
    );
    const chosen = named ?? principal.scope?.organization ?? (own.size === 1 ? [...own][0] : undefined);
    if (chosen === undefined) {
      throw invalidField(
        'organization',
        'required',
        'organization is required: the caller does not administer exactly one',
      );
    }
    this.access.require(principal, 'admin:*', { organization: chosen }, { kind: 'Organization', id: chosen });
    return chosen;
  }

  async listResources(
    organization: string,
    account: string,
    { page, limit, ...query }: InventoryRequest,
  ): Promise<{ resources: CloudResource[]; total: number }> {
    const found = await this.cloud.inventory({ organization, account }, query, { skip: (page - 1) * limit, limit });
    return { ...found, resources: found.resources.map((resource) => this.shown(resource)) };
  }

  /** @throws SandboxResourceNotFound, SandboxResourceAmbiguous; a field error for a property the type does not have */
  async changeResource(organization: string, address: ResourceAddress, properties: Properties): Promise<CloudResource> {
    const resource = await this.getResource(organization, address);
    const problems = this.cloud.changeProblems(resource.type, properties);
    if (problems.length > 0) {
      throw invalidFields(
        problems.map(({ property, kind, reason }) => ({ field: `properties.${property}`, kind, message: reason })),
      );
    }
    const changed = await this.cloud.changeByHand(resource, properties);
    if (!changed) throw new SandboxResourceNotFound(address.id);
    return this.shown(changed);
  }

  /** @throws SandboxResourceNotFound, SandboxResourceAmbiguous */
  async deleteResource(organization: string, address: ResourceAddress): Promise<CloudResource> {
    const resource = await this.getResource(organization, address);
    if (!(await this.cloud.vanish(resource))) throw new SandboxResourceNotFound(address.id);
    return this.shown(resource);
  }

  /** @throws a field error for a value that is no text (or list of texts, for SSM) */
  async setParameters(
    organization: string,
    given: { readonly ssm?: Record<string, unknown>; readonly secrets?: Record<string, unknown> },
  ): Promise<CloudParameters> {
    const { ssm = {}, secrets = {} } = given;
    const violations: Violation[] = [
      ...Object.entries(ssm).flatMap(([path, value]) =>
        isText(value) || (Array.isArray(value) && value.every(isText))
          ? []
          : [{ field: `ssm.${path}`, kind: 'type' as const, message: `ssm.${path} must be a text or a list of texts` }],
      ),
      ...Object.entries(secrets).flatMap(([id, value]) =>
        isText(value)
          ? []
          : [{ field: `secrets.${id}`, kind: 'type' as const, message: `secrets.${id} must be a text` }],
      ),
    ];
    if (violations.length > 0) throw invalidFields(violations);
    const parameters = { ssm, secrets } as CloudParameters;
    await this.cloud.setParameters(organization, parameters);
    return parameters;
  }

  faults(organization: string): Promise<readonly FaultRule[]> {
    return this.cloud.faults(organization);
  }

  /** @throws SandboxRuleInvalid; then the old list stays */
  async setFaults(organization: string, rules: unknown): Promise<readonly FaultRule[]> {
    const result = await this.cloud.setFaults(organization, rules);
    if (result.problems.length > 0) throw new SandboxRuleInvalid(result.problems);
    return result.rules;
  }

  speed(organization: string): Promise<number> {
    return this.cloud.speed(organization);
  }

  async setSpeed(organization: string, factor: number): Promise<number> {
    await this.cloud.setSpeed(organization, factor);
    return factor;
  }

  private shown(resource: CloudResource): CloudResource {
    return { ...resource, properties: this.cloud.shownProperties(resource) };
  }

  private async getResource(organization: string, { account, id, ...narrow }: ResourceAddress): Promise<CloudResource> {
    const found = await this.cloud.locate({ organization, account }, id, narrow);
    const [resource] = found;
    if (!resource) throw new SandboxResourceNotFound(id);
    if (found.length > 1) throw new SandboxResourceAmbiguous(id, found);
    return resource;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
