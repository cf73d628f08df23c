import { toEngineError } from './cloud-failure.js';
import type { Providers } from './providers.js';
import { sameValue } from './property-value.js';
import type { RunContext } from './run-context.js';
import { isCounted, type PendingOperation, type ResourceRecord } from './stack-state.js';
import { nameOf } from './urn.js';

/**
 * Settles what a killed run has left under way, by asking the cloud, before anything else happens:
 * - creating: what was created under the operation's token is adopted; nothing found means that nothing was created;
 * - updating, deleting: the resource is read; the state becomes what the cloud has, or forgets it.
 * The program's comparison then puts right what is not as it wants it.
 * @returns one sentence for each
 * @throws RunStopped when the cloud does not answer
 */
export async function settlePending(context: RunContext, providers: Providers): Promise<string[]> {
  const { pending } = context.snapshot.contents();
  const sentences = await Promise.all(
    pending.map(async (operation) => {
      try {
        return await settleOne(context, providers, operation);
      } catch (error) {
        const step = { urn: operation.resource.urn, type: operation.resource.type, action: 'refresh' as const };
        throw context.refuse(step, toEngineError(step, error));
      }
    }),
  );
  if (pending.length > 0) await context.commit();
  return sentences;
}

async function settleOne(context: RunContext, providers: Providers, operation: PendingOperation): Promise<string> {
  const { resource, token, kind } = operation;
  const { snapshot } = context;
  const bridge = providers.bridge(resource.provider);
  const what = `${resource.type} "${nameOf(resource.urn)}"`;
  const before = `An earlier run was killed while it was ${kind} ${what}`;

  if (kind === 'creating') {
    const found = await bridge.find(resource, token);
    snapshot.settle(token);
    if (!found) return `${before}: nothing had been created.`;
    const now = context.now();
    const old = snapshot.previous(resource.urn);
    if (old?.pendingReplacement) snapshot.drop(old);
    else if (old) snapshot.amend(old, { delete: true });
    snapshot.insert({ ...resource, ...found, created: now, modified: now });
    return `${before}: it exists as ${found.id} and was adopted.`;
  }

  if (kind === 'reading') {
    snapshot.settle(token);
    return `${before}: it is read again.`;
  }

  const known = snapshot.left().find((record) => record.urn === resource.urn && record.id === resource.id);
  const found = await bridge.read(known ?? resource);
  snapshot.settle(token);
  if (!known) return `${before}: it is no longer part of the state.`;
  if (found) {
    snapshot.amend(known, { ...found, modified: context.now() });
    return `${before}: its state was read from the cloud.`;
  }
  vanish(context, known);
  return `${before}: it no longer exists.`;
}

/**
 * Reads every managed resource and makes the state what the cloud has: counts them as updated, deleted (gone) or
 * unchanged. A resource that cannot be read stops the run.
 */
export async function refreshAll(context: RunContext, providers: Providers): Promise<void> {
  const records = context.snapshot.left().filter((record) => isCounted(record) && !record.pendingReplacement);
  let changed = false;
  await Promise.allSettled(
    records.map((record) =>
      context.step({ urn: record.urn, type: record.type, action: 'refresh' }, async () => {
        const found = await providers.bridge(record.provider).read(record);
        if (!found) {
          vanish(context, record);
          context.counts.deleted++;
          changed = true;
          return undefined;
        }
        if (sameValue(found.outputs, record.outputs) && sameValue(found.inputs, record.inputs)) {
          context.counts.unchanged++;
          return record;
        }
        changed = true;
        context.counts.updated++;
        return context.snapshot.amend(record, { ...found, modified: context.now() });
      }),
    ),
  );
  if (changed) await context.commit();
}

function vanish(context: RunContext, record: ResourceRecord): void {
  context.snapshot.drop(record);
  // a replaced record shares its URN with the living one, which others go on depending on
  if (!record.delete) context.snapshot.forget(record.urn);
}
