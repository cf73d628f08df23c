import {
  draft,
  type EventDraft,
  type EventName,
  type EventScope,
  type Payload,
  type SessionNews,
} from '../../shared/events/events.js';
import type { Session } from './session.js';

type SessionEvent = { [N in EventName]: Payload<N> extends SessionNews ? N : never }[EventName];

/** Where the events of a session belong. */
export function scopeOf(session: Session): EventScope {
  return {
    organization: session.organization,
    sessionId: session.id,
    sessionProjectId: session.projectId,
    machineId: session.machineId,
  };
}

/** An event of a session; ids and status come from it, the rest is given. */
export function sessionNews<N extends SessionEvent>(
  type: N,
  session: Session,
  extra: Omit<Payload<N>, 'session_id' | 'project_id' | 'machine_id' | 'status'>,
): EventDraft<N> {
  const news = {
    session_id: session.id,
    project_id: session.projectId,
    machine_id: session.machineId,
    status: session.status,
    ...extra,
  };
  return draft(type, scopeOf(session), news as unknown as Payload<N>);
}
