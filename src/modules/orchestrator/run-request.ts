import type { EnvironmentName } from '../../shared/http/principal.js';
import type { EventScope, IrreversibleStep, SkipReason, StackAction } from '../../shared/events/events.js';
import type { EngineError, ResourceDrift, ResourceImport, StackOutputs, StackState } from './engine.port.js';

export type RunType =
  | 'deploy'
  | 'deploy-stack'
  | 'destroy'
  | 'destroy-stack'
  | 'rollback'
  | 'refresh'
  | 'drift-detect'
  | 'drift-fix'
  | 'state-import';

/** deployments.md 7.2, run phases. */
export type RunPhase =
  | 'initializing'
  | 'validating'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'rolling_back'
  | 'rolled_back'
  | 'destroying'
  | 'destroyed';

/** Why a stack will or did run (deployments.md 7.4). */
export type RunReason =
  | 'never_deployed'
  | 'previous_failed'
  | 'config_changed'
  | 'code_changed'
  | 'template_changed'
  | 'dependencies_changed'
  | 'upstream_output_changed'
  | 'aws_value_changed'
  | 'account_or_region_changed'
  | 'drift_detected'
  | 'forced'
  | 'skip_disabled';

/** Declared parameter of a stack template. */
export interface DeclaredInput {
  readonly type: 'string' | 'number' | 'boolean' | 'array' | 'object';
  readonly required: boolean;
  readonly secret: boolean;
  readonly allowedValues?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** What may change against the last deployment; absent: anything (stacks.md RDS-3, kubernetesVersion of 10.12). */
  readonly changes?: 'none' | 'minor' | 'step';
}

export interface DeclaredOutput {
  readonly type: DeclaredInput['type'];
  readonly secret: boolean;
}

/** The parts whose change must be tellable apart (reasons); each a SHA-256 in hex. `total` covers all (deployments.md 7.4). */
export interface Fingerprint {
  readonly total: string;
  readonly identity: string;
  readonly config: string;
  /** One digest per canonical placeholder text: `{{RUNTIME:network:vpcId}}` → digest of its value. */
  readonly resolved: Readonly<Record<string, string>>;
  readonly code: string;
  readonly template: string;
  readonly dependencies: string;
}

/** What is known of a stack instance before the run (stack × environment of a deployment). */
export interface InstanceFacts {
  readonly status: 'not_deployed' | 'deploying' | 'deployed' | 'failed' | 'destroying' | 'destroyed';
  /** Monotonic, 0 = never changed. */
  readonly stackVersion: number;
  /** Of the last successful version; null = none. */
  readonly fingerprint: Fingerprint | null;
  readonly lastOperationSucceeded: boolean;
  readonly driftDetected: boolean;
  readonly outputs: StackOutputs;
  /** Union of dependencies when it was last deployed; destroy order uses it. */
  readonly dependencies: readonly string[];
  readonly lastDeployedAt: Date | null;
  /** Resolved configuration of the last successful version, for rollback; opened (not encrypted). */
  readonly lastConfig: ResolvedConfig | null;
}

/** Fully resolved configuration as the engine gets it: plain keys of the stack namespace → typed values. */
export interface ResolvedConfig {
  readonly values: Readonly<Record<string, unknown>>;
  readonly secretKeys: readonly string[];
  /** Keys that read outputs of other stacks, as they are written (upstream-values.ts). Default: none. */
  readonly upstream?: Readonly<Record<string, unknown>>;
}

/** Shortest and longest of the runs an estimate was learned from, in seconds; `runs` 0: the template's figure, nothing learned. */
export interface DurationRange {
  readonly from: number;
  readonly to: number;
  readonly runs: number;
}

/** One stack of the run. The graph contains all enabled stacks of the environment; `selected` ones run. */
export interface RunStack {
  readonly name: string;
  /** 1–999, lower starts first. */
  readonly priority: number;
  /** Union of hard, optional (enabled ones), manifest and implicit dependencies, restricted to stacks of this graph. */
  readonly dependencies: readonly string[];
  /** Declared optional, in this graph or not: an input bound to one that is not in it is omitted (deployments.md 5.3). Default: none. */
  readonly optionalDependencies?: readonly string[];
  readonly selected: boolean;
  /** Named in `skipStacks`. */
  readonly skipManually: boolean;
  /** false = a failure is a warning, never triggers rollback. */
  readonly critical: boolean;
  /** Seconds: mean of the last five successful runs, else the template's estimate, else 180. */
  readonly estimateSeconds: number;
  /** Default: the estimate, with nothing learned. */
  readonly estimateRange?: DurationRange;
  /** Custom resources: those of the last run, else the template's `estimatedResources`; for progress. Default: unknown. */
  readonly expectedResources?: number;
  /** Folder of the compiled program. */
  readonly programDir: string;
  readonly codeHash: string;
  /** Of the stack template without timestamps and estimates. */
  readonly templateHash: string;
  readonly inputs: Readonly<Record<string, DeclaredInput>>;
  readonly outputs: Readonly<Record<string, DeclaredOutput>>;
  /** Merged configuration, placeholders verbatim (deployments.md 4), common inputs of stacks.md 1.1 included. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Keys of `config` that are declared secret. */
  readonly secretKeys: readonly string[];
  /** Sticky placeholder results: `<config path>|<canonical text>` → value (deployments.md 5.7). */
  readonly sticky: Readonly<Record<string, string>>;
  readonly instance: InstanceFacts;
}

export interface RunOptions {
  readonly preview: boolean;
  /** Stacks at once in this operation, 1–16. */
  readonly parallel: number;
  readonly schedule: 'ready' | 'layer';
  readonly smartSkip: boolean;
  readonly force: boolean;
  readonly continueOnError: boolean;
  readonly rollbackOnError: boolean;
  /** Seconds per stack; null = max(2 × estimate, 300). */
  readonly stackTimeoutSeconds: number | null;
  /** The caller confirmed a destructive request: protected stacks may be lifted and destroyed. */
  readonly destructiveConfirmed: boolean;
}

/** Facts that placeholders and engine need about where the run happens. */
export interface RunPlace {
  readonly organization: string;
  readonly organizationName: string;
  readonly pulumiOrg: string;
  /** Project slug. */
  readonly project: string;
  readonly projectName: string;
  readonly domain: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly account: string;
  readonly region: string;
  /** `spec.environments.<env>.config`, for `{{ENV:key}}`. */
  readonly environmentConfig: Readonly<Record<string, unknown>>;
  /** Process variables that may be read, already filtered. */
  readonly processEnv: Readonly<Record<string, string>>;
}

/** Everything a run needs; the orchestrator asks no module for more. Plain data: it can be stored and read again. */
export interface RunRequest {
  readonly operationId: string;
  readonly type: RunType;
  readonly startedBy: string;
  readonly scope: EventScope;
  readonly place: RunPlace;
  readonly options: RunOptions;
  readonly stacks: readonly RunStack[];
  /** Version of the environment before this operation, 0 = none. */
  readonly environmentVersion: number;
  readonly manifestRevision: number;
  /** Fencing token of the environment's lease. */
  readonly fence: number;
  /**
   * Records of an interrupted run of the same operation: finished stacks stay, the one that was running is refreshed first.
   * The rest of the request is that of the first run – `instance` tells the facts BEFORE the operation, since rollback
   * needs them – but `fence` and `sticky` (values this operation has made itself) are today's.
   */
  readonly resume?: RunState;
  /** With `resume`: nobody goes on. What was running is looked at and ended, all else is skipped (RUN_RECOVERY=fail). */
  readonly isGivenUp?: boolean;
  /** Who held the lease before; told in `operation_resumed`. */
  readonly previousHolder?: string;
  /** Manual rollback: the configurations to re-apply, and what to destroy. */
  readonly rollbackTo?: {
    readonly version: number;
    readonly deploy: Readonly<Record<string, ResolvedConfig>>;
    /** Those of `deploy` that are equal but for outputs of others: applied only when these come out other than they are now. */
    readonly conditional?: readonly string[];
    readonly destroy: readonly string[];
    /** Of the target version's stacks. Without it a stack counts as changed in the next deploy. */
    readonly facts?: Readonly<Record<string, SnapshotFacts>>;
  };
  /** Of a state import, for its one selected stack. */
  readonly stateImport?: StateImport;
}

/** What comes into the state of a stack: a whole state in its place, or existing resources beside what it has. */
export type StateImport =
  | { readonly kind: 'state'; readonly state: StackState }
  | { readonly kind: 'resources'; readonly resources: readonly ResourceImport[] };

/** Where stacks stand and what they are made from, without a run. */
export type RunView = Pick<RunRequest, 'place' | 'stacks'>;

/** What the target version of a rollback knows of a stack. */
export interface SnapshotFacts {
  readonly fingerprint: Fingerprint;
  readonly dependencies: readonly string[];
  readonly codeHash: string;
}

export type StackRunStatus =
  | 'pending'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'skipped'
  | 'destroying'
  | 'destroyed'
  | 'rolling_back'
  | 'rolled_back';

/** One stack in the journal of a run. */
export interface StackRunRecord {
  readonly name: string;
  readonly layer: number;
  readonly status: StackRunStatus;
  readonly action: StackAction;
  readonly reasons: readonly RunReason[];
  /** One sentence per reason or comparison, for people: what was compared and what differed. */
  readonly explanation: readonly string[];
  readonly skipReason?: SkipReason;
  /** The failed stack that made this one `dependency_failed`. */
  readonly culprit?: string;
  readonly attempt: number;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  readonly estimateSeconds: number;
  readonly progressPercent: number;
  readonly resources: ResourceTally;
  /** Preview only: planned steps. */
  readonly planned?: {
    readonly create: number;
    readonly update: number;
    readonly replace: number;
    readonly delete: number;
    readonly same: number;
    readonly unresolved: readonly string[];
  };
  readonly error?: StackError;
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
  /** Drift detection: what differs from the recorded state; empty = nothing does. */
  readonly drift?: readonly ResourceDrift[];
  /** false = it ran, but nothing of the stack is other than before. Default true. */
  readonly changed?: boolean;
  /** Of a state import: serial of the state afterwards. */
  readonly stateVersion?: number;
  /** Destroy of a protected stack: the first step, the update without protection, is done. */
  readonly protectionLifted?: boolean;
  /** Data stores (stacks.md L1) this operation has made or removed; a rollback cannot restore them. */
  readonly dataStores?: readonly { readonly urn: string; readonly change: 'created' | 'deleted' }[];
}

export interface ResourceTally {
  readonly total: number;
  readonly processed: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly failed: number;
  /** `type (name)` of the newest started resource. */
  readonly current: string | null;
}

export interface StackError extends Pick<
  EngineError,
  'class' | 'code' | 'message' | 'urn' | 'resourceType' | 'resourceName' | 'cloudCode' | 'retryable'
> {
  readonly remediation?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The whole state of a run; what the journal stores and a successor reads. */
export interface RunState {
  readonly phase: RunPhase;
  readonly stacks: Readonly<Record<string, StackRunRecord>>;
  readonly totalLayers: number;
  /** Set while and after an automatic or manual rollback. */
  readonly rollback?: RollbackState;
  readonly startedAt: Date;
}

export interface RollbackState {
  readonly trigger: 'auto' | 'manual';
  readonly reason: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  /** In the order in which they are rolled back. */
  readonly stacks: readonly string[];
  readonly irreversible: readonly IrreversibleStep[];
  readonly done: readonly string[];
  readonly failed: readonly string[];
}

/** A stack as the plan shows it. */
export interface PlannedStack {
  readonly name: string;
  readonly layer: number;
  readonly priority: number;
  readonly dependencies: readonly string[];
  readonly action: StackAction;
  readonly reasons: readonly RunReason[];
  readonly explanation: readonly string[];
  readonly skipReason?: SkipReason;
  /** Seconds. */
  readonly estimatedDuration: number;
  readonly estimatedRange: DurationRange;
  readonly lastDeployedAt: Date | null;
}

export interface Plan {
  readonly totalStacks: number;
  readonly totalLayers: number;
  readonly maxParallelism: number;
  /** Seconds; list scheduling over `parallel` slots (deployments.md 6.5). */
  readonly estimatedDuration: number;
  /** The same schedule if all stacks took their shortest, and their longest time; `runs`: of the one least known. */
  readonly estimatedRange: DurationRange;
  /** Seconds saved by skips. */
  readonly timeSaved: number;
  readonly layers: readonly { readonly layer: number; readonly stacks: readonly PlannedStack[] }[];
  readonly stacksToDeploy: readonly string[];
  readonly stacksSkipped: readonly string[];
  /** Stack → fingerprint that was compared (dependencies that will run: null), so that a stale plan can be told. */
  readonly fingerprints: Readonly<Record<string, Fingerprint | null>>;
  /** Stack → version of its instance when the plan was made. */
  readonly stackVersions: Readonly<Record<string, number>>;
  /** First steps of a destroy of protected stacks in prod. */
  readonly liftProtection: readonly string[];
}

/** How a run ended. */
export interface RunReport {
  readonly outcome: 'success' | 'failed' | 'cancelled';
  readonly phase: RunPhase;
  readonly state: RunState;
  readonly durationSeconds: number;
  readonly resources: { readonly created: number; readonly updated: number; readonly deleted: number };
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly stack: string | null }[];
  readonly error?: StackError & { readonly stack: string | null };
  readonly rolledBack: boolean;
  readonly rollbackAvailable: boolean;
  readonly manualInterventionRequired: boolean;
  /** At least one stack instance changed: the environment gets a new version. */
  readonly changed: boolean;
}
