import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Leases } from '../database/leases.js';
import { SCHEDULE } from '../schedule.js';
import { IdempotencyService } from './idempotency.service.js';

@Injectable()
export class IdempotencyJobs {
  constructor(
    private readonly leases: Leases,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Cron(SCHEDULE.idempotencySweep.cron, { timeZone: 'UTC' })
  async removeExpired(): Promise<void> {
    await this.leases.once(SCHEDULE.idempotencySweep, () => this.idempotency.removeExpired());
  }
}
