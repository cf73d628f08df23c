import type { EventDraft } from '../../shared/events/events.js';
import { readAgain, runAttempts, type Outcome } from './attempts.js';
import { typedValues } from './config-check.js';
import { isProtected } from './plan.js';
import { isRunning } from './progress.js';
import { NO_RESOURCES } from './resource-tally.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { ResolvedConfig, RunStack } from './run-request.js';
import { isGone } from './skip.js';
import { failStack, finalTally, secondsSince, skipStack } from './stack-endings.js';
import { stoppedError } from './stack-errors.js';

const NO_CONFIG: ResolvedConfig = { values: {}, secretKeys: [] };

/**
 * One stack of a destroy run (deployments.md 7.10).
 * 1. Not there: skipped. 2. Journal: it is being destroyed. 3. The engine deletes. 4. Journal: gone, or failed.
 * A stack that was being destroyed when an earlier process died reads the cloud first.
 */
export async function destroyStack(parts: RunParts, name: string): Promise<'well' | 'badly'> {
  const { request, reporter, control } = parts;
  const stack = stackOf(request, name);
  const old = reporter.record(name);
  const wasInterrupted = isRunning(old);
  if (!wasInterrupted && isGone(stack)) {
    skipStack(parts, name, 'not_deployed', { explanation: ['It is not deployed.'] });
    return 'well';
  }
  if (wasInterrupted && control.forward.aborted) {
    failStack(parts, stack, stoppedError(name, control), await readAgain(parts, stack, NO_CONFIG));
    return 'badly';
  }
  reporter.move({
    records: [
      {
        ...old,
        status: 'destroying',
        action: 'destroy',
        attempt: wasInterrupted ? old.attempt + 1 : 1,
        startedAt: old.startedAt ?? reporter.now(),
        progressPercent: 1,
        resources: NO_RESOURCES,
      },
    ],
    instances: { [name]: { kind: 'running', status: 'destroying' } },
    events: wasInterrupted
      ? []
      : [reporter.event('stack_destroying', { stack: name, stackName: name, layer: old.layer })],
  });
  await reporter.commit();
  const options = { verb: 'destroy', config: NO_CONFIG, refresh: wasInterrupted, stop: control.forward } as const;
  const outcome = await runAttempts(parts, stack, options);
  if (!outcome.isWell) {
    failStack(parts, stack, outcome.error, outcome.result);
    return 'badly';
  }
  const record = reporter.record(name);
  reporter.move({
    records: [
      {
        ...record,
        status: 'destroyed',
        endedAt: reporter.now(),
        progressPercent: 100,
        resources: finalTally(record, outcome.result),
      },
    ],
    instances: { [name]: { kind: 'destroyed' } },
    events: [
      reporter.event('stack_destroyed', {
        stack: name,
        stackName: name,
        layer: old.layer,
        resourcesDeleted: outcome.result.resources.deleted,
        durationSeconds: secondsSince(record.startedAt, reporter.now()),
      }),
    ],
  });
  return 'well';
}

/**
 * The step `lift_protection` (stacks.md L3): before the first destroy, every protected stack gets its last configuration
 * with `protectStateful` off. Done once per stack: one whose destroy has begun is never updated again.
 * @returns stacks whose protection could not be lifted; they have failed
 */
export async function liftProtection(parts: RunParts): Promise<readonly string[]> {
  const { request, reporter, control } = parts;
  const failed: string[] = [];
  if (!request.options.destructiveConfirmed) return failed;
  for (const node of parts.graph.layers.flat()) {
    const stack = stackOf(request, node);
    const record = reporter.record(node);
    if (record.status !== 'pending' || record.protectionLifted || isGone(stack) || !isProtected(stack)) continue;
    if (control.forward.aborted || failed.length > 0) break;
    const outcome = await liftOne(parts, stack);
    if (outcome.isWell) continue;
    const before = [reporter.event('stack_destroying', { stack: node, stackName: node, layer: record.layer })];
    failStack(parts, stack, outcome.error, outcome.result, before);
    failed.push(node);
  }
  return failed;
}

/** Update with `protectStateful` off; also before a rollback that destroys. @throws StaleLease */
export async function liftOne(parts: RunParts, stack: RunStack): Promise<Outcome> {
  const { reporter, control } = parts;
  const where = { stack: stack.name, stackName: stack.name };
  const told = (message: string): EventDraft =>
    reporter.event('log', { ...where, level: 'info', message, context: { step: 'lift_protection' } });
  await reporter.commit({ events: [told(`Protection of ${stack.name} is being lifted`)] });
  const known = stack.instance.lastConfig ?? (await triedConfig(parts, stack));
  const config = { ...known, values: { ...known.values, protectStateful: false } };
  const options = { verb: 'up', config, refresh: false, stop: control.hard, isTold: false } as const;
  const outcome = await runAttempts(parts, stack, options);
  if (!outcome.isWell) return outcome;
  await reporter.commit({
    records: [{ ...reporter.record(stack.name), protectionLifted: true }],
    events: [told(`Protection of ${stack.name} is lifted`)],
  });
  return outcome;
}

/** A stack that never succeeded has no last configuration: it is the one it was tried with. */
async function triedConfig(parts: RunParts, stack: RunStack): Promise<ResolvedConfig> {
  const resolved = await parts.resolver.resolve(stack, 'tolerant');
  return { values: typedValues(resolved, stack.inputs), secretKeys: resolved.secretKeys };
}
