import { compare } from './fingerprint.js';
import type { ResolvedStack } from './placeholders/resolve.js';
import type { Fingerprint, RunOptions, RunReason, RunStack } from './run-request.js';

/** Whether a stack runs, and why (deployments.md 7.4). */
export interface Decision {
  readonly action: 'deploy' | 'skip';
  /** Empty when it is skipped. */
  readonly reasons: readonly RunReason[];
  readonly explanation: readonly string[];
}

export interface DecisionFacts {
  readonly stack: RunStack;
  readonly options: Pick<RunOptions, 'smartSkip' | 'force'>;
  readonly resolved: ResolvedStack;
  /** null = not all values are known. */
  readonly fingerprint: Fingerprint | null;
  /** Direct dependencies that this run creates anew. */
  readonly recreated: readonly string[];
}

/** Skips only when everything is proven equal; a redeployed dependency with equal outputs does not force its dependents. */
export function decide(facts: DecisionFacts): Decision {
  const { stack, options, fingerprint, resolved } = facts;
  const { instance } = stack;
  const why: (readonly [RunReason, string])[] = [];
  if (isGone(stack)) return run([['never_deployed', 'It is not deployed.']]);
  if (instance.status !== 'deployed' || !instance.lastOperationSucceeded) {
    why.push(['previous_failed', `Its last operation did not end well (${instance.status}).`]);
  }
  if (options.force) why.push(['forced', 'It was asked to run whether something changed or not.']);
  if (!options.smartSkip) why.push(['skip_disabled', 'Smart skip is switched off.']);
  if (instance.driftDetected) why.push(['drift_detected', 'Its resources differ from the recorded state.']);
  for (const name of facts.recreated) why.push(['upstream_output_changed', `${name} is created anew.`]);
  if (instance.fingerprint === null) {
    const wasReplaced = instance.status === 'deployed' && instance.lastOperationSucceeded && !instance.driftDetected;
    if (wasReplaced) why.push(['drift_detected', 'Its state was refreshed or imported since it last ran.']);
    return run(why.length > 0 ? why : [['never_deployed', 'It has no successful version.']]);
  }
  if (fingerprint === null) {
    const open = resolved.unresolved.map(({ placeholder }) => placeholder).join(', ');
    return run([...why, ['upstream_output_changed', `Not known yet: ${open}.`]]);
  }
  const comparison = compare(instance.fingerprint, fingerprint, resolved, stack);
  const reasons = [...new Set([...why.map(([reason]) => reason), ...comparison.reasons])];
  if (reasons.length === 0) return { action: 'skip', reasons: [], explanation: comparison.explanation };
  return {
    action: 'deploy',
    reasons,
    explanation: [...why.map(([, sentence]) => sentence), ...comparison.explanation],
  };
}

/** Nothing of it is deployed and nothing was tried since. */
export function isGone(stack: RunStack): boolean {
  return stack.instance.status === 'not_deployed' || stack.instance.status === 'destroyed';
}

/** What the stack was last deployed with; null while there is nothing of it. */
export function lastValuesOf(stack: RunStack): Readonly<Record<string, unknown>> | null {
  return isGone(stack) ? null : (stack.instance.lastConfig?.values ?? null);
}

function run(why: readonly (readonly [RunReason, string])[]): Decision {
  return {
    action: 'deploy',
    reasons: [...new Set(why.map(([reason]) => reason))],
    explanation: why.map(([, sentence]) => sentence),
  };
}
