import { Injectable } from '@nestjs/common';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { OperationsService } from '../operations/operations.service.js';
import { composeReport } from './compose-report.js';
import type { OperationReport } from './operation-report.js';

/** Reports of operations. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound when there is no such operation in that deployment */
  async report(principal: Principal, deploymentId: string, operationId: string): Promise<OperationReport> {
    const operation = await this.operations.get(principal, deploymentId, operationId);
    const queuePosition = await this.operations.queuePosition(operation);
    return composeReport(operation, { now: this.clock.now(), queuePosition });
  }
}
