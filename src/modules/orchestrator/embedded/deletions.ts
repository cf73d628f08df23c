import { failureCode, resourceError } from './cloud-failure.js';
import { deleteInOrder } from './deletion-order.js';
import type { Providers } from './providers.js';
import { RunStopped, type RunContext } from './run-context.js';
import { isCounted, type ResourceRecord } from './stack-state.js';
import type { Steps } from './steps.js';
import { nameOf } from './urn.js';

/**
 * Deletes all that the program (or nobody, in a destroy) no longer wants, and what was replaced. Refuses before the first
 * deletion when any of it is protected. Reads, components and providers only leave the state.
 */
export async function deleteLeftovers(context: RunContext, providers: Providers, steps: Steps): Promise<void> {
  const leftovers = context.snapshot.left();
  refuseProtected(context, leftovers);
  const going = new Set(leftovers.filter((record) => !record.delete).map((record) => record.urn));
  let silent = false;

  const remove = async (record: ResourceRecord): Promise<boolean> => {
    const forget = (): void => context.snapshot.drop(record);
    if (!isCounted(record) || record.pendingReplacement) {
      forget();
      silent = true;
      return true;
    }
    const spared = record.retainOnDelete || (record.deletedWith !== '' && going.has(record.deletedWith));
    try {
      await steps.delete(spared ? undefined : providers.bridge(record.provider), record, forget);
    } catch (error) {
      if (error instanceof RunStopped) return false;
      throw error;
    }
    if (!record.delete) context.counts.deleted++;
    return true;
  };

  await deleteInOrder(leftovers, remove, () => context.isStopped);
  if (silent && !context.isStopped) await context.commit();
}

function refuseProtected(context: RunContext, leftovers: readonly ResourceRecord[]): void {
  const guarded = leftovers.filter((record) => record.protect && !record.delete && isCounted(record));
  let refused: RunStopped | undefined;
  for (const { urn, type } of guarded) {
    const step = { urn, type, action: 'delete' as const };
    const names = guarded.map((record) => `${record.type} "${nameOf(record.urn)}"`).join(', ');
    refused = context.refuse(
      step,
      resourceError(step, {
        class: 'validation',
        code: failureCode('delete'),
        message: `${names} must be deleted but ${guarded.length === 1 ? 'is' : 'are'} protected: set the option "protect" to false, deploy that, then try again`,
        retryable: false,
      }),
    );
  }
  if (refused) throw refused;
}
