import { Injectable } from '@nestjs/common';
import type { ErrorClass } from '../../orchestrator/engine.port.js';
import type { Preflight } from '../../orchestrator/run.js';
import { type Finding, isBlocking } from '../../templates/finding.js';
import { Catalogue } from '../catalogue.js';
import { manifestRefusal, validateManifest } from '../manifest/validation.js';
import type { Check } from '../validation/check-groups.js';
import { FullChecks } from '../validation/full-checks.js';
import type { Operation } from './operation.js';
import { type RunBasis, RunRequestBuilder } from './run-request.builder.js';

/** A fence that no lease has: nothing is written. */
const NO_FENCE = 0;

/** Rules → class and, where it is not the finding's own, code of the error that ends the run (deployments.md 7.6). */
const CLASSES: readonly (readonly [RegExp, ErrorClass])[] = [
  [/^AWS-001$|^PUL-002$/, 'credentials'],
  [/^AWS-|^PUL-003$/, 'permission'],
  [/^PH-/, 'placeholder'],
];
/** Findings about the world outside; all others are about the manifest. */
const OUTSIDE = /^(AWS|PUL)-/;

/**
 * The checks between plan and first stack (deployments.md 7.5, step 4; 8.5): the frozen manifest for its environment up to level
 * config; then the programs of the stacks to run, the account, the state backend, and what placeholders find in the cloud.
 */
@Injectable()
export class RunPreflight {
  constructor(
    private readonly builder: RunRequestBuilder,
    private readonly catalogue: Catalogue,
    private readonly checks: FullChecks,
  ) {}

  /** null = nothing to check: destroy and rollback need no valid manifest, and `skipValidation` asks for none. */
  of(operation: Operation): Preflight | null {
    const needsManifest = operation.type === 'deploy' || operation.type === 'deploy-stack';
    if (!needsManifest || operation.parameters.skipValidation) return null;
    return async () => {
      const findings = await this.findingsOf(operation, await this.builder.basis(operation));
      const errors = findings.filter(isBlocking);
      const counts = { errors: errors.length, warnings: findings.length - errors.length };
      const refusal = refusalOf(errors);
      if (!refusal) return counts;
      const { code, message, suggestion } = refusal;
      return {
        ...counts,
        error: {
          class: CLASSES.find(([rules]) => rules.test(errors[0]?.ruleId ?? ''))?.[1] ?? 'validation',
          code,
          message,
          retryable: false,
          details: { errors },
          ...(suggestion ? { remediation: suggestion } : {}),
        },
      };
    };
  }

  private async findingsOf(operation: Operation, basis: RunBasis): Promise<readonly Finding[]> {
    const { deploymentId, environment, organization, selectedStacks } = operation;
    const { manifest } = basis;
    const surroundings = { ...this.catalogue.surroundings(organization), deploymentId, environment };
    const { findings, valid } = validateManifest(manifest, surroundings);
    if (!valid) return findings;
    const view = this.builder.compose(operation, basis, NO_FENCE);
    const stacks = selectedStacks ? { stacks: selectedStacks } : {};
    const checked = [{ manifest, environment, view, ...stacks }];
    const full = await this.checks.check(checked, checksOf(operation), operation.parameters.strict ?? false);
    return [...findings, ...full.findings];
  }
}

/** A preview shows what is unresolved instead of stopping at it (deployments.md 5.6). */
function checksOf({ preview, parameters }: Operation): ReadonlySet<Check> {
  const chosen = new Set<Check>(['aws-credentials', 'pulumi-state']);
  if (parameters.validateCode ?? true) chosen.add('stack-code');
  if (!preview) chosen.add('runtime-placeholders');
  return chosen;
}

function refusalOf(
  errors: readonly Finding[],
): { readonly code: string; readonly message: string; readonly suggestion?: string } | null {
  const [first] = errors;
  if (!first) return null;
  if (!OUTSIDE.test(first.ruleId)) return manifestRefusal(errors);
  return { code: first.code, message: first.message, suggestion: first.remediation };
}
