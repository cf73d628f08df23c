import { Injectable } from '@nestjs/common';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Catalogue } from '../catalogue.js';
import { endpointOutputs, endpointsOf } from '../environments/endpoints.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { OperationsService } from '../operations/operations.service.js';
import { composeReport } from './compose-report.js';
import type { OperationReport } from './operation-report.js';

/** Reports of operations. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly instances: StackInstancesRepository,
    private readonly catalogue: Catalogue,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound when there is no such operation in that deployment */
  async report(principal: Principal, deploymentId: string, operationId: string): Promise<OperationReport> {
    const operation = await this.operations.get(principal, deploymentId, operationId);
    const queuePosition = await this.operations.queuePosition(operation);
    const instances = await this.instances.listOf(deploymentId, operation.environment);
    const endpoints = endpointsOf(instances, endpointOutputs(this.catalogue.stacks.templates()));
    return composeReport(operation, { now: this.clock.now(), queuePosition, endpoints });
  }
}
