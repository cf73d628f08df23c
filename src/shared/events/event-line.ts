import type { EventName, EventScope, Payload, StoredEvent } from './events.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An event of a deployment as a line of its log (deployments.md 11). */
export interface LogLine {
  readonly level: LogLevel;
  /** `init`, `plan`, `validate`, `resolve`, a type of log (`deploy`, `destroy`, `rollback`, …) or the stack's name. */
  readonly component: string;
  /** One sentence without secrets; several lines where a program printed several. */
  readonly message: string;
  /** What the sentence was made from; for events other than `log` with their name as `event`. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * What every event of a run says as a line, so that a log tells nothing that the stream of events does not and lacks nothing
 * that it has. Levels: deployments.md 11 and api.md 6.4. Without an entry: it only repeats others (progress).
 */
type Lines = {
  readonly [N in EventName]?: (data: Payload<N>, scope: EventScope) => Omit<LogLine, 'metadata'>;
};

const LINES: Lines = {
  log: ({ level, message, stack, context }, scope) => ({
    level,
    component: typeof context['component'] === 'string' ? context['component'] : (stack ?? ofRun(scope)),
    message,
  }),
  deployment_started: (data, scope) => info(ofRun(scope), runStarted(data, scope)),
  destroy_started: (data, scope) => info(ofRun(scope), runStarted(data, scope)),
  deployment_complete: (data, scope) => info(ofRun(scope), runComplete(data)),
  destroy_complete: (data, scope) => info(ofRun(scope), runComplete(data)),
  deployment_failed: (data, scope) => error(ofRun(scope), runFailed(data)),
  destroy_failed: (data, scope) => error(ofRun(scope), runFailed(data)),
  deployment_cancelled: ({ cancelledBy, reason, durationSeconds, completedStacks, pendingStacks }, scope) =>
    warn(
      ofRun(scope),
      `cancelled by ${cancelledBy}${reason ? ` (${reason})` : ''} after ${durationSeconds} s: ` +
        `${completedStacks.length} stacks done, ${pendingStacks.length} not started`,
    ),
  deployment_warning: ({ code, message, stack }, scope) => warn(stack ?? ofRun(scope), `${code}: ${message}`),
  rollback_started: ({ trigger, reason, fromVersion, toVersion, stacks, irreversible }) => ({
    level: trigger === 'auto' ? 'warn' : 'info',
    component: 'rollback',
    message:
      `rollback from version ${fromVersion} to ${toVersion} started (${trigger}: ${reason}): ${listed(stacks)}` +
      (irreversible.length > 0 ? `; cannot be restored: ${listed(irreversible.map(({ urn }) => urn))}` : ''),
  }),
  rollback_complete: ({ status, rolledBackStacks, failedStacks, durationSeconds }) => ({
    level: status === 'failed' ? 'error' : 'info',
    component: 'rollback',
    message:
      `rollback ${status === 'failed' ? 'failed' : 'complete'} after ${durationSeconds} s: ` +
      `${listed(rolledBackStacks)} rolled back${failedStacks.length > 0 ? `, ${listed(failedStacks)} failed` : ''}`,
  }),
  operation_resumed: ({ stacks, previousHolder }, scope) =>
    warn(
      ofRun(scope),
      `taken over from ${previousHolder || 'a process'} that died${stacks.length > 0 ? `; was running: ${listed(stacks)}` : ''}`,
    ),
  operation_paused: ({ by }, scope) =>
    info(ofRun(scope), `paused by ${by}: running stacks finish, no further one starts`),
  operation_unpaused: ({ by }, scope) => info(ofRun(scope), `goes on, asked by ${by}`),
  validation_complete: ({ valid, errors, warnings }) => ({
    level: valid ? 'info' : 'error',
    component: 'validate',
    message: `checks before the run ${valid ? 'passed' : 'failed'}: ${errors} errors, ${warnings} warnings`,
  }),
  layer_started: ({ layer, totalLayers, stacks }, scope) =>
    info(ofRun(scope), `layer ${layer} of ${totalLayers} started: ${listed(stacks)}`),
  layer_complete: ({ layer, totalLayers, deployedStacks, failedStacks, skippedStacks, durationSeconds }, scope) =>
    info(
      ofRun(scope),
      `layer ${layer} of ${totalLayers} complete in ${durationSeconds} s: ` +
        `${deployedStacks} done, ${failedStacks} failed, ${skippedStacks} skipped`,
    ),
  stack_deploying: ({ stack, layer, action, reasons }) =>
    info(stack, `${action} started (layer ${layer})${reasons.length > 0 ? `: ${listed(reasons)}` : ''}`),
  stack_deployed: ({ stack, durationSeconds, resourcesCreated, resourcesUpdated, resourcesDeleted }) =>
    info(
      stack,
      `done in ${durationSeconds} s: ${resourcesCreated} created, ${resourcesUpdated} updated, ${resourcesDeleted} deleted`,
    ),
  stack_failed: ({ stack, error: { code, message } }) => error(stack, `failed: ${code}: ${message}`),
  stack_skipped: ({ stack, reason, culprit }) =>
    warn('plan', `${stack} skipped: ${reason}${culprit ? ` (${culprit})` : ''}`),
  stack_destroying: ({ stack, layer }) => info(stack, `destroy started (layer ${layer})`),
  stack_destroyed: ({ stack, durationSeconds, resourcesDeleted }) =>
    info(stack, `destroyed in ${durationSeconds} s: ${resourcesDeleted} deleted`),
  stack_rolling_back: ({ stack, toVersion }) => info(stack, `rollback to version ${toVersion} started`),
  stack_rolled_back: ({ stack, toVersion, durationSeconds }) =>
    info(stack, `rolled back to version ${toVersion} in ${durationSeconds} s`),
  resource_creating: ({ stack, resource }) => debug(stack, `creating ${named(resource)}`),
  resource_updating: ({ stack, resource }) => debug(stack, `updating ${named(resource)}`),
  resource_deleting: ({ stack, resource }) => debug(stack, `deleting ${named(resource)}`),
  resource_created: ({ stack, resource, durationSeconds }) =>
    info(stack, `created ${named(resource)} in ${durationSeconds} s`),
  resource_updated: ({ stack, resource, durationSeconds }) =>
    info(stack, `updated ${named(resource)} in ${durationSeconds} s`),
  resource_deleted: ({ stack, resource, durationSeconds }) =>
    info(stack, `deleted ${named(resource)} in ${durationSeconds} s`),
  resource_failed: ({ stack, resource, error: { code, message } }) =>
    error(stack, `${named(resource)} failed: ${code}: ${message}`),
  drift_detected: ({ stacks, resourceCount }, scope) =>
    warn(ofRun(scope), `${resourceCount} resources differ from the recorded state: ${listed(stacks)}`),
  error: ({ code, message, stack, phase }, scope) =>
    error(stack ?? (phase === 'validation' ? 'validate' : ofRun(scope)), `${code}: ${message}`),
};

/** null = no line: the event is not about a run or the initialisation of a deployment, or it only tells progress. */
export function lineOf({ type, scope, data }: Pick<StoredEvent, 'type' | 'scope' | 'data'>): LogLine | null {
  if (!scope.deploymentId || !scope.operationType) return null;
  const told = (LINES[type] as ((data: unknown, scope: EventScope) => Omit<LogLine, 'metadata'>) | undefined)?.(
    data,
    scope,
  );
  if (!told) return null;
  if (type === 'log') {
    const { component: _named, ...context } = data['context'] as Readonly<Record<string, unknown>>;
    return { ...told, metadata: context };
  }
  const { stack: _field, stackName: _alias, ...rest } = data;
  return { ...told, metadata: { event: type, ...rest } };
}

const FAMILIES: Readonly<Record<string, string>> = {
  'deploy-stack': 'deploy',
  clone: 'deploy',
  'destroy-stack': 'destroy',
};

/** Type of the log an operation writes: `deploy`, `destroy`, `rollback`, `refresh`, `drift-detect`, `drift-fix`, `state-import`; `init`. */
export function logTypeOf(operationType: string): string {
  return FAMILIES[operationType] ?? operationType;
}

function ofRun(scope: EventScope): string {
  return logTypeOf(scope.operationType ?? '');
}

const levelled =
  (level: LogLevel) =>
  (component: string, message: string): Omit<LogLine, 'metadata'> => ({ level, component, message });
const debug = levelled('debug');
const info = levelled('info');
const warn = levelled('warn');
const error = levelled('error');

function runStarted(data: Payload<'deployment_started'>, { environment, operationType }: EventScope): string {
  const { startedBy, totalStacks, totalLayers, estimatedDuration, engine, cloud, preview } = data;
  return (
    `${preview ? 'preview of ' : ''}${operationType} of ${environment} started by ${startedBy}: ${totalStacks} stacks in ` +
    `${totalLayers} layers, about ${estimatedDuration} s, engine ${engine}, cloud ${cloud}`
  );
}

function runComplete(data: Payload<'deployment_complete'>): string {
  const { status, durationSeconds, deployedStacks, destroyedStacks, skippedStacks, failedStacks, preview } = data;
  const { resourcesCreated, resourcesUpdated, resourcesDeleted } = data;
  return (
    `${preview ? 'preview ' : ''}complete after ${durationSeconds} s, ${status}: ${destroyedStacks ?? deployedStacks} done, ` +
    `${skippedStacks} skipped, ${failedStacks} failed; resources ${resourcesCreated} created, ` +
    `${resourcesUpdated} updated, ${resourcesDeleted} deleted`
  );
}

function runFailed(data: Payload<'deployment_failed'>): string {
  const { stack, error: cause, durationSeconds, rollback } = data;
  return (
    `failed after ${durationSeconds} s${stack ? ` at ${stack}` : ''}: ${cause.code}: ${cause.message}` +
    (rollback === 'none' ? '' : `; rollback ${rollback}`)
  );
}

function named({ type, name, id }: { readonly type: string; readonly name: string; readonly id?: string }): string {
  return `${type} (${name})${id === undefined ? '' : ` ${id}`}`;
}

function listed(names: readonly string[]): string {
  return names.length > 0 ? names.join(', ') : 'none';
}
