import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { isDuplicateKey } from '../../shared/database/base.repository.js';
import { invalidField } from '../../shared/errors/field-problems.js';
import { EventLog } from '../../shared/events/event-log.js';
import { draft, type EventScope, type Payload } from '../../shared/events/events.js';
import type { Caller } from '../../shared/http/allow.js';
import type { Slice } from '../../shared/http/paging.js';
import { Ids } from '../../shared/kernel/ids.js';
import { createLog } from '../../shared/kernel/log.js';
import { fitsStore, STORED_METADATA_BYTES } from '../../shared/kernel/metadata-limits.js';
import {
  type AvailableMachine,
  byFreeSlots,
  infoOfSlots,
  type Machine,
  MACHINE_STATUSES,
  type MachineChange,
  type MachineDraft,
  type MachineStats,
  type MachineStatus,
  type SlotInfo,
  slotUse,
} from './machine.js';
import {
  MachineExists,
  MachineInUse,
  MachineNotFound,
  MachineNotRegistered,
  MachineUnavailable,
  SlotInUse,
  SlotNotDefined,
  SlotTaken,
} from './machines.errors.js';
import { type MachineFilter, type MachineKey, type MachinePage, MachinesRepository } from './machines.repository.js';
import { MachineSessionReads, type SessionOnMachine } from './session.reads.js';

/** What a session wants of a machine. */
export interface Admission {
  /** null: no slot. */
  readonly slot: number | null;
  readonly for: 'create' | 'recover' | 'assign';
}

/** Machines marked in one unit of work, and looked at in one go by the jobs. */
const BATCH = 100;
/** A beat in one of these states is no news. */
const REACHABLE: readonly MachineStatus[] = ['online', 'maintenance'];
/** Machines that GET /api/machines/available looks at. */
const MAX_AVAILABLE = 1000;
const log = createLog('machines');

/** Machines and their slots (sessions.md 4.3, 5.5, 7.3, 7.4). */
@Injectable()
export class MachinesService {
  constructor(
    private readonly machines: MachinesRepository,
    private readonly sessions: MachineSessionReads,
    private readonly events: EventLog,
    private readonly ids: Ids,
    private readonly config: Config,
  ) {}

  /**
   * @param answered runs as the last step of the transaction: keeps the answer for the Idempotency-Key
   * @throws MachineExists, SlotNotDefined for limits of a slot that is not there
   */
  async register(caller: Caller, given: MachineDraft, answered: (machine: Machine) => Promise<void>): Promise<Machine> {
    const { organization } = caller;
    const id = given.id ?? this.ids.uuid();
    requireKnownSlots(id, given.slotInfo, given.dockerSlots);
    try {
      const machine = await this.events.write(organization, async (append) => {
        const metadata = Object.fromEntries(Object.entries(given.metadata).filter(([, value]) => value !== null));
        const made = await this.machines.insert({ ...given, id, organization, metadata });
        append(draft('machine_registered', scopeOf(made), newsOf(made)));
        await answered(made);
        return made;
      });
      log.info('machine.registered', fieldsOf(machine));
      return machine;
    } catch (error) {
      const current = isDuplicateKey(error) ? await this.machines.find(organization, id) : null;
      throw current ? new MachineExists(current) : error;
    }
  }

  /** @throws MachineNotFound */
  async get(caller: Caller, machineId: string): Promise<Machine> {
    const machine = await this.machines.find(caller.organization, machineId);
    if (!machine) throw new MachineNotFound(machineId);
    return machine;
  }

  list(caller: Caller, filter: MachineFilter, slice: Slice): Promise<MachinePage> {
    return this.machines.list(caller.organization, filter, slice);
  }

  /** Online machines, most free slots first. */
  async available(caller: Caller): Promise<readonly AvailableMachine[]> {
    const machines = await this.machines.listOnline(caller.organization, MAX_AVAILABLE);
    const held = heldSlots(await this.sessions.live(caller.organization));
    return machines
      .map((machine) => ({ machine, ...slotUse(machine.dockerSlots, held.get(machine.id) ?? []) }))
      .sort(byFreeSlots);
  }

  async stats(caller: Caller): Promise<MachineStats> {
    const counts = await this.machines.countByStatus(caller.organization);
    const live = await this.sessions.live(caller.organization);
    const held = heldSlots(live);
    const users = await this.machines.findMany(caller.organization, [...held.keys()]);
    const occupied = (list: readonly Machine[]): number =>
      list.reduce((sum, one) => sum + slotUse(one.dockerSlots, held.get(one.id) ?? []).occupied.length, 0);
    const of = (status: MachineStatus) => counts.find((count) => count.status === status);
    return {
      total: counts.reduce((sum, count) => sum + count.machines, 0),
      byStatus: Object.fromEntries(MACHINE_STATUSES.map((s) => [s, of(s)?.machines ?? 0])) as Record<
        MachineStatus,
        number
      >,
      totalSlots: counts.reduce((sum, count) => sum + count.slots, 0),
      occupiedSlots: occupied(users),
      availableSlots: (of('online')?.slots ?? 0) - occupied(users.filter((one) => one.status === 'online')),
      liveSessions: live.length,
    };
  }

  /**
   * Does not touch the heartbeat. Slots that go take their limits along.
   * @throws MachineNotFound, SlotInUse, SlotNotDefined, AppError 400 naming the field
   */
  async update(caller: Caller, machineId: string, change: MachineChange): Promise<Machine> {
    const { organization } = caller;
    const { before, after } = await this.events.write(organization, async (append) => {
      const found = await this.machines.find(organization, machineId);
      if (!found) throw new MachineNotFound(machineId);
      const whole = { ...change, ...slotInfoAfter(found, change) };
      const changed = changedFields(found, whole);
      if (changed.length === 0) return { before: found, after: found };
      const next = await this.machines.change(organization, machineId, whole);
      if (!next) throw new MachineNotFound(machineId);
      requireRoom(next);
      await this.requireUnheld(next, found.dockerSlots);
      append(draft(eventOfMove(found.status, next.status), scopeOf(next), { ...newsOf(next), changed }));
      return { before: found, after: next };
    });
    if (before.status !== after.status) this.logStatus(after);
    return after;
  }

  /**
   * One sign of life: online again unless in maintenance, and listed are exactly the live sessions on it. Where that is so
   * already it is a single write outside of any transaction, so that beats wait for nobody.
   * @throws MachineNotFound
   */
  async heartbeat(
    caller: Caller,
    machineId: string,
    metadata: Readonly<Record<string, unknown>> = {},
  ): Promise<{ readonly machine: Machine; readonly cameOnline: boolean }> {
    const { organization } = caller;
    const beaten = await this.machines.beat(organization, machineId, REACHABLE, metadata, STORED_METADATA_BYTES);
    if (!beaten) return this.comeOnline(organization, machineId, metadata);
    const repaired = (await this.isAstray(beaten)) ? await this.repair(beaten) : null;
    return { machine: repaired ?? beaten, cameOnline: false };
  }

  /** @throws MachineNotFound, MachineInUse */
  async remove(caller: Caller, machineId: string): Promise<void> {
    await this.events.write(caller.organization, async (append) => {
      const machine = await this.machines.remove(caller.organization, machineId);
      if (!machine) throw new MachineNotFound(machineId);
      const live = await this.sessions.liveOn(caller.organization, machineId);
      if (live.length > 0)
        throw new MachineInUse(
          machineId,
          live.map((session) => session.id),
        );
      append(draft('machine_deleted', scopeOf(machine), newsOf(machine)));
    });
  }

  find(organization: string, machineId: string): Promise<Machine | null> {
    return this.machines.find(organization, machineId);
  }

  /**
   * Inside the session's unit of work: the machine takes the session, or says why not. A machine that is not registered takes
   * everything but an assignment, unless SESSIONS_REQUIRE_REGISTERED_MACHINE.
   * @throws MachineUnavailable, SlotNotDefined, SlotTaken, MachineNotRegistered, MachineNotFound (assign)
   */
  async admit(organization: string, machineId: string, sessionId: string, want: Admission): Promise<void> {
    const machine = await this.machines.find(organization, machineId);
    if (!machine) {
      if (want.for === 'assign') throw new MachineNotFound(machineId);
      if (this.config.sessions.requireRegisteredMachine) throw new MachineNotRegistered(machineId);
    } else {
      const isClosed = machine.status === 'maintenance' || (machine.status === 'offline' && want.for !== 'create');
      if (isClosed) throw new MachineUnavailable(machineId, machine.status);
      if (want.slot !== null && !machine.dockerSlots.includes(want.slot)) {
        throw new SlotNotDefined(machineId, want.slot, machine.dockerSlots);
      }
      await this.machines.addSession(organization, machineId, sessionId);
    }
    if (want.slot !== null) {
      const live = await this.sessions.liveOn(organization, machineId);
      const holder = live.find((session) => session.dockerSlot === want.slot && session.id !== sessionId);
      if (holder) throw new SlotTaken(machineId, want.slot, holder.id);
    }
  }

  /** Inside the session's unit of work: the session is listed no more. No effect on a machine that is not registered. */
  release(organization: string, machineId: string, sessionId: string): Promise<void> {
    return this.machines.pullSession(organization, machineId, sessionId);
  }

  /** Free slots, lowest first; none on a machine that is not registered. */
  async lowestFree(organization: string, machineId: string): Promise<readonly number[]> {
    const machine = await this.machines.find(organization, machineId);
    if (!machine) return [];
    const live = await this.sessions.liveOn(organization, machineId);
    return slotUse(
      machine.dockerSlots,
      live.map((session) => session.dockerSlot),
    ).free;
  }

  /**
   * Machines that neither they themselves nor a live session on them were heard of for MACHINE_OFFLINE_THRESHOLD_MS go offline,
   * with one event each however many instances look.
   * @param now the database's time
   * @returns those that this call marked
   */
  async markSilentOffline(now: Date): Promise<readonly Machine[]> {
    const cutoff = new Date(now.getTime() - this.config.sessions.machineOfflineThresholdMs);
    const marked: Machine[] = [];
    for (let skip = 0; ;) {
      const silent = await this.machines.findSilent(cutoff, skip, BATCH);
      let left = silent.length;
      for (const [organization, ids] of byOrganization(silent)) {
        const gone = await this.markOffline(organization, ids, cutoff);
        marked.push(...gone);
        left -= gone.length;
      }
      skip += left;
      if (silent.length < BATCH) break;
    }
    for (const machine of marked) this.logStatus(machine);
    return marked;
  }

  /** Lists exactly the live sessions wherever a machine lists others; at most `limit` machines. @returns how many */
  async repairActiveSessions(limit: number): Promise<number> {
    let repaired = 0;
    let after: MachineKey | null = null;
    while (repaired < limit) {
      const page: readonly Machine[] = await this.machines.page(after, BATCH);
      for (const machine of page) {
        if (repaired < limit && (await this.isAstray(machine))) repaired += (await this.repair(machine)) ? 1 : 0;
      }
      after = page.at(-1) ?? null;
      if (page.length < BATCH) break;
    }
    return repaired;
  }

  private async markOffline(organization: string, ids: readonly string[], cutoff: Date): Promise<readonly Machine[]> {
    return this.events.write(organization, async (append) => {
      const heard = await this.sessions.heardOn(organization, ids, cutoff);
      const gone: Machine[] = [];
      for (const id of ids) {
        const machine = heard.has(id) ? null : await this.machines.markOffline(organization, id, cutoff);
        if (!machine) continue;
        append(draft('machine_offline', scopeOf(machine), { ...newsOf(machine), changed: ['status'] }));
        gone.push(machine);
      }
      return gone;
    });
  }

  private async comeOnline(
    organization: string,
    machineId: string,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly machine: Machine; readonly cameOnline: boolean }> {
    const beat = await this.events.write(organization, async (append) => {
      const before = await this.machines.find(organization, machineId);
      const beaten = await this.machines.beat(
        organization,
        machineId,
        MACHINE_STATUSES,
        metadata,
        STORED_METADATA_BYTES,
      );
      if (!before || !beaten) throw new MachineNotFound(machineId);
      const machine = (await this.syncSessions(beaten)) ?? beaten;
      const cameOnline = before.status !== machine.status;
      if (cameOnline) append(draft('machine_online', scopeOf(machine), { ...newsOf(machine), changed: ['status'] }));
      return { machine, cameOnline };
    });
    if (beat.cameOnline) this.logStatus(beat.machine);
    return beat;
  }

  private async isAstray(machine: Machine): Promise<boolean> {
    return !isSame(machine.activeSessions, await this.listedOn(machine));
  }

  /** @returns null when it lists the right ones, seen in one transaction, or is gone */
  private repair({ organization, id }: Machine): Promise<Machine | null> {
    return this.events.write(organization, async () => {
      const seen = await this.machines.find(organization, id);
      if (!seen || !(await this.isAstray(seen))) return null;
      const machine = await this.machines.change(organization, id, {}); // a write: nobody adds or pulls meanwhile
      return machine && this.syncSessions(machine);
    });
  }

  /** @returns null when it lists the right ones already */
  private async syncSessions(machine: Machine): Promise<Machine | null> {
    const listed = await this.listedOn(machine);
    if (isSame(machine.activeSessions, listed)) return null;
    return this.machines.setActiveSessions(machine.organization, machine.id, listed);
  }

  private async listedOn(machine: Machine): Promise<readonly string[]> {
    const live = await this.sessions.liveOn(machine.organization, machine.id);
    return live.filter((session) => !session.isReleased).map((session) => session.id);
  }

  private async requireUnheld(machine: Machine, slotsBefore: readonly number[]): Promise<void> {
    const removed = slotsBefore.filter((slot) => !machine.dockerSlots.includes(slot));
    if (removed.length === 0) return;
    const live = await this.sessions.liveOn(machine.organization, machine.id);
    const holders = live.flatMap(({ id, dockerSlot }) =>
      dockerSlot !== null && removed.includes(dockerSlot) ? [{ slot: dockerSlot, sessionId: id }] : [],
    );
    if (holders.length > 0) throw new SlotInUse(machine.id, holders);
  }

  private logStatus(machine: Machine): void {
    const level = machine.status === 'offline' ? 'warn' : 'info';
    log[level](`machine.${machine.status}`, fieldsOf(machine));
  }
}

/** Machine id → slots that its live sessions hold. */
function heldSlots(live: readonly SessionOnMachine[]): ReadonlyMap<string, readonly number[]> {
  const held = new Map<string, number[]>();
  for (const { machineId, dockerSlot } of live) {
    if (dockerSlot !== null) held.set(machineId, [...(held.get(machineId) ?? []), dockerSlot]);
  }
  return held;
}

function byOrganization(keys: readonly MachineKey[]): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const { organization, id } of keys) ids.set(organization, [...(ids.get(organization) ?? []), id]);
  return ids;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

/** @throws SlotNotDefined */
function requireKnownSlots(
  machineId: string,
  slotInfo: Readonly<Record<string, SlotInfo>>,
  dockerSlots: readonly number[],
): void {
  const unknown = Object.keys(slotInfo).find((slot) => !dockerSlots.includes(Number(slot)));
  if (unknown !== undefined) throw new SlotNotDefined(machineId, Number(unknown), dockerSlots);
}

function slotInfoAfter(machine: Machine, change: MachineChange): Pick<MachineChange, 'slotInfo'> {
  const dockerSlots = change.dockerSlots ?? machine.dockerSlots;
  if (change.slotInfo) requireKnownSlots(machine.id, change.slotInfo, dockerSlots);
  else if (change.dockerSlots) return { slotInfo: infoOfSlots(machine.slotInfo, dockerSlots) };
  return {};
}

function changedFields(before: Machine, change: MachineChange): readonly string[] {
  const differs = (a: unknown, b: unknown): boolean => b !== undefined && JSON.stringify(a) !== JSON.stringify(b);
  return [
    ...(differs(before.status, change.status) ? ['status'] : []),
    ...(differs(before.hostname, change.hostname) ? ['hostname'] : []),
    ...(differs(before.dockerSlots, change.dockerSlots) ? ['docker_slots'] : []),
    ...(differs(before.slotInfo, change.slotInfo) ? ['slot_info'] : []),
    ...(change.metadata && Object.keys(change.metadata).length > 0 ? ['metadata'] : []),
  ];
}

function requireRoom(machine: Machine): void {
  if (fitsStore(machine.metadata)) return;
  throw invalidField('metadata', 'range', `metadata would have more than ${STORED_METADATA_BYTES} bytes in all`);
}

function eventOfMove(from: MachineStatus, to: MachineStatus): 'machine_online' | 'machine_offline' | 'machine_updated' {
  if (from === to || to === 'maintenance') return 'machine_updated';
  return to === 'online' ? 'machine_online' : 'machine_offline';
}

function scopeOf(machine: Machine): EventScope {
  return { organization: machine.organization, machineId: machine.id };
}

function newsOf(machine: Machine): Payload<'machine_registered'> {
  return { machine_id: machine.id, status: machine.status };
}

function fieldsOf(machine: Machine): Record<string, unknown> {
  return { machine_id: machine.id, hostname: machine.hostname, status: machine.status };
}
