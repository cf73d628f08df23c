import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseTime } from '../../shared/database/database-time.js';
import { invalidField } from '../../shared/errors/field-problems.js';
import { type Append, EventLog } from '../../shared/events/event-log.js';
import type { Caller } from '../../shared/http/allow.js';
import type { Slice } from '../../shared/http/paging.js';
import { Ids } from '../../shared/kernel/ids.js';
import { fitsStore, STORED_METADATA_BYTES } from '../../shared/kernel/metadata-limits.js';
import { MachinesService } from '../machines/machines.service.js';
import { SessionClosing } from './session-closing.js';
import { type Claim, SessionConflicts } from './session-conflicts.js';
import { changeNews, sessionNews, stalledNews } from './session-news.js';
import { isLive, LIVE, type Session, SESSION_MOVES, SESSION_STATUSES, type SessionStatus } from './session.js';
import {
  ConcurrentModification,
  IllegalMove,
  RecoveryInProgress,
  SessionHasEnded,
  SessionNotFound,
  SlotNotDefined,
} from './sessions.errors.js';
import {
  type SessionChange,
  type SessionFilter,
  type SessionKey,
  type SessionPage,
  SessionsRepository,
} from './sessions.repository.js';

/** What a client asks for with POST. */
export interface SessionWish {
  readonly projectId: string;
  readonly machineId: string;
  readonly dockerSlot: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** 60,000 to 86,400,000; only lengthens the global one. */
  readonly stallThresholdMs: number | null;
}

/** What a client asks for with PATCH; missing stays. */
export interface SessionPatch {
  readonly status?: SessionStatus;
  readonly currentTaskId?: string | null;
  readonly dockerSlot?: number | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const BY_PATCH = 'marked failed by a change of its status';

/** The neighbours of SessionsService. */
@Injectable()
export class SessionTools {
  constructor(
    readonly machines: MachinesService,
    readonly conflicts: SessionConflicts,
    readonly time: DatabaseTime,
    readonly ids: Ids,
    readonly config: Config,
  ) {}
}

/** Register, read, change and end sessions (sessions.md 4.1, 5.1, 7). Beats: HeartbeatsService. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly closing: SessionClosing,
    private readonly events: EventLog,
    private readonly tools: SessionTools,
  ) {}

  /**
   * @param answered runs as the last step of the transaction: keeps the answer for the Idempotency-Key
   * @throws ActiveSessionExists, SlotTaken; what MachinesService.admit refuses
   */
  create(caller: Caller, wish: SessionWish, answered: (session: Session) => Promise<void>): Promise<Session> {
    const { organization } = caller;
    const id = this.tools.ids.uuid();
    const claim: Claim = { organization, id, ...wish };
    return this.tools.conflicts.named(
      () => claim,
      () =>
        this.events.write(organization, async (append) => {
          await this.tools.conflicts.requireFreePair(claim);
          await this.tools.machines.admit(organization, wish.machineId, id, { slot: wish.dockerSlot, for: 'create' });
          const metadata = Object.fromEntries(Object.entries(wish.metadata).filter(([, value]) => value !== null));
          const session = await this.sessions.insert({ ...claim, ...wish, metadata, createdBy: caller.id });
          append(sessionNews('session_created', session, { recovered_from: null }));
          await answered(session);
          return session;
        }),
    );
  }

  list(caller: Caller, filter: SessionFilter, slice: Slice): Promise<SessionPage> {
    return this.sessions.list(caller.organization, filter, slice);
  }

  /** What `get` tells, for a request that only reads. @throws SessionNotFound */
  async read(caller: Caller, id: string): Promise<Session> {
    const session = await this.sessions.read({ organization: caller.organization, id });
    if (!session) throw new SessionNotFound(id);
    return session;
  }

  /** @throws SessionNotFound */
  async get(caller: Caller, id: string): Promise<Session> {
    const session = await this.sessions.find({ organization: caller.organization, id });
    if (!session) throw new SessionNotFound(id);
    return session;
  }

  /**
   * All of it or nothing. The same status again is no move; `completed` and `failed` run the whole closing.
   * @throws SessionNotFound, IllegalMove, SessionHasEnded, RecoveryInProgress, ActiveSessionExists, SlotTaken, SlotNotDefined
   */
  change(caller: Caller, id: string, patch: SessionPatch): Promise<Session> {
    const key: SessionKey = { organization: caller.organization, id };
    let claim: Claim | undefined;
    return this.tools.conflicts.named(
      () => claim,
      () =>
        this.events.write(caller.organization, async (append) => {
          const before = await this.sessions.find(key);
          if (!before) throw new SessionNotFound(id);
          claim = { ...before, dockerSlot: patch.dockerSlot ?? null };
          await this.requireAllowed(before, patch);
          return this.apply(append, before, patch, caller);
        }),
    );
  }

  /**
   * Failed with everything that hangs on it; a failed one stays as it is.
   * @throws SessionNotFound, IllegalMove when it is completed
   */
  markFailed(
    caller: Caller,
    id: string,
    errorMessage: string,
    context: Readonly<Record<string, unknown>>,
  ): Promise<Session> {
    const key: SessionKey = { organization: caller.organization, id };
    return this.events.write(caller.organization, async (append) => {
      const how = { from: LIVE, cause: 'client', errorMessage, context } as const;
      const session = (await this.closing.close(append, key, 'failed', how)) ?? (await this.get(caller, id));
      if (session.status !== 'failed') throw new IllegalMove(id, session.status, 'failed');
      return session;
    });
  }

  /**
   * Stalled by hand; a stalled one stays as it is.
   * @throws SessionNotFound, IllegalMove when it has ended
   */
  markStalled(caller: Caller, id: string, reason: string | null): Promise<Session> {
    const key: SessionKey = { organization: caller.organization, id };
    return this.events.write(caller.organization, async (append) => {
      const before = await this.get(caller, id);
      if (before.status === 'stalled') return before;
      if (!isLive(before.status)) throw new IllegalMove(id, before.status, 'stalled');
      const session = await this.sessions.change(key, ['active', 'paused'], {
        status: 'stalled',
        ...(reason === null ? {} : { metadata: { stalled_reason: reason } }),
      });
      if (!session) throw new ConcurrentModification(id);
      append(stalledNews(before, session, caller.id));
      return session;
    });
  }

  /** Gone for good with its tasks, in any status. @throws SessionNotFound */
  async remove(caller: Caller, id: string): Promise<void> {
    const key: SessionKey = { organization: caller.organization, id };
    await this.events.write(caller.organization, async (append) => {
      if (!(await this.closing.remove(append, key, { from: SESSION_STATUSES }, 'client')))
        throw new SessionNotFound(id);
    });
  }

  /** Rules that need more than the table of moves: inside the unit of work, on what it has just read. */
  private async requireAllowed(before: Session, patch: SessionPatch): Promise<void> {
    const { id, status, recoveryLockUntil } = before;
    const to = patch.status ?? status;
    if (to !== status && !SESSION_MOVES[status].includes(to)) throw new IllegalMove(id, status, to);
    if (!isLive(status) && ((patch.currentTaskId ?? null) !== null || (patch.dockerSlot ?? null) !== null)) {
      throw new SessionHasEnded(before);
    }
    if (
      to === 'active' &&
      status === 'stalled' &&
      recoveryLockUntil &&
      recoveryLockUntil > (await this.tools.time.now())
    ) {
      throw new RecoveryInProgress(before);
    }
    if (typeof patch.dockerSlot === 'number' && patch.dockerSlot !== before.dockerSlot) {
      const machine = await this.tools.machines.find(before.organization, before.machineId);
      if (machine && !machine.dockerSlots.includes(patch.dockerSlot)) {
        throw new SlotNotDefined(machine.id, patch.dockerSlot, machine.dockerSlots);
      }
    }
  }

  private async apply(append: Append, before: Session, patch: SessionPatch, caller: Caller): Promise<Session> {
    const key: SessionKey = before;
    const to = patch.status === before.status ? undefined : patch.status;
    const ends = to === 'completed' || to === 'failed' ? to : undefined;
    const change: SessionChange = {
      ...(to && !ends ? { status: to as 'active' | 'paused' | 'stalled' } : {}),
      ...fieldsThatDiffer(before, patch),
    };
    const changed = Object.keys(change).map((field) => WIRE_NAMES[field as keyof SessionChange]);
    let session = before;
    if (changed.length > 0) {
      const written = await this.sessions.change(key, [before.status], change);
      if (!written) throw new ConcurrentModification(before.id);
      if (!fitsStore(written.metadata)) throw metadataTooLarge();
      session = written;
      append(changeNews(before, session, changed, caller.id));
    }
    if (!ends) return session;
    const closed = await this.closing.close(append, key, ends, {
      from: [before.status],
      cause: 'patch',
      ...(ends === 'failed' ? { errorMessage: BY_PATCH } : {}),
    });
    if (!closed) throw new ConcurrentModification(before.id);
    return closed;
  }
}

const WIRE_NAMES: Readonly<Record<keyof SessionChange, string>> = {
  status: 'status',
  currentTaskId: 'current_task_id',
  dockerSlot: 'docker_slot',
  machineId: 'machine_id',
  metadata: 'metadata',
};

function fieldsThatDiffer(before: Session, patch: SessionPatch): Omit<SessionChange, 'status'> {
  const { currentTaskId, dockerSlot, metadata } = patch;
  return {
    ...(currentTaskId === undefined || currentTaskId === before.currentTaskId ? {} : { currentTaskId }),
    ...(dockerSlot === undefined || dockerSlot === before.dockerSlot ? {} : { dockerSlot }),
    ...(metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function metadataTooLarge(): Error {
  return invalidField('metadata', 'range', `metadata would have more than ${STORED_METADATA_BYTES} bytes in all`);
}
