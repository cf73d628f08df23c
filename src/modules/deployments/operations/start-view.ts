import { channelOf, statusUrl } from './operation.dto.js';
import type { Started } from './operation-intake.js';

/** Answer of POST …/deploy and …/destroy (api.md 3.3). */
export function toStartDto({ operation, plan, queuePosition, warnings }: Started): Record<string, unknown> {
  const stacks = plan.layers.flatMap((layer) => layer.stacks);
  const shown = stacks
    .filter((stack) => stack.action !== 'skip')
    .map((stack) => ({
      name: stack.name,
      layer: stack.layer,
      status: 'pending',
      action: stack.action,
      reasons: stack.reasons,
      explanation: stack.explanation,
      estimatedDuration: stack.estimatedDuration,
      estimatedRange: stack.estimatedRange,
    }));
  return {
    deploymentId: operation.deploymentId,
    environment: operation.environment,
    operationId: operation.operationId,
    type: operation.type,
    preview: operation.preview,
    status: operation.status,
    engine: operation.engine,
    cloud: operation.cloud,
    startedAt: operation.createdAt,
    startedBy: operation.startedBy,
    estimatedDuration: operation.estimatedDuration,
    estimatedRange: plan.estimatedRange,
    timeSaved: plan.timeSaved,
    totalLayers: plan.totalLayers,
    ...(operation.type.startsWith('destroy')
      ? { stacksToDestroy: shown, liftProtection: plan.liftProtection }
      : { stacksToDeploy: shown }),
    stacksSkipped: stacks
      .filter((stack) => stack.action === 'skip')
      .map((stack) => ({
        name: stack.name,
        layer: stack.layer,
        action: stack.action,
        reason: stack.skipReason ?? null,
        reasons: stack.reasons,
        explanation: stack.explanation,
        lastDeployed: stack.lastDeployedAt,
      })),
    ...(queuePosition ? { queuePosition } : {}),
    warnings,
    websocketChannel: channelOf(operation),
    websocketUrl: '/ws',
    statusUrl: statusUrl(operation),
  };
}
