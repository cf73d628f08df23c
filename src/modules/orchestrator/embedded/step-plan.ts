import type { ResourceDiff } from '../../../../tools/sandbox-cloud/provider.port.js';
import { differsAt, parsePath } from './property-path.js';
import { sameValue, type PropertyMap } from './property-value.js';
import type { ResourceRecord } from './stack-state.js';

/** What has to be done for one registered resource. */
export type StepPlan =
  | { readonly kind: 'create' }
  | { readonly kind: 'same' }
  | { readonly kind: 'update' }
  | {
      readonly kind: 'replace';
      /** Delete the old one first; else create the new one first. */
      readonly deleteFirst: boolean;
    };

export interface StepQuestion {
  /** The live record before the run; absent when there is none, or it was only read. */
  readonly old?: ResourceRecord;
  /** Checked inputs; may hold unknowns in a preview. */
  readonly inputs: PropertyMap;
  /** What the provider says; absent when there is nothing to compare. */
  readonly diff?: ResourceDiff;
  /** The program's own word, which wins over the provider's. */
  readonly deleteBeforeReplace?: boolean;
  readonly replaceOnChanges: readonly string[];
  /** Whatever the inputs: its provider moved, or a resource it is to be replaced with (`replaceWith`) was replaced. */
  readonly mustReplace: boolean;
}

/**
 * 1. Nothing there before: create. Deleted by an earlier run that did not come to create it again: replace, nothing is
 *    left to delete.
 * 2. Another provider, `replaceWith`: replace.
 * 3. No changes: same.
 * 4. The provider or `replaceOnChanges` demands a new resource: replace, the old one last unless program or provider say
 *    otherwise.
 * 5. Else update.
 */
export function planStep(question: StepQuestion): StepPlan {
  const { old, diff, inputs } = question;
  if (!old) return { kind: 'create' };
  const deleteFirst = question.deleteBeforeReplace ?? diff?.deleteBeforeReplace ?? false;
  if (old.pendingReplacement) return { kind: 'replace', deleteFirst: true };
  if (question.mustReplace) return { kind: 'replace', deleteFirst };
  if (!diff?.changes) return { kind: 'same' };
  const replaces =
    diff.replaces.length > 0 ||
    question.replaceOnChanges.some((path) => differsAt(inputs, old.inputs, parsePath(path), sameValue));
  return replaces ? { kind: 'replace', deleteFirst } : { kind: 'update' };
}
