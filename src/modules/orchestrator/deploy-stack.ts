import { readAgain, runAttempts } from './attempts.js';
import { checkChanges, checkConfig, typedValues } from './config-check.js';
import type { StackRunResult } from './engine.port.js';
import { fingerprintOf } from './fingerprint.js';
import { checkOutputs } from './outputs-check.js';
import type { ResolvedStack } from './placeholders/resolve.js';
import { isRunning } from './progress.js';
import { NO_RESOURCES } from './resource-tally.js';
import { resolvedLines } from './run-log.js';
import { dependenciesInRun, stackOf, type RunParts } from './run-parts.js';
import type { Fingerprint, ResolvedConfig, RunStack, StackError, StackRunRecord } from './run-request.js';
import { decide, isGone, lastValuesOf, type Decision } from './skip.js';
import { deployedEvent, failStack, finalTally, secondsSince, skipStack } from './stack-endings.js';
import { upstreamKeys } from './upstream-values.js';
import { configError, missingOutputs, stoppedError, unresolvedError } from './stack-errors.js';

/**
 * One stack of a deploy run (deployments.md 7.5, step 5).
 * 1. Resolve its configuration (strict) and check it; what fails here fails before anything is done.
 * 2. Fingerprint decision: skip, or run for reasons.
 * 3. Journal: it is running, with the sticky values it is going to use.
 * 4. The engine runs its program, with retries and limits.
 * 5. Declared outputs must be there (RUN-002).
 * 6. Journal: deployed or failed.
 * A stack that was running when an earlier process died starts at 1 without the decision and reads the cloud first.
 */
export async function deployStack(parts: RunParts, name: string): Promise<'well' | 'badly'> {
  const { request, reporter, control } = parts;
  const stack = stackOf(request, name);
  const old = reporter.record(name);
  const wasInterrupted = isRunning(old);
  if (stack.skipManually && !wasInterrupted) {
    skipStack(parts, name, 'manual', { explanation: ['It was asked to be skipped.'] });
    return 'well';
  }
  const resolved = await parts.resolver.resolve(stack, 'strict');
  const config: ResolvedConfig = {
    values: typedValues(resolved, stack.inputs),
    secretKeys: resolved.secretKeys,
    upstream: upstreamKeys(stack, request.place),
  };
  if (wasInterrupted && control.forward.aborted) {
    const result = await readAgain(parts, stack, config);
    failStack(parts, stack, stoppedError(name, control), result);
    return 'badly';
  }
  const problem = problemOf(stack, resolved, config);
  const fingerprint = fingerprintOf(stack, request.place, resolved, parts.box);
  const decision = wasInterrupted ? again(old) : decisionOf(parts, stack, resolved, fingerprint);
  if (decision.action === 'skip') {
    skipStack(parts, name, 'unchanged', { explanation: decision.explanation, reasons: [] });
    return 'well';
  }
  const started = startRecord(parts, old, decision, wasInterrupted);
  const startEvent = reporter.event('stack_deploying', {
    stack: name,
    stackName: name,
    layer: started.layer,
    dependencies: stack.dependencies,
    action: 'deploy',
    reasons: started.reasons,
    estimatedDuration: started.estimateSeconds,
  });
  const startEvents = wasInterrupted ? [] : [startEvent];
  if (problem) {
    reporter.move({ records: [started] });
    failStack(parts, stack, problem, null, startEvents);
    return 'badly';
  }
  reporter.move({
    records: [started],
    instances: { [name]: { kind: 'running', status: 'deploying' } },
    ...(Object.keys(resolved.newSticky).length > 0 ? { sticky: { [name]: resolved.newSticky } } : {}),
    events: [...startEvents, ...resolvedLines(reporter, name, resolved, config)],
  });
  await reporter.commit();
  const refresh = wasInterrupted || stack.instance.driftDetected;
  const outcome = await runAttempts(parts, stack, { verb: 'up', config, refresh, stop: control.forward });
  if (!outcome.isWell) {
    failStack(parts, stack, outcome.error, outcome.result);
    return 'badly';
  }
  return verified(parts, stack, config, fingerprint, outcome.result);
}

/** RUN-002 and the end of a stack that has run. */
function verified(
  parts: RunParts,
  stack: RunStack,
  config: ResolvedConfig,
  fingerprint: Fingerprint,
  result: StackRunResult,
): 'well' | 'badly' {
  const { reporter } = parts;
  const findings = checkOutputs(result.outputs, stack.outputs);
  if (findings.missing.length > 0) {
    failStack(parts, stack, missingOutputs(stack.name, findings.missing), result);
    return 'badly';
  }
  parts.freshOutputs.set(stack.name, result.outputs);
  parts.resolver.forget(stack.name);
  const old = reporter.record(stack.name);
  const record: StackRunRecord = {
    ...old,
    status: 'deployed',
    endedAt: reporter.now(),
    progressPercent: 100,
    resources: finalTally(old, result),
    ...(findings.warnings.length > 0 ? { warnings: [...(old.warnings ?? []), ...findings.warnings] } : {}),
  };
  const { created, updated, deleted, replaced } = result.resources;
  reporter.move({
    records: [record],
    instances: {
      [stack.name]: {
        kind: 'deployed',
        fingerprint,
        config,
        outputs: result.outputs,
        dependencies: stack.dependencies,
        codeHash: stack.codeHash,
        resourceCount: result.resourceCount,
        stateVersion: result.stateVersion,
        durationSeconds: secondsSince(record.startedAt, reporter.now()),
        changed: created + updated + deleted + replaced > 0,
      },
    },
    events: [
      ...findings.warnings.map((warning) => reporter.event('deployment_warning', { ...warning, stack: stack.name })),
      deployedEvent(parts, stack, record, result),
    ],
  });
  return 'well';
}

function problemOf(stack: RunStack, resolved: ResolvedStack, config: ResolvedConfig): StackError | null {
  if (resolved.unresolved.length > 0) return unresolvedError(stack.name, resolved.unresolved);
  const findings = [
    ...checkConfig(config.values, stack.inputs, new Set(resolved.omittedKeys)),
    ...checkChanges(config.values, stack.inputs, lastValuesOf(stack)),
  ];
  return findings.length > 0 ? configError(stack.name, findings) : null;
}

function decisionOf(parts: RunParts, stack: RunStack, resolved: ResolvedStack, fingerprint: Fingerprint): Decision {
  const { request, reporter } = parts;
  const recreated = dependenciesInRun(parts, stack.name).filter(
    (each) => reporter.record(each).status === 'deployed' && isGone(stackOf(request, each)),
  );
  const known = resolved.unresolved.length > 0 ? null : fingerprint;
  return decide({ stack, options: request.options, resolved, fingerprint: known, recreated });
}

function again(record: StackRunRecord): Decision {
  const explanation = [...record.explanation, 'It was running when its process died; the cloud is read again first.'];
  return { action: 'deploy', reasons: record.reasons, explanation };
}

function startRecord(
  parts: RunParts,
  old: StackRunRecord,
  decision: Decision,
  wasInterrupted: boolean,
): StackRunRecord {
  return {
    ...old,
    status: 'deploying',
    action: 'deploy',
    reasons: decision.reasons,
    explanation: decision.explanation,
    attempt: wasInterrupted ? old.attempt + 1 : 1,
    startedAt: old.startedAt ?? parts.reporter.now(),
    progressPercent: 1,
    resources: NO_RESOURCES,
  };
}
