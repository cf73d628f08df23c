import { createLog } from '../../shared/kernel/log.js';
import { callEngine, type EngineVerb } from './engine-call.js';
import { engineRun } from './engine-config.js';
import type { EngineEvent, StackRun, StackRunResult } from './engine.port.js';
import { stackTimeoutMs } from './failure-policy.js';
import { resourceSink } from './resource-tally.js';
import type { RunParts } from './run-parts.js';
import type { RunSettings } from './run-settings.js';
import type { ResolvedConfig, RunStack, StackError } from './run-request.js';
import { settled } from './settle.js';
import { isStaleLease } from './stale-lease.js';
import { fromEngine, fromException, maskSecrets, secretTexts, stoppedError, timeoutError } from './stack-errors.js';

/**
 * Runs the engine on a stack until it ends well, fails for good or is stopped (deployments.md 7.8).
 * 1. Transient failures are tried again, twice, inside the stack's one timeout. A state that somebody else has locked is tried
 *    again until ten minutes have passed since it was found so; that time is not the stack's.
 * 2. A stack that was stopped has its state read again, so that the next operation starts from the truth.
 * 3. Only a lost lease is thrown; it stops the run. Everything else is this stack's failure.
 */

export type Outcome =
  | { readonly isWell: true; readonly result: StackRunResult }
  | { readonly isWell: false; readonly error: StackError; readonly result: StackRunResult | null };

export interface AttemptOptions {
  readonly verb: EngineVerb | ((run: StackRun) => Promise<StackRunResult>);
  readonly config: ResolvedConfig;
  /** Read the cloud first. */
  readonly refresh: boolean;
  /** What stops it besides its timeout. */
  readonly stop: AbortSignal;
  /** Nothing may change, also not after a stop. Default: only of a preview. */
  readonly isReadOnly?: boolean;
  /** false = resources are not reported (a step before the stack's own run). Default true. */
  readonly isTold?: boolean;
}

const log = createLog('orchestrator');

/** @throws StaleLease and whatever else made the run give up */
export async function runAttempts(parts: RunParts, stack: RunStack, options: AttemptOptions): Promise<Outcome> {
  const { clock, settings, request } = parts;
  const timeoutMs = stackTimeoutMs(request.options.stackTimeoutSeconds, stack.estimateSeconds);
  let deadline = clock.now().getTime() + timeoutMs;
  const secrets = secretTexts(options.config);
  const told = resourceSink(parts.reporter, stack.name, stack.expectedResources, secrets);
  const onEvent = options.isTold === false ? (): void => undefined : told;
  const retries = new Retries(settings);
  for (let tried = 1; ; tried++) {
    const startedAt = clock.now().getTime();
    const outcome = await attempt(parts, stack, options, Math.max(0, deadline - startedAt), onEvent, timeoutMs);
    const pauseMs = outcome.isWell ? null : retries.pauseAfter(outcome.error, clock.now().getTime());
    if (outcome.isWell || pauseMs === null || options.stop.aborted) return masked(outcome, secrets);
    tellRetry(parts, stack, maskSecrets(outcome.error.message, secrets), tried + 1);
    await clock.sleep(pauseMs, options.stop);
    if (isLocked(outcome.error)) deadline += clock.now().getTime() - startedAt;
  }
}

/** How often, and for how long, the failures of one stack are worth another attempt. */
class Retries {
  #transient = 0;
  #locked = 0;
  #lockedSince: number | null = null;

  constructor(private readonly settings: RunSettings) {}

  /** ms before the next attempt; null = there is none. */
  pauseAfter(error: StackError, now: number): number | null {
    const { retryPausesMs, lockPausesMs, lockWaitMs, random } = this.settings;
    const jitter = 0.8 + 0.4 * random();
    if (error.class === 'transient' && error.retryable) {
      const pauseMs = retryPausesMs[this.#transient++];
      return pauseMs === undefined ? null : pauseMs * jitter;
    }
    if (!isLocked(error)) return null;
    const pauseMs = (lockPausesMs[this.#locked++] ?? lockPausesMs.at(-1) ?? 0) * jitter;
    this.#lockedSince ??= now;
    const leftMs = this.#lockedSince + lockWaitMs - now;
    return leftMs > 0 ? Math.min(pauseMs, leftMs) : null;
  }
}

/** By somebody else, in the backend. */
function isLocked(error: StackError): boolean {
  return error.class === 'state_conflict' && error.code === 'RESOURCE_LOCKED';
}

async function attempt(
  parts: RunParts,
  stack: RunStack,
  options: AttemptOptions,
  remainingMs: number,
  onEvent: (event: EngineEvent) => void,
  timeoutMs: number,
): Promise<Outcome> {
  const { control, request, engine } = parts;
  const run = engineRun(request, stack, options.config, options.refresh);
  const { verb } = options;
  const work = request.isGivenUp && typeof verb === 'string' ? settled(engine, verb, stack) : verb;
  try {
    const limits = { timeoutMs: remainingMs, stop: options.stop };
    const ending = await callEngine(parts, work, run, limits, onEvent);
    control.throwIfGivenUp();
    if (ending.result?.success) return { isWell: true, result: ending.result };
    if (ending.kind === 'ended') return failed(ending.result);
    const error = ending.kind === 'timeout' ? timeoutError(stack.name, timeoutMs) : stoppedError(stack.name, control);
    const isOpen = ending.kind === 'timeout' || !ending.result;
    const isReadOnly = options.isReadOnly ?? options.verb === 'preview';
    const settled = isOpen && !isReadOnly ? await readAgain(parts, stack, options.config) : null;
    return { isWell: false, error, result: settled ?? ending.result };
  } catch (cause) {
    if (isStaleLease(cause)) control.giveUp(cause);
    control.throwIfGivenUp();
    return { isWell: false, error: fromException(cause, stack.name), result: null };
  }
}

/** After a stop: the state is corrected by what the cloud has. Its failure changes nothing any more. */
export async function readAgain(
  parts: RunParts,
  stack: RunStack,
  config: ResolvedConfig,
): Promise<StackRunResult | null> {
  const limits = { timeoutMs: parts.settings.refreshTimeoutMs, stop: parts.control.hard };
  const run = engineRun(parts.request, stack, config, false);
  try {
    const ending = await callEngine(parts, 'refresh', run, limits, () => undefined);
    return ending.result;
  } catch (cause) {
    if (isStaleLease(cause)) parts.control.giveUp(cause);
    parts.control.throwIfGivenUp();
    log.warn('refresh after a stop failed', { stack: stack.name, error: cause });
    return null;
  }
}

function failed(result: StackRunResult): Outcome {
  const error = result.error ?? {
    class: 'internal' as const,
    code: 'INTERNAL_ERROR',
    message: 'The engine ended without success and without an error',
    retryable: false,
  };
  return { isWell: false, error: fromEngine(error), result };
}

function masked(outcome: Outcome, secrets: readonly string[]): Outcome {
  if (outcome.isWell) return outcome;
  return { ...outcome, error: { ...outcome.error, message: maskSecrets(outcome.error.message, secrets) } };
}

function tellRetry(parts: RunParts, stack: RunStack, why: string, attemptNumber: number): void {
  const { reporter, request } = parts;
  log.warn('stack is tried again', { operationId: request.operationId, stack: stack.name, attempt: attemptNumber });
  const message = `Attempt ${attemptNumber}, because of: ${why}`;
  const where = { stack: stack.name, stackName: stack.name };
  const event = reporter.event('log', { ...where, level: 'warn', message, context: { attempt: attemptNumber } });
  reporter.tell({ ...reporter.record(stack.name), attempt: attemptNumber }, [event]);
}
