import type { RunProgress } from '../../shared/events/events.js';
import { estimate, remainingOf, type TimedStack } from './estimate.js';
import { compareNames, restrict } from './graph.js';
import { isDestroy, type RunNodes } from './run-nodes.js';
import type { RunRequest, RunState, StackRunRecord, StackRunStatus } from './run-request.js';

/** Progress figures of api.md 5.6. */

const GOOD: readonly StackRunStatus[] = ['deployed', 'destroyed', 'rolled_back'];
const RUNNING: readonly StackRunStatus[] = ['deploying', 'destroying', 'rolling_back'];

/** Reached its target. */
export function isGood(record: StackRunRecord): boolean {
  return GOOD.includes(record.status);
}

export function isRunning(record: StackRunRecord): boolean {
  return RUNNING.includes(record.status);
}

export function isTerminal(record: StackRunRecord): boolean {
  return record.status !== 'pending' && !isRunning(record);
}

/** Share of a running stack: 1 to 99, 50 while the number of its resources is unknown. */
export function stackPercent(processed: number, total: number): number {
  return total === 0 ? 50 : Math.min(99, Math.max(1, Math.floor((100 * processed) / total)));
}

export function runPercent(records: readonly StackRunRecord[]): number {
  if (records.length === 0) return 0;
  const done = records.filter((record) => isGood(record) || record.skipReason === 'unchanged').length;
  return Math.floor((100 * done) / records.length);
}

export function progressOf(request: RunRequest, graph: RunNodes, state: RunState, now: Date): RunProgress {
  const records = Object.values(state.stacks);
  const running = records.filter(isRunning).sort((a, b) => compareNames(a.name, b.name));
  const open = records.filter((record) => !isTerminal(record)).map((record) => record.layer);
  return {
    progressPercent: runPercent(records),
    totalStacks: records.length,
    deployedStacks: records.filter(isGood).length,
    failedStacks: records.filter((record) => record.status === 'failed').length,
    skippedStacks: records.filter((record) => record.status === 'skipped').length,
    currentLayer: open.length === 0 ? null : isDestroy(request.type) ? Math.max(...open) : Math.min(...open),
    currentStack: running[0]?.name ?? null,
    estimatedTimeRemaining: secondsRemaining(request, graph, records, now),
  };
}

function secondsRemaining(request: RunRequest, graph: RunNodes, records: readonly StackRunRecord[], now: Date): number {
  const byName = new Map(records.filter((record) => !isTerminal(record)).map((record) => [record.name, record]));
  const stacks = restrict(graph.nodes, new Set(byName.keys())).flatMap((node): TimedStack[] => {
    const record = byName.get(node.name);
    if (!record) return [];
    if (!isRunning(record)) return [{ ...node, seconds: record.estimateSeconds }];
    const elapsed = (now.getTime() - (record.startedAt ?? now).getTime()) / 1000;
    return [{ ...node, seconds: remainingOf(record.estimateSeconds, elapsed), isRunning: true }];
  });
  const { parallel, schedule } = request.options;
  return Math.round(estimate(isDestroy(request.type) ? turned(stacks) : stacks, parallel, schedule));
}

/** The same order read from the other end. */
function turned(stacks: readonly TimedStack[]): TimedStack[] {
  return stacks.map((stack) => ({
    ...stack,
    priority: -stack.priority,
    dependencies: stacks.filter((other) => other.dependencies.includes(stack.name)).map((other) => other.name),
  }));
}
