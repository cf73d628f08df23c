import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { CloudQueries } from '../../orchestrator/cloud-queries.port.js';
import { stackRef } from '../../orchestrator/engine-config.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import type { RunView } from '../../orchestrator/run-request.js';
import { applyRules, type Finding } from '../../templates/finding.js';
import { Catalogue } from '../catalogue.js';
import type { MergedConfig } from '../manifest/resolve-config.js';
import { mergeConfig, originOf } from '../manifest/resolve-config.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { ACCOUNT_RULES, BACKEND_RULES } from './access-rules.js';
import type { Check } from './check-groups.js';

/** One environment as the checks need it. */
export interface CheckedEnvironment {
  readonly manifest: Manifest;
  readonly environment: EnvironmentName;
  /** Place and stacks as a deployment would see them. */
  readonly view: RunView;
  /** Only these stacks; default all that are on. */
  readonly stacks?: readonly string[];
}

export interface FullResult {
  readonly findings: readonly Finding[];
  /** Check → why it did not take place. */
  readonly skipped: Readonly<Partial<Record<Check, string>>>;
}

/** Operations a killed run left, in a state of Pulumi's format. */
const PENDING = 'pending_operations';

/**
 * Level `full` of validation, and what stands before every deployment (deployments.md 8.5): programs against their templates,
 * the account, the state backend, and the values that placeholders find in the cloud. Nothing is changed anywhere.
 */
@Injectable()
export class FullChecks {
  constructor(
    private readonly config: Config,
    private readonly catalogue: Catalogue,
    private readonly orchestrator: OrchestratorService,
    private readonly queries: CloudQueries,
    private readonly engine: StackEngine,
  ) {}

  /** @param strict warnings about programs block, too */
  async check(
    environments: readonly CheckedEnvironment[],
    checks: ReadonlySet<Check>,
    strict: boolean,
  ): Promise<FullResult> {
    const findings: Finding[] = [];
    const skipped: Partial<Record<Check, string>> = {};
    const take = (check: Check, result: readonly Finding[] | string): void => {
      if (typeof result === 'string') skipped[check] = result;
      else findings.push(...result);
    };
    if (checks.has('stack-code')) take('stack-code', this.programs(environments, strict));
    for (const each of environments) {
      if (checks.has('aws-credentials')) take('aws-credentials', await this.account(each));
      if (checks.has('pulumi-state')) take('pulumi-state', await this.backend(each));
      if (checks.has('runtime-placeholders')) take('runtime-placeholders', await this.lookUps(each));
    }
    return { findings, skipped };
  }

  /** Rules COD on the sources of the stacks. */
  private programs(environments: readonly CheckedEnvironment[], strict: boolean): Finding[] | string {
    const names = new Set(environments.flatMap(namesOf));
    const findings: Finding[] = [];
    let seen = 0;
    for (const name of names) {
      const own = this.catalogue.stacks.codeFindings(name, strict);
      if (own === null) continue;
      seen += 1;
      findings.push(...own);
    }
    return seen === 0 && names.size > 0 ? 'the sources of the stacks are not on this host' : findings;
  }

  private async account({ environment, view }: CheckedEnvironment): Promise<Finding[] | string> {
    const { organization, account, region } = view.place;
    const access = await this.queries.access({ organization, account, region });
    if (!access) return `no account is behind CLOUD=${this.config.engine.cloud}`;
    return applyRules(ACCOUNT_RULES, { environment, account, access });
  }

  private async backend(checked: CheckedEnvironment): Promise<Finding[] | string> {
    const { environment, view } = checked;
    const [first] = namesOf(checked);
    const access = await this.engine.access(stackRef(view.place, first ?? 'none'), { probe: false });
    if (!access) return `ENGINE=${this.engine.name} keeps the state itself`;
    const pending: Record<string, number> = {};
    for (const name of access.loggedIn ? namesOf(checked) : []) {
      const state = await this.engine.exportState(stackRef(view.place, name));
      const left = state?.deployment[PENDING];
      pending[name] = Array.isArray(left) ? left.length : 0;
    }
    return applyRules(BACKEND_RULES, { environment, access, pending });
  }

  /** PH-010 to PH-014: everything but outputs of other stacks, which may be still to come. */
  private async lookUps(checked: CheckedEnvironment): Promise<Finding[]> {
    const { manifest, environment, view } = checked;
    const resolved = await this.orchestrator.resolve(view, namesOf(checked), 'collect');
    return [...resolved].flatMap(([stack, { unresolved }]) => {
      const merged = mergeConfig(manifest, this.catalogue.stacks.template(stack), environment);
      return unresolved.map(({ path, placeholder, problem }) =>
        unresolvedFinding(merged, { path, placeholder, ruleId: problem.ruleId, message: problem.message }),
      );
    });
  }
}

function namesOf({ manifest, environment, stacks }: CheckedEnvironment): string[] {
  const on = Object.keys(manifest.spec.stacks).filter((name) => isStackOn(manifest, name, environment));
  return stacks ? on.filter((name) => stacks.includes(name)) : on;
}

function unresolvedFinding(
  merged: MergedConfig,
  { path, placeholder, ruleId, message }: Readonly<Record<'path' | 'placeholder' | 'ruleId' | 'message', string>>,
): Finding {
  const { stack, environment } = merged;
  return {
    ruleId,
    code: 'PLACEHOLDER_RESOLUTION',
    severity: 'HIGH',
    message: `${stack} in ${environment}: ${placeholder} has no value: ${message}`,
    location: originOf(merged, path).location,
    stack,
    environment,
    details: { placeholder, path },
    remediation: 'Make what it asks for, or correct the placeholder.',
  };
}
