import type { EventDraft } from '../../shared/events/events.js';
import { isGood, isTerminal } from './progress.js';
import { isDestroy, isUpkeep } from './run-nodes.js';
import type { RunParts } from './run-parts.js';
import type { RunPhase, RunReport, RunState, StackError, StackRunRecord } from './run-request.js';
import { briefOf, secondsSince } from './stack-endings.js';
import { stackError } from './stack-errors.js';

/** The end of a run: its report and its last event (deployments.md 7.5, api.md 4.4). */

export type RunError = StackError & { readonly stack: string | null };

/** First failure by completion; failures of stacks that are not critical count only where nothing else failed. */
export function firstFailure(parts: RunParts): RunError | null {
  const { request, reporter } = parts;
  const isCritical = (record: StackRunRecord): boolean =>
    isDestroy(request.type) ||
    isUpkeep(request.type) ||
    (request.stacks.find((stack) => stack.name === record.name)?.critical ?? true);
  const [first] = reporter
    .records()
    .filter((record) => record.error !== undefined && isCritical(record))
    .sort((a, b) => (a.endedAt?.getTime() ?? 0) - (b.endedAt?.getTime() ?? 0));
  return first?.error ? { ...first.error, stack: first.name } : null;
}

export function cancelledError(parts: RunParts): RunError {
  const by = parts.control.cancel?.by ?? parts.request.startedBy;
  return { ...stackError('cancelled', 'OPERATION_CANCELLED', `The operation was cancelled by ${by}`), stack: null };
}

export function interruptedError(): RunError {
  const message = 'The process that ran this operation died before it ended';
  return { ...stackError('interrupted', 'ORCHESTRATOR_INTERRUPTED', message), stack: null };
}

export function timedOutError(): RunError {
  return { ...stackError('timeout', 'OPERATION_TIMEOUT', 'The operation ran longer than it may'), stack: null };
}

export function reportOf(
  parts: RunParts,
  outcome: RunReport['outcome'],
  phase: RunPhase,
  error: RunError | null,
): RunReport {
  const { reporter, request } = parts;
  const state: RunState = { ...reporter.state, phase };
  const records = reporter.records();
  const isPreview = request.options.preview;
  const changed = !isPreview && records.some(isChanged);
  const rolledBack = phase === 'rolled_back';
  const sum = (key: 'created' | 'updated' | 'deleted'): number =>
    records.reduce((total, record) => total + record.resources[key], 0);
  return {
    outcome,
    phase,
    state,
    durationSeconds: secondsSince(state.startedAt, reporter.now()),
    resources: { created: sum('created'), updated: sum('updated'), deleted: sum('deleted') },
    warnings: records.flatMap((record) => (record.warnings ?? []).map((each) => ({ ...each, stack: record.name }))),
    ...(error ? { error } : {}),
    rolledBack,
    rollbackAvailable: changed && !rolledBack && outcome !== 'success' && request.type.startsWith('deploy'),
    manualInterventionRequired: (state.rollback?.failed.length ?? 0) > 0,
    changed,
  };
}

function isChanged(record: StackRunRecord): boolean {
  return record.changed !== false && (isGood(record) || record.status === 'failed');
}

/** What a drift detection tells, when it found some. */
export function driftEvents(parts: RunParts): EventDraft[] {
  const drifted = parts.reporter.records().filter((record) => (record.drift?.length ?? 0) > 0);
  if (drifted.length === 0) return [];
  const resourceCount = drifted.reduce((sum, record) => sum + (record.drift?.length ?? 0), 0);
  return [parts.reporter.event('drift_detected', { stacks: drifted.map(({ name }) => name).sort(), resourceCount })];
}

export function completeEvent(parts: RunParts, report: RunReport): EventDraft {
  const { reporter, request } = parts;
  const records = reporter.records();
  const isDown = isDestroy(request.type);
  const good = records.filter(isGood).length;
  return reporter.event(isDown ? 'destroy_complete' : 'deployment_complete', {
    status: environmentAfter(parts),
    operationStatus: 'success',
    totalStacks: records.length,
    deployedStacks: isDown ? 0 : good,
    skippedStacks: records.filter((record) => record.status === 'skipped').length,
    failedStacks: records.filter((record) => record.status === 'failed').length,
    durationSeconds: report.durationSeconds,
    resourcesCreated: report.resources.created,
    resourcesUpdated: report.resources.updated,
    resourcesDeleted: report.resources.deleted,
    ...(isDown ? { destroyedStacks: good } : {}),
    ...(request.options.preview ? { preview: true } : {}),
  });
}

export function failedRunEvent(parts: RunParts, error: RunError, rollback: 'none' | 'offered' | 'started'): EventDraft {
  const { reporter, request } = parts;
  const records = reporter.records();
  const state = reporter.state;
  return reporter.event(isDestroy(request.type) ? 'destroy_failed' : 'deployment_failed', {
    status: isAnythingDeployed(parts) ? 'partial' : 'failed',
    stack: error.stack,
    error: briefOf(error),
    failedLayer: error.stack === null ? null : (state.stacks[error.stack]?.layer ?? null),
    totalLayers: state.totalLayers,
    durationSeconds: secondsSince(state.startedAt, reporter.now()),
    failedStacks: records.filter((record) => record.status === 'failed').map((record) => record.name),
    rollback,
    actions: ['view_logs', 'retry', ...(rollback === 'offered' ? ['rollback'] : [])],
  });
}

export function cancelledEvent(parts: RunParts): EventDraft {
  const { reporter, control, request } = parts;
  const records = reporter.records();
  return reporter.event('deployment_cancelled', {
    cancelledBy: control.cancel?.by ?? request.startedBy,
    reason: control.cancel?.reason ?? null,
    durationSeconds: secondsSince(reporter.state.startedAt, reporter.now()),
    completedStacks: records.filter((record) => isTerminal(record) && isGood(record)).map((record) => record.name),
    pendingStacks: records.filter((record) => record.skipReason === 'cancelled').map((record) => record.name),
  });
}

export function rollbackCompleteEvent(parts: RunParts): EventDraft {
  const { reporter } = parts;
  const { rollback, startedAt } = reporter.state;
  return reporter.event('rollback_complete', {
    status: (rollback?.failed.length ?? 0) > 0 ? 'failed' : 'rolled_back',
    rolledBackStacks: rollback?.done ?? [],
    failedStacks: rollback?.failed ?? [],
    durationSeconds: secondsSince(startedAt, reporter.now()),
  });
}

function environmentAfter(parts: RunParts): 'deployed' | 'partial' | 'destroyed' {
  if (isDestroy(parts.request.type)) return isAnythingDeployed(parts) ? 'partial' : 'destroyed';
  return parts.request.stacks.every((stack) => isDeployed(parts, stack.name)) ? 'deployed' : 'partial';
}

function isAnythingDeployed(parts: RunParts): boolean {
  return parts.request.stacks.some((stack) => isDeployed(parts, stack.name));
}

/** After this run, as far as it has come. */
function isDeployed(parts: RunParts, name: string): boolean {
  const record = parts.reporter.state.stacks[name];
  if (record && record.status !== 'skipped' && record.status !== 'pending') return record.status === 'deployed';
  return parts.request.stacks.find((stack) => stack.name === name)?.instance.status === 'deployed';
}
