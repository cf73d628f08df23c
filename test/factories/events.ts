import { draft, type EventDraft, type EventScope, type StoredEvent } from '../../src/shared/events/events.js';

export const SCOPE = {
  organization: 'acme',
  project: 'shop',
  deploymentId: 'D1BRV40',
  environment: 'dev',
  operationId: 'op-000000000001',
  operationType: 'deploy',
  correlationId: 'c-1',
} as const satisfies EventScope;

export const aLog = (message: string, level: 'debug' | 'info' | 'warn' | 'error' = 'info'): EventDraft =>
  draft('log', SCOPE, { stack: 'network', stackName: 'network', level, message, context: {} });

export const aStackProgress = (progressPercent: number, stack = 'network'): EventDraft =>
  draft('stack_progress', SCOPE, {
    stack,
    stackName: stack,
    progressPercent,
    currentResource: null,
    message: '',
    resourcesProcessed: 1,
    resourcesTotal: 2,
    resource: null,
  });

export const aResource = (name: string, scope: EventScope = SCOPE): EventDraft =>
  draft('resource_creating', scope, {
    stack: 'network',
    stackName: 'network',
    resource: { type: 'aws:ec2/vpc:Vpc', name },
  });

export const aStackStart = (stack: string, scope: EventScope = SCOPE): EventDraft =>
  draft('stack_destroying', scope, { stack, stackName: stack, layer: 1 });

export const aStackEnd = (outputs: Readonly<Record<string, unknown>> = {}): EventDraft =>
  draft('stack_deployed', SCOPE, {
    stack: 'network',
    stackName: 'network',
    layer: 1,
    status: 'deployed',
    resourcesCreated: 1,
    resourcesUpdated: 0,
    resourcesDeleted: 0,
    durationSeconds: 2,
    outputs,
  });

export const aRunStart = (): EventDraft =>
  draft('deployment_started', SCOPE, {
    totalStacks: 3,
    totalLayers: 2,
    estimatedDuration: 120,
    startedBy: 'ann@acme.test',
    stacksToProcess: ['dns', 'network', 'security'],
    skippedStacks: [],
    engine: 'embedded',
    cloud: 'sandbox',
  });

export const aRunProgress = (progressPercent: number): EventDraft =>
  draft('deployment_progress', SCOPE, {
    progressPercent,
    totalStacks: 3,
    deployedStacks: 1,
    failedStacks: 0,
    skippedStacks: 0,
    currentLayer: 1,
    currentStack: 'network',
    estimatedTimeRemaining: 60,
  });

/** A stored event at a position; seq = position unless given. */
export function stored(event: EventDraft, position: number, seq = position): StoredEvent {
  const data = event.data as Record<string, unknown>;
  return {
    id: `event-${position}`,
    type: event.type,
    timestamp: new Date('2030-01-01T00:00:00Z'),
    position,
    seq,
    stream: `operation/${event.scope.operationId}`,
    scope: event.scope,
    stack: typeof data['stack'] === 'string' ? data['stack'] : null,
    data,
  };
}

/** News of a session of the organization `acme`. */
export function aStall(sessionId: string, scope: Partial<EventScope> = {}): EventDraft {
  const whole = { organization: 'acme', sessionId, sessionProjectId: 'p1', machineId: 'm1', ...scope };
  return draft('session_stalled', whole, {
    session_id: sessionId,
    project_id: whole.sessionProjectId,
    machine_id: whole.machineId,
    status: 'stalled',
    last_heartbeat: '2026-01-01T00:00:00.000Z',
    time_since_heartbeat_ms: 181_000,
    stall_count: 1,
    actor: 'detector',
  });
}
