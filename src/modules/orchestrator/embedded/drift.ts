import { ProgramFault } from '../engine.errors.js';
import type { ResourceDrift } from '../engine.port.js';
import { withoutIgnoredChanges } from './property-path.js';
import { resourceDriftRows } from './property-drift.js';
import type { PropertyMap } from './property-value.js';
import type { Providers } from './providers.js';
import type { RunContext } from './run-context.js';
import { isCounted, type ResourceRecord } from './stack-state.js';
import { nameOf } from './urn.js';

/**
 * Reads every managed resource and tells how it differs from its record; the state stays as it is. What the program ignores
 * (`ignoreChanges`) is no drift, nor are computed values. A resource that cannot be read stops the run.
 */
export async function findDrift(context: RunContext, providers: Providers): Promise<ResourceDrift[]> {
  const records = context.snapshot
    .left()
    .filter((record) => isCounted(record) && !record.pendingReplacement && !record.delete);
  const drifted: ResourceDrift[] = [];
  await Promise.allSettled(
    records.map((record) =>
      context.step({ urn: record.urn, type: record.type, action: 'refresh' }, async () => {
        const drift = await driftOf(record, providers);
        if (drift) drifted.push(drift);
        context.counts[drift === null ? 'unchanged' : drift.repair === 'create' ? 'deleted' : 'updated']++;
        return record;
      }),
    ),
  );
  return drifted.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

async function driftOf(record: ResourceRecord, providers: Providers): Promise<ResourceDrift | null> {
  const { urn, type, id } = record;
  const where = { urn, type, name: nameOf(urn), id };
  const bridge = providers.bridge(record.provider);
  const found = await bridge.read(record);
  if (!found) return { ...where, repair: 'create', properties: [] };
  const inputs = observed(found.inputs, record.inputs, record.ignoreChanges);
  const outputs = observed(found.outputs, record.outputs, record.ignoreChanges);
  const properties = resourceDriftRows(
    { expected: record.inputs, actual: inputs },
    { expected: record.outputs, actual: outputs },
  );
  if (properties.length === 0) return null;
  const diff = await bridge.diff({ ...record, inputs, outputs }, record.inputs);
  if (!diff.changes) return null; // only computed values differ
  return { ...where, repair: diff.replaces.length > 0 ? 'replace' : 'update', properties };
}

function observed(actual: PropertyMap, recorded: PropertyMap, ignored: readonly string[]): PropertyMap {
  try {
    return withoutIgnoredChanges(actual, recorded, ignored);
  } catch (error) {
    if (error instanceof ProgramFault) return actual; // what was to be ignored is gone altogether
    throw error;
  }
}
