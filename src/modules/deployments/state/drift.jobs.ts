import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { type JobOutcome, Leases } from '../../../shared/database/leases.js';
import { SCHEDULE } from '../../../shared/schedule.js';
import { DriftSchedulesService } from './drift-schedules.service.js';

@Injectable()
export class DriftJobs {
  constructor(
    private readonly leases: Leases,
    private readonly schedules: DriftSchedulesService,
  ) {}

  @Cron(SCHEDULE.driftDetection.cron)
  detectDue(): Promise<JobOutcome> {
    return this.leases.once(SCHEDULE.driftDetection, () => this.schedules.startDue());
  }
}
