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
