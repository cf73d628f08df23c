import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import type { IrreversibleStep } from '../../shared/events/events.js';
import { runAttempts, type Outcome } from './attempts.js';
import { lossOf, isDataStore } from './data-stores.js';
import { liftOne } from './destroy-stack.js';
import { stackRef } from './engine-config.js';
import type { StackEngine } from './engine.port.js';
import { snapshotFingerprint } from './fingerprint.js';
import { compareNames, restrict, StackGraph, type StackNode } from './graph.js';
import { checkOutputs } from './outputs-check.js';
import { isProtected } from './plan.js';
import type { ResolvedValue } from './placeholders/resolve.js';
import { runReady } from './ready-loop.js';
import { ReadyQueue } from './ready-queue.js';
import { NO_RESOURCES } from './resource-tally.js';
import type { InstanceChange } from './run-journal.port.js';
import { inStartOrder, turned } from './run-nodes.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { ResolvedConfig, RollbackState, RunPlace, RunStack, StackError, StackRunRecord } from './run-request.js';
import { isGone } from './skip.js';
import { failedEvent, secondsSince, skipStack } from './stack-endings.js';
import { fromException, missingOutputs } from './stack-errors.js';
import { fingerprintWith, readsFrom, withCurrentOutputs } from './upstream-values.js';

/**
 * Rollback (deployments.md 7.9).
 * 1. The plan is made before anything is done and journaled with the start: which stacks, in which order, and what cannot be
 *    restored. Automatic: the stacks this operation changed and the failed one, layers descending, priority and name
 *    descending, one after another. Manual: deploys in forward order, then destroys in reverse order, each as soon as those it
 *    has to wait for are through.
 * 2. The configuration of the target version is applied as it was resolved then, outputs of other
 *    stacks as they are now (upstream-values.ts), or the stack is destroyed because the target does not have it.
 *    A manual one leaves alone who differs in outputs of others only, when these come out as he has them.
 * 3. Automatic: whoever was applied before a stack whose outputs came back different is applied once more, in forward order.
 * 4. A stack that cannot be rolled back leaves those it needs untouched; independent ones go on. It then needs a person.
 * A successor continues with the stacks that are neither done nor failed.
 */

/** What happens to one stack. */
type Step =
  | { readonly kind: 'apply'; readonly config: ResolvedConfig; readonly resolved: readonly ResolvedValue[] }
  | { readonly kind: 'destroy' };

/**
 * Step 1, automatic.
 * @returns null when it may not start by itself: it would destroy protected stacks without a confirmed request (spec README 20)
 */
export async function planAutomaticRollback(parts: RunParts, reason: string): Promise<RollbackState | null> {
  const { request, reporter } = parts;
  const touched = reporter
    .records()
    .filter((record) => record.status === 'deployed' || (record.status === 'failed' && record.startedAt !== undefined))
    .sort((a, b) => b.layer - a.layer || priorityOf(parts, b) - priorityOf(parts, a) || compareNames(b.name, a.name))
    .map((record) => record.name);
  const goes = touched.filter((name) => automaticSnapshot(stackOf(request, name)) === null);
  if (!request.options.destructiveConfirmed && goes.some((name) => isProtected(stackOf(request, name)))) return null;
  return {
    trigger: 'auto',
    reason,
    fromVersion: request.environmentVersion,
    toVersion: request.environmentVersion,
    stacks: touched,
    irreversible: await irreversibleSteps(parts, touched, goes),
    done: [],
    failed: [],
  };
}

/** Step 1, manual; everything it touches is in `request.rollbackTo`. */
export async function planManualRollback(parts: RunParts): Promise<RollbackState> {
  const { request, graph } = parts;
  const target = request.rollbackTo;
  const order = graph.layers.flat();
  const deploys = order.filter((name) => target?.deploy[name] !== undefined);
  const destroys = order.filter((name) => target?.destroy.includes(name)).reverse();
  return {
    trigger: 'manual',
    reason: `Rollback to version ${target?.version ?? 0} asked for by ${request.startedBy}`,
    fromVersion: request.environmentVersion,
    toVersion: target?.version ?? 0,
    stacks: [...deploys, ...destroys],
    irreversible: await irreversibleSteps(parts, [], destroys),
    done: [],
    failed: [],
  };
}

/** Steps 2 to 4; `reporter.state.rollback` is the plan and says how far it is. @throws StaleLease */
export async function runRollback(parts: RunParts): Promise<void> {
  const { rollback } = parts.reporter.state;
  if (!rollback) return;
  if (rollback.trigger === 'manual') {
    const isDestroyed = (name: string): boolean => parts.request.rollbackTo?.destroy.includes(name) ?? false;
    const of = (names: readonly string[]): StackNode[] => restrict(parts.graph.nodes, new Set(names));
    await rollBackReady(parts, inStartOrder(of(rollback.stacks.filter((name) => !isDestroyed(name)))));
    return rollBackReady(parts, turned(of(rollback.stacks.filter(isDestroyed))));
  }
  const applied = new Map<string, ResolvedConfig>();
  for (const name of rollback.stacks) {
    parts.control.throwIfGivenUp();
    if (!isOver(parts, name)) await rollBackUnlessBlocked(parts, name, applied);
  }
  await applyAgain(parts, applied);
}

/** Each as soon as those that it waits for are through, well or badly; whether it may run then is asked in step 4. */
async function rollBackReady(parts: RunParts, nodes: readonly StackNode[]): Promise<void> {
  const { reporter, control } = parts;
  const queue = new ReadyQueue(nodes, null);
  const names = nodes.map(({ name }) => name);
  for (const name of names.filter((each) => isOver(parts, each))) queue.endedWell(name);
  const interrupted = names.filter((name) => reporter.record(name).status === 'rolling_back');
  for (const name of interrupted) queue.claim(name);
  const work = async (name: string): Promise<void> => {
    await rollBackUnlessBlocked(parts, name, new Map());
    queue.endedWell(name);
  };
  await runReady(parts, { queue, interrupted, work, isStopped: () => false, stop: control.hard });
}

/** Step 4. */
async function rollBackUnlessBlocked(
  parts: RunParts,
  name: string,
  applied: Map<string, ResolvedConfig>,
): Promise<void> {
  const { reporter } = parts;
  const culprit = blockerOf(parts, name);
  if (culprit === undefined) return rollBackStack(parts, name, applied);
  reporter.apply(withRollback(withFailed(parts, name)));
  if (reporter.record(name).status === 'pending') skipStack(parts, name, 'dependency_failed', { culprit });
}

/** Done, failed, or found to be as it should be. */
function isOver({ reporter }: RunParts, name: string): boolean {
  const { rollback } = reporter.state;
  const isSkipped = rollback?.trigger === 'manual' && reporter.record(name).status === 'skipped';
  return isSkipped || (rollback?.done.includes(name) ?? false) || (rollback?.failed.includes(name) ?? false);
}

function withRollback(rollback: RollbackState | undefined): { readonly rollback?: RollbackState } {
  return rollback ? { rollback } : {};
}

function withDone({ reporter }: RunParts, name: string): RollbackState | undefined {
  const { rollback } = reporter.state;
  return rollback && { ...rollback, done: [...rollback.done.filter((each) => each !== name), name] };
}

function withFailed({ reporter }: RunParts, name: string): RollbackState | undefined {
  const { rollback } = reporter.state;
  if (!rollback) return undefined;
  return { ...rollback, done: rollback.done.filter((each) => each !== name), failed: [...rollback.failed, name] };
}

/**
 * Step 3. Dependents go first in an automatic rollback, so they were applied with outputs that may have changed since.
 * @param applied what this process has applied; a stack that an earlier process applied counts as different
 */
async function applyAgain(parts: RunParts, applied: ReadonlyMap<string, ResolvedConfig>): Promise<void> {
  const { reporter, graph, request } = parts;
  const done = new Set(reporter.state.rollback?.done ?? []);
  for (const name of graph.layers.flat().filter((each) => done.has(each) && readsFrom(parts, each, done))) {
    parts.control.throwIfGivenUp();
    const step = await stepOf(parts, stackOf(request, name));
    if (step.kind === 'destroy') continue;
    const before = applied.get(name);
    if (before && canonicalJson(before.values) === canonicalJson(step.config.values)) continue;
    await rollBackStack(parts, name, new Map());
  }
}

/** The one that was under way when its process died; nothing else is done. @throws StaleLease */
export async function rollBackOne(parts: RunParts, name: string): Promise<void> {
  await rollBackStack(parts, name, new Map());
}

async function rollBackStack(parts: RunParts, name: string, applied: Map<string, ResolvedConfig>): Promise<void> {
  const { request, reporter } = parts;
  const stack = stackOf(request, name);
  const old = reporter.record(name);
  const step = await stepOf(parts, stack);
  if (old.status === 'pending' && isEqualAfterAll(parts, stack, step)) {
    return skipStack(parts, name, 'unchanged', { explanation: ['What it reads came out as it has it.'], reasons: [] });
  }
  const toVersion = reporter.state.rollback?.toVersion ?? 0;
  const wasInterrupted = old.status === 'rolling_back';
  const wasFailed = old.error !== undefined;
  const startedAt = reporter.now();
  reporter.move({
    records: [
      {
        ...old,
        status: 'rolling_back',
        action: 'rollback',
        progressPercent: 1,
        resources: NO_RESOURCES,
        startedAt: old.startedAt ?? startedAt,
      },
    ],
    instances: { [name]: { kind: 'running', status: step.kind === 'apply' ? 'deploying' : 'destroying' } },
    events: wasInterrupted
      ? []
      : [
          reporter.event('stack_rolling_back', {
            stack: name,
            stackName: name,
            layer: old.layer,
            toVersion,
          }),
        ],
  });
  await reporter.commit();
  const outcome = await applyStep(parts, stack, step, wasInterrupted || wasFailed);
  const error = outcome.isWell ? outputProblem(stack, step, outcome) : outcome.error;
  const record = reporter.record(name);
  if (error) {
    const failed: StackRunRecord = {
      ...record,
      status: 'failed',
      error: record.error ?? error,
      // The order of first failures stays: one that failed before keeps its time.
      endedAt: record.error && record.endedAt ? record.endedAt : reporter.now(),
    };
    reporter.move({
      records: [failed],
      instances: {
        [name]: { kind: 'failed', ...(outcome.result ? { resourceCount: outcome.result.resourceCount } : {}) },
      },
      ...withRollback(withFailed(parts, name)),
      events: [failedEvent(parts, failed, error)],
    });
    return;
  }
  if (step.kind === 'apply') applied.set(name, step.config);
  if (outcome.isWell) parts.freshOutputs.set(name, step.kind === 'apply' ? outcome.result.outputs : {});
  parts.resolver.forget(name);
  reporter.move({
    records: [{ ...record, status: 'rolled_back', progressPercent: 100, endedAt: record.endedAt ?? reporter.now() }],
    instances: { [name]: changeAfter(parts, stack, step, outcome, startedAt) },
    ...withRollback(withDone(parts, name)),
    events: [
      reporter.event('stack_rolled_back', {
        stack: name,
        stackName: name,
        layer: record.layer,
        toVersion,
        durationSeconds: secondsSince(startedAt, reporter.now()),
      }),
      ...codeDrift(parts, stack, step),
    ],
  });
}

async function applyStep(parts: RunParts, stack: RunStack, step: Step, refresh: boolean): Promise<Outcome> {
  const { control, request, reporter } = parts;
  const stop = control.hard; // a rollback is not cancelled (7.12)
  try {
    if (step.kind === 'apply')
      return await runAttempts(parts, stack, { verb: 'up', config: step.config, refresh, stop });
    const mustLift = request.options.destructiveConfirmed && isProtected(stack);
    if (mustLift && !reporter.record(stack.name).protectionLifted) {
      const lifted = await liftOne(parts, stack);
      if (!lifted.isWell && !(await isEmpty(parts, stack))) return lifted;
    }
    const config = { values: {}, secretKeys: [] };
    return await runAttempts(parts, stack, { verb: 'destroy', config, refresh, stop });
  } catch (cause) {
    control.throwIfGivenUp();
    return { isWell: false, error: fromException(cause, stack.name), result: null };
  }
}

async function isEmpty(parts: RunParts, stack: RunStack): Promise<boolean> {
  const resources = await parts.engine.resources(stackRef(parts.request.place, stack.name));
  return resources.every((resource) => !resource.protect);
}

/** Restored outputs are verified like after a deploy. */
function outputProblem(stack: RunStack, step: Step, outcome: Outcome): StackError | null {
  if (step.kind === 'destroy' || !outcome.isWell) return null;
  const { missing } = checkOutputs(outcome.result.outputs, stack.outputs);
  return missing.length > 0 ? missingOutputs(stack.name, missing) : null;
}

function changeAfter(parts: RunParts, stack: RunStack, step: Step, outcome: Outcome, startedAt: Date): InstanceChange {
  if (step.kind === 'destroy' || !outcome.isWell) return { kind: 'destroyed' };
  const { request, reporter } = parts;
  const { result } = outcome;
  const target = request.rollbackTo?.facts?.[stack.name];
  const own = request.rollbackTo ? undefined : stack.instance;
  const fingerprint = target?.fingerprint ?? own?.fingerprint;
  return {
    kind: 'deployed',
    fingerprint: fingerprint
      ? fingerprintWith(fingerprint, step.resolved, parts.box)
      : snapshotFingerprint(stack, step.config, parts.box),
    config: step.config,
    outputs: result.outputs,
    dependencies: target?.dependencies ?? own?.dependencies ?? stack.dependencies,
    codeHash: stack.codeHash, // the program that has just run, which may be newer than the snapshot
    resourceCount: result.resourceCount,
    stateVersion: result.stateVersion,
    durationSeconds: secondsSince(startedAt, reporter.now()),
    changed: true,
  };
}

function codeDrift(parts: RunParts, stack: RunStack, step: Step): ReturnType<RunParts['reporter']['event']>[] {
  const target = parts.request.rollbackTo?.facts?.[stack.name]?.codeHash ?? stack.instance.fingerprint?.code;
  if (step.kind === 'destroy' || target === undefined || target === stack.codeHash) return [];
  const message = `${stack.name} was rolled back with a newer program than the target version had`;
  return [parts.reporter.event('deployment_warning', { code: 'ROLLBACK_CODE_DRIFT', message, stack: stack.name })];
}

async function stepOf(parts: RunParts, stack: RunStack): Promise<Step> {
  const target = parts.request.rollbackTo;
  const snapshot = target ? target.deploy[stack.name] : automaticSnapshot(stack);
  return snapshot ? { kind: 'apply', ...(await withCurrentOutputs(parts, stack, snapshot)) } : { kind: 'destroy' };
}

/** Its own work is that of the target, and what it reads of others came out as it has it. */
function isEqualAfterAll({ request, box }: RunParts, { name, instance }: RunStack, step: Step): boolean {
  const target = request.rollbackTo?.facts?.[name]?.fingerprint;
  if (!request.rollbackTo?.conditional?.includes(name) || step.kind === 'destroy' || !target) return false;
  return fingerprintWith(target, step.resolved, box).total === instance.fingerprint?.total;
}

/** What it was before this operation: its last successful configuration; null = nothing. */
function automaticSnapshot(stack: RunStack): ResolvedConfig | null {
  return isGone(stack) ? null : stack.instance.lastConfig;
}

/** A stack that could not be rolled back and needs this one (destroys, automatic) or is needed by it (applied forward). */
function blockerOf(parts: RunParts, name: string): string | undefined {
  const graph = new StackGraph(parts.graph.nodes);
  const isForward = parts.request.rollbackTo?.deploy[name] !== undefined;
  const others = isForward ? graph.allDependenciesOf(name) : graph.allDependentsOf(name);
  return parts.reporter.state.rollback?.failed.find((each) => others.has(each));
}

function priorityOf(parts: RunParts, record: StackRunRecord): number {
  return stackOf(parts.request, record.name).priority;
}

/** Data stores that are destroyed, or that this operation has already replaced or removed. */
async function irreversibleSteps(
  parts: RunParts,
  touched: readonly string[],
  destroyed: readonly string[],
): Promise<IrreversibleStep[]> {
  const lost = await destroyedDataStores(parts.engine, parts.request.place, destroyed);
  for (const stack of touched.filter((name) => !destroyed.includes(name))) {
    for (const { urn, change } of parts.reporter.record(stack).dataStores ?? []) {
      const why =
        change === 'deleted'
          ? 'this operation has deleted it; it comes back empty'
          : 'this operation has created it; it is destroyed with what it holds by now';
      lost.push({ stack, urn, why });
    }
  }
  return lost;
}

/** What goes for ever when these stacks are destroyed. */
export async function destroyedDataStores(
  engine: StackEngine,
  place: RunPlace,
  stacks: readonly string[],
): Promise<IrreversibleStep[]> {
  const lost: IrreversibleStep[] = [];
  for (const stack of stacks) {
    const resources = await engine.resources(stackRef(place, stack));
    for (const { urn, type, name } of resources.filter((resource) => isDataStore(resource.type))) {
      lost.push({ stack, urn, why: `${type} (${name}) is destroyed with ${lossOf(type)}` });
    }
  }
  return lost;
}
