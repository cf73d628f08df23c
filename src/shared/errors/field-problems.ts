import { AppError, type FieldProblem } from './app-error.js';

/** The first failed rule of a field in this order gives the code (spec README 24). */
export type RuleKind = 'unknown' | 'required' | 'type' | 'format' | 'range';

export interface Violation {
  readonly field: string;
  readonly kind: RuleKind;
  readonly message: string;
  /** A rule's own code, e.g. `INVALID_DEPLOYMENT_ID`, used when it is the only violated field. */
  readonly code?: string;
}

const ORDER: readonly RuleKind[] = ['unknown', 'required', 'type', 'format', 'range'];
const CODES: Record<RuleKind, string> = {
  unknown: 'VALIDATION_UNKNOWN_FIELD',
  required: 'VALIDATION_REQUIRED_FIELD',
  type: 'VALIDATION_INVALID_FORMAT',
  format: 'VALIDATION_INVALID_FORMAT',
  range: 'VALIDATION_INVALID_FORMAT',
};

/** One 400 for all violations: one field gives its own code, several `VALIDATION_FAILED`; `details` lists all. */
export function invalidFields(violations: readonly Violation[]): AppError {
  const byField = new Map<string, Violation[]>();
  for (const violation of violations) {
    byField.set(violation.field, [...(byField.get(violation.field) ?? []), violation]);
  }
  const details: FieldProblem[] = [...byField].map(([field, list]) => ({
    field,
    messages: list.map((v) => v.message),
  }));
  const only = byField.size === 1 ? firstByOrder([...byField.values()][0] ?? []) : undefined;
  const code = only ? (only.code ?? CODES[only.kind]) : 'VALIDATION_FAILED';
  const message = only
    ? only.message
    : `The request has ${byField.size} invalid fields: ${[...byField.keys()].join(', ')}`;
  return new AppError(code, 400, message, { details });
}

/** Shorthand for one violated field. */
export function invalidField(field: string, kind: RuleKind, message: string, code?: string): AppError {
  return invalidFields([{ field, kind, message, ...(code ? { code } : {}) }]);
}

function firstByOrder(list: readonly Violation[]): Violation | undefined {
  return [...list].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))[0];
}
