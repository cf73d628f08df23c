import type { EnvironmentName } from '../http/principal.js';

/** Marks an entry of EVENTS with its payload type; the value itself only carries documentation. */
export interface EventEntry<T> {
  /** Other spelling of api.md 4.4, e.g. `stack.completed`. */
  readonly dotted: string;
  readonly text: string;
  /** Written to the audit log. */
  readonly audited: boolean;
  /** `organizations/:org` channels carry it too. */
  readonly lifecycle: boolean;
  /** Only the newest matters: at most one a second per subscription. */
  readonly coalesced: boolean;
  /** Half of the product it belongs to; decides which channels carry it. */
  readonly half: 'deployments' | 'sessions';
  readonly payload?: T;
}

interface Options {
  readonly audited?: boolean;
  readonly lifecycle?: boolean;
  readonly coalesced?: boolean;
}

function event<T>(dotted: string, text: string, options: Options = {}): EventEntry<T> {
  return {
    dotted,
    text,
    audited: options.audited ?? false,
    lifecycle: options.lifecycle ?? false,
    coalesced: options.coalesced ?? false,
    half: 'deployments',
  };
}

/** An event of the session half (sessions.md 16): snake_case payload of ids, status and names of changed fields, never metadata. */
function sessionEvent<T>(dotted: string, text: string, options: Options = {}): EventEntry<T> {
  return { ...event<T>(dotted, text, options), half: 'sessions' };
}

export interface ErrorBrief {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}
export interface ResourceBrief {
  readonly urn?: string;
  readonly type: string;
  readonly name: string;
  readonly id?: string;
}
export interface IrreversibleStep {
  readonly stack: string;
  readonly urn: string;
  readonly why: string;
}
export type StackAction =
  'deploy' | 'skip' | 'conditional' | 'destroy' | 'rollback' | 'refresh' | 'detect' | 'fix' | 'import';
export type SkipReason = 'unchanged' | 'manual' | 'dependency_failed' | 'run_stopped' | 'cancelled' | 'not_deployed';

interface StackRef {
  readonly stack: string;
  readonly stackName: string;
  readonly layer: number;
}
export interface RunStarted {
  readonly totalStacks: number;
  readonly totalLayers: number;
  /** Seconds. */
  readonly estimatedDuration: number;
  readonly startedBy: string;
  readonly stacksToProcess: readonly string[];
  readonly skippedStacks: readonly string[];
  readonly engine: string;
  readonly cloud: string;
  /** Present when a dead run was taken over: the same operation goes on. */
  readonly resumed?: boolean;
  /** Present when nothing is changed, only planned. */
  readonly preview?: boolean;
}
export interface RunProgress {
  readonly progressPercent: number;
  readonly totalStacks: number;
  readonly deployedStacks: number;
  readonly failedStacks: number;
  readonly skippedStacks: number;
  readonly currentLayer: number | null;
  readonly currentStack: string | null;
  /** Seconds. */
  readonly estimatedTimeRemaining: number;
}
export interface RunComplete {
  readonly status: 'deployed' | 'partial' | 'destroyed';
  readonly operationStatus: 'success';
  readonly totalStacks: number;
  readonly deployedStacks: number;
  readonly skippedStacks: number;
  readonly failedStacks: number;
  readonly durationSeconds: number;
  readonly resourcesCreated: number;
  readonly resourcesUpdated: number;
  readonly resourcesDeleted: number;
  readonly destroyedStacks?: number;
  /** Present when nothing was changed, only planned. */
  readonly preview?: boolean;
}
export interface RunFailed {
  readonly status: 'failed' | 'partial';
  readonly stack: string | null;
  readonly error: ErrorBrief;
  readonly failedLayer: number | null;
  readonly totalLayers: number;
  readonly durationSeconds: number;
  readonly failedStacks: readonly string[];
  readonly rollback: 'none' | 'offered' | 'started';
  readonly actions: readonly string[];
}
export interface StackFinished extends StackRef {
  readonly status: string;
  readonly resourcesCreated: number;
  readonly resourcesUpdated: number;
  readonly resourcesDeleted: number;
  readonly durationSeconds: number;
  readonly outputs: Readonly<Record<string, unknown>>;
}
export interface ResourceEvent {
  readonly stack: string;
  readonly stackName: string;
  readonly resource: ResourceBrief;
}
export interface ResourceDone extends ResourceEvent {
  readonly durationSeconds: number;
}

/** Payload of every session event. */
export interface SessionNews {
  readonly session_id: string;
  readonly project_id: string;
  readonly machine_id: string;
  readonly status: string;
  /** Names of the fields that changed; absent where the name of the event says it. */
  readonly changed?: readonly string[];
}
export interface TaskNews {
  readonly task_id: string;
  readonly session_id: string;
  readonly project_id: string;
  readonly status: string;
  readonly changed?: readonly string[];
}
export interface MachineNews {
  readonly machine_id: string;
  readonly status: string;
  readonly changed?: readonly string[];
}

/**
 * Every event of the system. Key = name on the wire; text = its line in docs/events.md. Every payload on the wire also has
 * `deploymentId, environment, operationId, operationType, correlationId` where they apply.
 */
export const EVENTS = {
  deployment_created: event<{ organization: string; project: string; template: string; createdBy: string }>(
    'deployment.created',
    'A deployment was initialised; nothing is deployed yet.',
    { audited: true, lifecycle: true },
  ),
  deployment_updated: event<{ revision: number; changes: readonly string[]; updatedBy: string }>(
    'deployment.updated',
    'The manifest of a deployment was changed.',
    { audited: true, lifecycle: true },
  ),
  deployment_deleted: event<{ deletedBy: string; force: boolean }>(
    'deployment.deleted',
    'A deployment was removed; its id stays reserved.',
    { audited: true, lifecycle: true },
  ),
  deployment_started: event<RunStarted>(
    'operation.started',
    'A deploy operation began; always the first event of its run.',
    { audited: true, lifecycle: true },
  ),
  deployment_progress: event<RunProgress>('operation.progress', 'Progress of the running operation.', {
    coalesced: true,
  }),
  deployment_complete: event<RunComplete>('operation.completed', 'A deploy operation reached its goal.', {
    audited: true,
    lifecycle: true,
  }),
  deployment_failed: event<RunFailed>(
    'operation.failed',
    'A deploy operation failed; rollback events follow when `rollback` is `started`.',
    { audited: true, lifecycle: true },
  ),
  deployment_cancelled: event<{
    cancelledBy: string;
    reason: string | null;
    durationSeconds: number;
    completedStacks: readonly string[];
    pendingStacks: readonly string[];
  }>('operation.cancelled', 'An operation was cancelled.', { audited: true, lifecycle: true }),
  deployment_warning: event<{ code: string; message: string; stack: string | null }>(
    'operation.warning',
    'Something to know that did not stop the operation.',
    { lifecycle: true },
  ),
  destroy_started: event<RunStarted>('operation.started', 'A destroy operation began.', {
    audited: true,
    lifecycle: true,
  }),
  destroy_complete: event<RunComplete>(
    'operation.completed',
    'A destroy operation removed everything it was asked to.',
    { audited: true, lifecycle: true },
  ),
  destroy_failed: event<RunFailed>('operation.failed', 'A destroy operation failed.', {
    audited: true,
    lifecycle: true,
  }),
  rollback_started: event<{
    trigger: 'auto' | 'manual';
    reason: string;
    fromVersion: number;
    toVersion: number;
    stacks: readonly string[];
    irreversible: readonly IrreversibleStep[];
  }>('rollback.started', 'A rollback began; its plan is in the payload.', { audited: true, lifecycle: true }),
  rollback_complete: event<{
    status: 'rolled_back' | 'failed';
    rolledBackStacks: readonly string[];
    failedStacks: readonly string[];
    durationSeconds: number;
  }>('rollback.completed', 'A rollback ended; the last event of its operation.', { audited: true, lifecycle: true }),
  operation_resumed: event<{ stack: string | null; stacks: readonly string[]; previousHolder: string }>(
    'operation.resumed',
    'The process that ran the operation died; another one took it over and continues from the journal.',
    { audited: true, lifecycle: true },
  ),
  operation_paused: event<{ by: string }>(
    'operation.paused',
    'An operation is held back: running stacks finish, no further one starts.',
    { audited: true, lifecycle: true },
  ),
  operation_unpaused: event<{ by: string }>('operation.unpaused', 'A paused operation goes on.', {
    audited: true,
    lifecycle: true,
  }),
  validation_complete: event<{ valid: boolean; errors: number; warnings: number }>(
    'validation.completed',
    'The checks before a run ended.',
  ),
  layer_started: event<{ layer: number; totalLayers: number; stacks: readonly string[] }>(
    'layer.started',
    'The first stack of a layer is about to start.',
  ),
  layer_complete: event<{
    layer: number;
    totalLayers: number;
    deployedStacks: number;
    failedStacks: number;
    skippedStacks: number;
    durationSeconds: number;
  }>('layer.completed', 'All stacks of a layer have ended.'),
  stack_deploying: event<
    StackRef & {
      dependencies: readonly string[];
      action: StackAction;
      reasons: readonly string[];
      estimatedDuration: number;
    }
  >('stack.started', 'A stack starts to run; `reasons` say why.', { lifecycle: true }),
  stack_progress: event<{
    stack: string;
    stackName: string;
    progressPercent: number;
    currentResource: string | null;
    message: string;
    resourcesProcessed: number;
    resourcesTotal: number;
    resource: { type: string; name: string; action: string } | null;
  }>('stack.progress', 'Progress inside one stack.', { coalesced: true }),
  stack_deployed: event<StackFinished>('stack.completed', 'One stack reached its target state.', { lifecycle: true }),
  stack_failed: event<
    StackRef & { error: ErrorBrief; resource: { type: string; name: string } | null; retryable: boolean }
  >('stack.failed', 'One stack failed.', { lifecycle: true }),
  stack_skipped: event<
    StackRef & {
      reason: SkipReason;
      action: StackAction;
      reasons: readonly string[];
      lastDeployed: string | null;
      culprit?: string;
    }
  >('stack.skipped', 'One stack did not run; `reason` and `reasons` say why.', { lifecycle: true }),
  stack_destroying: event<StackRef>('stack.started', 'A stack is being destroyed.', { lifecycle: true }),
  stack_destroyed: event<StackRef & { resourcesDeleted: number; durationSeconds: number }>(
    'stack.completed',
    'A stack is gone.',
    { lifecycle: true },
  ),
  stack_rolling_back: event<StackRef & { toVersion: number }>('stack.started', 'A stack is being rolled back.', {
    lifecycle: true,
  }),
  stack_rolled_back: event<StackRef & { toVersion: number; durationSeconds: number }>(
    'stack.completed',
    'A stack was rolled back.',
    { lifecycle: true },
  ),
  resource_creating: event<ResourceEvent>('resource.creating', 'The cloud is asked to create a resource.'),
  resource_updating: event<ResourceEvent>('resource.updating', 'The cloud is asked to change a resource.'),
  resource_deleting: event<ResourceEvent>('resource.deleting', 'The cloud is asked to delete a resource.'),
  resource_created: event<ResourceDone>('resource.created', 'A resource exists.'),
  resource_updated: event<ResourceDone>('resource.updated', 'A resource was changed.'),
  resource_deleted: event<ResourceDone>('resource.deleted', 'A resource is gone.'),
  resource_failed: event<ResourceEvent & { error: ErrorBrief }>(
    'resource.failed',
    'The cloud refused an operation on a resource.',
  ),
  drift_detected: event<{ stacks: readonly string[]; resourceCount: number }>(
    'drift.detected',
    'Resources differ from the recorded state; the operation carries what differs.',
    { audited: true, lifecycle: true },
  ),
  drift_schedule_set: event<{ cron: string | null; follows: 'own' | 'default' | 'off'; by: string }>(
    'drift.schedule_set',
    'When drift is looked for by itself in an environment was changed.',
    { audited: true },
  ),
  environment_unlocked: event<{
    by: string;
    reason: string;
    force: boolean;
    previousLock: {
      operationId: string | null;
      lockType: string | null;
      lockedBy: string | null;
      lockedAt: string;
      ageSeconds: number;
      wasFresh: boolean;
    } | null;
    backendReleased: readonly string[];
  }>('environment.unlocked', 'Somebody took the lock of an environment from its holder, whose run is cut off.', {
    audited: true,
    lifecycle: true,
  }),
  state_exported: event<{ stacks: readonly string[]; by: string; backupId: string | null }>(
    'state.exported',
    'States of stacks were handed out, or kept as a backup.',
    { audited: true },
  ),
  state_synced: event<{ stacksSynced: number; conflicts: readonly string[]; fixed: boolean; by: string }>(
    'state.synced',
    'Outputs and resource counts were read again from the backend; `conflicts` are stacks whose status contradicts it.',
    { audited: true, lifecycle: true },
  ),
  log_exported: event<{ file: string; by: string }>('log.exported', 'A log file was downloaded.', { audited: true }),
  environment_enabled: event<{ by: string }>('environment.enabled', 'An environment was enabled.', {
    audited: true,
    lifecycle: true,
  }),
  environment_disabled: event<{ by: string; destroyResources: boolean }>(
    'environment.disabled',
    'An environment was disabled.',
    { audited: true, lifecycle: true },
  ),
  template_created: event<{ name: string; version: string; createdBy: string }>(
    'template.created',
    'A custom template was made; `*` as organization: for everybody.',
    { audited: true, lifecycle: true },
  ),
  template_updated: event<{ name: string; version: string; changes: readonly string[]; updatedBy: string }>(
    'template.updated',
    'A custom template has a new version; deployments made from it stay as they are.',
    { audited: true, lifecycle: true },
  ),
  template_deleted: event<{ name: string; deletedBy: string }>(
    'template.deleted',
    'A custom template was deleted; deployments made from it stay as they are.',
    { audited: true, lifecycle: true },
  ),
  stack_registered: event<{ name: string; registeredBy: string; overwritten: boolean }>(
    'registry.registered',
    'A stack was registered, for everybody.',
    { audited: true, lifecycle: true },
  ),
  stack_registration_updated: event<{ name: string; changes: readonly string[]; updatedBy: string }>(
    'registry.updated',
    'The registration of a stack was changed; manifests are not rewritten.',
    { audited: true, lifecycle: true },
  ),
  stack_unregistered: event<{ name: string; unregisteredBy: string; force: boolean }>(
    'registry.unregistered',
    'A stack was taken out of the registry; what was deployed from it can still be destroyed.',
    { audited: true, lifecycle: true },
  ),
  log: event<{
    stack: string | null;
    stackName: string | null;
    level: 'debug' | 'info' | 'warn' | 'error';
    message: string;
    context: Readonly<Record<string, unknown>>;
  }>('log', 'A line of a program or of the orchestrator.'),
  error: event<{
    code: string;
    message: string;
    stack: string | null;
    phase: 'init' | 'validation' | 'planning' | 'execution';
  }>('error', 'A run could not start or go on.', { lifecycle: true }),
  session_created: sessionEvent<SessionNews & { recovered_from: string | null }>(
    'session.created',
    'A session was registered, by itself or by a recovery.',
    { audited: true },
  ),
  session_updated: sessionEvent<SessionNews & { previous_status?: string }>(
    'session.updated',
    'Fields, slot, machine or current task of a session changed, or it was paused or resumed.',
  ),
  session_stalled: sessionEvent<
    SessionNews & { last_heartbeat: string; time_since_heartbeat_ms: number; stall_count: number; actor: string }
  >('session.stalled', 'No heartbeat for longer than the threshold, or marked by hand; exactly once per stall.'),
  session_reactivated: sessionEvent<SessionNews & { stalled_for_ms: number; false_positive: boolean }>(
    'session.reactivated',
    'A stalled session gave a sign of life.',
  ),
  session_failed: sessionEvent<SessionNews & { cause: 'client' | 'abandoned' | 'patch'; error_message: string }>(
    'session.failed',
    'A session failed; its running tasks failed with it and its slot is free.',
    { audited: true },
  ),
  session_completed: sessionEvent<SessionNews>('session.completed', 'A session reached its end.'),
  session_recovered: sessionEvent<SessionNews & { recovered_to: string; attempt: number; previous_status: string }>(
    'session.recovered',
    'The work of a failed or stalled session went to a new one.',
    { audited: true },
  ),
  session_archived: sessionEvent<SessionNews>('session.archived', 'A session is kept for ever.', { audited: true }),
  session_deleted: sessionEvent<SessionNews & { tasks_deleted: number; reason: 'client' | 'purge' | 'retention' }>(
    'session.deleted',
    'A session and its tasks are gone.',
    { audited: true },
  ),
  session_expiring: sessionEvent<SessionNews & { expires_at: string }>(
    'session.expiring',
    'Without a sign of life the session counts as abandoned in an hour.',
  ),
  task_created: sessionEvent<TaskNews>('task.created', 'A task was added to a session.'),
  task_updated: sessionEvent<TaskNews & { previous_status: string }>('task.updated', 'A task changed.'),
  task_deleted: sessionEvent<TaskNews>('task.deleted', 'A task is gone.'),
  machine_registered: sessionEvent<MachineNews>('machine.registered', 'A machine was registered.', { audited: true }),
  machine_online: sessionEvent<MachineNews>('machine.online', 'A machine is there again.'),
  machine_offline: sessionEvent<MachineNews>(
    'machine.offline',
    'Neither the machine nor a session on it was heard of.',
  ),
  machine_updated: sessionEvent<MachineNews>('machine.updated', 'Slots, status or facts of a machine changed.'),
  machine_deleted: sessionEvent<MachineNews>('machine.deleted', 'A machine was removed.', { audited: true }),
  workspace_updated: sessionEvent<{ workspace_id: string; desired: number; running: number }>(
    'workspace.updated',
    'Desired or running workers of a workspace changed.',
  ),
} as const;

export type EventName = keyof typeof EVENTS;

/** The first event of a part of an operation. */
export const RUN_STARTS = [
  'deployment_started',
  'destroy_started',
  'rollback_started',
] as const satisfies readonly EventName[];
/** The last event of an operation is one of these. */
export const RUN_ENDS = [
  'deployment_complete',
  'deployment_failed',
  'deployment_cancelled',
  'destroy_complete',
  'destroy_failed',
  'rollback_complete',
] as const satisfies readonly EventName[];

export type Payload<N extends EventName> = NonNullable<(typeof EVENTS)[N]['payload']>;

/** Where an event belongs; decides its channels. */
export interface EventScope {
  readonly organization: string;
  readonly project?: string;
  readonly deploymentId?: string;
  readonly environment?: EnvironmentName;
  readonly operationId?: string;
  readonly operationType?: string;
  readonly correlationId?: string;
  /** Session half: whom it is about. Every event of a session carries its project and machine too. */
  readonly sessionId?: string;
  readonly sessionProjectId?: string;
  readonly machineId?: string;
  readonly taskId?: string;
  readonly workspaceId?: string;
}

/** An event about to be stored. */
export interface EventDraft<N extends EventName = EventName> {
  readonly type: N;
  readonly scope: EventScope;
  readonly data: Payload<N>;
}

/** Builds a draft with its payload checked against its name. */
export function draft<N extends EventName>(type: N, scope: EventScope, data: Payload<N>): EventDraft<N> {
  return { type, scope, data };
}

/** A stored event. */
export interface StoredEvent {
  /** UUID v4. */
  readonly id: string;
  readonly type: EventName;
  readonly timestamp: Date;
  /** Order of everything in one organization, by commit; no reader ever sees a later one before an earlier one. */
  readonly position: number;
  /** Order inside `stream`, from 1 without gaps. */
  readonly seq: number;
  /**
   * `operation/<id>`, `deployment/<id>`, `session/<id>`, `machine/<organization>/<id>`, `workspace/<organization>/<id>` or
   * `organization/<name>`.
   */
  readonly stream: string;
  readonly scope: EventScope;
  /** `stack` of the payload, for channels and filters. */
  readonly stack: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}
