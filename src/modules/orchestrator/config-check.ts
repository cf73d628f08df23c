import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import type { ResolvedStack } from './placeholders/resolve.js';
import type { DeclaredInput } from './run-request.js';

/** Checks after resolution (RUN-001; deployments.md 4.3, 5.4). */

export interface ConfigFinding {
  readonly ruleId: 'CFG-001' | 'CFG-002' | 'CFG-003';
  readonly code: 'REQUIRED_PARAMETER' | 'PARAMETER_TYPE' | 'PARAMETER_CONSTRAINT';
  readonly key: string;
  readonly message: string;
}

type Inputs = Readonly<Record<string, DeclaredInput>>;

/** Text that came from placeholders becomes the declared number or boolean where it reads as one. */
export function typedValues(resolved: ResolvedStack, inputs: Inputs): Readonly<Record<string, unknown>> {
  const filled = new Set(resolved.filledKeys);
  return Object.fromEntries(
    Object.entries(resolved.values).map(([key, value]) => [
      key,
      filled.has(key) && typeof value === 'string' ? converted(value, inputs[key]?.type) : value,
    ]),
  );
}

/** @param skipped keys that are not resolved yet or left out on purpose */
export function checkConfig(
  values: Readonly<Record<string, unknown>>,
  inputs: Inputs,
  skipped: ReadonlySet<string>,
): ConfigFinding[] {
  return Object.entries(inputs)
    .filter(([key]) => !skipped.has(key))
    .flatMap(([key, input]) => checkValue(key, values[key], input));
}

/**
 * Changes against the last deployment that would cost data or that the cloud never makes (stacks.md RDS-3): refused before anything is
 * done.
 * @param before values of the last deployment; null while there is none, and then anything goes
 */
export function checkChanges(
  values: Readonly<Record<string, unknown>>,
  inputs: Inputs,
  before: Readonly<Record<string, unknown>> | null,
): ConfigFinding[] {
  if (!before) return [];
  return Object.entries(inputs).flatMap(([key, input]) => {
    const rule = input.changes && CHANGES[input.changes];
    const [old, now] = [before[key], values[key]];
    if (!rule || canonicalJson(old ?? null) === canonicalJson(now ?? null) || rule.allows(old, now)) return [];
    const tell = (value: unknown) => (input.secret ? 'another value' : canonicalJson(value ?? null));
    const message = `${key}: ${tell(now)} instead of ${tell(old)} is refused: ${rule.reason}`;
    return [{ ruleId: 'CFG-003' as const, code: 'PARAMETER_CONSTRAINT' as const, key, message }];
  });
}

const OTHER_WAY = 'destroy the stack first, or put the new value into another deployment';

const CHANGES: Readonly<
  Record<
    NonNullable<DeclaredInput['changes']>,
    { readonly reason: string; allows(old: unknown, now: unknown): boolean }
  >
> = {
  none: { reason: `a change would replace what holds data; ${OTHER_WAY}`, allows: () => false },
  minor: {
    reason: `another major version would replace what holds data; ${OTHER_WAY}`,
    allows: (old, now) => versionOf(old)[0] === versionOf(now)[0],
  },
  step: {
    reason: 'a version goes up by one minor version at a time and never down',
    allows: (old, now) => {
      const [[major, minor = 0], [nextMajor, nextMinor = 0]] = [versionOf(old), versionOf(now)];
      return major === nextMajor && nextMinor === minor + 1;
    },
  },
};

/** `1.33` → [1, 33]; what is no version is NaN and equals nothing. */
function versionOf(value: unknown): number[] {
  return typeof value === 'string' ? value.split('.').map(Number) : [NaN];
}

function converted(text: string, type: DeclaredInput['type'] | undefined): unknown {
  const trimmed = text.trim();
  if (type === 'number' && trimmed !== '' && Number.isFinite(Number(trimmed))) return Number(trimmed);
  if (type === 'boolean' && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  return text;
}

function checkValue(key: string, value: unknown, input: DeclaredInput): ConfigFinding[] {
  if (value === undefined || value === null) {
    if (!input.required) return [];
    return [{ ruleId: 'CFG-001', code: 'REQUIRED_PARAMETER', key, message: `${key} is required and has no value` }];
  }
  const actual = Array.isArray(value) ? 'array' : typeof value;
  if (actual !== input.type) {
    return [
      {
        ruleId: 'CFG-002',
        code: 'PARAMETER_TYPE',
        key,
        message: `${key} must be of type ${input.type}, not ${actual}`,
      },
    ];
  }
  const told = input.secret ? 'its value' : canonicalJson(value);
  return violations(value, input).map((rule) => ({
    ruleId: 'CFG-003' as const,
    code: 'PARAMETER_CONSTRAINT' as const,
    key,
    message: `${key}: ${told} ${rule}`,
  }));
}

function violations(value: unknown, input: DeclaredInput): string[] {
  const found: string[] = [];
  const { allowedValues, pattern, minimum, maximum } = input;
  if (allowedValues && !allowedValues.some((each) => canonicalJson(each) === canonicalJson(value))) {
    found.push(`is none of ${allowedValues.map(canonicalJson).join(', ')}`);
  }
  if (pattern !== undefined && typeof value === 'string' && !new RegExp(pattern).test(value)) {
    found.push(`does not match ${pattern}`);
  }
  if (minimum !== undefined && typeof value === 'number' && value < minimum) found.push(`is less than ${minimum}`);
  if (maximum !== undefined && typeof value === 'number' && value > maximum) found.push(`is more than ${maximum}`);
  return found;
}
