import type { EnvironmentName } from '../../shared/http/principal.js';

/** CRITICAL and HIGH block; MEDIUM and LOW are warnings (deployments.md 8.1). */
export type Severity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';

/** One result of a validation rule (deployments.md 8.1). */
export interface Finding {
  /** `DEP-004`. */
  readonly ruleId: string;
  /** Name for machines, `CIRCULAR_DEPENDENCY`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** Path in the document without `spec.`: `stacks.security.dependencies`. */
  readonly location: string;
  readonly stack?: string;
  readonly environment?: EnvironmentName;
  readonly details: Readonly<Record<string, unknown>>;
  /** What the author can do. */
  readonly remediation: string;
}

/** What a rule says; id, code and severity come from its row in the table. */
export type Violation = Pick<Finding, 'message' | 'location'> &
  Partial<Pick<Finding, 'stack' | 'environment' | 'details' | 'remediation'>>;

/** A row of a rule table: one rule of deployments.md 8 and the function that checks it. */
export interface Rule<Context> {
  readonly id: string;
  readonly code: string;
  readonly severity: Severity;
  readonly remediation: string;
  readonly check: (context: Context) => readonly Violation[];
}

/** Findings of all rules in the order of the table. */
export function applyRules<Context>(rules: readonly Rule<Context>[], context: Context): Finding[] {
  return rules.flatMap((rule) => rule.check(context).map((violation) => toFinding(rule, violation)));
}

export function toFinding(rule: Omit<Rule<never>, 'check'>, violation: Violation): Finding {
  const { id, code, severity, remediation } = rule;
  return { ruleId: id, code, severity, remediation, details: {}, ...violation };
}

export function isBlocking(finding: Finding): boolean {
  return finding.severity === 'CRITICAL' || finding.severity === 'HIGH';
}

/** `DEP-001 stacks.security.dependencies: …`, for start-up messages and logs. */
export function findingLine(finding: Finding): string {
  return `${finding.ruleId} ${finding.location}: ${finding.message}`;
}
