import { Refused } from '../../../shared/errors/app-error.js';

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
