import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Denied } from '../../../shared/errors/app-error.js';
import { Access } from '../../../shared/http/access.port.js';
import { homeOrganization, type Principal } from '../../../shared/http/principal.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { CloudQueries } from '../../orchestrator/cloud-queries.port.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import type { AccountAccess, BackendAccess } from '../../orchestrator/platform-access.js';
import { applyRules, type Finding, isBlocking } from '../../templates/finding.js';
import { slugOf } from '../manifest/slug.js';
import { ACCOUNT_RULES, BACKEND_RULES } from './access-rules.js';

/** Facts, and what the rules say of them. `access` null = nothing is outside (sandbox, embedded engine). */
export interface AccessReport<T> {
  readonly valid: boolean;
  readonly access: T | null;
  readonly findings: readonly Finding[];
}

/** No account is asked for in the way of a stack: the rules judge the region and the rights alone. */
const NO_ACCOUNT = '000000000000';

/** Validators of the outside that are callable on their own (deployments.md 8.6, api.md 3.12). */
@Injectable()
export class PlatformAccessService {
  constructor(
    private readonly config: Config,
    private readonly access: Access,
    private readonly queries: CloudQueries,
    private readonly engine: StackEngine,
    private readonly ids: Ids,
  ) {}

  /** @param asked `account` absent: any account will do */
  async account(
    principal: Principal,
    asked: { readonly region: string; readonly account?: string; readonly profile?: string },
  ): Promise<AccessReport<AccountAccess>> {
    const organization = this.organizationOf(principal);
    const { region, profile } = asked;
    const access = await this.queries.access({ organization, region, account: asked.account ?? NO_ACCOUNT }, profile);
    if (!access) return { valid: true, access, findings: [] };
    const account = asked.account ?? access.accountId ?? NO_ACCOUNT;
    return judged(access, applyRules(ACCOUNT_RULES, { environment: 'dev', account, access }));
  }

  /** Makes, reads and removes a stack for the trial. */
  async backend(principal: Principal): Promise<AccessReport<BackendAccess>> {
    const organization = this.organizationOf(principal);
    const ref = {
      organization,
      pulumiOrg: slugOf(organization),
      project: 'access-check',
      stack: `access-check-${this.ids.uuid()}`,
      account: NO_ACCOUNT,
      region: this.config.runtimeEnv['AWS_REGION'] ?? 'us-east-1',
    };
    const access = await this.engine.access(ref, { probe: true });
    if (!access) return { valid: true, access, findings: [] };
    return judged(access, applyRules(BACKEND_RULES, { environment: 'dev', access, pending: {} }));
  }

  private organizationOf(principal: Principal): string {
    const organization = homeOrganization(principal);
    if (organization === null) {
      throw new Denied('AUTHZ_FORBIDDEN', 403, 'The credential belongs to no organization');
    }
    this.access.require(
      principal,
      'deployments:validate',
      { organization },
      { kind: 'organization', id: organization },
    );
    return organization;
  }
}

function judged<T>(access: T, findings: readonly Finding[]): AccessReport<T> {
  return { valid: !findings.some(isBlocking), access, findings };
}
