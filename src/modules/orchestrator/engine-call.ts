import type { Clock } from '../../shared/kernel/clock.js';
import type { EngineEvent, StackEngine, StackRun, StackRunResult } from './engine.port.js';
import type { RunControl } from './run-control.js';
import type { RunSettings } from './run-settings.js';

/**
 * One call of the engine with its limits (deployments.md 7.8, 7.12).
 * 1. The engine works until it ends, its time is over, or the run is stopped.
 * 2. Stopped: it gets the abort signal and the grace to end.
 * 3. An engine that does not end even then is left behind; nothing it says later counts.
 */

export type EngineVerb = 'up' | 'destroy' | 'preview' | 'refresh';

export interface EngineCallParts {
  readonly engine: StackEngine;
  readonly clock: Clock;
  readonly settings: RunSettings;
  readonly control: RunControl;
}

export type Ending =
  /** Its own end, good or bad. */
  | { readonly kind: 'ended'; readonly result: StackRunResult }
  /** Stopped by us; null = it did not end within the grace. */
  | { readonly kind: 'timeout' | 'stopped'; readonly result: StackRunResult | null };

/**
 * @param stop what stops it besides its timeout
 * @throws what the engine throws (StaleLease, defects), and what made the run give up
 */
export async function callEngine(
  parts: EngineCallParts,
  verb: EngineVerb | ((run: StackRun) => Promise<StackRunResult>),
  run: Omit<StackRun, 'signal' | 'onEvent'>,
  limits: { readonly timeoutMs: number; readonly stop: AbortSignal },
  onEvent: (event: EngineEvent) => void,
): Promise<Ending> {
  const { clock, settings, control } = parts;
  const abort = new AbortController();
  const over = new AbortController();
  let isHeard = true;
  const call = typeof verb === 'string' ? (asked: StackRun) => parts.engine[verb](asked) : verb;
  const work = call({
    ...run,
    signal: abort.signal,
    onEvent: (event) => {
      if (isHeard && !control.hard.aborted) onEvent(event);
    },
  });
  work.catch(() => undefined); // may be left behind; whoever waits for it gets the error all the same
  try {
    const first = await Promise.race([
      work,
      clock.sleep(limits.timeoutMs, over.signal).then(() => 'timeout' as const),
      aborted(limits.stop, over.signal).then(() => 'stopped' as const),
    ]);
    if (typeof first !== 'string') return { kind: 'ended', result: first };
    abort.abort();
    if (control.mustHurry) control.throwIfGivenUp();
    const grace = control.cancel?.force ? 0 : settings.graceMs;
    const second = await Promise.race([work, clock.sleep(grace, over.signal).then(() => null)]);
    control.throwIfGivenUp();
    return { kind: first, result: second };
  } finally {
    isHeard = false;
    over.abort();
  }
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      signal.removeEventListener('abort', done);
      over.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    over.addEventListener('abort', done, { once: true });
  });
}
