import type { StackRunRecord } from '../../orchestrator/run-request.js';
import { DEPLOYING, type Operation } from '../operations/operation.js';

/** What the operations of a deployment came to in a period (deployments.md 11, api.md 3.9). Durations in seconds, rates 0 to 1. */

/** An operation that has ended and was no preview. */
export type EndedOperation = Pick<
  Operation,
  'type' | 'environment' | 'status' | 'startedAt' | 'completedAt' | 'error'
> & {
  readonly stacks: readonly StackRunRecord[];
};

export interface DeploymentMetrics {
  /** Operations that deploy. Rates and means are null where there is nothing to take them from. */
  readonly deployments: {
    readonly total: number;
    readonly successful: number;
    readonly failed: number;
    readonly cancelled: number;
    /** Of those that succeeded or failed. */
    readonly successRate: number | null;
    readonly averageDuration: number | null;
  };
  readonly resources: {
    readonly total: number;
    readonly created: number;
    readonly updated: number;
    readonly deleted: number;
    readonly failed: number;
    readonly successRate: number | null;
  };
  /** Stacks that were skipped as unchanged, and their share of those that were skipped so or ran. */
  readonly skip: { readonly stacks: number; readonly rate: number | null };
  readonly errors: {
    readonly byCode: Readonly<Record<string, number>>;
    readonly byClass: Readonly<Record<string, number>>;
  };
  readonly costs: {
    readonly estimatedMonthly: number;
    readonly change: number;
    readonly trend: 'up' | 'down' | 'stable';
  };
  readonly stacks: readonly StackMetrics[];
}

export interface StackMetrics {
  readonly name: string;
  readonly deployments: number;
  /** Of the runs that succeeded. */
  readonly averageDuration: number | null;
  readonly successRate: number | null;
}

/** Stacks that stand now, as `<environment>/<stack>`, and what each stack costs a month. */
export interface CostFacts {
  readonly standing: ReadonlySet<string>;
  readonly monthly: (stack: string) => number;
}

/** @param operations oldest first */
export function metricsOf(operations: readonly EndedOperation[], costs: CostFacts): DeploymentMetrics {
  const deploys = operations.filter(({ type }) => DEPLOYING.includes(type));
  const records = operations.flatMap(({ stacks }) => stacks);
  const deployed = deploys.flatMap(({ stacks }) => stacks);
  const skipped = deployed.filter(({ skipReason }) => skipReason === 'unchanged').length;
  const ran = deployed.filter(hasRun);
  return {
    deployments: runMetrics(deploys),
    resources: resourceMetrics(records),
    skip: { stacks: skipped, rate: share(skipped, skipped + ran.length) },
    errors: errorMetrics(operations),
    costs: costMetrics(operations, costs),
    stacks: [...new Set(ran.map(({ name }) => name))].sort().map((name) => stackMetrics(name, ran)),
  };
}

function runMetrics(operations: readonly EndedOperation[]): DeploymentMetrics['deployments'] {
  const count = (wanted: Operation['status']): number => operations.filter(({ status }) => status === wanted).length;
  const successful = count('success');
  const failed = count('failed');
  return {
    total: operations.length,
    successful,
    failed,
    cancelled: count('cancelled'),
    successRate: share(successful, successful + failed),
    averageDuration: mean(operations.flatMap(({ startedAt, completedAt }) => seconds(startedAt, completedAt))),
  };
}

function resourceMetrics(records: readonly StackRunRecord[]): DeploymentMetrics['resources'] {
  const sum = (key: 'created' | 'updated' | 'deleted' | 'failed'): number =>
    records.reduce((total, { resources }) => total + resources[key], 0);
  const changed = { created: sum('created'), updated: sum('updated'), deleted: sum('deleted') };
  const done = changed.created + changed.updated + changed.deleted;
  const failed = sum('failed');
  return { total: done + failed, ...changed, failed, successRate: share(done, done + failed) };
}

/** Every failed stack once, and failures that were no stack's. */
function errorMetrics(operations: readonly EndedOperation[]): DeploymentMetrics['errors'] {
  const errors = operations.flatMap(({ stacks, error }) => [
    ...stacks.flatMap((record) => record.error ?? []),
    ...(error && error.stack === null ? [error] : []),
  ]);
  return {
    byCode: counted(errors.map((error) => error.code)),
    byClass: counted(errors.map((error) => error.class)),
  };
}

/** What stands now against what stood when the period began: a stack's first run in it tells whether it was there. */
function costMetrics(
  operations: readonly EndedOperation[],
  { standing, monthly }: CostFacts,
): DeploymentMetrics['costs'] {
  const before = new Map<string, boolean>();
  for (const { environment, stacks } of operations) {
    for (const record of stacks.filter(hasRun)) {
      const key = `${environment}/${record.name}`;
      if (!before.has(key)) before.set(key, !record.reasons.includes('never_deployed'));
    }
  }
  const cost = (key: string): number => monthly(key.slice(key.indexOf('/') + 1));
  const now = [...standing].reduce((sum, key) => sum + cost(key), 0);
  const keys = new Set([...standing, ...before.keys()]);
  const then = [...keys].reduce((sum, key) => sum + ((before.get(key) ?? standing.has(key)) ? cost(key) : 0), 0);
  const change = rounded(now - then);
  return { estimatedMonthly: rounded(now), change, trend: change > 0 ? 'up' : change < 0 ? 'down' : 'stable' };
}

function stackMetrics(name: string, ran: readonly StackRunRecord[]): StackMetrics {
  const own = ran.filter((record) => record.name === name);
  const good = own.filter((record) => !record.error);
  return {
    name,
    deployments: own.length,
    averageDuration: mean(good.flatMap(({ startedAt, endedAt }) => seconds(startedAt, endedAt))),
    successRate: share(good.length, own.length),
  };
}

function hasRun({ status }: StackRunRecord): boolean {
  return status !== 'skipped' && status !== 'pending';
}

function seconds(from: Date | null | undefined, to: Date | null | undefined): number[] {
  return from && to ? [(new Date(to).getTime() - new Date(from).getTime()) / 1000] : [];
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : rounded(values.reduce((a, b) => a + b, 0) / values.length);
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
