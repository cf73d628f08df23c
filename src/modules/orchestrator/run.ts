import type { EventDraft } from '../../shared/events/events.js';
import { createLog } from '../../shared/kernel/log.js';
import { compareNames } from './graph.js';
import { deployStack } from './deploy-stack.js';
import { destroyStack, liftProtection } from './destroy-stack.js';
import { effectOf, stackTimeoutMs } from './failure-policy.js';
import { previewStack } from './preview-stack.js';
import { isGood, isRunning, isTerminal } from './progress.js';
import { runReady } from './ready-loop.js';
import { ReadyQueue } from './ready-queue.js';
import { NO_RESOURCES } from './resource-tally.js';
import { planAutomaticRollback, planManualRollback, rollBackOne, runRollback } from './rollback.js';
import { inStartOrder, isDestroy, isUpkeep, turned, type RunNodes } from './run-nodes.js';
import { planLines } from './run-log.js';
import {
  cancelledError,
  cancelledEvent,
  completeEvent,
  driftEvents,
  failedRunEvent,
  firstFailure,
  interruptedError,
  reportOf,
  rollbackCompleteEvent,
  timedOutError,
  type RunError,
} from './run-report.js';
import { keepUpStack } from './upkeep-stack.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { Plan, RunReport, RunState, StackError, StackRunRecord } from './run-request.js';
import { failStack, skipStack } from './stack-endings.js';
import { fromException, stackError } from './stack-errors.js';
import { isStaleLease } from './stale-lease.js';

/**
 * One run from its first to its last journal entry (deployments.md 7.5 to 7.13).
 * 1. Begin: the plan and the start are journaled – or, for a successor, that it continues.
 * 2. Checks before the run, when there are any: an error ends it with nothing changed.
 * 3. Forward: every stack whose own dependencies have ended well starts, by priority then name, at most `parallel` at once
 *    (`schedule: layer`: only when the layer before has ended), while the process has room (stack-slots.ts) and the run is not
 *    paused. Nothing is done before it is journaled as begun.
 * 4. A failure follows the policy: dependents are blocked; a critical one stops new starts, running stacks finish.
 * 5. A critical failure rolls back by a plan of its own, in the same operation.
 * 6. End: report and last event in one entry; before it, what has been deployed is looked at once more, for warnings.
 * Continuing is the same: finished stacks stay, a stack that was running starts again after reading the cloud, and a stack
 * that never started is still waiting. Under RUN_RECOVERY=fail nobody continues: what was running is settled and the run
 * ends. A lost lease ends everything at once; nothing more is written.
 */

/** Findings of the checks before a run (deployments.md 7.5, step 4). */
export interface PreflightResult {
  readonly errors: number;
  readonly warnings: number;
  /** Ends the run. */
  readonly error?: StackError;
}

export type Preflight = () => Promise<PreflightResult>;

/** What is found at the end of a run about stacks that it has deployed; never fails it (deployments.md 8.5, POST). */
export type Postflight = (deployed: readonly string[]) => Promise<readonly RunReport['warnings'][number][]>;

/** Checks around a run; null = none. */
export interface RunChecks {
  readonly before: Preflight | null;
  readonly after: Postflight | null;
}

export const NO_CHECKS: RunChecks = { before: null, after: null };

const log = createLog('orchestrator');

type Task = (parts: RunParts, name: string) => Promise<'well' | 'badly'>;

/** @throws StaleLease, RunAbandoned, and what the journal threw; then a successor can continue */
export async function executeRun(parts: RunParts, plan: Plan, checks: RunChecks): Promise<RunReport> {
  const { reporter, control, request } = parts;
  const over = new AbortController();
  try {
    const isContinued = isBegun(request.resume);
    if (isContinued && request.isGivenUp) return await endInterrupted(parts);
    await begin(parts, plan, isContinued, checks.before !== null);
    if (reporter.state.phase === 'rolling_back') return await rollBack(parts);
    const refusal = await refusalOf(parts, checks.before);
    if (refusal) return await endRefused(parts, refusal);
    limitTime(parts, over.signal);
    tellProgress(parts, over.signal);
    await forward(parts);
    control.throwIfGivenUp();
    return await conclude(parts, checks.after);
  } finally {
    over.abort();
    control.close();
  }
}

/** An earlier process has written the first entry. */
export function isBegun(resume: RunState | undefined): boolean {
  return resume !== undefined && Object.keys(resume.stacks).length > 0;
}

/** The records of a run that has not begun. */
export function firstRecords(plan: Plan): Readonly<Record<string, StackRunRecord>> {
  const stacks = plan.layers.flatMap((layer) => layer.stacks);
  return Object.fromEntries(
    stacks.map((stack): [string, StackRunRecord] => [
      stack.name,
      {
        name: stack.name,
        layer: stack.layer,
        status: 'pending',
        action: stack.action,
        reasons: stack.reasons,
        explanation: stack.explanation,
        attempt: 0,
        estimateSeconds: stack.estimatedDuration,
        progressPercent: 0,
        resources: NO_RESOURCES,
      },
    ]),
  );
}

async function begin(parts: RunParts, plan: Plan, isContinued: boolean, isChecked: boolean): Promise<void> {
  const { reporter, request } = parts;
  if (isContinued) {
    const stacks = reporter
      .records()
      .filter(isRunning)
      .map((record) => record.name)
      .sort(compareNames);
    const holder = request.previousHolder ?? 'unknown';
    const event = reporter.event('operation_resumed', { stack: stacks[0] ?? null, stacks, previousHolder: holder });
    return reporter.commit({ events: [event, reporter.progress()] });
  }
  const { options, type } = request;
  const isManual = type === 'rollback' && !options.preview;
  const started = reporter.event(isDestroy(type) ? 'destroy_started' : 'deployment_started', {
    totalStacks: plan.totalStacks,
    totalLayers: plan.totalLayers,
    estimatedDuration: plan.estimatedDuration,
    startedBy: request.startedBy,
    stacksToProcess: plan.stacksToDeploy,
    skippedStacks: plan.stacksSkipped,
    engine: parts.engine.name,
    cloud: parts.cloud,
    ...(options.preview ? { preview: true } : {}),
  });
  const rollback = isManual ? await planManualRollback(parts) : undefined;
  return reporter.commit({
    phase: isManual ? 'rolling_back' : isChecked ? 'validating' : runningPhase(parts),
    records: isManual ? reporter.records().map(untouched) : reporter.records(),
    totalLayers: plan.totalLayers,
    ...(rollback ? { rollback } : {}),
    events: [rollback ? rollbackStarted(parts, rollback) : started, reporter.progress(), ...planLines(reporter, plan)],
  });
}

/** What a manual rollback finds as the target has it stays as it is. */
function untouched(record: StackRunRecord): StackRunRecord {
  return record.action === 'skip'
    ? { ...record, status: 'skipped', skipReason: 'unchanged', progressPercent: 100 }
    : record;
}

function runningPhase(parts: RunParts): 'destroying' | 'deploying' {
  return isDestroy(parts.request.type) ? 'destroying' : 'deploying';
}

/** Step 2. @returns why the run cannot go on */
async function refusalOf(parts: RunParts, preflight: Preflight | null): Promise<RunError | null> {
  const { reporter, request } = parts;
  if (reporter.records().length === 0) {
    const message = `There is no enabled stack in environment ${request.place.environment}`;
    return { ...stackError('validation', 'NOTHING_TO_DEPLOY', message), stack: null };
  }
  if (!['initializing', 'validating'].includes(reporter.state.phase)) return null;
  if (!preflight) {
    await reporter.commit({ phase: runningPhase(parts) });
    return null;
  }
  const result = await preflight();
  const { errors, warnings, error } = result;
  const told = reporter.event('validation_complete', { valid: !error, errors, warnings });
  if (error) {
    reporter.apply({ events: [told] }); // in one entry with the end: a successor would check and tell it again
    return { ...error, stack: null };
  }
  await reporter.commit({ phase: runningPhase(parts), events: [told] });
  return null;
}

/** Nothing was changed. */
async function endRefused(parts: RunParts, error: RunError): Promise<RunReport> {
  const { reporter } = parts;
  for (const record of reporter.records().filter((each) => each.status === 'pending')) {
    skipStack(parts, record.name, 'run_stopped');
  }
  const report = reportOf(parts, 'failed', 'failed', error);
  const { code, message } = error;
  const told = reporter.event('error', { code, message, stack: null, phase: 'validation' });
  await reporter.commit({ phase: 'failed', report, events: [told, failedRunEvent(parts, error, 'none')] });
  return report;
}

/** Steps 3 and 4. */
async function forward(parts: RunParts): Promise<void> {
  const { request, reporter, control } = parts;
  const { schedule, preview } = request.options;
  const task = taskOf(request);
  const order = runOrder(parts);
  const queue = new ReadyQueue(order.nodes, schedule === 'layer' ? order.layers : null);
  const flow = new Flow(parts, queue);
  flow.replay();
  if (isDestroy(request.type) && !preview) {
    for (const name of await liftProtection(parts)) flow.ended(name, 'badly');
  }
  await runReady(parts, {
    queue,
    interrupted: reporter
      .records()
      .filter(isRunning)
      .map(({ name }) => name),
    work: async (name) => flow.ended(name, await guarded(task, parts, name)),
    isStopped: () => flow.isStopped,
    stop: control.forward,
  });
  for (const name of queue.drain()) skipStack(parts, name, control.cancel ? 'cancelled' : 'run_stopped');
}

function taskOf({ type, options }: RunParts['request']): Task {
  if (isUpkeep(type)) return keepUpStack;
  if (options.preview) return previewStack;
  return isDestroy(type) ? destroyStack : deployStack;
}

/** What was running is settled (settle.ts), everything else stays undone; also in the middle of a rollback. */
async function endInterrupted(parts: RunParts): Promise<RunReport> {
  const { reporter, control, request } = parts;
  const open = reporter.records().filter(isRunning);
  const settle = (record: StackRunRecord): Promise<unknown> =>
    record.status === 'rolling_back' ? rollBackOne(parts, record.name) : guarded(taskOf(request), parts, record.name);
  await Promise.all(open.map(settle));
  control.throwIfGivenUp();
  for (const { name } of reporter.records().filter(({ status }) => status === 'pending'))
    skipStack(parts, name, control.cancel ? 'cancelled' : 'run_stopped');
  if (control.cancel) return end(parts, 'cancelled', cancelledError(parts), [cancelledEvent(parts)]);
  return endFailed(parts, interruptedError());
}

/** What endings mean for the others. */
class Flow {
  isStopped = false;

  constructor(
    private readonly parts: RunParts,
    private readonly queue: ReadyQueue,
  ) {}

  /** Endings that an earlier process has journaled. */
  replay(): void {
    for (const record of this.parts.reporter.records()) {
      if (isRunning(record)) this.queue.claim(record.name);
      else if (isTerminal(record)) this.ended(record.name, endedWell(record) ? 'well' : 'badly');
    }
  }

  ended(name: string, ending: 'well' | 'badly'): void {
    if (ending === 'well') return this.queue.endedWell(name);
    const { request, reporter, control } = this.parts;
    const blocked = this.queue.endedBadly(name);
    const isFailure = reporter.record(name).status === 'failed';
    const isCritical = isDestroy(request.type) || stackOf(request, name).critical;
    if (isFailure && effectOf({ isCritical, options: request.options }) === 'stop') this.isStopped = true;
    for (const each of blocked.filter((other) => reporter.record(other).status === 'pending')) {
      if (control.cancel) skipStack(this.parts, each, 'cancelled');
      else skipStack(this.parts, each, 'dependency_failed', { culprit: reporter.record(name).culprit ?? name });
    }
  }
}

function endedWell(record: StackRunRecord): boolean {
  return isGood(record) || ['unchanged', 'manual', 'not_deployed'].includes(record.skipReason ?? '');
}

/** An exception in a task is the failure of its stack alone; only what stops the run is thrown. */
async function guarded(task: Task, parts: RunParts, name: string): Promise<'well' | 'badly'> {
  try {
    return await task(parts, name);
  } catch (cause) {
    if (isStaleLease(cause)) parts.control.giveUp(cause);
    parts.control.throwIfGivenUp();
    failStack(parts, stackOf(parts.request, name), fromException(cause, name), null);
    return 'badly';
  }
}

/** Nodes and layers in run order; a destroy is the same graph read from the other end. */
function runOrder(parts: RunParts): RunNodes {
  const { nodes, layers } = parts.graph;
  if (!isDestroy(parts.request.type)) return { nodes: inStartOrder(nodes), layers };
  return { nodes: turned(nodes), layers: [...layers].reverse() };
}

/** Steps 5 and 6. */
async function conclude(parts: RunParts, postflight: Postflight | null): Promise<RunReport> {
  const { request, control } = parts;
  const { options, type } = request;
  const failure = control.timedOut ? timedOutError() : firstFailure(parts);
  const isDeploy = type.startsWith('deploy') && !options.preview;
  if (control.cancel) {
    if (control.cancel.rollback && isDeploy) return startRollback(parts, cancelledError(parts));
    return end(parts, 'cancelled', cancelledError(parts), [cancelledEvent(parts)]);
  }
  if (!failure) return end(parts, 'success', null, [], await lookAfterwards(parts, postflight));
  if (isDeploy && options.rollbackOnError && !options.continueOnError) return startRollback(parts, failure);
  return endFailed(parts, failure);
}

/** Best effort: looking must not undo what went well. */
async function lookAfterwards(parts: RunParts, postflight: Postflight | null): Promise<RunReport['warnings']> {
  const { reporter, control } = parts;
  const deployed = reporter.records().filter(({ status }) => status === 'deployed');
  if (!postflight || deployed.length === 0) return [];
  await reporter.commit(); // what is looked at has to be stored
  try {
    return await postflight(deployed.map(({ name }) => name).sort(compareNames));
  } catch (error) {
    log.warn('the checks after a run failed', { operationId: parts.request.operationId, error });
    return [];
  } finally {
    control.throwIfGivenUp();
  }
}

function endFailed(parts: RunParts, failure: RunError): Promise<RunReport> {
  const { rollbackAvailable } = reportOf(parts, 'failed', 'failed', failure);
  return end(parts, 'failed', failure, [failedRunEvent(parts, failure, rollbackAvailable ? 'offered' : 'none')]);
}

async function end(
  parts: RunParts,
  outcome: RunReport['outcome'],
  error: RunError | null,
  events: readonly EventDraft[],
  found: RunReport['warnings'] = [],
): Promise<RunReport> {
  const goal = isDestroy(parts.request.type) ? 'destroyed' : 'deployed';
  const plain = reportOf(parts, outcome, outcome === 'success' ? goal : 'failed', error);
  const report = { ...plain, warnings: [...plain.warnings, ...found] };
  const warnings = found.map((each) => parts.reporter.event('deployment_warning', { ...each }));
  const last = [
    ...driftEvents(parts),
    ...warnings,
    ...(outcome === 'success' ? [completeEvent(parts, report)] : events),
  ];
  await parts.reporter.commit({ phase: report.phase, report, events: last });
  return report;
}

async function startRollback(parts: RunParts, failure: RunError): Promise<RunReport> {
  const { reporter, control } = parts;
  const rollback = await planAutomaticRollback(parts, failure.message);
  if (!rollback) {
    if (control.cancel) return end(parts, 'cancelled', failure, [cancelledEvent(parts)]);
    return endFailed(parts, failure);
  }
  const failed = control.cancel ? [] : [failedRunEvent(parts, failure, 'started')];
  const events = [...failed, rollbackStarted(parts, rollback)];
  await reporter.commit({ phase: 'rolling_back', rollback, events });
  return rollBack(parts);
}

/** Also where a successor continues; the failure is found in the records. */
async function rollBack(parts: RunParts): Promise<RunReport> {
  const { reporter, control, request } = parts;
  await runRollback(parts);
  control.throwIfGivenUp();
  const isManual = request.type === 'rollback';
  const isComplete = (reporter.state.rollback?.failed.length ?? 0) === 0;
  const wasCancelled = !isManual && control.cancel !== null;
  const error = wasCancelled ? cancelledError(parts) : firstFailure(parts);
  const outcome = wasCancelled ? 'cancelled' : isManual && isComplete ? 'success' : 'failed';
  const report = reportOf(parts, outcome, isComplete ? 'rolled_back' : 'failed', error);
  const events = [rollbackCompleteEvent(parts), ...(wasCancelled ? [cancelledEvent(parts)] : [])];
  await reporter.commit({ phase: report.phase, report, events });
  return report;
}

function rollbackStarted(parts: RunParts, rollback: NonNullable<RunState['rollback']>): EventDraft {
  const { trigger, reason, fromVersion, toVersion, stacks, irreversible } = rollback;
  return parts.reporter.event('rollback_started', { trigger, reason, fromVersion, toVersion, stacks, irreversible });
}

/** Operation timeout (7.8): sum over layers of the longest stack timeout, and ten minutes. */
function limitTime(parts: RunParts, over: AbortSignal): void {
  const { request, graph, clock, settings, control } = parts;
  const longest = graph.layers.map((layer) =>
    Math.max(
      ...layer.map((name) =>
        stackTimeoutMs(request.options.stackTimeoutSeconds, stackOf(request, name).estimateSeconds),
      ),
    ),
  );
  const limitMs = longest.reduce((sum, ms) => sum + ms, settings.operationSlackMs);
  void (async (): Promise<void> => {
    for (let leftMs = limitMs; leftMs > 0 && !over.aborted;) {
      if (parts.pause.isPaused) {
        await parts.pause.changed(over); // its time stands still
        continue;
      }
      const startedAt = clock.now().getTime();
      const turn = new AbortController();
      await Promise.race([
        clock.sleep(leftMs, AbortSignal.any([over, turn.signal])),
        parts.pause.changed(AbortSignal.any([over, turn.signal])),
      ]);
      turn.abort();
      leftMs -= clock.now().getTime() - startedAt;
    }
    if (!over.aborted) control.timeOut();
  })();
}

function tellProgress(parts: RunParts, over: AbortSignal): void {
  const { clock, settings, reporter } = parts;
  void (async (): Promise<void> => {
    for (;;) {
      await clock.sleep(settings.progressMs, over);
      if (over.aborted) return;
      if (reporter.records().some(isRunning)) reporter.tick();
    }
  })();
}
