import { Injectable, Optional } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { Config } from './config/config.js';
import { createLog } from './kernel/log.js';
import type { ConfiguredJob } from './schedule.js';

const log = createLog('jobs');

/**
 * Timers whose rhythm is a setting. Nothing ticks unless SCHEDULER_MODE is internal and this process has the role scheduler:
 * the registry is not there otherwise. At shutdown the registry stops them all.
 */
@Injectable()
export class JobTimers {
  constructor(
    private readonly config: Config,
    @Optional() private readonly registry?: SchedulerRegistry,
  ) {}

  /** @param run is given half the time to the next tick, in ms: instances that hear one tick are nearer together */
  cron(job: ConfiguredJob, run: (gapMs: number) => Promise<unknown>): void {
    if (!this.registry) return;
    const { crons } = this.config;
    const timer: CronJob = CronJob.from({
      cronTime: crons[job.setting],
      timeZone: crons.timeZone,
      onTick: () => this.tell(job.name, run((timer.nextDate().toMillis() - Date.now()) / 2)),
    });
    this.registry.addCronJob(job.name, timer);
    timer.start();
  }

  every(seconds: number, name: string, run: () => Promise<unknown>): void {
    if (!this.registry || seconds === 0) return;
    this.registry.addInterval(
      name,
      setInterval(() => this.tell(name, run()), seconds * 1000),
    );
  }

  /** What fails beside the job itself, such as taking its lease, must not stop the timer. */
  private tell(name: string, run: Promise<unknown>): void {
    run.catch((error: unknown) => log.error('job.failed', { job_name: name, error }));
  }
}
