import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { type JobOutcome, type JobTurn, Leases } from '../../shared/database/leases.js';
import { JobTimers } from '../../shared/job-timers.js';
import { type ConfiguredJob, SCHEDULE } from '../../shared/schedule.js';
import { Abandonment } from './detection/abandonment.js';
import { FailureDetection } from './detection/failure-detection.js';
import { StallDetection } from './detection/stall-detection.js';
import { Cleanup } from './retention/cleanup.js';
import { Consistency } from './retention/consistency.js';

/** A sweep is skipped when a run began so short a part of its rhythm ago: 20 s + 5 s is the latest a dead session waits for one. */
const SWEEP_GAP_SHARE = 0.25;

/** The works of the timed jobs. */
@Injectable()
export class SessionWorks {
  constructor(
    readonly stalls: StallDetection,
    readonly failures: FailureDetection,
    readonly abandonment: Abandonment,
    readonly cleanup: Cleanup,
    readonly consistency: Consistency,
  ) {}
}

/** Timed jobs of the session half, each under its lease. Also entered by name, where an outside scheduler keeps the time. */
@Injectable()
export class SessionsJobs implements OnApplicationBootstrap {
  readonly #works: ReadonlyMap<
    string,
    { readonly job: ConfiguredJob; readonly work: (turn: JobTurn) => Promise<number> }
  >;

  constructor(
    private readonly leases: Leases,
    private readonly timers: JobTimers,
    private readonly config: Config,
    works: SessionWorks,
  ) {
    const all: readonly (readonly [ConfiguredJob, (turn: JobTurn) => Promise<number>])[] = [
      [SCHEDULE.detectStalled, (turn) => works.stalls.run(turn)],
      [SCHEDULE.detectOfflineMachines, async () => (await works.failures.markSilentMachines()).length],
      [SCHEDULE.expireAbandoned, (turn) => works.abandonment.run(turn)],
      [SCHEDULE.cleanup, (turn) => works.cleanup.runJob(turn)],
      [SCHEDULE.checkConsistency, (turn) => works.consistency.run(turn)],
    ];
    this.#works = new Map(all.map(([job, work]) => [job.name, { job, work }]));
  }

  names(): readonly string[] {
    return [...this.#works.keys()];
  }

  onApplicationBootstrap(): void {
    const { stallSweepSeconds } = this.config.sessions;
    const sweepGapMs = stallSweepSeconds * 1000 * SWEEP_GAP_SHARE;
    for (const [name, { job }] of this.#works) {
      const isSwept = job === SCHEDULE.detectStalled && stallSweepSeconds > 0;
      this.timers.cron(job, (gapMs) => this.run(name, isSwept ? sweepGapMs : gapMs));
    }
    this.timers.every(stallSweepSeconds, 'stall-sweep', () => this.run(SCHEDULE.detectStalled.name, sweepGapMs));
  }

  /**
   * One run of the job `name` (sessions.md 8.5, 20).
   * @param gapMs skip when a run began less than this ago
   * @returns null when there is no such job
   */
  async run(name: string, gapMs = 0): Promise<JobOutcome | null> {
    const known = this.#works.get(name);
    return known ? this.leases.once(known.job, known.work, gapMs) : null;
  }
}
