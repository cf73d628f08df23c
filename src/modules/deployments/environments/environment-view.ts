import { toEnvironmentDto } from '../deployment.dto.js';
import { toStartDto } from '../operations/start-view.js';
import type { EnvironmentDetail, SwitchedEnvironment } from './environments.service.js';
import type { StartedPromotion } from './promotions.service.js';

/** One environment of deployments.md 9.1. */
export function toEnvironmentDetail({
  record,
  block,
  instances,
  endpoints,
  estimatedMonthlyCost,
}: EnvironmentDetail): Record<string, unknown> {
  return {
    ...toEnvironmentDto(record, instances, endpoints),
    currentVersion: record.version,
    tags: block?.tags ?? {},
    config: block?.config ?? {},
    lastDeployedBy: record.lastDeployedBy,
    enabledAt: record.enabledAt,
    enabledBy: record.enabledBy,
    disabledAt: record.disabledAt,
    disabledBy: record.disabledBy,
    estimatedMonthlyCost,
  };
}

/** Answer of enable. */
export function toEnabledDto(switched: SwitchedEnvironment): Record<string, unknown> {
  const { record } = switched.environment;
  return {
    ...switchDto(switched),
    enabledAt: record.enabledAt,
    enabledBy: record.enabledBy,
    account: record.account,
    region: record.region,
  };
}

/** Answer of disable. */
export function toDisabledDto(switched: SwitchedEnvironment): Record<string, unknown> {
  const { record, instances } = switched.environment;
  return {
    ...switchDto(switched),
    disabledAt: record.enabled ? null : record.disabledAt,
    disabledBy: record.enabled ? null : record.disabledBy,
    resourcesRemaining: instances.reduce((sum, { resourceCount }) => sum + resourceCount, 0),
  };
}

function switchDto({ deployment, environment, started, warnings }: SwitchedEnvironment): Record<string, unknown> {
  const { record } = environment;
  return {
    deploymentId: deployment.deploymentId,
    environment: record.environment,
    enabled: record.enabled,
    status: record.status,
    revision: deployment.revision,
    warnings,
    ...(started ? { operationId: started.operation.operationId, operation: toStartDto(started) } : {}),
  };
}

/** Answer of promote: that of a deployment, with what is promoted. */
export function toPromotionDto(started: StartedPromotion): Record<string, unknown> {
  const { from, contentHash, sourceRevision, sourceVersion } = started.promotion;
  return {
    ...toStartDto(started),
    from,
    sourceEnvironment: from,
    targetEnvironment: started.operation.environment,
    contentHash,
    sourceRevision,
    sourceVersion,
    manifestRevision: started.operation.manifestRevision,
    diff: started.diff,
    stacksLeftOut: started.leftOut,
  };
}
