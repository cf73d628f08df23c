import { Injectable } from '@nestjs/common';
import { Conflict } from '../../../shared/errors/app-error.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import type { Principal } from '../../../shared/http/principal.js';
import { eventScope } from './operation-scope.js';
import { OperationStores, OperationTools } from './operation-intake.js';
import { OperationWorker } from './operation-worker.js';
import { isFinal, type Operation } from './operation.js';
import { OperationsService } from './operations.service.js';

/** Holding an operation back and letting it go on: running stacks finish, no further one starts. Outlives the process. */
@Injectable()
export class PausesService {
  constructor(
    private readonly operations: OperationsService,
    private readonly stores: OperationStores,
    private readonly eventLog: EventLog,
    private readonly worker: OperationWorker,
    private readonly tools: OperationTools,
  ) {}

  /** Pausing again changes nothing. @throws Conflict `RESOURCE_CONFLICT` when it has ended or rolls back */
  async pause(principal: Principal, deploymentId: string, operationId: string): Promise<Operation> {
    return this.change(principal, deploymentId, operationId, { at: this.tools.clock.now(), by: principal.name });
  }

  /** @throws Conflict `RESOURCE_CONFLICT` when it has ended */
  async resume(principal: Principal, deploymentId: string, operationId: string): Promise<Operation> {
    return this.change(principal, deploymentId, operationId, null);
  }

  private async change(
    principal: Principal,
    deploymentId: string,
    operationId: string,
    paused: Operation['paused'],
  ): Promise<Operation> {
    const operation = await this.operations.get(principal, deploymentId, operationId);
    this.operations.requireControl(principal, operation);
    if (isFinal(operation) || (paused && operation.phase === 'rolling_back')) {
      const state = isFinal(operation) ? `has ended as ${operation.status}` : 'is rolling back';
      throw new Conflict('RESOURCE_CONFLICT', `Operation ${operationId} ${state}; there is nothing to hold back`, {
        details: { operationId, status: operation.status, phase: operation.phase },
      });
    }
    if ((operation.paused !== null) === (paused !== null)) return operation;
    const scope = eventScope(operation);
    await this.eventLog.write(operation.organization, async (append) => {
      const isOpen = await this.stores.operations.change(operationId, { paused });
      if (!isOpen) return;
      append(draft(paused ? 'operation_paused' : 'operation_unpaused', scope, { by: principal.name }));
    });
    this.worker.pause(operationId, paused !== null);
    return { ...operation, paused };
  }
}
