import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../../shared/events/event-bus.js';
import type { StoredEvent } from '../../shared/events/events.js';
import { createLog, type LogFields } from '../../shared/kernel/log.js';

type Line = (fields: LogFields, data: Readonly<Record<string, unknown>>) => void;

const log = createLog('sessions');
const pick = (data: Readonly<Record<string, unknown>>, ...names: readonly string[]): LogFields =>
  Object.fromEntries(names.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]]])));

/** A line for every event of a session (sessions.md 15), after its commit. */
const LINES: Readonly<Partial<Record<StoredEvent['type'], Line>>> = {
  session_created: (fields) => log.info('session.created', fields),
  session_updated: (fields, data) => log.info('session.updated', { ...fields, ...pick(data, 'changed') }),
  session_completed: (fields) => log.info('session.completed', fields),
  session_archived: (fields) => log.info('session.archived', fields),
  session_deleted: (fields, data) =>
    log.info('session.deleted', { ...fields, ...pick(data, 'tasks_deleted', 'reason') }),
  session_stalled: (fields, data) =>
    log.warn('session.stalled', { ...fields, ...pick(data, 'time_since_heartbeat_ms', 'actor') }),
  session_reactivated: (fields, data) =>
    log.info('session.reactivated', { ...fields, ...pick(data, 'stalled_for_ms', 'false_positive') }),
  session_failed: (fields, data) => {
    const message = String(data['error_message']);
    if (data['cause'] === 'abandoned') log.warn('session.abandoned', { ...fields, error_message: message });
    else log.error('session.failed', { ...fields, error: message, error_message: message });
  },
};

@Injectable()
export class SessionLogListener implements OnModuleInit {
  constructor(private readonly bus: EventBus) {}

  onModuleInit(): void {
    this.bus.on(Object.keys(LINES) as StoredEvent['type'][], ({ type, data }) => {
      LINES[type]?.(pick(data, 'session_id', 'project_id', 'machine_id'), data);
    });
  }
}
