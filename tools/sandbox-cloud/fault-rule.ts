export const FAULT_OPERATIONS = ['create', 'update', 'delete', 'read', 'invoke'] as const;
export type FaultOperation = (typeof FAULT_OPERATIONS)[number];

/** "The n-th and the following `times` - 1 matches of this rule go wrong." A rule counts its own matches. */
export interface FaultRule {
  /** All given fields must be equal; none given = everything. For invokes `type` is the function's token. */
  readonly match: {
    readonly type?: string;
    /** Logical name, the last part of the URN. */
    readonly name?: string;
    readonly urn?: string;
  };
  readonly operation: FaultOperation;
  /** Default 1. */
  readonly nth: number;
  /** Default 1. */
  readonly times: number;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  /** Extra time in ms, not scaled by the speed factor. */
  readonly delayMs?: number;
  /** Never answers until the request is aborted. */
  readonly hang?: boolean;
}

export interface FaultRuleProblem {
  /** Index in the list that was sent. */
  readonly rule: number;
  readonly messages: readonly string[];
}

const MAX_RULES = 100;
const MAX_DELAY_MS = 3_600_000; // 1 h: the longest stack timeout of the catalogue

/**
 * Validates a list as it came from outside and fills in defaults.
 * @param knownTypes resource types and invoke tokens; a rule for anything else could never match
 */
export function parseFaultRules(
  input: unknown,
  knownTypes: ReadonlySet<string>,
): { rules: FaultRule[]; problems: FaultRuleProblem[] } {
  if (!Array.isArray(input)) return { rules: [], problems: [{ rule: 0, messages: ['rules must be a list'] }] };
  if (input.length > MAX_RULES) {
    return { rules: [], problems: [{ rule: MAX_RULES, messages: [`at most ${MAX_RULES} rules`] }] };
  }
  const problems: FaultRuleProblem[] = [];
  const rules = input.map((raw: unknown, rule): FaultRule => {
    const messages = ruleProblems(raw, knownTypes);
    if (messages.length > 0) problems.push({ rule, messages });
    const given = raw as Omit<FaultRule, 'nth' | 'times'> & Partial<FaultRule>;
    return messages.length > 0
      ? { match: {}, operation: 'create', nth: 1, times: 1 }
      : {
          match: given.match,
          operation: given.operation,
          nth: given.nth ?? 1,
          times: given.times ?? 1,
          ...(given.error && { error: { ...given.error, retryable: given.error.retryable ?? false } }),
          ...(given.delayMs !== undefined && { delayMs: given.delayMs }),
          ...(given.hang !== undefined && { hang: given.hang }),
        };
  });
  return problems.length > 0 ? { rules: [], problems } : { rules, problems };
}

const RULE_FIELDS = ['match', 'operation', 'nth', 'times', 'error', 'delayMs', 'hang'];

function ruleProblems(raw: unknown, knownTypes: ReadonlySet<string>): string[] {
  if (!isObject(raw)) return ['must be an object'];
  const problems = unknownFields(raw, RULE_FIELDS, '');
  const { match, operation, nth, times, error, delayMs, hang } = raw;
  if (!isObject(match)) problems.push('match is required and must be an object of type, name, urn');
  else {
    problems.push(...unknownFields(match, ['type', 'name', 'urn'], 'match.'));
    for (const [field, value] of Object.entries(match)) {
      if (!isText(value, 1000)) problems.push(`match.${field} must be a text of 1 to 1000 characters`);
    }
    if (isText(match.type, 1000) && !knownTypes.has(match.type)) {
      problems.push(`match.type ${match.type} is not known to the sandbox`);
    }
  }
  if (!FAULT_OPERATIONS.some((known) => known === operation)) {
    problems.push(`operation must be one of ${FAULT_OPERATIONS.join(', ')}`);
  }
  if (nth !== undefined && !isWhole(nth, 1, 1_000_000)) problems.push('nth must be a whole number from 1');
  if (times !== undefined && !isWhole(times, 1, 1_000_000)) problems.push('times must be a whole number from 1');
  if (delayMs !== undefined && !isWhole(delayMs, 0, MAX_DELAY_MS)) {
    problems.push(`delayMs must be a whole number from 0 to ${MAX_DELAY_MS}`);
  }
  if (hang !== undefined && typeof hang !== 'boolean') problems.push('hang must be true or false');
  if (error !== undefined) problems.push(...errorProblems(error));
  if (error === undefined && delayMs === undefined && !hang) {
    problems.push('one of error, delayMs, hang is required');
  }
  return problems;
}

function errorProblems(error: unknown): string[] {
  if (!isObject(error)) return ['error must be an object of code, message, retryable'];
  const problems = unknownFields(error, ['code', 'message', 'retryable'], 'error.');
  if (!isText(error.code, 128)) problems.push('error.code must be a text of 1 to 128 characters');
  if (!isText(error.message, 2000)) problems.push('error.message must be a text of 1 to 2000 characters');
  if (error.retryable !== undefined && typeof error.retryable !== 'boolean') {
    problems.push('error.retryable must be true or false');
  }
  return problems;
}

function unknownFields(value: Record<string, unknown>, known: readonly string[], prefix: string): string[] {
  return Object.keys(value)
    .filter((field) => !known.includes(field))
    .map((field) => `${prefix}${field} is not a field of a rule`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= max;
}

function isWhole(value: unknown, from: number, to: number): boolean {
  return Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
}
