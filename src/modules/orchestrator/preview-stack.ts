import { runAttempts } from './attempts.js';
import { checkChanges, typedValues } from './config-check.js';
import { stackRef } from './engine-config.js';
import type { ResourceCounts } from './engine.port.js';
import { isDestroy } from './run-nodes.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { ResolvedConfig, RunStack, StackRunRecord } from './run-request.js';
import { failStack, skipStack } from './stack-endings.js';
import { lastValuesOf } from './skip.js';
import { configError, fromException } from './stack-errors.js';

/**
 * One stack of a preview (deployments.md 7.7): placeholders without value become `<unresolved: …>`, the engine plans,
 * nothing is changed. A program that cannot be planned because values are missing is reported as changed, not as failed.
 * A stack that cannot be planned blocks no other: there is nothing they would build on.
 */
export async function previewStack(parts: RunParts, name: string): Promise<'well'> {
  const { request, reporter } = parts;
  const stack = stackOf(request, name);
  const old = reporter.record(name);
  if (old.action === 'skip') {
    skipStack(parts, name, stack.skipManually ? 'manual' : isDestroy(request.type) ? 'not_deployed' : 'unchanged');
    return 'well';
  }
  reporter.move({
    records: [{ ...old, status: 'deploying', startedAt: reporter.now(), attempt: 1, progressPercent: 1 }],
  });
  try {
    if (isDestroy(request.type) || request.rollbackTo?.destroy.includes(name)) await previewDestroy(parts, stack);
    else await previewDeploy(parts, stack);
  } catch (cause) {
    parts.control.throwIfGivenUp();
    failStack(parts, stack, fromException(cause, name), null);
  }
  return 'well';
}

async function previewDestroy(parts: RunParts, stack: RunStack): Promise<void> {
  const resources = await parts.engine.resources(stackRef(parts.request.place, stack.name));
  endPreview(parts, stack, { ...NONE, deleted: resources.length }, []);
}

async function previewDeploy(parts: RunParts, stack: RunStack): Promise<void> {
  const snapshot = parts.request.rollbackTo?.deploy[stack.name];
  const resolved = snapshot ? null : await parts.resolver.resolve(stack, 'tolerant');
  const config: ResolvedConfig = snapshot ?? {
    values: resolved ? typedValues(resolved, stack.inputs) : {},
    secretKeys: resolved?.secretKeys ?? [],
  };
  const refused = snapshot ? [] : checkChanges(config.values, stack.inputs, lastValuesOf(stack));
  if (refused.length > 0) return failStack(parts, stack, configError(stack.name, refused), null);
  const unresolved = (resolved?.unresolved ?? []).map((item) => item.placeholder);
  const options = { verb: 'preview', config, refresh: false, stop: parts.control.forward, isTold: false } as const;
  const outcome = await runAttempts(parts, stack, options);
  if (outcome.isWell) return endPreview(parts, stack, outcome.result.resources, unresolved);
  if (unresolved.length === 0 || parts.control.forward.aborted) return failStack(parts, stack, outcome.error, null);
  const message = `${stack.name} cannot be planned further: ${unresolved.join(', ')} not known yet (${outcome.error.message})`;
  endPreview(parts, stack, outcome.result?.resources ?? NONE, unresolved, [{ code: 'PREVIEW_INCOMPLETE', message }]);
}

export const NONE: ResourceCounts = { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged: 0 };

/** Journals what a run would do to the stack. */
export function endPreview(
  parts: RunParts,
  stack: RunStack,
  counts: ResourceCounts,
  unresolved: readonly string[],
  warnings: NonNullable<StackRunRecord['warnings']> = [],
): void {
  const { reporter } = parts;
  const planned = {
    create: counts.created,
    update: counts.updated,
    replace: counts.replaced,
    delete: counts.deleted,
    same: counts.unchanged,
    unresolved,
  };
  const { create, update, replace, delete: remove, same } = planned;
  const message = `${stack.name}: ${create} to create, ${update} to update, ${replace} to replace, ${remove} to delete, ${same} the same`;
  reporter.move({
    records: [
      {
        ...reporter.record(stack.name),
        status: isDestroy(parts.request.type) ? 'destroyed' : 'deployed',
        endedAt: reporter.now(),
        progressPercent: 100,
        planned,
        ...(warnings.length > 0 ? { warnings } : {}),
      },
    ],
    events: [
      ...warnings.map((warning) => reporter.event('deployment_warning', { ...warning, stack: stack.name })),
      reporter.event('log', { stack: stack.name, stackName: stack.name, level: 'info', message, context: { planned } }),
    ],
  });
}
