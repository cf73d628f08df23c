/** Times of a run; tests and benches give their own. */
export interface RunSettings {
  /** How long a stopped stack may take to end before it is left behind, in ms. Source: deployments.md 7.8, 7.12. */
  readonly graceMs: number;
  /** How long reading a stack's resources again may take, in ms. */
  readonly refreshTimeoutMs: number;
  /** Resource and log events wait this long for company, so that one transaction carries many; in ms. */
  readonly eventWindowMs: number;
  /** `deployment_progress` comes at least this often while stacks run, in ms. Source: api.md 5.6. */
  readonly progressMs: number;
  /** Added to the sum over layers of the longest stack timeout, in ms. Source: deployments.md 7.8. */
  readonly operationSlackMs: number;
  /** Pauses before the second and third attempt of a transient failure, in ms. Source: deployments.md 7.8. */
  readonly retryPausesMs: readonly number[];
  /** Pauses while somebody else has locked the state of a stack, in ms; the last one repeats. */
  readonly lockPausesMs: readonly number[];
  /** How long a stack waits for such a lock, in ms. Source: deployments.md 7.11. */
  readonly lockWaitMs: number;
  /** 0 to 1; spreads the pauses over ± 20 %. */
  readonly random: () => number;
}

export const DEFAULT_RUN_SETTINGS: RunSettings = {
  graceMs: 65_000, // the engine itself gives running steps 60 s; one that does not even then come back is left behind
  refreshTimeoutMs: 300_000,
  eventWindowMs: 100,
  progressMs: 10_000,
  operationSlackMs: 600_000,
  retryPausesMs: [1_000, 2_000],
  lockPausesMs: [1_000, 2_000, 5_000, 10_000, 30_000],
  lockWaitMs: 600_000,
  random: Math.random,
};
