import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import type { JobTurn } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { createLog } from '../../../shared/kernel/log.js';
import { SessionClosing } from '../session-closing.js';
import { sessionNews } from '../session-news.js';
import type { Session, SessionStatus } from '../session.js';
import { DetectionRepository } from './detection.repository.js';
import { StallDetection } from './stall-detection.js';

const BATCH = 100;
const HOUR_MS = 3_600_000;
/** The warning goes out this long before, in ms. */
const NOTICE_MS = HOUR_MS;
const MESSAGE = 'abandoned: no heartbeat';

const log = createLog('sessions');

/** Which silence ends a session: paused ones may be silent for longer. */
interface Rule {
  readonly statuses: readonly SessionStatus[];
  readonly afterMs: number;
}

/**
 * Sessions nobody will come back to (sessions.md 8.3): after a day of silence (paused: a week) they fail by the same path as
 * mark-failed; an hour before, `session_expiring` says so once. While our own brake is on nothing is judged.
 */
@Injectable()
export class Abandonment {
  readonly #rules: readonly Rule[];

  constructor(
    private readonly sessions: DetectionRepository,
    private readonly closing: SessionClosing,
    private readonly detection: StallDetection,
    private readonly events: EventLog,
    { sessions: { abandonedAfterHours, pausedAbandonedAfterHours } }: Config,
  ) {
    const rules: Rule[] = [
      { statuses: ['active', 'stalled'], afterMs: abandonedAfterHours * HOUR_MS },
      { statuses: ['paused'], afterMs: pausedAbandonedAfterHours * HOUR_MS },
    ];
    this.#rules = rules.filter(({ afterMs }) => afterMs > 0);
  }

  /** @returns how many failed */
  async run(turn: JobTurn): Promise<number> {
    const { now, brake } = await this.detection.judge();
    if (brake.isActive) {
      log.warn('abandonment braked', { run_id: turn.runId, reason: brake.reason, until: brake.until });
      return 0;
    }
    let count = 0;
    for (const rule of this.#rules) {
      count += await this.fail(rule, now, turn);
      await this.warn(rule, now, turn);
    }
    return count;
  }

  /** One that cannot be failed is told and does not hold up the others. */
  private async fail({ statuses, afterMs }: Rule, now: Date, turn: JobTurn): Promise<number> {
    const cutoff = new Date(now.getTime() - afterMs);
    let count = 0;
    while (!turn.signal.aborted) {
      const batch = await this.sessions.listSilent(statuses, cutoff, BATCH, { unwarnedOnly: false });
      let failed = 0;
      for (const session of batch) {
        try {
          if (await this.failOne(session, statuses)) failed += 1;
        } catch (error) {
          log.error('abandoned session not failed', { error, session_id: session.id, run_id: turn.runId });
        }
      }
      count += failed;
      if (batch.length < BATCH || failed === 0) break; // what gave a sign of life meanwhile is no longer listed
    }
    return count;
  }

  private failOne(session: Session, statuses: readonly SessionStatus[]): Promise<boolean> {
    return this.events.write(session.organization, async (append) => {
      if (!(await this.sessions.isStillSilent(session, statuses))) return false;
      const how = { from: statuses, cause: 'abandoned', errorMessage: MESSAGE } as const;
      return (await this.closing.close(append, session, 'failed', how)) !== null;
    });
  }

  private async warn({ statuses, afterMs }: Rule, now: Date, turn: JobTurn): Promise<void> {
    const before = new Date(now.getTime() - afterMs + NOTICE_MS);
    const after = new Date(now.getTime() - afterMs);
    while (!turn.signal.aborted) {
      const batch = await this.sessions.listSilent(statuses, before, BATCH, { unwarnedOnly: true, after });
      let warned = 0;
      for (const session of batch) if (await this.warnOne(session, statuses, afterMs)) warned += 1;
      if (batch.length < BATCH || warned === 0) break;
    }
  }

  private warnOne(session: Session, statuses: readonly SessionStatus[], afterMs: number): Promise<boolean> {
    const expiresAt = new Date(session.lastHeartbeatAt.getTime() + afterMs);
    return this.events.write(session.organization, async (append) => {
      const marked = await this.sessions.markExpiring(session, statuses);
      if (marked) append(sessionNews('session_expiring', marked, { expires_at: expiresAt.toISOString() }));
      return marked !== null;
    });
  }
}
