import { AppError, Refused, type ErrorDetails } from '../../../shared/errors/app-error.js';

/** PH rules that can break when a value is asked for (deployments.md 5.3, 8.4). */
export type PlaceholderRule =
  | 'PH-001'
  | 'PH-002'
  | 'PH-003'
  | 'PH-004'
  | 'PH-005'
  | 'PH-006'
  | 'PH-007'
  | 'PH-010'
  | 'PH-011'
  | 'PH-012'
  | 'PH-013'
  | 'PH-014';

/** A placeholder has no value; `details.ruleId` names the broken rule. */
export class UnresolvablePlaceholder extends Refused {
  constructor(
    readonly ruleId: PlaceholderRule,
    message: string,
    extras: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super('UNRESOLVABLE_PLACEHOLDER', message, { cause: extras.cause, details: { ruleId, ...extras.details } });
  }
}

/** PH-012: what a look-up asks for is not there. */
export function missing(what: string, id: string): UnresolvablePlaceholder {
  return new UnresolvablePlaceholder('PH-012', `The ${what} "${id}" does not exist`, { details: { [what]: id } });
}

export type LookUpFailure = 'credentials' | 'permission' | 'transient' | 'resource';

const FAILURE_CODES: Readonly<Record<LookUpFailure, string>> = {
  credentials: 'AWS_CREDENTIALS_INVALID',
  permission: 'AWS_INSUFFICIENT_PERMISSIONS',
  transient: 'AWS_RESOURCE_ERROR',
  resource: 'AWS_RESOURCE_ERROR',
};

/** The cloud did not answer a look-up, or refused to: nothing is known about what was asked for. 502. */
export class LookUpFailed extends AppError {
  constructor(
    readonly failure: LookUpFailure,
    message: string,
    extras: {
      readonly details?: Extract<ErrorDetails, Readonly<Record<string, unknown>>>;
      readonly cause?: unknown;
    } = {},
  ) {
    const details = { ...extras.details, retryable: failure === 'transient' };
    super(FAILURE_CODES[failure], 502, message, { cause: extras.cause, details });
  }
}
