import { AppError, Invalid } from '../../shared/errors/app-error.js';
import type { TaskStatus } from './task.js';
import { TASK_MOVES } from './task.js';

/** 404; also for another organization's task. */
export class TaskNotFound extends AppError {
  constructor(id: string) {
    super('RESOURCE_NOT_FOUND', 404, `Task ${id} not found`, { details: { resource: 'task', id } });
  }
}

/** 400 `INVALID_STATE`: the table of moves has no such move. */
export class IllegalTaskMove extends Invalid {
  constructor(id: string, from: TaskStatus, to: TaskStatus) {
    const open = TASK_MOVES[from].join(', ');
    super('INVALID_STATE', `Task ${id} is ${from} and cannot become ${to}; from here it can become ${open}`, {
      details: { task_id: id, from, to },
    });
  }
}

/** 400 `INVALID_STATE`: its session is over. */
export class SessionOver extends Invalid {
  constructor(id: string, from: TaskStatus, sessionId: string, sessionStatus: string) {
    super(
      'INVALID_STATE',
      `Task ${id} cannot start: its session ${sessionId} is ${sessionStatus}. Recover the session and start its copy there`,
      { details: { task_id: id, from, to: 'in_progress', session_id: sessionId, session_status: sessionStatus } },
    );
  }
}

/** 400 `SESSION_REFERENCE_INVALID`, with the field as validation has it. */
export class SessionReferenceInvalid extends Invalid {
  constructor(field: string, sessionId: string) {
    const message = `${field} names no session: there is no session ${sessionId.slice(0, 100)}`;
    super('SESSION_REFERENCE_INVALID', message, { details: [{ field, messages: [message] }] });
  }
}

/** 400 `PROJECT_MISMATCH`, with the field as validation has it. */
export class ProjectMismatch extends Invalid {
  constructor(field: string, sessionId: string, projectId: string) {
    const message = `${field} must be that of session ${sessionId}: ${projectId}`;
    super('PROJECT_MISMATCH', message, { details: [{ field, messages: [message] }] });
  }
}
