import type { ResourceDrift } from '../../orchestrator/engine.port.js';
import type { StackRunRecord } from '../../orchestrator/run-request.js';

/** One row of a drift answer: a property, or a resource that vanished (its id is expected and not there). */
export function driftRows(resources: readonly ResourceDrift[]): Record<string, unknown>[] {
  return resources.flatMap(({ urn, type, name, id, repair, properties }) => {
    const where = { urn, type, name, repair };
    if (repair === 'create') return [{ ...where, property: 'id', expected: id, actual: null }];
    return properties.map((row) => ({ ...where, ...row }));
  });
}

/** `result` of a drift detection (api.md 3.3). Stacks that could not be looked at count as neither. */
export function driftResult(records: readonly StackRunRecord[]): Record<string, unknown> {
  const looked = records.filter(({ drift }) => drift !== undefined);
  const drifted = looked.filter(({ drift }) => (drift?.length ?? 0) > 0);
  return {
    summary: {
      totalStacks: records.length,
      noDrift: looked.length - drifted.length,
      driftDetected: drifted.length,
      notChecked: records.length - looked.length,
    },
    stacks: looked.map(({ name, drift = [] }) => ({ name, drifted: drift.length > 0, resources: driftRows(drift) })),
  };
}
