import type { EventDraft, SkipReason } from '../../shared/events/events.js';
import type { StackRunResult } from './engine.port.js';
import { openOutputs } from './outputs-check.js';
import type { InstanceChange } from './run-journal.port.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { RunStack, StackError, StackRunRecord } from './run-request.js';

/** How stacks end in the journal: record, instance and events belong together. */

export function secondsSince(start: Date | undefined, now: Date): number {
  return start ? Math.round((now.getTime() - start.getTime()) / 1000) : 0;
}

export function skipStack(
  parts: RunParts,
  name: string,
  skipReason: SkipReason,
  more: Pick<Partial<StackRunRecord>, 'culprit' | 'explanation' | 'reasons'> = {},
): void {
  const { reporter, request } = parts;
  const before = reporter.record(name);
  const record: StackRunRecord = {
    ...before,
    ...more,
    status: 'skipped',
    action: 'skip',
    skipReason,
    endedAt: reporter.now(),
    progressPercent: skipReason === 'unchanged' ? 100 : 0,
  };
  const event = reporter.event('stack_skipped', {
    stack: name,
    stackName: name,
    layer: record.layer,
    reason: skipReason,
    action: 'skip',
    reasons: record.reasons,
    lastDeployed: stackOf(request, name).instance.lastDeployedAt?.toISOString() ?? null,
    ...(record.culprit ? { culprit: record.culprit } : {}),
  });
  reporter.move({
    records: [record],
    // It stays, but without its protection: its last operation did not end well, so that the next deploy runs it.
    ...(record.protectionLifted ? { instances: { [name]: { kind: 'failed' } } } : {}),
    events: request.options.preview ? [] : [event],
  });
}

/** A refresh or an import that fails leaves a stack as deployed as it was. */
function leavesUntouched({ type, options }: RunParts['request']): boolean {
  return options.preview || type === 'refresh' || type === 'state-import';
}

/**
 * @param isUntouched the instance stays as it was
 * @param before events that have to stand before `stack_failed`, e.g. the start of a stack that never got to run
 */
export function failStack(
  parts: RunParts,
  stack: RunStack,
  error: StackError,
  result: StackRunResult | null,
  before: readonly EventDraft[] = [],
  isUntouched = leavesUntouched(parts.request),
): void {
  const { reporter, request } = parts;
  const isWarning = !stack.critical && request.type.startsWith('deploy');
  const warning = { code: error.code, message: `${stack.name} failed and is not critical: ${error.message}` };
  const old = reporter.record(stack.name);
  const record: StackRunRecord = {
    ...old,
    status: 'failed',
    error,
    endedAt: reporter.now(),
    ...(isWarning ? { warnings: [...(old.warnings ?? []), warning] } : {}),
    ...(isUntouched ? { changed: false } : {}),
  };
  const resources = result && { outputs: result.outputs, resourceCount: result.resourceCount };
  const instance: InstanceChange = { kind: 'failed', ...resources };
  reporter.move({
    records: [record],
    ...(isUntouched ? {} : { instances: { [stack.name]: instance } }),
    events: [
      ...(request.options.preview ? [] : [...before, failedEvent(parts, record, error)]),
      ...(isWarning ? [reporter.event('deployment_warning', { ...warning, stack: stack.name })] : []),
    ],
  });
}

export function failedEvent(parts: RunParts, record: StackRunRecord, error: StackError): EventDraft {
  return parts.reporter.event('stack_failed', {
    stack: record.name,
    stackName: record.name,
    layer: record.layer,
    error: briefOf(error),
    resource: error.resourceType && error.resourceName ? { type: error.resourceType, name: error.resourceName } : null,
    retryable: error.retryable,
  });
}

export function deployedEvent(
  parts: RunParts,
  stack: RunStack,
  record: StackRunRecord,
  result: StackRunResult,
): EventDraft {
  return parts.reporter.event('stack_deployed', {
    stack: stack.name,
    stackName: stack.name,
    layer: record.layer,
    status: 'deployed',
    resourcesCreated: record.resources.created,
    resourcesUpdated: record.resources.updated,
    resourcesDeleted: record.resources.deleted,
    durationSeconds: secondsSince(record.startedAt, parts.reporter.now()),
    outputs: openOutputs(result.outputs, stack.outputs),
  });
}

/** The tally as the engine counted it in the end. */
export function finalTally(record: StackRunRecord, result: StackRunResult): StackRunRecord['resources'] {
  const { created, updated, deleted, replaced, unchanged } = result.resources;
  const total = created + updated + deleted + replaced + unchanged;
  return {
    ...record.resources,
    total,
    processed: total,
    created: created + replaced,
    updated,
    deleted: deleted + replaced,
    current: null,
  };
}

export function briefOf(error: StackError): { code: string; message: string; details?: unknown } {
  const { urn, resourceType, resourceName, cloudCode, details, remediation } = error;
  return {
    code: error.code,
    message: error.message,
    details: { class: error.class, urn, resourceType, resourceName, cloudCode, remediation, ...details },
  };
}
