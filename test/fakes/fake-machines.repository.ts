import type { Machine, MachineChange, MachineStatus } from '../../src/modules/machines/machine.js';
import type {
  MachineCount,
  MachineFilter,
  MachineKey,
  MachinePage,
  MachinesRepository,
  NewMachine,
} from '../../src/modules/machines/machines.repository.js';
import type { MachineSessionReads, SessionOnMachine } from '../../src/modules/machines/session.reads.js';
import type { Slice } from '../../src/shared/http/paging.js';
import type { Surface } from '../../src/shared/kernel/surface.js';
import { mergedMetadata, pageOf } from './list-page.js';

interface Row {
  readonly machine: Machine;
  readonly number: number;
}

/** In-memory twin of MachinesRepository; both pass test/contract/machines.contract.spec.ts. `now` is the database's clock. */
export class FakeMachinesRepository implements Surface<MachinesRepository> {
  readonly rows = new Map<string, Row>();
  #last = 0;

  constructor(private readonly now: () => Date) {}

  async prepare(): Promise<void> {}

  async insert(given: NewMachine): Promise<Machine> {
    if (this.#get(given.organization, given.id)) throw Object.assign(new Error('duplicate key'), { code: 11_000 });
    const now = this.now();
    return this.#set({
      ...given,
      activeSessions: [],
      status: 'online',
      lastHeartbeatAt: now,
      createdAt: now,
      updatedAt: now,
    });
  }

  async find(organization: string, id: string): Promise<Machine | null> {
    return this.#get(organization, id);
  }

  async list(organization: string, filter: MachineFilter, slice: Slice): Promise<MachinePage> {
    const rows = [...this.rows.values()].filter(
      ({ machine }) =>
        machine.organization === organization &&
        (!filter.status || machine.status === filter.status) &&
        (filter.hostname === undefined || machine.hostname === filter.hostname),
    );
    const { page, total, next } = pageOf(
      rows.map(({ machine, number }) => ({ item: machine, createdAt: machine.createdAt, number })),
      slice,
    );
    return { machines: page, total, next };
  }

  async listOnline(organization: string, limit: number): Promise<readonly Machine[]> {
    return (await this.list(organization, { status: 'online' }, { limit, offset: 0, after: null })).machines;
  }

  async findMany(organization: string, ids: readonly string[]): Promise<readonly Machine[]> {
    return ids.flatMap((id) => this.#get(organization, id) ?? []);
  }

  async countByStatus(organization: string): Promise<readonly MachineCount[]> {
    const counts = new Map<MachineStatus, MachineCount>();
    for (const { machine } of this.rows.values()) {
      if (machine.organization !== organization) continue;
      const { machines, slots } = counts.get(machine.status) ?? { machines: 0, slots: 0 };
      const status = machine.status;
      counts.set(status, { status, machines: machines + 1, slots: slots + machine.dockerSlots.length });
    }
    return [...counts.values()];
  }

  async change(organization: string, id: string, change: MachineChange): Promise<Machine | null> {
    const { metadata, ...rest } = change;
    return this.#update(organization, id, (machine) => ({
      ...rest,
      ...(metadata ? { metadata: mergedMetadata(machine.metadata, metadata) } : {}),
    }));
  }

  async beat(
    organization: string,
    id: string,
    from: readonly MachineStatus[],
    metadata: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<Machine | null> {
    if (!from.includes(this.#get(organization, id)?.status ?? 'online')) return null;
    return this.#update(organization, id, (machine) => {
      const merged = mergedMetadata(machine.metadata, metadata);
      const now = this.now();
      return {
        lastHeartbeatAt: machine.lastHeartbeatAt > now ? machine.lastHeartbeatAt : now,
        status: machine.status === 'offline' ? 'online' : machine.status,
        metadata: Buffer.byteLength(JSON.stringify(merged)) <= maxBytes ? merged : machine.metadata,
      };
    });
  }

  async setActiveSessions(organization: string, id: string, sessionIds: readonly string[]): Promise<Machine | null> {
    return this.#update(organization, id, () => ({ activeSessions: sessionIds }));
  }

  async addSession(organization: string, id: string, sessionId: string): Promise<void> {
    this.#update(organization, id, (machine) => ({
      activeSessions: [...machine.activeSessions.filter((one) => one !== sessionId), sessionId],
    }));
  }

  async pullSession(organization: string, id: string, sessionId: string): Promise<void> {
    this.#update(organization, id, (machine) => ({
      activeSessions: machine.activeSessions.filter((one) => one !== sessionId),
    }));
  }

  async remove(organization: string, id: string): Promise<Machine | null> {
    const machine = this.#get(organization, id);
    this.rows.delete(keyOf(organization, id));
    return machine;
  }

  async findSilent(cutoff: Date, skip: number, limit: number): Promise<readonly MachineKey[]> {
    return [...this.rows.values()]
      .map(({ machine }) => machine)
      .filter((machine) => machine.status === 'online' && machine.lastHeartbeatAt < cutoff)
      .sort((a, b) => a.lastHeartbeatAt.getTime() - b.lastHeartbeatAt.getTime() || (a.id < b.id ? -1 : 1))
      .slice(skip, skip + limit)
      .map(({ organization, id }) => ({ organization, id }));
  }

  async markOffline(organization: string, id: string, cutoff: Date): Promise<Machine | null> {
    const machine = this.#get(organization, id);
    if (machine?.status !== 'online' || machine.lastHeartbeatAt >= cutoff) return null;
    return this.#update(organization, id, () => ({ status: 'offline' }));
  }

  async page(after: MachineKey | null, limit: number): Promise<readonly Machine[]> {
    const from = after ? keyOf(after.organization, after.id) : '';
    return [...this.rows.entries()]
      .filter(([key]) => key > from)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([, { machine }]) => machine);
  }

  #get(organization: string, id: string): Machine | null {
    return this.rows.get(keyOf(organization, id))?.machine ?? null;
  }

  #update(organization: string, id: string, change: (machine: Machine) => Partial<Machine>): Machine | null {
    const machine = this.#get(organization, id);
    return machine && this.#set({ ...machine, ...change(machine), updatedAt: this.now() });
  }

  #set(machine: Machine): Machine {
    const key = keyOf(machine.organization, machine.id);
    this.rows.set(key, { machine, number: this.rows.get(key)?.number ?? ++this.#last });
    return machine;
  }
}

function keyOf(organization: string, id: string): string {
  return `${organization}\u0000${id}`;
}

export interface LiveSession extends SessionOnMachine {
  readonly organization: string;
  readonly lastHeartbeatAt: Date;
}

/** Live sessions as machines see them. */
export class FakeMachineSessionReads implements Surface<MachineSessionReads> {
  readonly rows = new Map<string, LiveSession>();

  /** A session of `acme` without a slot, unless said otherwise. */
  add(fields: Partial<LiveSession> & { readonly id: string; readonly machineId: string }): void {
    const rest = { organization: 'acme', dockerSlot: null, isReleased: false, lastHeartbeatAt: new Date(0) };
    this.rows.set(fields.id, { ...rest, ...fields });
  }

  async liveOn(organization: string, machineId: string): Promise<readonly SessionOnMachine[]> {
    return (await this.live(organization)).filter((session) => session.machineId === machineId);
  }

  async live(organization: string): Promise<readonly SessionOnMachine[]> {
    return [...this.rows.values()].filter((session) => session.organization === organization);
  }

  async heardOn(organization: string, machineIds: readonly string[], since: Date): Promise<ReadonlySet<string>> {
    const heard = [...this.rows.values()].filter(
      (one) => one.organization === organization && machineIds.includes(one.machineId) && one.lastHeartbeatAt >= since,
    );
    return new Set(heard.map((one) => one.machineId));
  }
}
