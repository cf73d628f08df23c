import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { WebhookTarget } from '../webhooks/webhook.js';
import type { ResourceImport } from '../../orchestrator/engine.port.js';
import type {
  InstanceFacts,
  Plan,
  RunOptions,
  RunPhase,
  RunReport,
  RunState,
  RunType,
  StackError,
} from '../../orchestrator/run-request.js';

/** What an operation is called; a promotion (`clone`) runs as a deploy. */
export type OperationType = RunType | 'clone';
/** Types that bring an environment to what its manifest says. */
export const DEPLOYING: readonly OperationType[] = ['deploy', 'deploy-stack', 'clone'];

export type OperationStatus = 'pending' | 'in_progress' | 'success' | 'failed' | 'cancelled';
export const FINAL_STATUSES: readonly OperationStatus[] = ['success', 'failed', 'cancelled'];

/** What the caller asked for, with defaults filled in. */
export interface OperationParameters extends RunOptions {
  /** null = all enabled stacks. */
  readonly stackFilter: readonly string[] | null;
  readonly skipStacks: readonly string[];
  readonly includeDependencies: boolean;
  readonly skipDependencies: boolean;
  readonly skipValidation: boolean;
  /** Warnings about programs block. Default false. */
  readonly strict?: boolean;
  /** Programs are held to their templates before the run. Default true. */
  readonly validateCode?: boolean;
  /** `<stack>.<config path>` of kept random values to make anew (deployments.md 5.7). Default none. */
  readonly regenerate?: readonly string[];
  readonly waitForLock: boolean;
  readonly message: string | null;
  /** Told of the run (api.md 6.2). Default: nobody. */
  readonly webhook?: WebhookTarget;
  /** Environment version that a rollback goes back to. */
  readonly toVersion: number | null;
  /** Of a destroy: the environment is disabled when it has succeeded. */
  readonly disableAfter?: boolean;
  /** Of a state import: a kept state, or existing resources. */
  readonly stateImport?: { readonly backupId: string } | { readonly resources: readonly ResourceImport[] };
  /** Of a clone. */
  readonly promotion?: Promotion;
}

/** What a promotion brings, and where it was proven. */
export interface Promotion {
  readonly from: EnvironmentName;
  /** Of what all environments share; the same from dev to prod. */
  readonly contentHash: string;
  /** Manifest revision and environment version that stood in `from`. */
  readonly sourceRevision: number;
  readonly sourceVersion: number;
}

export interface CancelRequest {
  readonly at: Date;
  readonly by: string;
  readonly reason: string | null;
  /** Skips the grace of running stacks. */
  readonly force: boolean;
  readonly rollback: boolean;
}

/** One asynchronous run. Final ones never change. */
export interface Operation {
  readonly operationId: string;
  readonly organization: string;
  readonly project: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  /** Of a single-stack run. */
  readonly stack: string | null;
  readonly type: OperationType;
  readonly preview: boolean;
  readonly status: OperationStatus;
  readonly phase: RunPhase;
  readonly engine: string;
  readonly cloud: string;
  /** Frozen when the operation is accepted. */
  readonly manifestRevision: number;
  readonly parameters: OperationParameters;
  /** What the filter came to when the operation was accepted; null = not decided yet. */
  readonly selectedStacks: readonly string[] | null;
  /** Per-run configuration, stack → key → value (tier 2d). */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly plan: Plan | null;
  /** What was known of the stacks when the run began; a successor needs it for rollback. null = not begun. */
  readonly before: Readonly<Record<string, InstanceFacts>> | null;
  readonly state: RunState | null;
  /** Holds the environment: at most one such operation per deployment and environment. */
  readonly active: boolean;
  readonly createdAt: Date;
  /** When the operation became active or, queued, null. */
  readonly activeAt: Date | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly startedBy: string;
  readonly startedById: string;
  readonly correlationId: string;
  readonly estimatedDuration: number;
  readonly cancel: CancelRequest | null;
  /** No further stack starts; null = it is not paused. */
  readonly paused: { readonly at: Date; readonly by: string } | null;
  readonly report: Omit<RunReport, 'state'> | null;
  readonly error: (StackError & { readonly stack: string | null }) | null;
  readonly resumable: boolean;
  readonly resumedFrom: string | null;
  /** Preview whose plan it executes. */
  readonly planId: string | null;
  /** Of a run of one stack; null = not looked at yet. */
  readonly staleDependents: readonly string[] | null;
  /** Process that runs or ran it. */
  readonly executor: string | null;
  /** Times another process took it over. */
  readonly takeovers: number;
}

export function isFinal(operation: Pick<Operation, 'status'>): boolean {
  return FINAL_STATUSES.includes(operation.status);
}

/** Key of the lease a run holds: previews change nothing and do not hold the environment. */
export function leaseKey(
  operation: Pick<Operation, 'operationId' | 'deploymentId' | 'environment' | 'preview'>,
): string {
  return operation.preview ? `preview/${operation.operationId}` : `${operation.deploymentId}-${operation.environment}`;
}
