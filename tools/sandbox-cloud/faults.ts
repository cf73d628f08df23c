import type { AccountStore, SandboxSettings } from './account-store.port.js';
import type { FaultOperation, FaultRule } from './fault-rule.js';
import { CloudError } from './provider.port.js';

/** The call that a rule may match. */
export interface FaultTarget {
  readonly operation: FaultOperation;
  readonly type: string;
  readonly name?: string;
  readonly urn?: string;
}

export interface FaultEffect {
  readonly delayMs: number;
  readonly hang: boolean;
  readonly error?: CloudError;
}

/** Counts the call in every rule it matches and says what the firing ones do: delays add up, the first error counts. */
export async function faultEffect(
  store: AccountStore,
  organization: string,
  settings: SandboxSettings,
  target: FaultTarget,
): Promise<FaultEffect> {
  let delayMs = 0;
  let hang = false;
  let error: CloudError | undefined;
  for (const [index, rule] of settings.faults.entries()) {
    if (!isMatch(rule, target)) continue;
    const count = await store.countMatch(organization, settings.faultsRevision, index);
    if (count < rule.nth || count >= rule.nth + rule.times) continue;
    delayMs += rule.delayMs ?? 0;
    hang ||= rule.hang ?? false;
    if (rule.error) error ??= new CloudError(rule.error.code, rule.error.message, rule.error.retryable);
  }
  return { delayMs, hang, ...(error && { error }) };
}

function isMatch({ match, operation }: FaultRule, target: FaultTarget): boolean {
  return (
    operation === target.operation &&
    (match.type === undefined || match.type === target.type) &&
    (match.name === undefined || match.name === target.name) &&
    (match.urn === undefined || match.urn === target.urn)
  );
}
