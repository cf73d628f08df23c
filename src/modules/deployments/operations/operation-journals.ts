import { Injectable } from '@nestjs/common';
import { type Lease, Leases } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { EnvironmentClosing } from '../environments/environment-closing.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { StateBackups } from '../state/state-backups.js';
import type { Operation } from './operation.js';
import { OperationJournal } from './operation.journal.js';
import { OperationsRepository } from './operations.repository.js';

/** Opens the journal of an operation for whoever holds its lease. */
@Injectable()
export class OperationJournals {
  constructor(
    private readonly eventLog: EventLog,
    private readonly leases: Leases,
    private readonly operations: OperationsRepository,
    private readonly instances: StackInstancesRepository,
    private readonly environments: EnvironmentClosing,
    private readonly backups: StateBackups,
  ) {}

  open(operation: Operation, lease: Lease): OperationJournal {
    return new OperationJournal(
      {
        eventLog: this.eventLog,
        leases: this.leases,
        operations: this.operations,
        instances: this.instances,
        environments: this.environments,
        backups: this.backups,
      },
      operation,
      lease,
    );
  }
}
