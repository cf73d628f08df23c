import type { StackRunRecord } from '../../orchestrator/run-request.js';
import type { Operation } from './operation.js';

const RUNNING = ['deploying', 'destroying', 'rolling_back'];
const DONE = ['deployed', 'destroyed', 'rolled_back'];

/** `DeploymentProgress` of api.md 5.6 for an operation, running or ended. */
export function toProgress(operation: Operation, now: Date): Record<string, unknown> {
  const records = Object.values(operation.state?.stacks ?? {});
  const running = records
    .filter((r) => RUNNING.includes(r.status))
    .map((r) => r.name)
    .sort();
  const open = records.filter((r) => r.status === 'pending' || RUNNING.includes(r.status)).map((r) => r.layer);
  const end = operation.completedAt ?? now;
  const start = operation.startedAt ?? operation.createdAt;
  return {
    deploymentId: operation.deploymentId,
    environment: operation.environment,
    operationId: operation.operationId,
    status: operation.phase,
    startTime: start,
    ...(operation.completedAt ? { endTime: operation.completedAt } : {}),
    ...(open.length > 0 ? { currentLayer: Math.min(...open) } : {}),
    totalLayers: operation.state?.totalLayers ?? operation.plan?.totalLayers ?? 0,
    ...(running[0] ? { currentStack: running[0] } : {}),
    summary: summaryOf(operation, records),
    stacks: Object.fromEntries(records.map((record) => [record.name, toStackProgress(record, now)])),
    metrics: {
      durationSeconds: Math.round((new Date(end).getTime() - new Date(start).getTime()) / 1000),
      ...(operation.phase === 'initializing' || operation.phase === 'validating'
        ? {}
        : { estimatedTimeRemaining: operation.completedAt ? 0 : remainingSeconds(operation, now) }),
      resourcesCreated: sum(records, (r) => r.resources.created),
      resourcesFailed: sum(records, (r) => r.resources.failed),
    },
  };
}

export function summaryOf(operation: Operation, records: readonly StackRunRecord[]): Record<string, number> {
  const deployed = records.filter((r) => DONE.includes(r.status)).length;
  const skipped = records.filter((r) => r.status === 'skipped');
  const unchanged = skipped.filter((r) => r.skipReason === 'unchanged').length;
  const total = records.length || (operation.plan?.totalStacks ?? 0);
  return {
    totalStacks: total,
    deployedStacks: deployed,
    failedStacks: records.filter((r) => r.status === 'failed').length,
    skippedStacks: skipped.length,
    progressPercent:
      total === 0 ? (operation.completedAt ? 100 : 0) : Math.floor((100 * (deployed + unchanged)) / total),
  };
}

export function toStackProgress(record: StackRunRecord, now: Date): Record<string, unknown> {
  const end = record.endedAt ?? (record.startedAt ? now : undefined);
  return {
    name: record.name,
    status: record.status,
    layer: record.layer,
    ...(record.startedAt ? { startTime: record.startedAt } : {}),
    ...(record.endedAt ? { endTime: record.endedAt } : {}),
    progressPercent: record.progressPercent,
    ...(record.startedAt && end
      ? { durationSeconds: Math.round((new Date(end).getTime() - new Date(record.startedAt).getTime()) / 1000) }
      : {}),
    action: record.action,
    reasons: record.reasons,
    explanation: record.explanation,
    ...(record.skipReason ? { skipReason: record.skipReason } : {}),
    resources: {
      total: record.resources.total,
      created: record.resources.created,
      failed: record.resources.failed,
      ...(record.resources.current ? { current: record.resources.current } : {}),
    },
    ...(record.error
      ? { error: { code: record.error.code, message: record.error.message, details: record.error } }
      : {}),
  };
}

/** Seconds: what is left of the plan's estimate; a running stack counts at least a tenth of its estimate (api.md 5.6). */
export function remainingSeconds(operation: Operation, now: Date): number {
  const records = Object.values(operation.state?.stacks ?? {});
  if (records.length === 0) return operation.estimatedDuration;
  const left = records.map((record) => {
    if (record.status === 'pending') return record.estimateSeconds;
    if (!RUNNING.includes(record.status) || !record.startedAt) return 0;
    const elapsed = (now.getTime() - new Date(record.startedAt).getTime()) / 1000;
    return Math.max(record.estimateSeconds - elapsed, record.estimateSeconds / 10);
  });
  const total = left.reduce((a, b) => a + b, 0);
  return Math.round(Math.max(total / Math.max(1, operation.parameters.parallel), ...left));
}

function sum(records: readonly StackRunRecord[], of: (record: StackRunRecord) => number): number {
  return records.reduce((total, record) => total + of(record), 0);
}
