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
