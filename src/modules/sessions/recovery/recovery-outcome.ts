import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import type { AppError } from '../../../shared/errors/app-error.js';
import { createLog } from '../../../shared/kernel/log.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import type { Session } from '../session.js';
import { RecoveryLimitReached } from './recovery.errors.js';

const log = createLog('sessions');

/** Limits of recovery, and what is told about it. */
@Injectable()
export class RecoveryOutcome {
  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  get lockMs(): number {
    return this.config.sessions.recoveryLockMs;
  }

  /** @throws RecoveryLimitReached */
  requireWithinLimit(original: Session, attempt: number): void {
    const { maxRecoveryAttempts } = this.config.sessions;
    if (maxRecoveryAttempts > 0 && attempt > maxRecoveryAttempts) {
      throw new RecoveryLimitReached(original.id, original.recoveryAttempts, maxRecoveryAttempts);
    }
  }

  tellPrepared({ id, projectId }: Session, isReleased: boolean): void {
    log.info('recovery.prepared', { original_session_id: id, project_id: projectId, released: isReleased });
  }

  /** New ones are counted by their event. */
  tell(originalId: string, session: Session, isNew: boolean): void {
    const fields = { original_session_id: originalId, new_session_id: session.id, project_id: session.projectId };
    if (isNew) return log.info('recovery.created', fields);
    this.metrics.count('recoveries_total', { result: 'replayed' });
    log.info('recovery.replayed', fields);
  }

  tellRejected(originalId: string, { code, message }: AppError): void {
    this.metrics.count('recoveries_total', { result: 'rejected' });
    log.warn('recovery.rejected', { original_session_id: originalId, new_session_id: null, code, reason: message });
  }
}
