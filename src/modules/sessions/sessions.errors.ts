import { AppError, Conflict, Invalid } from '../../shared/errors/app-error.js';
import type { Session, SessionStatus } from './session.js';

/** Unknown, malformed or another organization's: nobody can tell which. */
export class SessionNotFound extends AppError {
  constructor(id: string) {
    super('RESOURCE_NOT_FOUND', 404, `Session ${id} not found`, { details: { resource: 'session', id } });
  }
}

/** A session named in a body does not exist here. */
export class SessionReferenceInvalid extends Invalid {
  constructor(id: string) {
    super('SESSION_REFERENCE_INVALID', `session_id ${id} is no session of yours`, {
      details: [{ field: 'session_id', messages: ['must be the id of a session'] }],
    });
  }
}

/** The move is not in the table (sessions.md 4.1). */
export class IllegalMove extends Invalid {
  constructor(id: string, from: SessionStatus, to: SessionStatus) {
    super('INVALID_STATE', `A session that is ${from} cannot become ${to}`, { details: { session_id: id, from, to } });
  }
}

/** What was asked for needs a session that still lives. */
export class SessionHasEnded extends Invalid {
  constructor(session: Pick<Session, 'id' | 'status' | 'recoveredTo'>) {
    const next = session.recoveredTo
      ? `; session ${session.recoveredTo} goes on with its work`
      : '; create a new session';
    super('INVALID_STATE', `Session ${session.id} is ${session.status}${next}`, {
      details: { session_id: session.id, status: session.status, recovered_to: session.recoveredTo },
    });
  }
}

/** What was asked for needs the session in one of these states. */
export class WrongState extends Invalid {
  constructor(id: string, status: SessionStatus, wanted: readonly SessionStatus[]) {
    super('INVALID_STATE', `Session ${id} is ${status}; this needs one that is ${wanted.join(' or ')}`, {
      details: { session_id: id, status, wanted },
    });
  }
}

export class SessionNotOnMachine extends Invalid {
  constructor(session: Pick<Session, 'id' | 'machineId'>, machineId: string) {
    super('INVALID_STATE', `Session ${session.id} runs on machine ${session.machineId}, not on ${machineId}`, {
      details: { session_id: session.id, machine_id: session.machineId },
    });
  }
}

/** Another active session has the pair of project and machine; a restarted client adopts it or marks it failed. */
export class ActiveSessionExists extends Conflict {
  constructor(holder: Session, isStalled: boolean) {
    super(
      'ACTIVE_SESSION_EXISTS',
      `Session ${holder.id} is active for project ${holder.projectId} on machine ${holder.machineId}`,
      {
        details: {
          existing_session_id: holder.id,
          status: holder.status,
          last_heartbeat: holder.lastHeartbeatAt.toISOString(),
          is_stalled: isStalled,
        },
        suggestion: 'Go on with that session, or mark it failed and create a new one',
      },
    );
  }
}

export class SlotTaken extends Conflict {
  constructor(machineId: string, slot: number, holderId: string) {
    super('SLOT_TAKEN', `Slot ${slot} of machine ${machineId} is held by session ${holderId}`, {
      details: { machine_id: machineId, docker_slot: slot, holder_session_id: holderId },
      suggestion: 'Take another slot, or end that session',
    });
  }
}

/** The same answer as that of the machine itself. */
export class SlotNotDefined extends Invalid {
  constructor(machineId: string, slot: number, dockerSlots: readonly number[]) {
    super(
      'SLOT_NOT_DEFINED',
      `Machine ${machineId} has no slot ${slot}; its slots are ${dockerSlots.slice(0, 50).join(', ') || 'none'}`,
      { details: { machine_id: machineId, docker_slot: slot, docker_slots: dockerSlots } },
    );
  }
}

export class NoFreeSlot extends Conflict {
  constructor(machineId: string) {
    super('NO_FREE_SLOT', `Machine ${machineId} has no free slot`, {
      details: { machine_id: machineId },
      suggestion: 'Release a session there, or take another machine (GET /api/machines/available)',
    });
  }
}

/** The sender was replaced: by a resume (epoch), a recovery, or another session on the pair. It must stop. */
export class SessionSuperseded extends Conflict {
  constructor(session: Pick<Session, 'id' | 'epoch'>, sentEpoch: number | null, activeSessionId: string) {
    const message =
      session.id === activeSessionId
        ? `Session ${session.id} was resumed by another process: its epoch is ${session.epoch} now`
        : `Session ${session.id} was taken over; session ${activeSessionId} has the work`;
    super('SESSION_SUPERSEDED', message, {
      details: {
        session_id: session.id,
        epoch: sentEpoch,
        current_epoch: session.epoch,
        active_session_id: activeSessionId,
      },
      suggestion: 'Stop: another process does this work now',
    });
  }
}

/** A recovery was prepared and may come any moment (sessions.md 9.2). */
export class RecoveryInProgress extends Conflict {
  constructor(session: Pick<Session, 'id' | 'recoveryLockUntil'>) {
    super('RECOVERY_IN_PROGRESS', `Session ${session.id} is being recovered`, {
      details: { session_id: session.id, recovery_lock_until: session.recoveryLockUntil?.toISOString() ?? null },
      suggestion: 'Stop, or try again after recovery_lock_until',
    });
  }
}

/** Several writers met again and again; nothing was changed. */
export class ConcurrentModification extends Conflict {
  constructor(id: string) {
    super('CONCURRENT_MODIFICATION', `Session ${id} is being changed by others; nothing was changed`, {
      details: { session_id: id },
      suggestion: 'Read it and try again',
    });
  }
}
