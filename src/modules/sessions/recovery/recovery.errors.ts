import { Invalid } from '../../../shared/errors/app-error.js';

/** The work was recovered again and again without completing a task. */
export class RecoveryLimitReached extends Invalid {
  constructor(id: string, attempts: number, limit: number) {
    super(
      'RECOVERY_LIMIT_REACHED',
      `Session ${id} was recovered ${attempts} time(s) in a row without a completed task; at most ${limit} are allowed`,
      {
        details: { session_id: id, recovery_attempts: attempts, max_recovery_attempts: limit },
        suggestion: 'Look at its failure-info, then create a new session',
      },
    );
  }
}
