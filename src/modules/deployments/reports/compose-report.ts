import type { PlannedStack, StackError, StackRunRecord } from '../../orchestrator/run-request.js';
import { driftRows } from '../operations/drift-view.js';
import { isFinal, type Operation } from '../operations/operation.js';
import { leftByHand } from './left-by-hand.js';
import { type OperationReport, REPORT_VERSION, type ReportedError, type StackReport } from './operation-report.js';
import { counted, deedOf, isPreview, REASON_WORDS, SKIP_WORDS, spoken } from './report-words.js';

/** What the operation alone does not tell. */
export interface ReportFacts {
  readonly now: Date;
  readonly queuePosition: number | null;
  /** Of the environment, as it stands now. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** The report of an operation at any moment of its life: waiting, running or ended, whatever its type. */
export function composeReport(operation: Operation, facts: ReportFacts): OperationReport {
  const stacks = stacksOf(operation);
  const cause = causeOf(operation, stacks);
  const of = (...results: readonly StackReport['result'][]): StackReport[] =>
    stacks.filter(({ result }) => results.includes(result));
  const end = operation.completedAt ?? (operation.startedAt ? facts.now : null);
  const report: OperationReport = {
    schemaVersion: REPORT_VERSION,
    generatedAt: iso(facts.now),
    isFinal: isFinal(operation),
    operationId: operation.operationId,
    deploymentId: operation.deploymentId,
    project: operation.project,
    environment: operation.environment,
    stack: operation.stack,
    type: operation.type,
    preview: isPreview(operation),
    message: operation.parameters.message,
    engine: operation.engine,
    cloud: operation.cloud,
    manifestRevision: operation.manifestRevision,
    planId: operation.planId,
    resumedFrom: operation.resumedFrom,
    takeovers: operation.takeovers,
    result: operation.status === 'in_progress' ? 'running' : operation.status,
    reason: '',
    cause,
    phase: operation.phase,
    startedBy: operation.startedBy,
    times: {
      requestedAt: iso(operation.createdAt),
      startedAt: isoOrNull(operation.startedAt),
      endedAt: isoOrNull(operation.completedAt),
      waitedSeconds: between(operation.createdAt, operation.startedAt ?? operation.completedAt ?? facts.now),
      durationSeconds: operation.startedAt ? between(operation.startedAt, end) : null,
      estimatedSeconds: operation.estimatedDuration,
    },
    queuePosition: facts.queuePosition,
    totals: {
      stacks: stacks.length,
      succeeded: of('succeeded', 'planned').length,
      unchanged: stacks.filter(({ reason, result }) => result === 'skipped' && reason === 'unchanged').length,
      skipped: of('skipped').length,
      failed: of('failed').length,
      rolledBack: stacks.filter(({ status }) => status === 'rolled_back').length,
      open: of('pending', 'running').length,
    },
    resources: {
      created: sum(stacks, 'created'),
      updated: sum(stacks, 'updated'),
      deleted: sum(stacks, 'deleted'),
    },
    stacks,
    errors: errorsOf(cause, stacks),
    warnings: warningsOf(operation),
    rollback: rollbackOf(operation),
    endpoints: { ...facts.endpoints },
    byHand: [],
  };
  return { ...report, reason: sentenceOf(operation, report), byHand: leftByHand(operation, report) };
}

function stacksOf(operation: Operation): StackReport[] {
  const records = Object.values(operation.state?.stacks ?? {});
  const reports =
    records.length > 0
      ? records.map((record) => stackOf(operation, record))
      : (operation.plan?.layers ?? []).flatMap(({ stacks }) => stacks.map((stack) => waiting(operation, stack)));
  return reports.sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1));
}

function stackOf(operation: Operation, record: StackRunRecord): StackReport {
  const { startedAt, endedAt, resources, planned, drift, error } = record;
  const isTold = isPreview(operation) || operation.type === 'drift-detect';
  return {
    name: record.name,
    layer: record.layer,
    ...outcomeOf(operation, record),
    decision: decisionOf(record),
    action: record.action,
    status: record.status,
    attempts: record.attempt,
    startedAt: isoOrNull(startedAt),
    endedAt: isoOrNull(endedAt),
    durationSeconds: startedAt && endedAt ? between(startedAt, endedAt) : null,
    estimatedSeconds: record.estimateSeconds,
    resources: isTold
      ? { created: 0, updated: 0, deleted: 0, failed: 0 }
      : {
          created: resources.created,
          updated: resources.updated,
          deleted: resources.deleted,
          failed: resources.failed,
        },
    planned: planned && isPreview(operation) ? { ...planned, unresolved: [...planned.unresolved] } : null,
    drift: drift ? (driftRows(drift) as unknown as NonNullable<StackReport['drift']>) : null,
    error: error ? errorOf(error, record.name) : null,
    warnings: (record.warnings ?? []).map(({ message }) => message),
  };
}

/** A stack of an operation that has not begun. */
function waiting(operation: Operation, planned: PlannedStack): StackReport {
  const isOver = isFinal(operation);
  return {
    name: planned.name,
    layer: planned.layer,
    result: isOver ? 'skipped' : 'pending',
    reason: isOver ? 'run_stopped' : (planned.skipReason ?? planned.reasons[0] ?? planned.action),
    cause: null,
    decision: isOver ? [SKIP_WORDS.run_stopped] : [...planned.explanation],
    action: planned.action,
    status: isOver ? 'skipped' : 'pending',
    attempts: 0,
    startedAt: null,
    endedAt: null,
    durationSeconds: null,
    estimatedSeconds: planned.estimatedDuration,
    resources: { created: 0, updated: 0, deleted: 0, failed: 0 },
    planned: null,
    drift: null,
    error: null,
    warnings: [],
  };
}

/** Result, reason and cause: three columns that are never mixed. */
function outcomeOf(operation: Operation, record: StackRunRecord): Pick<StackReport, 'result' | 'reason' | 'cause'> {
  const { status, error, action, reasons } = record;
  const why = reasons[0] ?? action;
  if (error) return { result: 'failed', reason: error.class, cause: error.code };
  switch (status) {
    case 'pending':
      return { result: 'pending', reason: why, cause: null };
    case 'deploying':
    case 'destroying':
    case 'rolling_back':
      return { result: 'running', reason: why, cause: null };
    case 'skipped':
      return { result: 'skipped', reason: record.skipReason ?? 'run_stopped', cause: record.culprit ?? null };
    case 'failed':
      return { result: 'failed', reason: 'internal', cause: null };
    case 'rolled_back':
      return operation.type === 'rollback'
        ? { result: 'succeeded', reason: why, cause: null }
        : { result: 'rolled_back', reason: 'rolled_back', cause: operation.error?.stack ?? null };
    case 'deployed':
    case 'destroyed':
      return { result: isPreview(operation) ? 'planned' : 'succeeded', reason: why, cause: null };
  }
}

function decisionOf({ explanation, reasons, skipReason, culprit }: StackRunRecord): string[] {
  const because = culprit ? [`${culprit}, which it needs, has failed.`] : skipReason ? [SKIP_WORDS[skipReason]] : [];
  if (culprit || (skipReason && skipReason !== 'unchanged' && skipReason !== 'manual')) return because;
  if (explanation.length > 0) return [...explanation];
  return because.length > 0 ? because : reasons.map((reason) => REASON_WORDS[reason]);
}

function causeOf(operation: Operation, stacks: readonly StackReport[]): ReportedError | null {
  if (operation.error) return errorOf(operation.error, operation.error.stack);
  return operation.status === 'in_progress' ? (stacks.find(({ error }) => error !== null)?.error ?? null) : null;
}

/** `details` stay out: they may repeat values of the configuration. */
function errorOf(error: StackError, stack: string | null): ReportedError {
  const { urn, resourceType, resourceName } = error;
  return {
    stack,
    class: error.class,
    code: error.code,
    message: error.message,
    remediation: error.remediation ?? null,
    retryable: error.retryable,
    resource: urn || resourceType ? { urn: urn ?? null, type: resourceType ?? null, name: resourceName ?? null } : null,
    cloudCode: error.cloudCode ?? null,
  };
}

function errorsOf(cause: ReportedError | null, stacks: readonly StackReport[]): ReportedError[] {
  const own = stacks.flatMap(({ error }) => (error ? [error] : []));
  const isThere = cause === null || own.some(({ stack, code }) => stack === cause.stack && code === cause.code);
  return isThere ? own : [cause, ...own];
}

function warningsOf(operation: Operation): OperationReport['warnings'] {
  if (operation.report) return operation.report.warnings.map(({ code, message, stack }) => ({ code, message, stack }));
  return Object.values(operation.state?.stacks ?? {}).flatMap((record) =>
    (record.warnings ?? []).map(({ code, message }) => ({ code, message, stack: record.name })),
  );
}

function rollbackOf(operation: Operation): OperationReport['rollback'] {
  const { report } = operation;
  const rollback = operation.state?.rollback;
  if (!rollback) {
    if (!report?.rollbackAvailable) return null;
    const nothing = { trigger: null, reason: null, fromVersion: null, toVersion: null };
    return { state: 'offered', ...nothing, stacks: [], done: [], failed: [], irreversible: [] };
  }
  const state = !isFinal(operation) ? 'running' : rollback.failed.length === 0 && report ? 'done' : 'failed';
  return {
    state,
    trigger: rollback.trigger,
    reason: rollback.reason,
    fromVersion: rollback.fromVersion,
    toVersion: rollback.toVersion,
    stacks: [...rollback.stacks],
    done: [...rollback.done],
    failed: [...rollback.failed],
    irreversible: rollback.irreversible.map(({ stack, urn, why }) => ({ stack, urn, why })),
  };
}

function sentenceOf(operation: Operation, report: OperationReport): string {
  const { totals, times, cause, rollback } = report;
  const deed = deedOf(operation);
  const took = times.durationSeconds === null ? '' : ` after ${spoken(times.durationSeconds)}`;
  switch (report.result) {
    case 'pending':
      return report.queuePosition
        ? `${deed} waits for its environment; place in the queue: ${report.queuePosition}.`
        : `${deed} is about to start.`;
    case 'running':
      return `${deed} runs${operation.paused ? ', paused' : ''}: ${totals.stacks - totals.open} of ${counted(totals.stacks, 'stack')} have ended${took}.`;
    case 'success':
      return `${deed} succeeded${took}: ${workOf(report)}.`;
    case 'cancelled':
      return `${deed} was cancelled${operation.cancel ? ` by ${operation.cancel.by}` : ''}${took}${operation.cancel?.reason ? `: ${operation.cancel.reason}` : ''}.`;
    case 'failed': {
      const where = cause?.stack ? ` at ${cause.stack}` : '';
      const after = rollback && rollback.state !== 'offered' ? `; rollback ${rollback.state}` : '';
      return `${deed} failed${where}${took}: ${cause ? `${cause.code}, ${cause.message}` : report.phase}${after}.`;
    }
  }
}

function workOf({ totals, stacks }: OperationReport): string {
  const drifted = stacks.filter(({ drift }) => (drift?.length ?? 0) > 0).length;
  const parts = [
    `${counted(totals.succeeded, 'stack')} done`,
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
    ...(totals.unchanged > 0 ? [`${totals.unchanged} unchanged`] : []),
    ...(totals.skipped > totals.unchanged ? [`${totals.skipped - totals.unchanged} skipped for another reason`] : []),
    ...(stacks.some(({ drift }) => drift !== null) ? [`${drifted} drifted`] : []),
  ];
  return parts.join(', ');
}

function sum(stacks: readonly StackReport[], key: 'created' | 'updated' | 'deleted'): number {
  return stacks.reduce((total, { resources }) => total + resources[key], 0);
}

function iso(at: Date): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: Date | null | undefined): string | null {
  return at ? iso(at) : null;
}

/** Seconds with one decimal; null when it has no end. */
function between(from: Date, to: Date | null): number | null {
  return to ? Math.max(0, Math.round((new Date(to).getTime() - new Date(from).getTime()) / 100) / 10) : null;
}
