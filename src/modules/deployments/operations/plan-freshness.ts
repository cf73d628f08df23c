import { Conflict } from '../../../shared/errors/app-error.js';
import type { Fingerprint, Plan } from '../../orchestrator/run-request.js';

/** One thing that is not as it was when the plan was made. */
export interface PlanChange {
  readonly what: 'manifest' | 'stack_added' | 'stack_removed' | 'stack_version' | 'fingerprint';
  readonly stack?: string;
  readonly from?: number | string;
  readonly to?: number | string;
  /** Parts of the fingerprint that differ: config, code, template, dependencies, identity, or a placeholder. */
  readonly parts?: readonly string[];
}

export interface DatedPlan {
  readonly plan: Pick<Plan, 'fingerprints' | 'stackVersions'>;
  readonly manifestRevision: number;
}

/** What has changed since a plan was made (spec README 54): manifest revision, fingerprints, state versions. */
export function changesSince(before: DatedPlan, now: DatedPlan): readonly PlanChange[] {
  const changes: PlanChange[] = [];
  if (before.manifestRevision !== now.manifestRevision) {
    changes.push({ what: 'manifest', from: before.manifestRevision, to: now.manifestRevision });
  }
  const [old, current] = [before.plan.stackVersions, now.plan.stackVersions];
  for (const stack of [...new Set([...Object.keys(old), ...Object.keys(current)])].sort()) {
    const [from, to] = [old[stack], current[stack]];
    if (from === undefined) changes.push({ what: 'stack_added', stack });
    else if (to === undefined) changes.push({ what: 'stack_removed', stack });
    else if (from !== to) changes.push({ what: 'stack_version', stack, from, to });
    const parts = differingParts(before.plan.fingerprints[stack] ?? null, now.plan.fingerprints[stack] ?? null);
    if (parts.length > 0) changes.push({ what: 'fingerprint', stack, parts });
  }
  return changes;
}

/** Both unknown (a dependency runs first) is no difference: it is decided in the run. */
function differingParts(before: Fingerprint | null, now: Fingerprint | null): string[] {
  if (!before || !now || before.total === now.total) return [];
  const { resolved: oldValues, total: _a, ...old } = before;
  const { resolved: newValues, total: _b, ...current } = now;
  const fields = (Object.keys(old) as (keyof typeof old)[]).filter((part) => old[part] !== current[part]);
  const values = [...new Set([...Object.keys(oldValues), ...Object.keys(newValues)])].filter(
    (key) => oldValues[key] !== newValues[key],
  );
  return [...fields, ...values].sort();
}

/** @throws Conflict `PLAN_STALE` saying what changed */
export function requireFresh(planId: string, before: DatedPlan, now: DatedPlan): void {
  const changes = changesSince(before, now);
  if (changes.length === 0) return;
  throw new Conflict('PLAN_STALE', `Plan ${planId} is stale: ${changes.map(sentence).join('; ')}`, {
    details: { planId, changes },
    suggestion: 'Make a new preview, look at it, and deploy that one.',
  });
}

function sentence({ what, stack, from, to, parts }: PlanChange): string {
  switch (what) {
    case 'manifest':
      return `the manifest went from revision ${from} to ${to}`;
    case 'stack_added':
      return `${stack} was added`;
    case 'stack_removed':
      return `${stack} was removed`;
    case 'stack_version':
      return `${stack} went from version ${from} to ${to}`;
    case 'fingerprint':
      return `${stack} changed in ${parts?.join(', ')}`;
    default:
      return what satisfies never;
  }
}
