import type { EngineError, ResourceImport } from '../engine.port.js';
import { toEngineError } from './cloud-failure.js';
import type { Providers } from './providers.js';
import type { RunContext } from './run-context.js';
import { aRecord, type ResourceRecord } from './stack-state.js';
import { isProviderType, makeUrn, nameOf, packageOf, PROVIDER_TYPE_PREFIX, ROOT_STACK_TYPE } from './urn.js';

/**
 * Takes existing resources into the state, all or none: everything is read first, then saved at once. One that is there under
 * the same id stays as it is. They are protected, as
 * after `pulumi import`; the program's next run takes them over as it declares them.
 * @throws RunStopped when one does not exist, is in the state already, or has a parent that is not
 */
export async function adopt(
  context: RunContext,
  providers: Providers,
  wanted: readonly ResourceImport[],
): Promise<void> {
  const { run, snapshot } = context;
  const root = rootOf(context);
  const found = await Promise.allSettled(
    wanted.map(async (item): Promise<ResourceRecord | null> => {
      const { type, id, parent = '' } = item;
      const urn = makeUrn(run.stack, run.project, parent, type, item.name);
      if (snapshot.previous(urn)?.id === id) return null;
      const step = { urn, type, action: 'read' as const };
      const problem = problemOf(context, item, urn);
      if (problem) throw context.refuse(step, problem);
      const provider = await providerOf(context, providers, type).catch((error: unknown) => {
        throw context.refuse(step, toEngineError(step, error));
      });
      const blank = aRecord({ urn, type, id, provider, parent: parent || root.urn, protect: true });
      let adopted: ResourceRecord | undefined;
      await context.step(step, async () => {
        const read = await providers.bridge(provider).read(blank);
        const now = context.now();
        adopted = read ? { ...blank, ...read, created: now, modified: now } : undefined;
        return adopted;
      });
      if (!adopted) throw context.refuse(step, invalid(urn, type, `${type} ${id} does not exist in the cloud`));
      return adopted;
    }),
  );
  context.assertOpen();
  for (const result of found) {
    if (result.status === 'rejected') throw result.reason;
    if (result.value) snapshot.insert(result.value);
    context.counts[result.value ? 'created' : 'unchanged']++;
  }
  await context.commit();
}

function rootOf(context: RunContext): ResourceRecord {
  const { run, snapshot } = context;
  const old = snapshot.left().find(({ type }) => type === ROOT_STACK_TYPE);
  if (old) return old;
  const root = aRecord({
    urn: makeUrn(run.stack, run.project, '', ROOT_STACK_TYPE, `${run.project}-${run.stack}`),
    type: ROOT_STACK_TYPE,
    custom: false,
  });
  snapshot.add(root);
  return root;
}

/** The default provider that the stack's resources have already, else a new one. */
async function providerOf(context: RunContext, providers: Providers, type: string): Promise<string> {
  const wanted = PROVIDER_TYPE_PREFIX + packageOf(type);
  const known = context.snapshot
    .left()
    .find((record) => record.type === wanted && !record.delete && nameOf(record.urn).startsWith('default'));
  return known ? `${known.urn}::${known.id}` : providers.reference(type, '', '');
}

function problemOf(context: RunContext, { type, parent }: ResourceImport, urn: string): EngineError | null {
  const { resources } = context.snapshot.contents();
  if (type === ROOT_STACK_TYPE || isProviderType(type)) return invalid(urn, type, `${type} cannot be imported`);
  if (resources.some((record) => record.urn === urn && !record.delete)) {
    return invalid(urn, type, `${urn} is in the state already, under another id`);
  }
  if (parent !== undefined && !resources.some((record) => record.urn === parent)) {
    return invalid(urn, type, `the parent ${parent} is not in the state`);
  }
  return null;
}

function invalid(urn: string, type: string, message: string): EngineError {
  return {
    class: 'validation',
    code: 'RESOURCE_IMPORT_FAILED',
    message,
    retryable: false,
    urn,
    resourceType: type,
    resourceName: nameOf(urn),
  };
}
