import type { SecretBox } from '../../../shared/kernel/secret-box.js';
import type { RunReport } from '../../orchestrator/run-request.js';
import { DEPLOYING, type Operation } from '../operations/operation.js';
import type { EnvironmentVersion, SealedSnapshot, StackInstance, VersionedStack, VersionKind } from './environment.js';

export interface VersionInput {
  readonly operation: Operation;
  readonly report: RunReport;
  readonly version: number;
  readonly previous: number;
  readonly instances: readonly StackInstance[];
  readonly now: Date;
  readonly secrets: SecretBox;
}

/** The version record of an operation that changed something: every stack that is deployed at this moment. */
export function versionOf(input: VersionInput): EnvironmentVersion {
  const { operation, report, version, previous, now } = input;
  const rolledBack = report.phase === 'rolled_back' || (operation.type === 'rollback' && report.outcome === 'success');
  return {
    deploymentId: operation.deploymentId,
    environment: operation.environment,
    version,
    kind: kindOf(input, rolledBack),
    operationId: operation.operationId,
    manifestRevision: operation.manifestRevision,
    createdAt: now,
    createdBy: operation.startedBy,
    stacks: Object.fromEntries(
      input.instances
        .filter((i) => i.status === 'deployed' || i.status === 'failed')
        .map((i) => [i.stack, versioned(i, input.secrets)]),
    ),
    rolledBackTo: rolledBack ? (report.state.rollback?.toVersion ?? previous) : null,
    rolledBackFrom: rolledBack ? (report.state.rollback?.fromVersion ?? previous) : null,
  };
}

function kindOf({ operation, report, instances }: VersionInput, rolledBack: boolean): VersionKind {
  if (rolledBack) return 'rollback';
  if (operation.type === 'state-import') return 'import';
  if (!instances.some((i) => i.status === 'deployed'))
    return operation.type.startsWith('destroy') ? 'destroyed' : 'partial';
  return report.outcome === 'success' &&
    (DEPLOYING.includes(operation.type) || operation.type === 'drift-fix') &&
    instances.every((i) => i.status === 'deployed' || i.status === 'destroyed' || i.status === 'not_deployed')
    ? 'complete'
    : 'partial';
}

function versioned(instance: StackInstance, secrets: SecretBox): VersionedStack {
  return {
    stackVersion: instance.stackVersion,
    status: instance.status,
    fingerprint: instance.fingerprint?.total ?? null,
    codeHash: instance.codeHash,
    resourceCount: instance.resourceCount,
    dependencies: instance.dependencies,
    sealed: secrets.seal(
      JSON.stringify({
        config: instance.lastConfig,
        outputs: instance.outputs,
        fingerprint: instance.fingerprint,
      } satisfies SealedSnapshot),
    ),
  };
}
