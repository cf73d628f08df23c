import { runAttempts, type AttemptOptions, type Outcome } from './attempts.js';
import { stackRef } from './engine-config.js';
import type { DriftResult, StackRun, StackRunResult, StateResource } from './engine.port.js';
import { fingerprintWith, withCurrentOutputs } from './upstream-values.js';
import { snapshotFingerprint } from './fingerprint.js';
import type { InstanceChange } from './run-journal.port.js';
import { checkOutputs } from './outputs-check.js';
import { endPreview, NONE } from './preview-stack.js';
import { isRunning } from './progress.js';
import { NO_RESOURCES } from './resource-tally.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { ResolvedConfig, RunStack, RunType, StackError, StackRunRecord } from './run-request.js';
import { interrupted } from './settle.js';
import { deployedEvent, failStack, finalTally, secondsSince, skipStack } from './stack-endings.js';
import { fromException, missingOutputs, stackError } from './stack-errors.js';

/**
 * One stack of a run that looks after what is deployed (deployments.md 10.3, 10.4).
 * - refresh: the state becomes what the cloud has; the next deploy runs the stack when that changed something.
 * - drift-detect: only looks; every finding is kept with the instance.
 * - drift-fix: the last configuration is applied again, after a plan has shown that nothing is created, replaced or deleted.
 * - state-import: a state from outside takes the place of its own, or existing resources come into it.
 * None of them is undone when it fails: a refresh and an import that fail leave the stack as it was.
 */
export async function keepUpStack(parts: RunParts, name: string): Promise<'well' | 'badly'> {
  const { request, reporter } = parts;
  const stack = stackOf(request, name);
  const old = reporter.record(name);
  if (old.action === 'skip') {
    const explanation = old.explanation;
    skipStack(parts, name, request.type === 'drift-fix' ? 'unchanged' : 'not_deployed', { explanation });
    return 'well';
  }
  const wasInterrupted = isRunning(old);
  await begin(parts, stack, old, wasInterrupted);
  const work = WORK[request.type];
  return work ? work(parts, stack, wasInterrupted) : 'badly';
}

/** @param wasInterrupted an earlier process may have done it, in part or whole, without having journaled it */
type Work = (parts: RunParts, stack: RunStack, wasInterrupted: boolean) => Promise<'well' | 'badly'>;

const WORK: Partial<Record<RunType, Work>> = {
  refresh: (parts, stack, wasInterrupted) =>
    parts.request.options.preview ? detect(parts, stack, false) : refresh(parts, stack, wasInterrupted),
  'drift-detect': (parts, stack) => detect(parts, stack, true),
  'drift-fix': fix,
  'state-import': bringIn,
};

const NO_CONFIG: ResolvedConfig = { values: {}, secretKeys: [] };

async function begin(parts: RunParts, stack: RunStack, old: StackRunRecord, wasInterrupted: boolean): Promise<void> {
  const { reporter, request } = parts;
  const started = reporter.event('stack_deploying', {
    stack: stack.name,
    stackName: stack.name,
    layer: old.layer,
    dependencies: stack.dependencies,
    action: old.action,
    reasons: old.reasons,
    estimatedDuration: old.estimateSeconds,
  });
  reporter.move({
    records: [
      {
        ...old,
        status: 'deploying',
        attempt: wasInterrupted ? old.attempt + 1 : 1,
        startedAt: old.startedAt ?? reporter.now(),
        progressPercent: 1,
        resources: NO_RESOURCES,
      },
    ],
    events: wasInterrupted || request.options.preview ? [] : [started],
  });
  await reporter.commit();
}

async function detect(parts: RunParts, stack: RunStack, isKept: boolean): Promise<'well' | 'badly'> {
  const { reporter, engine } = parts;
  let found: DriftResult = { success: false, checked: 0, drifted: [] };
  const look: AttemptOptions['verb'] = async (run) => {
    found = await engine.detectDrift(run);
    const { success, checked, error } = found;
    return { ...NOTHING_RUN, success, resourceCount: checked, ...(error ? { error } : {}) };
  };
  const options = {
    verb: look,
    config: stack.instance.lastConfig ?? NO_CONFIG,
    refresh: false,
    isReadOnly: true,
  } as const;
  const outcome = await runAttempts(parts, stack, { ...options, stop: parts.control.forward, isTold: false });
  if (!outcome.isWell) return failed(parts, stack, outcome);
  const { drifted, checked } = found;
  const gone = drifted.filter(({ repair }) => repair === 'create').length;
  const counts = { ...NONE, updated: drifted.length - gone, deleted: gone, unchanged: checked - drifted.length };
  reporter.apply({
    records: [{ ...reporter.record(stack.name), drift: drifted }],
    ...(isKept ? { drift: { [stack.name]: { drifted, stackVersion: stack.instance.stackVersion } } } : {}),
  });
  endPreview(parts, stack, counts, []);
  return 'well';
}

async function refresh(parts: RunParts, stack: RunStack, wasInterrupted: boolean): Promise<'well' | 'badly'> {
  const config = stack.instance.lastConfig ?? NO_CONFIG;
  const outcome = await runAttempts(parts, stack, {
    verb: 'refresh',
    config,
    refresh: false,
    stop: parts.control.forward,
  });
  if (!outcome.isWell) return failed(parts, stack, outcome);
  const { outputs, resourceCount, stateVersion, resources } = outcome.result;
  // what the earlier process has saved is no difference any more, and nobody has told of it
  const changed = wasInterrupted || resources.updated + resources.deleted > 0;
  return ended(
    parts,
    stack,
    outcome.result,
    { kind: 'refreshed', outputs, resourceCount, stateVersion, changed },
    changed,
  );
}

async function fix(parts: RunParts, stack: RunStack, wasInterrupted: boolean): Promise<'well' | 'badly'> {
  const { control, request } = parts;
  const last = stack.instance.lastConfig;
  if (!last) {
    const message = `${stack.name} has no successful version whose configuration could be applied again`;
    return failed(parts, stack, {
      isWell: false,
      error: stackError('validation', 'NO_PREVIOUS_VERSION', message),
      result: null,
    });
  }
  const { config, resolved } = await withCurrentOutputs(parts, stack, last);
  const look = { verb: 'preview', config, refresh: true, stop: control.forward, isTold: false } as const;
  const plan = await runAttempts(parts, stack, look);
  if (!plan.isWell) return failed(parts, stack, plan);
  if (request.options.preview) {
    const refusal = manualReview(stack, plan.result);
    const warnings = refusal ? [{ code: refusal.code, message: refusal.message }] : [];
    endPreview(parts, stack, plan.result.resources, [], warnings);
    return 'well';
  }
  const refusal = manualReview(stack, plan.result);
  if (refusal) {
    failStack(parts, stack, refusal, null, [], !wasInterrupted);
    return 'badly';
  }
  // killed from here on, the stack counts as failed
  await parts.reporter.commit({ instances: { [stack.name]: { kind: 'running', status: 'deploying' } } });
  const outcome = await runAttempts(parts, stack, { verb: 'up', config, refresh: true, stop: control.forward });
  if (!outcome.isWell) return failed(parts, stack, outcome);
  const { outputs, resourceCount, stateVersion } = outcome.result;
  const { missing } = checkOutputs(outputs, stack.outputs);
  if (missing.length > 0) {
    return failed(parts, stack, { isWell: false, error: missingOutputs(stack.name, missing), result: outcome.result });
  }
  const { fingerprint, dependencies } = stack.instance;
  const change: InstanceChange = {
    kind: 'deployed',
    fingerprint: fingerprint
      ? fingerprintWith(fingerprint, resolved, parts.box)
      : snapshotFingerprint(stack, config, parts.box),
    config,
    outputs,
    dependencies,
    codeHash: stack.codeHash, // the program that has just run
    resourceCount,
    stateVersion,
    durationSeconds: secondsSince(parts.reporter.record(stack.name).startedAt, parts.reporter.now()),
    changed: true,
  };
  return ended(parts, stack, outcome.result, change, true);
}

/** Only differences that an update in place puts right are put right without a person (deployments.md 10.4). */
function manualReview(stack: RunStack, { resources }: StackRunResult): StackError | null {
  const { created, replaced, deleted } = resources;
  if (created + replaced + deleted === 0) return null;
  const message = `Putting ${stack.name} right would create ${created}, replace ${replaced} and delete ${deleted} resources`;
  const error = stackError('validation', 'MANUAL_REVIEW_REQUIRED', message, {
    stack: stack.name,
    created,
    replaced,
    deleted,
  });
  return { ...error, remediation: 'Look at the plan of a preview, then deploy the stack.' };
}

async function bringIn(parts: RunParts, stack: RunStack): Promise<'well' | 'badly'> {
  const { request, engine, control } = parts;
  const from = request.stateImport;
  const ref = stackRef(request.place, stack.name);
  if (request.options.preview && from?.kind === 'state') {
    const now = await engine.resources(ref);
    endPreview(parts, stack, difference(now, from.state.deployment['resources']), []);
    return 'well';
  }
  const verb: AttemptOptions['verb'] = async (run) => {
    if (request.isGivenUp && !(await isBroughtIn(parts, run)))
      return interrupted(stack, NOTHING_RUN, 'nothing has been brought in');
    if (from?.kind === 'resources') {
      return engine.importResources(run, from.resources, { preview: request.options.preview });
    }
    const before = await engine.resources(ref);
    const stateVersion = from ? await engine.importState(ref, from.state, request.fence) : 0;
    const resources = await engine.resources(ref);
    const counts = difference(before, resources);
    const outputs = await engine.outputs(ref);
    return { ...NOTHING_RUN, success: true, outputs, resources: counts, resourceCount: resources.length, stateVersion };
  };
  let outcome: Outcome;
  try {
    const config = stack.instance.lastConfig ?? NO_CONFIG;
    const isReadOnly = true; // what was brought in is not read again behind the importer's back
    outcome = await runAttempts(parts, stack, {
      verb,
      config,
      refresh: false,
      stop: control.forward,
      isReadOnly,
      isTold: false,
    });
  } catch (cause) {
    control.throwIfGivenUp();
    outcome = { isWell: false, error: fromException(cause, stack.name), result: null };
  }
  if (!outcome.isWell) return failed(parts, stack, outcome);
  const { outputs, resourceCount, stateVersion, resources } = outcome.result;
  if (request.options.preview) {
    endPreview(parts, stack, resources, []);
    return 'well';
  }
  return ended(parts, stack, outcome.result, { kind: 'imported', outputs, resourceCount, stateVersion }, true);
}

/** Everything is there that was to come in. */
async function isBroughtIn({ request, engine }: RunParts, run: StackRun): Promise<boolean> {
  const from = request.stateImport;
  const now = await engine.resources(run);
  if (from?.kind === 'resources') {
    return from.resources.every(({ type, id }) => now.some((each) => each.type === type && each.id === id));
  }
  const { created, deleted } = difference(now, from?.state.deployment['resources']);
  return created + deleted === 0;
}

const NOTHING_RUN: StackRunResult = {
  success: true,
  outputs: {},
  resources: NONE,
  resourceCount: 0,
  stateVersion: 0,
  repaired: [],
};

/** @param after resources, or those of a state as it is written */
function difference(before: readonly StateResource[], after: unknown): StackRunResult['resources'] {
  const urns = (Array.isArray(after) ? after : []).flatMap((item: { urn?: unknown; id?: unknown; type?: unknown }) =>
    typeof item.urn === 'string' && typeof item.id === 'string' && !String(item.type).startsWith('pulumi:')
      ? [item.urn]
      : [],
  );
  const news = new Set(urns);
  const kept = before.filter(({ urn }) => news.has(urn)).length;
  return { ...NONE, created: news.size - kept, deleted: before.length - kept, unchanged: kept };
}

function failed(parts: RunParts, stack: RunStack, outcome: Extract<Outcome, { isWell: false }>): 'badly' {
  failStack(parts, stack, outcome.error, outcome.result);
  return 'badly';
}

function ended(
  parts: RunParts,
  stack: RunStack,
  result: StackRunResult,
  instance: InstanceChange,
  changed: boolean,
): 'well' {
  const { reporter } = parts;
  parts.freshOutputs.set(stack.name, result.outputs);
  parts.resolver.forget(stack.name);
  const old = reporter.record(stack.name);
  const record: StackRunRecord = {
    ...old,
    status: 'deployed',
    endedAt: reporter.now(),
    progressPercent: 100,
    resources: finalTally(old, result),
    changed,
    stateVersion: result.stateVersion,
  };
  reporter.move({
    records: [record],
    instances: { [stack.name]: instance },
    events: [deployedEvent(parts, stack, record, result)],
  });
  return 'well';
}
