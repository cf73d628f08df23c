import type { EventScope } from '../../../shared/events/events.js';
import type { Operation } from './operation.js';

/** Where the events of an operation belong. */
export function eventScope(operation: Operation): EventScope {
  return {
    organization: operation.organization,
    project: operation.project,
    deploymentId: operation.deploymentId,
    environment: operation.environment,
    operationId: operation.operationId,
    operationType: operation.type,
    correlationId: operation.correlationId,
  };
}
