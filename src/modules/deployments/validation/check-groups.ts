import type { Finding } from '../../templates/finding.js';
import type { Level } from '../manifest/validation.js';

/** What a caller of validate may pick (api.md 3.3). */
export const CHECKS = [
  'manifest',
  'dependencies',
  'configuration',
  'runtime-placeholders',
  'stack-code',
  'aws-credentials',
  'pulumi-state',
] as const;
export type Check = (typeof CHECKS)[number];

/** Levels of validate; `full` asks the world outside the manifest. */
export const VALIDATE_LEVELS = ['syntax', 'schema', 'dependencies', 'config', 'full'] as const;
export type ValidateLevel = Level | 'full';

/** Lowest level at which a check has something to look at. */
export const LEVEL_OF: Readonly<Record<Check, ValidateLevel>> = {
  manifest: 'syntax',
  dependencies: 'dependencies',
  configuration: 'config',
  'runtime-placeholders': 'config',
  'stack-code': 'full',
  'aws-credentials': 'full',
  'pulumi-state': 'full',
};

const BY_PREFIX: readonly (readonly [string, Check])[] = [
  ['SYN-', 'manifest'],
  ['SCH-', 'manifest'],
  ['DEP-', 'dependencies'],
  ['PRE-002', 'dependencies'],
  ['PH-', 'runtime-placeholders'],
  ['COD-', 'stack-code'],
  ['AWS-', 'aws-credentials'],
  ['PUL-', 'pulumi-state'],
];

/** The check a rule belongs to; values, environments and policies are `configuration`. */
export function checkOf(ruleId: string): Check {
  return BY_PREFIX.find(([prefix]) => ruleId.startsWith(prefix))?.[1] ?? 'configuration';
}

export function reaches(level: ValidateLevel, wanted: ValidateLevel): boolean {
  return VALIDATE_LEVELS.indexOf(level) >= VALIDATE_LEVELS.indexOf(wanted);
}

export interface CheckResult {
  readonly name: Check;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What is known when the checks are summed up. */
export interface CheckedUp {
  /** The last level that was looked at. */
  readonly reached: ValidateLevel;
  /** The level that was asked for. */
  readonly wanted: ValidateLevel;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Check → why it did not take place. */
  readonly skipped: Readonly<Partial<Record<Check, string>>>;
  /** Declared environments that are off: nothing of them is looked at from level config on. */
  readonly notValidated: readonly string[];
}

export function resultOf(name: Check, known: CheckedUp): CheckResult {
  const own = (findings: readonly Finding[]): Finding[] => findings.filter(({ ruleId }) => checkOf(ruleId) === name);
  const [errors, warnings] = [own(known.errors), own(known.warnings)];
  const needed = LEVEL_OF[name];
  const perEnvironment = name !== 'manifest' && name !== 'dependencies';
  const details = {
    errors: errors.length,
    warnings: warnings.length,
    ...(perEnvironment && known.notValidated.length > 0 ? { notValidated: known.notValidated } : {}),
  };
  if (errors.length > 0) {
    return { name, status: 'failed', message: errors.map(({ message }) => message).join('; '), details };
  }
  const reason = known.skipped[name] ?? unreached(needed, known);
  if (reason !== undefined) return { name, status: 'skipped', message: reason, details };
  const message = warnings.length > 0 ? `${warnings.length} warning(s)` : 'no problems';
  return { name, status: 'passed', message, details };
}

function unreached(needed: ValidateLevel, { reached, wanted }: CheckedUp): string | undefined {
  if (!reaches(wanted, needed)) return `belongs to level ${needed}; asked for was ${wanted}`;
  if (!reaches(reached, needed)) return `not reached: level ${reached} has errors`;
  return undefined;
}
