import {
  isLive,
  LIVE,
  type Session,
  type SessionStatus,
  STORED_METADATA_BYTES,
} from '../../src/modules/sessions/session.js';
import { activeKeyOf, slotKeyOf } from '../../src/modules/sessions/session.schema.js';
import type {
  Beat,
  NewSession,
  Removable,
  SessionChange,
  SessionFilter,
  SessionKey,
  SessionPage,
  SessionsRepository,
} from '../../src/modules/sessions/sessions.repository.js';
import type { Slice } from '../../src/shared/http/paging.js';
import type { Surface } from '../../src/shared/kernel/surface.js';
import { mergedMetadata, pageOf } from './list-page.js';

/** In-memory twin of SessionsRepository; both pass test/contract/sessions.contract.spec.ts. `now` is the database's clock. */
export class FakeSessionsRepository implements Surface<SessionsRepository> {
  readonly rows = new Map<string, Session>();
  readonly #numbers = new Map<string, number>();

  constructor(private readonly now: () => Date) {}

  async prepare(): Promise<void> {}

  /** Puts sessions there as they are. */
  add(...sessions: readonly Session[]): void {
    for (const session of sessions) {
      this.rows.set(session.id, session);
      this.#numbers.set(session.id, this.#numbers.size + 1);
    }
  }

  async recordHeartbeat(key: SessionKey, beat: Beat): Promise<Session | null> {
    const row = this.#at(key, ['active', 'paused']);
    if (!row || (beat.epoch !== undefined && row.epoch > beat.epoch)) return null;
    if (beat.currentTaskId !== undefined && beat.currentTaskId !== row.currentTaskId) return null;
    return this.#put(this.#beaten(row, beat));
  }

  async recordLateHeartbeat(key: SessionKey, beat: Beat, now: Date): Promise<Session | null> {
    const row = this.#at(key, LIVE);
    if (!row || (beat.epoch !== undefined && row.epoch > beat.epoch)) return null;
    if (row.status === 'stalled' && isLocked(row, now)) return null;
    const beaten = this.#beaten(row, beat);
    const currentTaskId = beat.currentTaskId === undefined ? row.currentTaskId : beat.currentTaskId;
    return this.#put(row.status === 'stalled' ? { ...revived(beaten), currentTaskId } : { ...beaten, currentTaskId });
  }

  async find(key: SessionKey): Promise<Session | null> {
    return this.#at(key);
  }

  async read(key: SessionKey): Promise<Session | null> {
    return this.#at(key);
  }

  async findActive(pair: { organization: string; projectId: string; machineId: string }): Promise<Session | null> {
    const key = activeKeyOf(pair);
    return this.#first((row) => row.status === 'active' && activeKeyOf(row) === key);
  }

  async findSlotHolder(machine: { organization: string; machineId: string }, slot: number): Promise<Session | null> {
    const key = slotKeyOf(machine, slot);
    return this.#first((row) => slotOf(row) === key);
  }

  async list(organization: string, filter: SessionFilter, slice: Slice): Promise<SessionPage> {
    const found = [...this.rows.values()].filter(
      (row) =>
        row.organization === organization &&
        (filter.projectId === undefined || row.projectId === filter.projectId) &&
        (filter.machineId === undefined || row.machineId === filter.machineId) &&
        (!filter.status || row.status === filter.status) &&
        (!filter.updatedSince || row.updatedAt >= filter.updatedSince) &&
        (filter.withArchived === true || !row.isArchived),
    );
    const listed = found.map((item) => ({ item, createdAt: item.createdAt, number: this.#numbers.get(item.id) ?? 0 }));
    const { page, total, next } = pageOf(listed, slice);
    return { items: page, total, next };
  }

  async insert(session: NewSession): Promise<Session> {
    const now = this.now();
    const made: Session = {
      ...session,
      status: 'active',
      lastHeartbeatAt: now,
      currentTaskId: null,
      startedAt: now,
      createdAt: now,
      updatedAt: now,
      completedAt: null,
      isArchived: false,
      archivedAt: null,
      stalledAt: null,
      stallCount: 0,
      heartbeatCount: 0,
      recoveredFrom: session.recoveredFrom ?? null,
      recoveredTo: null,
      recoveryAttempts: session.recoveryAttempts ?? 0,
      recoveryLockUntil: null,
      epoch: session.epoch ?? 1,
      progress: null,
    };
    this.#put(made);
    this.#numbers.set(made.id, this.#numbers.size + 1);
    return made;
  }

  async change(
    key: SessionKey,
    from: readonly SessionStatus[],
    change: SessionChange,
    unlockedAt?: Date,
  ): Promise<Session | null> {
    const row = this.#at(key, from);
    if (!row || (unlockedAt && isLocked(row, unlockedAt))) return null;
    const { status, currentTaskId, dockerSlot, machineId, metadata } = change;
    const changed: Session = {
      ...row,
      ...(status ? { status } : {}),
      ...(currentTaskId === undefined ? {} : { currentTaskId }),
      ...(dockerSlot === undefined ? {} : { dockerSlot }),
      ...(machineId === undefined ? {} : { machineId }),
      ...(metadata ? { metadata: mergedMetadata(row.metadata, metadata) } : {}),
      updatedAt: this.now(),
    };
    if (status === 'active') {
      return this.#put({
        ...revived(changed),
        epoch: row.epoch + 1,
        lastHeartbeatAt: later(row.lastHeartbeatAt, this.now()),
      });
    }
    if (status !== 'stalled') return this.#put(changed);
    return this.#put({ ...changed, stalledAt: this.now(), stallCount: row.stallCount + 1 });
  }

  async close(
    key: SessionKey,
    to: 'completed' | 'failed',
    from: readonly SessionStatus[],
    failure: { readonly message: string; readonly context: Readonly<Record<string, unknown>> } | null,
  ): Promise<Session | null> {
    const row = this.#at(key, from);
    if (!row) return null;
    const hasContext = failure !== null && Object.keys(failure.context).length > 0;
    const notes = {
      ...(row.currentTaskId === null ? {} : { last_task_id: row.currentTaskId }),
      ...(failure ? { error_message: failure.message, failed_at: this.now() } : {}),
      ...(hasContext ? { error_context: failure.context } : {}),
    };
    const whole = { ...row.metadata, ...mergedMetadata({}, failure?.context ?? {}), ...notes };
    const fits = !hasContext || Buffer.byteLength(JSON.stringify(whole)) <= STORED_METADATA_BYTES;
    return this.#put({
      ...row,
      status: to,
      completedAt: row.completedAt ?? this.now(),
      currentTaskId: null,
      stalledAt: null,
      recoveryLockUntil: null,
      updatedAt: this.now(),
      metadata: fits ? whole : { ...row.metadata, ...notes },
    });
  }

  async remove(key: SessionKey, which: Removable): Promise<Session | null> {
    const row = this.#at(key, which.from);
    if (!row) return null;
    const { endedBefore, archivedBefore } = which;
    if (endedBefore && (row.isArchived || row.completedAt === null || row.completedAt >= endedBefore)) return null;
    if (archivedBefore && (!row.isArchived || row.archivedAt === null || row.archivedAt >= archivedBefore)) return null;
    this.rows.delete(row.id);
    return row;
  }

  async clearCurrentTask(key: SessionKey, taskId: string): Promise<Session | null> {
    const row = this.#at(key);
    return row?.currentTaskId === taskId ? this.#put({ ...row, currentTaskId: null, updatedAt: this.now() }) : null;
  }

  #at({ organization, id }: SessionKey, from?: readonly SessionStatus[]): Session | null {
    const row = this.rows.get(id);
    return row?.organization === organization && (!from || from.includes(row.status)) ? row : null;
  }

  #first(test: (row: Session) => boolean): Session | null {
    return [...this.rows.values()].find(test) ?? null;
  }

  #beaten(row: Session, { metadata, progress }: Beat): Session {
    const merged = metadata ? mergedMetadata(row.metadata, metadata) : row.metadata;
    const fits = Buffer.byteLength(JSON.stringify(merged)) <= STORED_METADATA_BYTES;
    return {
      ...row,
      lastHeartbeatAt: later(row.lastHeartbeatAt, this.now()),
      heartbeatCount: row.heartbeatCount + 1,
      updatedAt: this.now(),
      metadata: fits ? merged : row.metadata,
      ...(progress ? { progress } : {}),
    };
  }

  /** The unique indexes. */
  #put(row: Session): Session {
    for (const other of this.rows.values()) {
      if (other.id === row.id) continue;
      if (row.status === 'active' && other.status === 'active' && activeKeyOf(row) === activeKeyOf(other)) {
        throw duplicate('active_key_1');
      }
      if (slotOf(row) !== null && slotOf(row) === slotOf(other)) throw duplicate('slot_key_1');
      if (row.recoveredFrom !== null && row.recoveredFrom === other.recoveredFrom) throw duplicate('recovered_from_1');
    }
    this.rows.set(row.id, row);
    return row;
  }
}

function duplicate(index: string): Error {
  return Object.assign(new Error(`E11000 duplicate key error index: ${index}`), { code: 11000 });
}

function slotOf(row: Session): string | null {
  return row.dockerSlot !== null && isLive(row.status) ? slotKeyOf(row, row.dockerSlot) : null;
}

function isLocked(row: Session, now: Date): boolean {
  return row.recoveryLockUntil !== null && row.recoveryLockUntil > now;
}

function revived(row: Session): Session {
  const { machine_released: _released, stalled_reason: _reason, ...metadata } = row.metadata;
  return { ...row, status: 'active', stalledAt: null, recoveryLockUntil: null, metadata };
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}
