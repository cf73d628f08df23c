import { Injectable } from '@nestjs/common';
import { AppError } from '../../../shared/errors/app-error.js';
import { type Append, EventLog } from '../../../shared/events/event-log.js';
import type { Caller } from '../../../shared/http/allow.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { MachinesService } from '../../machines/machines.service.js';
import { TasksService } from '../../tasks/tasks.service.js';
import { SessionClosing } from '../session-closing.js';
import { type Claim, SessionConflicts } from '../session-conflicts.js';
import { sessionNews } from '../session-news.js';
import { RESERVED_METADATA_KEYS, type Session, type SessionStatus } from '../session.js';
import { ConcurrentModification, SessionNotFound, WrongState } from '../sessions.errors.js';
import { duplicateOf, type SessionKey, SessionsRepository } from '../sessions.repository.js';
import { inheritedMetadata, nextAttempt } from './recovery-rules.js';
import { RecoveryOutcome } from './recovery-outcome.js';
import { RecoveryRepository } from './recovery.repository.js';

/** States a session may be recovered from. */
const SOURCES: readonly SessionStatus[] = ['failed', 'stalled'];

export interface RecoveryWish {
  readonly machineId: string;
  readonly dockerSlot: number | null;
  /** Failed tasks become pending ones of the new session. */
  readonly resetFailed: boolean;
  /** Pending and blocked tasks are copied too. */
  readonly carryPending: boolean;
}

export interface Recovered {
  readonly session: Session;
  /** false: it had been recovered already, this is the session of then. */
  readonly isNew: boolean;
}

/** The neighbours of RecoveryService. */
@Injectable()
export class RecoveryTools {
  constructor(
    readonly closing: SessionClosing,
    readonly conflicts: SessionConflicts,
    readonly tasks: TasksService,
    readonly machines: MachinesService,
    readonly ids: Ids,
  ) {}
}

/** Hands the work of a dead session over to a new one (sessions.md 9). */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly recoveries: RecoveryRepository,
    private readonly events: EventLog,
    private readonly tools: RecoveryTools,
    private readonly outcome: RecoveryOutcome,
  ) {}

  /**
   * Repeatable. Heartbeats of the stalled original are refused for RECOVERY_LOCK_MS; afterwards one revives it again.
   * @param release also take it off its machine and free its slot
   * @throws SessionNotFound, WrongState unless failed or stalled
   */
  async prepare({ organization }: Caller, id: string, release: boolean): Promise<Session> {
    const prepared = await this.events.write(organization, async (append) => {
      const session = await this.recoveries.prepare({ organization, id }, this.outcome.lockMs, release);
      if (!session) throw await this.whyNot({ organization, id });
      if (release) await this.tools.machines.release(organization, session.machineId, id);
      const changed = ['recovery_lock_until', 'metadata', ...(release ? ['docker_slot'] : [])];
      append(sessionNews('session_updated', session, { changed }));
      return session;
    });
    this.outcome.tellPrepared(prepared, release);
    return prepared;
  }

  /**
   * One transaction: the original is completed and points to the new session, which is active on its machine with copies of the
   * tasks. Of parallel recoveries, also of other servers, one makes it; the others get the same session.
   * @param answered runs as the last step of the transaction of a new session: keeps the answer for the Idempotency-Key
   * @throws SessionNotFound, WrongState, RecoveryLimitReached, ActiveSessionExists, SlotTaken; what MachinesService.admit refuses
   */
  async recover(
    caller: Caller,
    id: string,
    wish: RecoveryWish,
    answered: (session: Session) => Promise<void>,
  ): Promise<Recovered> {
    const key: SessionKey = { organization: caller.organization, id };
    try {
      const recovered = await this.attempt(caller, key, wish, answered);
      this.outcome.tell(id, recovered.session, recovered.isNew);
      return recovered;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) this.outcome.tellRejected(id, error);
      throw error;
    }
  }

  private async attempt(
    caller: Caller,
    key: SessionKey,
    wish: RecoveryWish,
    answered: (session: Session) => Promise<void>,
  ): Promise<Recovered> {
    const newId = this.tools.ids.uuid();
    let claim: Claim | undefined;
    try {
      return await this.tools.conflicts.named(
        () => claim,
        () =>
          this.events.write(caller.organization, async (append) => {
            const original = await this.sessions.find(key);
            if (!original) throw new SessionNotFound(key.id);
            if (original.recoveredTo !== null) return this.successorOf(original);
            if (!SOURCES.includes(original.status)) throw new WrongState(key.id, original.status, SOURCES);
            claim = {
              organization: caller.organization,
              id: newId,
              projectId: original.projectId,
              machineId: wish.machineId,
              dockerSlot: wish.dockerSlot,
            };
            const session = await this.handOver(append, original, claim, wish, caller.id);
            await answered(session);
            return { session, isNew: true };
          }),
      );
    } catch (error) {
      const successor =
        duplicateOf(error) === 'recovery' ? await this.recoveries.findSuccessor(caller.organization, key.id) : null;
      if (successor) return { session: successor, isNew: false };
      throw error;
    }
  }

  /** The order matters: what the original holds (pair, slot, machine) is free before the new session asks for it. */
  private async handOver(
    append: Append,
    original: Session,
    claim: Claim,
    wish: RecoveryWish,
    createdBy: string,
  ): Promise<Session> {
    const { closing, conflicts, machines, tasks } = this.tools;
    const { byStatus } = await tasks.statsOf(original.organization, { sessionId: original.id });
    const attempt = nextAttempt(original, byStatus.completed);
    this.outcome.requireWithinLimit(original, attempt);

    const closed = await closing.close(append, original, 'completed', { from: [original.status], cause: 'recovery' });
    const linked = closed && (await this.recoveries.linkTo(original, claim.id, original.status, attempt));
    if (!linked) throw new ConcurrentModification(original.id);
    append(
      sessionNews('session_recovered', linked, {
        recovered_to: claim.id,
        attempt,
        previous_status: original.status,
      }),
    );
    await conflicts.requireFreePair(claim);
    await machines.admit(claim.organization, claim.machineId, claim.id, { slot: claim.dockerSlot, for: 'recover' });
    const session = await this.sessions.insert({
      ...claim,
      metadata: inheritedMetadata(original.metadata, RESERVED_METADATA_KEYS),
      stallThresholdMs: original.stallThresholdMs,
      createdBy,
      epoch: original.epoch + 1,
      recoveredFrom: original.id,
      recoveryAttempts: attempt,
    });
    append(sessionNews('session_created', session, { recovered_from: original.id }));
    await tasks.copyForRecovery(append, original, session, {
      resetFailed: wish.resetFailed,
      carryPending: wish.carryPending,
    });
    return session;
  }

  private async successorOf(original: Session): Promise<Recovered> {
    const session = await this.sessions.find({
      organization: original.organization,
      id: original.recoveredTo ?? '',
    });
    if (!session) throw new WrongState(original.id, original.status, SOURCES); // it was removed since
    return { session, isNew: false };
  }

  private async whyNot(key: SessionKey): Promise<AppError> {
    const session = await this.sessions.find(key);
    return session ? new WrongState(key.id, session.status, SOURCES) : new SessionNotFound(key.id);
  }
}
