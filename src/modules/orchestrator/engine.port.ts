import type { BackendAccess } from './platform-access.js';

/** Names one Pulumi stack and the cloud account it lives in. */
export interface StackRef {
  /** Our tenant (organization name); scopes sandbox accounts and stored state. */
  readonly organization: string;
  /** Pulumi organization; always `organization` on a `file://` backend and in the embedded engine. */
  readonly pulumiOrg: string;
  /** Pulumi project = slug of the business project, shared by all stacks. */
  readonly project: string;
  /** Pulumi stack, `<deploymentId>-<stackName>-<environment>`. */
  readonly stack: string;
  /** Cloud account, 12 digits. */
  readonly account: string;
  /** Cloud region, e.g. `us-east-1`. */
  readonly region: string;
}

/** What one run of one stack needs. Everything is decided before: the engine asks nobody but its cloud and its state store. */
export interface StackRun extends StackRef {
  /** Folder of the compiled program (holds index.js); the unmodified Pulumi program of the stack. */
  readonly programDir: string;
  /** Full configuration keys, e.g. `network:vpcCidr`, `aws:region` → text (arrays and objects as JSON). */
  readonly config: Readonly<Record<string, string>>;
  /** Keys of `config` whose value is secret. */
  readonly secretKeys: readonly string[];
  /** Fencing token of the caller's lease; every save of state carries it and a stale one is refused (StaleLease). */
  readonly fence: number;
  /** Aborted: no new step starts, running ones may end, then the result has error class `cancelled`. */
  readonly signal: AbortSignal;
  /** Read the cloud and correct the state before the program runs (drift, killed run). Default false. */
  readonly refresh?: boolean;
  /** Resource operations at once. Default 16. */
  readonly parallel?: number;
  readonly onEvent: (event: EngineEvent) => void;
}

export type ResourceAction = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'refresh' | 'same';

/** One thing that happened in an engine. The root stack and providers are never reported. Order: as it happened. */
export type EngineEvent =
  | {
      readonly kind: 'resource_started';
      readonly action: ResourceAction;
      readonly urn: string;
      readonly type: string;
      readonly name: string;
    }
  | {
      readonly kind: 'resource_done';
      /** A replacement is reported as `create` of the new and `delete` of the old one. */
      readonly action: ResourceAction;
      readonly urn: string;
      readonly type: string;
      readonly name: string;
      readonly id?: string;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'resource_failed';
      readonly action: ResourceAction;
      readonly urn: string;
      readonly type: string;
      readonly name: string;
      readonly error: EngineError;
    }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly urn?: string;
    };

/** Error classes of deployments.md 7.6. */
export type ErrorClass =
  | 'credentials'
  | 'permission'
  | 'limit'
  | 'validation'
  | 'placeholder'
  | 'state_conflict'
  | 'state_corruption'
  | 'timeout'
  | 'transient'
  | 'resource'
  | 'cancelled'
  | 'interrupted'
  | 'internal';

export interface EngineError {
  readonly class: ErrorClass;
  /** Code of api.md section 7 for stack results, e.g. `RESOURCE_CREATION_FAILED`, `SERVICE_LIMIT_EXCEEDED`, `PROGRAM_FAILED`. */
  readonly code: string;
  readonly message: string;
  readonly urn?: string;
  readonly resourceType?: string;
  readonly resourceName?: string;
  /** The cloud's own error code, e.g. `VpcLimitExceeded`. */
  readonly cloudCode?: string;
  /** Only what the cloud marks retryable. */
  readonly retryable: boolean;
}

export interface OutputValue {
  readonly value: unknown;
  readonly secret: boolean;
}
export type StackOutputs = Readonly<Record<string, OutputValue>>;

/** Custom resources only; root stack, components and providers are not counted. */
export interface ResourceCounts {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly replaced: number;
  readonly unchanged: number;
}

/** Expected endings are values: a failed stack does not throw, so the run can go on with the others. */
export interface StackRunResult {
  readonly success: boolean;
  readonly outputs: StackOutputs;
  readonly resources: ResourceCounts;
  /** Custom resources in the state afterwards. */
  readonly resourceCount: number;
  /** Serial number of the saved state, increases with every save. */
  readonly stateVersion: number;
  /** What a killed earlier run had left and how it was settled, one sentence each; empty otherwise. */
  readonly repaired: readonly string[];
  readonly error?: EngineError;
}

/** Pulumi's deployment format, version 3; secrets are encrypted inside it. */
export interface StackState {
  readonly version: 3;
  readonly deployment: Readonly<Record<string, unknown>>;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly protect: boolean;
  /** Where the cloud gives it one. */
  readonly arn?: string;
  /** ISO 8601; when this stack made or adopted it. */
  readonly createdAt?: string;
}

/** One property that the cloud has otherwise than the recorded state. Secret values are `***`. */
export interface PropertyDrift {
  /** `tags.Owner`, `ingress[0].toPort`. */
  readonly property: string;
  /** null = it should not be there. */
  readonly expected: unknown;
  /** null = it is not there. */
  readonly actual: unknown;
}

/**
 * One resource that is not as the recorded configuration wants it. Computed values that the cloud changes by itself (a
 * certificate is issued) are no drift: applying would do nothing about them.
 */
export interface ResourceDrift {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /**
   * What applying the recorded configuration would do to it: `update` in place, `replace`, or `create` (it vanished).
   */
  readonly repair: 'update' | 'replace' | 'create';
  /** Empty when it vanished. */
  readonly properties: readonly PropertyDrift[];
}

export interface DriftResult {
  readonly success: boolean;
  /** Custom resources that were read. */
  readonly checked: number;
  /** Ordered by URN. */
  readonly drifted: readonly ResourceDrift[];
  readonly error?: EngineError;
}

/** An existing resource that a stack is to manage from now on. */
export interface ResourceImport {
  /** Type token, e.g. `aws:ec2/vpc:Vpc`. */
  readonly type: string;
  /** As the program names it, so that its next run finds it. */
  readonly name: string;
  /** Id in the cloud. */
  readonly id: string;
  /** URN of a component of the state; default: the stack itself. */
  readonly parent?: string;
}

/** Plans and applies stack programs. Adapters: embedded.engine.ts, later pulumi.engine.ts. @throws StaleLease from any writing call whose fence is outdated */
export abstract class StackEngine {
  /** As shown to users: `embedded` or `pulumi`. */
  abstract readonly name: string;
  /** Starts helper processes ahead of need; safe to call twice. */
  abstract warm(): Promise<void>;
  abstract preview(run: StackRun): Promise<StackRunResult>;
  abstract up(run: StackRun): Promise<StackRunResult>;
  /** Deletes everything in reverse dependency order; the program is not run. A protected resource is an error that names it. */
  abstract destroy(run: StackRun): Promise<StackRunResult>;
  /** Reads every resource from the cloud and corrects the state; the program is not run. */
  abstract refresh(run: StackRun): Promise<StackRunResult>;
  /** Reads every resource and compares it with the state; nothing is changed, also not the state. The program is not run. */
  abstract detectDrift(run: StackRun): Promise<DriftResult>;
  /**
   * Adopts existing resources into the state, protected, all or none; the program is not run and must declare them, or its next
   * run wants them gone and is refused. Counts them as created. What does not exist, or is in the state already, is an error.
   */
  abstract importResources(
    run: StackRun,
    resources: readonly ResourceImport[],
    options: { readonly preview: boolean },
  ): Promise<StackRunResult>;
  abstract outputs(stack: StackRef): Promise<StackOutputs>;
  /** Custom resources in the state. */
  abstract resources(stack: StackRef): Promise<readonly StateResource[]>;
  abstract exportState(stack: StackRef): Promise<StackState | null>;
  /** @returns serial number of the saved state. @throws StateInvalid when it is no deployment of version 3, or another stack's */
  abstract importState(stack: StackRef, state: StackState, fence: number): Promise<number>;
  abstract stackExists(stack: StackRef): Promise<boolean>;
  /**
   * Shuts out whoever still works on that stack with a lower fence: all their writes are refused from now on, also those of a
   * run that is under way.
   * @param breakLock also tells the backend to drop a lock that stands on the stack, whoever left it
   * @returns whether the backend was told so; false where the engine keeps the state itself, or knows no such stack
   * @throws StaleLease when a higher fence has written
   */
  abstract shutOut(stack: StackRef, fence: number, options: { readonly breakLock: boolean }): Promise<boolean>;
  /**
   * Whether the backend of that stack can be worked with. null = there is none outside: the engine keeps the state itself.
   * @param probe makes, reads and removes a stack for the trial; otherwise nothing is changed
   */
  access(_stack: StackRef, _options: { readonly probe: boolean }): Promise<BackendAccess | null> {
    return Promise.resolve(null);
  }
  /** Ends helper processes; running runs end as cancelled. */
  abstract close(): Promise<void>;
}

/** Where the embedded engine keeps state. Adapters: MongoDB (state.repository.ts), memory (tests). */
export abstract class StackStateStore {
  /** `serial` counts saves. null = never saved. */
  abstract load(stack: StackRef): Promise<{ readonly state: StackState; readonly serial: number } | null>;
  /**
   * One atomic replace; remembers the fence.
   * @returns the new serial
   * @throws StaleLease when a higher fence has saved before
   */
  abstract save(stack: StackRef, state: StackState, fence: number): Promise<number>;
  abstract remove(stack: StackRef, fence: number): Promise<void>;
  /** Remembers the fence and changes nothing else. @throws StaleLease as save */
  abstract raise(stack: StackRef, fence: number): Promise<void>;
}

/** Encrypts secrets at rest: AES-256-GCM with the key of ENCRYPTION_KEY or the data folder. Deterministic ids are not needed. */
export interface SecretBox {
  seal(plain: string): string;
  open(sealed: string): string;
}
