import { Injectable } from '@nestjs/common';
import { EventLog } from '../../shared/events/event-log.js';
import type { Caller } from '../../shared/http/allow.js';
import type { Machine } from '../machines/machine.js';
import { MachinesService } from '../machines/machines.service.js';
import { type Claim, SessionConflicts } from './session-conflicts.js';
import { sessionNews } from './session-news.js';
import { isLive, LIVE, type Session } from './session.js';
import {
  ConcurrentModification,
  NoFreeSlot,
  SessionHasEnded,
  SessionNotOnMachine,
  SessionReferenceInvalid,
  SlotTaken,
} from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** Moves live sessions between machines and slots (sessions.md 5.5, 7.3). */
@Injectable()
export class SessionSlotsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly machines: MachinesService,
    private readonly conflicts: SessionConflicts,
    private readonly events: EventLog,
  ) {}

  /**
   * Session, both machines and the unique keys change together. Without a slot the lowest free one is taken, or the one that
   * the session has there already.
   * @throws SessionReferenceInvalid, SessionHasEnded, NoFreeSlot, SlotTaken, ActiveSessionExists; what MachinesService.admit refuses
   */
  async assign(caller: Caller, machineId: string, sessionId: string, slot: number | null): Promise<Machine> {
    // Another slot is tried as often as the machine has slots: each round somebody else got one.
    let rounds =
      slot === null ? ((await this.machines.find(caller.organization, machineId))?.dockerSlots.length ?? 1) : 1;
    for (;;) {
      try {
        return await this.tryToAssign(caller, machineId, sessionId, slot);
      } catch (error) {
        rounds -= 1;
        if (!(error instanceof SlotTaken) || slot !== null || rounds <= 0) throw error;
      }
    }
  }

  /**
   * Frees the slot; the session stays on the machine.
   * @throws SessionReferenceInvalid, SessionHasEnded, SessionNotOnMachine, MachineNotFound
   */
  async release(caller: Caller, machineId: string, sessionId: string): Promise<Machine> {
    return this.events.write(caller.organization, async (append) => {
      const machine = await this.machines.get(caller, machineId);
      const before = await this.liveSession(caller, sessionId);
      if (before.machineId !== machineId) throw new SessionNotOnMachine(before, machineId);
      if (before.dockerSlot === null) return machine;
      const session = await this.sessions.change(before, LIVE, { dockerSlot: null });
      if (!session) throw new ConcurrentModification(sessionId);
      append(sessionNews('session_updated', session, { changed: ['docker_slot'] }));
      return machine;
    });
  }

  private tryToAssign(caller: Caller, machineId: string, sessionId: string, slot: number | null): Promise<Machine> {
    const { organization } = caller;
    let claim: Claim | undefined;
    return this.conflicts.named(
      () => claim,
      () =>
        this.events.write(organization, async (append) => {
          const before = await this.liveSession(caller, sessionId);
          const kept = before.machineId === machineId ? before.dockerSlot : null;
          const wanted = slot ?? kept ?? (await this.machines.lowestFree(organization, machineId))[0] ?? null;
          claim = { ...before, machineId, dockerSlot: wanted };
          await this.machines.admit(organization, machineId, sessionId, { slot: wanted, for: 'assign' });
          if (wanted === null) throw new NoFreeSlot(machineId);
          if (before.machineId !== machineId) await this.machines.release(organization, before.machineId, sessionId);
          await this.move(before, machineId, wanted, (session, changed) =>
            append(sessionNews('session_updated', session, { changed })),
          );
          return this.machines.get(caller, machineId);
        }),
    );
  }

  private async move(
    before: Session,
    machineId: string,
    dockerSlot: number,
    tell: (session: Session, changed: readonly string[]) => void,
  ): Promise<void> {
    const changed = [
      ...(before.machineId === machineId ? [] : ['machine_id']),
      ...(before.dockerSlot === dockerSlot ? [] : ['docker_slot']),
    ];
    if (changed.length === 0) return;
    const session = await this.sessions.change(before, LIVE, {
      machineId,
      dockerSlot,
      metadata: { machine_released: null },
    });
    if (!session) throw new ConcurrentModification(before.id);
    tell(session, changed);
  }

  private async liveSession({ organization }: Caller, id: string): Promise<Session> {
    const session = await this.sessions.find({ organization, id });
    if (!session) throw new SessionReferenceInvalid(id);
    if (!isLive(session.status)) throw new SessionHasEnded(session);
    return session;
  }
}
