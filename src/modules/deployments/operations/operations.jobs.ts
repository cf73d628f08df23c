import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Leases } from '../../../shared/database/leases.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { SCHEDULE } from '../../../shared/schedule.js';
import { OperationClosing } from './operation-closing.js';
import { OperationWorker } from './operation-worker.js';
import { OperationsRepository } from './operations.repository.js';

/** How long an operation waits for its environment before it fails with LOCK_TIMEOUT, in ms (deployments.md 7.11). */
const LOCK_WAIT_MS = 10 * 60_000;

@Injectable()
export class OperationsJobs {
  constructor(
    private readonly leases: Leases,
    private readonly operations: OperationsRepository,
    private readonly worker: OperationWorker,
    private readonly closing: OperationClosing,
    private readonly clock: Clock,
  ) {}

  @Cron(SCHEDULE.staleOperations.cron)
  async recoverStale(): Promise<void> {
    await this.leases.once(SCHEDULE.staleOperations, async () => {
      await this.endTimedOut();
      await this.worker.claimOpen();
    });
  }

  private async endTimedOut(): Promise<void> {
    const now = this.clock.now();
    for (const operation of await this.operations.listOpen(200)) {
      if (operation.status !== 'pending' || now.getTime() - operation.createdAt.getTime() < LOCK_WAIT_MS) continue;
      await this.closing.endPending(operation, 'failed', {
        class: 'state_conflict',
        code: 'LOCK_TIMEOUT',
        message: 'The environment was not free within 10 minutes',
        retryable: false,
      });
      await this.closing.promoteNext(operation);
    }
  }
}
