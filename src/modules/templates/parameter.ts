import type { EnvironmentName } from '../../shared/http/principal.js';

export const PARAMETER_TYPES = ['string', 'number', 'boolean', 'array', 'object'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** Declared input of a stack (deployments.md 2.2). */
export interface ParameterInput {
  readonly type: ParameterType;
  readonly required: boolean;
  /** Masked everywhere, never in mirror files. */
  readonly secret: boolean;
  /** May hold placeholders and template variables. */
  readonly default?: unknown;
  /** Tier-1 value of one environment; wins over `default`. */
  readonly environmentDefaults?: Readonly<Partial<Record<EnvironmentName, unknown>>>;
  readonly description?: string;
  readonly allowedValues?: readonly unknown[];
  /** Regular expression a string must match somewhere. */
  readonly pattern?: string;
  /** Of a number its value, of a string its length, of an array or object its size. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** What may change against the last deployment, where a change would cost data; absent: anything. */
  readonly changes?: ChangeRule;
}

/**
 * `none`: the value stays as it is. `minor`: of a version only what follows the first dot. `step`: a version like 1.33 goes up by one
 * minor version at a time and never down.
 */
export const CHANGE_RULES = ['none', 'minor', 'step'] as const;
export type ChangeRule = (typeof CHANGE_RULES)[number];

export interface ParameterOutput {
  readonly type: ParameterType;
  readonly secret: boolean;
  /** An address at which the stack is reached: shown with the environment (deployments.md 9.1). Default false; never secret. */
  readonly endpoint?: boolean;
  readonly description?: string;
}

export interface ConstraintProblem {
  readonly constraint: 'allowedValues' | 'pattern' | 'minimum' | 'maximum';
  readonly expected: unknown;
  readonly message: string;
}

export function typeOf(value: unknown): ParameterType | 'null' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'object' ? type : 'string';
}

/** Default of an input in an environment; undefined = none. */
export function defaultFor(input: ParameterInput, environment: EnvironmentName): unknown {
  const own = input.environmentDefaults?.[environment];
  return own === undefined ? input.default : own;
}

/** First constraint a value of the right type breaks, or null (CFG-003). */
export function brokenConstraint(input: ParameterInput, value: unknown): ConstraintProblem | null {
  const { allowedValues, pattern, minimum, maximum } = input;
  if (allowedValues && !allowedValues.includes(value)) {
    return {
      constraint: 'allowedValues',
      expected: allowedValues,
      message: `must be one of ${allowedValues.join(', ')}`,
    };
  }
  if (pattern !== undefined && typeof value === 'string' && !expressionOf(pattern).test(value)) {
    return { constraint: 'pattern', expected: pattern, message: `must match ${pattern}` };
  }
  const size = sizeOf(value);
  if (size === null) return null;
  const what = typeof value === 'number' ? 'must be' : 'must have a size of';
  if (minimum !== undefined && size < minimum) {
    return { constraint: 'minimum', expected: minimum, message: `${what} at least ${minimum}` };
  }
  if (maximum !== undefined && size > maximum) {
    return { constraint: 'maximum', expected: maximum, message: `${what} at most ${maximum}` };
  }
  return null;
}

const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern);
  expressions.set(pattern, known);
  return known;
}

function sizeOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value !== null && typeof value === 'object' ? Object.keys(value).length : null;
}
