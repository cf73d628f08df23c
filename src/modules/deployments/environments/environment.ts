import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { ResourceDrift, StackOutputs } from '../../orchestrator/engine.port.js';
import type { Fingerprint, ResolvedConfig } from '../../orchestrator/run-request.js';
import type { EnvironmentStatus } from '../deployment.js';

/** One environment of a deployment. */
export interface Environment {
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly organization: string;
  readonly enabled: boolean;
  readonly account: string;
  readonly region: string;
  readonly status: EnvironmentStatus;
  /** Version of the newest version record, 0 = none. */
  readonly version: number;
  readonly currentOperationId: string | null;
  readonly lastDeployedAt: Date | null;
  readonly lastDeployedBy: string | null;
  readonly everDeployed: boolean;
  /** The last time it was switched on, and off; null = never. */
  readonly enabledAt: Date | null;
  readonly enabledBy: string | null;
  readonly disabledAt: Date | null;
  readonly disabledBy: string | null;
  /** null = as DRIFT_DETECTION_CRON says. Default: null. */
  readonly driftSchedule?: DriftSchedule | null;
}

/** When drift is looked for by itself (deployments.md 10.4). */
export interface DriftSchedule {
  /** In CRON_TZ; null = off here, whatever the default is. */
  readonly cron: string | null;
  /** It came from DRIFT_DETECTION_CRON and follows it. */
  readonly isDefault: boolean;
  readonly nextAt: Date | null;
  readonly lastAt: Date | null;
  /** The newest detection it has started. */
  readonly lastOperationId: string | null;
  /** Times it had to wait because as many detections ran as may at once. */
  readonly deferred: number;
}

export type InstanceStatus = 'not_deployed' | 'deploying' | 'deployed' | 'failed' | 'destroying' | 'destroyed';

/** Stack × environment of a deployment: unit of execution and state. */
export interface StackInstance {
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly stack: string;
  readonly organization: string;
  readonly status: InstanceStatus;
  readonly stackVersion: number;
  readonly fingerprint: Fingerprint | null;
  readonly lastOperationSucceeded: boolean;
  readonly driftDetected: boolean;
  /** What the last detection found; null = none since it was deployed or refreshed. */
  readonly drift: StackDrift | null;
  readonly outputs: StackOutputs;
  readonly dependencies: readonly string[];
  readonly codeHash: string | null;
  readonly resourceCount: number;
  /** Serial of the engine's state. */
  readonly stateVersion: number;
  readonly lastConfig: ResolvedConfig | null;
  readonly lastDeployedAt: Date | null;
  readonly lastDeployedBy: string | null;
  /** Seconds of the last five successful runs, oldest first. */
  readonly durations: readonly number[];
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

export interface StackDrift {
  readonly checkedAt: Date;
  readonly operationId: string;
  readonly resources: readonly ResourceDrift[];
}

export type VersionKind = 'complete' | 'partial' | 'rollback' | 'destroyed' | 'import';

/** What stood in an environment after an operation that changed something (deployments.md 7.9). */
export interface EnvironmentVersion {
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly version: number;
  readonly kind: VersionKind;
  readonly operationId: string;
  readonly manifestRevision: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly stacks: Readonly<Record<string, VersionedStack>>;
  readonly rolledBackTo: number | null;
  readonly rolledBackFrom: number | null;
}

export interface VersionedStack {
  readonly stackVersion: number;
  readonly status: InstanceStatus;
  readonly fingerprint: string | null;
  readonly codeHash: string | null;
  readonly resourceCount: number;
  readonly dependencies: readonly string[];
  /** SealedSnapshot as JSON, encrypted. */
  readonly sealed: string;
}

/** What a version keeps of a stack in secret. */
export interface SealedSnapshot {
  /** Resolved; null = the stack never ran successfully. */
  readonly config: ResolvedConfig | null;
  readonly outputs: StackOutputs;
  readonly fingerprint: Fingerprint | null;
}

/** A stack of a version, opened. */
export type StackSnapshot = Omit<VersionedStack, 'sealed' | 'fingerprint'> & SealedSnapshot;
