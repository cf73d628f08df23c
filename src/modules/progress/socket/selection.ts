import { LOG_LEVELS, type LogLevel } from '../../../shared/events/event-line.js';
import type { EventName, StoredEvent } from '../../../shared/events/events.js';
import { AppError } from '../../../shared/errors/app-error.js';
import type { Channel } from '../channel.js';
import { eventNames } from '../event-frame.js';

/** What of a channel a client wants; missing parts do not narrow. */
export interface Selection {
  readonly events?: ReadonlySet<EventName>;
  readonly stacks?: ReadonlySet<string>;
  /** For log frames. */
  readonly minLevel?: LogLevel;
}

/** Names in either spelling. @throws AppError `WS_BAD_FRAME` naming an unknown one: a misspelt filter must not pass */
export function toSelection(fields: {
  readonly events?: readonly string[];
  readonly stacks?: readonly string[];
  readonly minLevel?: string;
}): Selection {
  const names = fields.events?.flatMap((spelling) => {
    const known = eventNames(spelling);
    if (!known) throw new AppError('WS_BAD_FRAME', 400, `"${spelling.slice(0, 60)}" is not the name of an event`);
    return known;
  });
  if (fields.minLevel !== undefined && !LOG_LEVELS.includes(fields.minLevel as LogLevel)) {
    throw new AppError('WS_BAD_FRAME', 400, `minLevel is one of ${LOG_LEVELS.join(', ')}`);
  }
  return {
    ...(names ? { events: new Set(names) } : {}),
    ...(fields.stacks ? { stacks: new Set(fields.stacks) } : {}),
    ...(fields.minLevel ? { minLevel: fields.minLevel as LogLevel } : {}),
  };
}

export function isSelected(event: StoredEvent, selection: Selection): boolean {
  if (selection.events && !selection.events.has(event.type)) return false;
  if (selection.stacks && event.stack !== null && !selection.stacks.has(event.stack)) return false;
  if (event.type !== 'log' || !selection.minLevel) return true;
  return LOG_LEVELS.indexOf(event.data['level'] as LogLevel) >= LOG_LEVELS.indexOf(selection.minLevel);
}

/** Asked for `log` alone, somebody follows the log: every event of a run comes as its line (deployments.md 11). */
export function followsLog({ events }: Selection): boolean {
  return events?.size === 1 && events.has('log');
}

/** The same rule as the store's filter of the channel, for events that come live. */
export function isOnChannel(event: StoredEvent, channel: Channel, lifecycle: ReadonlySet<EventName>): boolean {
  if (channel.kind === 'organization') return lifecycle.has(event.type);
  const { scope, stack } = event;
  if (channel.kind === 'sessions') {
    return (
      channel.types.includes(event.type) &&
      (channel.sessionId === undefined || scope.sessionId === channel.sessionId) &&
      (channel.sessionProjectId === undefined || scope.sessionProjectId === channel.sessionProjectId) &&
      (channel.machineId === undefined || scope.machineId === channel.machineId) &&
      (channel.workspaceId === undefined || scope.workspaceId === channel.workspaceId)
    );
  }
  return (
    scope.deploymentId === channel.deploymentId &&
    (channel.environment === undefined || scope.environment === channel.environment) &&
    (channel.operationId === undefined || scope.operationId === channel.operationId) &&
    (channel.stack === undefined || stack === channel.stack)
  );
}
