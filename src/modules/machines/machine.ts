/** States and rules of a machine (sessions.md 3.3, 4.3). */
export type MachineStatus = 'online' | 'offline' | 'maintenance';
export const MACHINE_STATUSES: readonly MachineStatus[] = ['online', 'offline', 'maintenance'];

/** Limits of a slot; nothing enforces them, they are for the people who plan. */
export interface SlotInfo {
  readonly cpuLimit: number | null;
  readonly memoryLimitMb: number | null;
  readonly note: string | null;
}

export interface Machine {
  /** 1 to 128 of `[A-Za-z0-9._:-]`, unique in its organization. */
  readonly id: string;
  readonly organization: string;
  readonly hostname: string;
  /** Unique, 1 to 65535. */
  readonly dockerSlots: readonly number[];
  /** Ids of the live sessions on it, except those whose machine was released for recovery. */
  readonly activeSessions: readonly string[];
  readonly status: MachineStatus;
  readonly lastHeartbeatAt: Date;
  /** Slot number as text → limits. */
  readonly slotInfo: Readonly<Record<string, SlotInfo>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface MachineDraft {
  /** Default: a new UUID. */
  readonly id?: string;
  readonly hostname: string;
  readonly dockerSlots: readonly number[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly slotInfo: Readonly<Record<string, SlotInfo>>;
}

/** What may change. Absent = stays; metadata is merged per top-level key, all else is replaced. */
export interface MachineChange {
  readonly status?: MachineStatus;
  readonly hostname?: string;
  readonly dockerSlots?: readonly number[];
  readonly slotInfo?: Readonly<Record<string, SlotInfo>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Moves that PATCH may ask for; heartbeat and offline job have their own conditional writes. */
export const MACHINE_MOVES: Readonly<Record<MachineStatus, readonly MachineStatus[]>> = {
  online: ['offline', 'maintenance'],
  offline: ['online', 'maintenance'],
  maintenance: ['online', 'offline'],
};

/** Lowest first. */
export function freeSlots(dockerSlots: readonly number[], occupied: readonly number[]): readonly number[] {
  const taken = new Set(occupied);
  return dockerSlots.filter((slot) => !taken.has(slot)).sort((a, b) => a - b);
}

/** Of the defined slots: which are held, which are free. A held slot that is not defined is in neither. */
export interface SlotUse {
  /** Lowest first. */
  readonly occupied: readonly number[];
  /** Lowest first. */
  readonly free: readonly number[];
}

export function slotUse(dockerSlots: readonly number[], held: readonly (number | null)[]): SlotUse {
  const free = freeSlots(
    dockerSlots,
    held.filter((slot) => slot !== null),
  );
  return { occupied: freeSlots(dockerSlots, free), free };
}

export interface AvailableMachine extends SlotUse {
  readonly machine: Machine;
}

/** Most free slots first, then by id. */
export function byFreeSlots(a: AvailableMachine, b: AvailableMachine): number {
  return b.free.length - a.free.length || a.machine.id.localeCompare(b.machine.id);
}

export interface MachineStats {
  readonly total: number;
  readonly byStatus: Readonly<Record<MachineStatus, number>>;
  readonly totalSlots: number;
  /** Defined slots that a live session holds. */
  readonly occupiedSlots: number;
  /** Free slots of machines that are online. */
  readonly availableSlots: number;
  /** Live sessions, also those on machines that are not registered. */
  readonly liveSessions: number;
}

/** Stored limit info of slots that still exist. */
export function infoOfSlots(
  slotInfo: Readonly<Record<string, SlotInfo>>,
  dockerSlots: readonly number[],
): Readonly<Record<string, SlotInfo>> {
  return Object.fromEntries(Object.entries(slotInfo).filter(([slot]) => dockerSlots.includes(Number(slot))));
}
