import type { EngineVerb } from './engine-call.js';
import type { StackEngine, StackRun, StackRunResult } from './engine.port.js';
import { checkOutputs } from './outputs-check.js';
import type { RunStack } from './run-request.js';

/**
 * A run whose process died and that nobody goes on with (RUN_RECOVERY=fail, deployments.md 7.13). What was running is not done
 * again; the engine says whether it had come to its end.
 * - an update: the state is read from the cloud; nothing is under way in it, the declared outputs are there, and a plan with the
 *   same configuration finds nothing to do. The plan is more than the specification asks for: an update that was killed between
 *   two resources leaves the outputs of before, and calling it done would make every later run skip the rest.
 * - a removal: nothing is left.
 * Reads and previews are what they always are.
 */
export function settled(
  engine: StackEngine,
  verb: EngineVerb,
  stack: RunStack,
): (run: StackRun) => Promise<StackRunResult> {
  if (verb === 'up') return (run) => settleUpdate(engine, run, stack);
  if (verb === 'destroy') return (run) => settleRemoval(engine, run, stack);
  return (run) => engine[verb](run);
}

async function settleUpdate(engine: StackEngine, run: StackRun, stack: RunStack): Promise<StackRunResult> {
  const read = await engine.refresh(run);
  if (!read.success) return interrupted(stack, read, `its resources cannot be read (${read.error?.message ?? ''})`);
  const state = await engine.exportState(run);
  if (!state) return interrupted(stack, read, 'it has no state');
  const underWay = state.deployment['pending_operations'];
  if (Array.isArray(underWay) && underWay.length > 0) {
    return interrupted(stack, read, `${underWay.length} operations of it are under way`);
  }
  const { missing } = checkOutputs(read.outputs, stack.outputs);
  if (missing.length > 0) return interrupted(stack, read, `it has not exported ${missing.join(', ')}`);
  const plan = await engine.preview(run);
  if (!plan.success) return interrupted(stack, read, `it cannot be planned (${plan.error?.message ?? ''})`);
  const { created, updated, replaced, deleted, unchanged } = plan.resources;
  const open = created + updated + replaced + deleted;
  if (open > 0) return interrupted(stack, read, `${open} of its resources are not as they should be`);
  return { ...read, resources: { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged } };
}

async function settleRemoval(engine: StackEngine, run: StackRun, stack: RunStack): Promise<StackRunResult> {
  const read = await engine.refresh(run);
  const left = await engine.resources(run);
  if (left.length > 0) return interrupted(stack, read, `${left.length} of its resources are still there`);
  return { ...read, success: true, outputs: {}, resourceCount: 0 };
}

/** @param why what is not as it should be */
export function interrupted(stack: RunStack, read: StackRunResult, why: string): StackRunResult {
  const message = `${stack.name} was running when its process died, and has not come to its end: ${why}`;
  return {
    ...read,
    success: false,
    error: { class: 'interrupted', code: 'ORCHESTRATOR_INTERRUPTED', message, retryable: false },
  };
}
