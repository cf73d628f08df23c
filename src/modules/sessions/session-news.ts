import {
  draft,
  type EventDraft,
  type EventName,
  type EventScope,
  type Payload,
  type SessionNews,
} from '../../shared/events/events.js';
import { type Session, sinceHeartbeatMs } from './session.js';

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

/** The event of a change that did not end the session. */
export function changeNews(before: Session, after: Session, changed: readonly string[], actor: string): EventDraft {
  if (after.status === 'stalled' && before.status !== 'stalled') return stalledNews(before, after, actor);
  if (after.status === 'active' && before.status === 'stalled') {
    // Somebody resumed it on purpose: that says nothing about the detector.
    return sessionNews('session_reactivated', after, {
      changed,
      stalled_for_ms: stalledForMs(before, after),
      false_positive: false,
    });
  }
  return sessionNews('session_updated', after, {
    changed,
    ...(before.status === after.status ? {} : { previous_status: before.status }),
  });
}

/** @param actor who marked it: a key, a user, or the run of the detector */
export function stalledNews(before: Session, after: Session, actor: string): EventDraft {
  return sessionNews('session_stalled', after, {
    last_heartbeat: after.lastHeartbeatAt.toISOString(),
    time_since_heartbeat_ms: sinceHeartbeatMs(before, after.updatedAt),
    stall_count: after.stallCount,
    actor,
  });
}

/** How long it was stalled; both instants are the database's. */
export function stalledForMs(before: Session, after: Session): number {
  return before.stalledAt ? Math.max(0, after.updatedAt.getTime() - before.stalledAt.getTime()) : 0;
}
