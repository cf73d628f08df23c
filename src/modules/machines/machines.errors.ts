import { AppError, Conflict, Invalid } from '../../shared/errors/app-error.js';
import type { Machine, MachineStatus } from './machine.js';
import { toMachineDto } from './machine.dto.js';

/** 404; also for another organization's machine. */
export class MachineNotFound extends AppError {
  constructor(id: string) {
    super('RESOURCE_NOT_FOUND', 404, `Machine ${id} not found`, { details: { resource: 'machine', id } });
  }
}

/** 409; details show the machine that is there: a client compares `metadata.fingerprint` with its own. */
export class MachineExists extends Conflict {
  constructor(current: Machine) {
    super(
      'MACHINE_EXISTS',
      `Machine ${current.id} is registered already; change it with PATCH, or register another id`,
      {
        details: { ...toMachineDto(current) },
      },
    );
  }
}

/** 409: maintenance takes nothing new; onto a machine that is offline nothing is moved. */
export class MachineUnavailable extends Conflict {
  constructor(id: string, status: MachineStatus) {
    super(
      'MACHINE_UNAVAILABLE',
      `Machine ${id} is ${status} and takes no session; choose one of GET /api/machines/available`,
      { details: { machine_id: id, status } },
    );
  }
}

/** 400, with SESSIONS_REQUIRE_REGISTERED_MACHINE. */
export class MachineNotRegistered extends Invalid {
  constructor(id: string) {
    const message = `machine_id must be that of a registered machine; register ${id} with POST /api/machines first`;
    super('VALIDATION_INVALID_FORMAT', message, { details: [{ field: 'machine_id', messages: [message] }] });
  }
}

/** 400: the machine has no such slot. */
export class SlotNotDefined extends Invalid {
  constructor(machineId: string, slot: number | string, dockerSlots: readonly number[]) {
    super(
      'SLOT_NOT_DEFINED',
      `Machine ${machineId} has no slot ${slot}; its slots are ${dockerSlots.slice(0, 50).join(', ') || 'none'}`,
      { details: { machine_id: machineId, docker_slot: slot, docker_slots: dockerSlots } },
    );
  }
}

/** 409: another live session holds the slot; the container may still run. */
export class SlotTaken extends Conflict {
  constructor(machineId: string, slot: number, holder: string) {
    super(
      'SLOT_TAKEN',
      `Slot ${slot} of machine ${machineId} is held by session ${holder}; take another one, or end that session`,
      { details: { machine_id: machineId, docker_slot: slot, holder_session_id: holder } },
    );
  }
}

/** 409: a slot that a live session holds cannot be taken away. */
export class SlotInUse extends Conflict {
  constructor(machineId: string, holders: readonly { readonly slot: number; readonly sessionId: string }[]) {
    const slots = holders.map((one) => one.slot).join(', ');
    super('SLOT_IN_USE', `Machine ${machineId} cannot lose slot ${slots}: live sessions hold it; release them first`, {
      details: {
        machine_id: machineId,
        slots: holders.map((one) => ({ docker_slot: one.slot, session_id: one.sessionId })),
      },
    });
  }
}

/** 409: a machine with live sessions is not removed. */
export class MachineInUse extends Conflict {
  constructor(id: string, sessionIds: readonly string[]) {
    super('RESOURCE_CONFLICT', `Machine ${id} has ${sessionIds.length} live session(s); end or move them first`, {
      details: { machine_id: id, session_ids: sessionIds },
    });
  }
}
