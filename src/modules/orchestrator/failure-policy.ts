import type { RunOptions } from './run-request.js';

/** What the failure of a stack means for the others (deployments.md 7.6). */
export type FailureEffect =
  /** No further stack starts; then, with `rollbackOnError`, the automatic rollback. */
  | 'stop'
  /** Its dependents are blocked, everything else goes on. */
  | 'block_dependents';

export function effectOf(failure: {
  readonly isCritical: boolean;
  readonly options: Pick<RunOptions, 'continueOnError' | 'preview'>;
}): FailureEffect {
  return failure.isCritical && !failure.options.continueOnError && !failure.options.preview
    ? 'stop'
    : 'block_dependents';
}

/** Seconds → ms; without a given timeout twice the estimate, at least five minutes (7.8). */
export function stackTimeoutMs(timeoutSeconds: number | null, estimateSeconds: number): number {
  return (timeoutSeconds ?? Math.max(2 * estimateSeconds, 300)) * 1000;
}
