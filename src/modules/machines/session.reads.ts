import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { type Model, Schema } from 'mongoose';

/** A live session as its machine sees it: active, paused or stalled. */
export interface SessionOnMachine {
  readonly id: string;
  readonly machineId: string;
  readonly dockerSlot: number | null;
  /** Its machine was released for a recovery: it is not listed there. */
  readonly isReleased: boolean;
}

interface SessionView {
  session_id: string;
  machine_id: string;
  docker_slot: number | null;
  metadata?: { machine_released?: unknown };
}

export const SESSIONS_OF_MACHINES = 'sessions_of_machines';
/** Read only: the shape and the indexes are those of the sessions module. */
export const sessionsOfMachinesSchema = new Schema<SessionView>({}, { collection: 'sessions', strict: false });

const LIVE = ['active', 'paused', 'stalled'];
const FIELDS = { _id: 0, session_id: 1, machine_id: 1, docker_slot: 1, 'metadata.machine_released': 1 };

/** Which live sessions are on a machine? Joins the running unit of work. */
@Injectable()
export class MachineSessionReads {
  constructor(@InjectModel(SESSIONS_OF_MACHINES) private readonly model: Model<SessionView>) {}

  /** In the order they were made. */
  async liveOn(organization: string, machineId: string): Promise<readonly SessionOnMachine[]> {
    const views = await this.model
      .find({ organization, machine_id: machineId, status: { $in: LIVE } }, FIELDS)
      .sort({ created_at: 1, _id: 1 })
      .lean<SessionView[]>();
    return views.map(toSessionOnMachine);
  }

  /** All of the organization, in no order. */
  async live(organization: string): Promise<readonly SessionOnMachine[]> {
    const views = await this.model.find({ organization, status: { $in: LIVE } }, FIELDS).lean<SessionView[]>();
    return views.map(toSessionOnMachine);
  }

  /** Those of the machines on which a live session gave a sign of life at or after `since`. */
  async heardOn(organization: string, machineIds: readonly string[], since: Date): Promise<ReadonlySet<string>> {
    const ids: unknown[] = await this.model.distinct('machine_id', {
      organization,
      machine_id: { $in: [...machineIds] },
      status: { $in: LIVE },
      last_heartbeat: { $gte: since },
    });
    return new Set(ids.map(String));
  }
}

function toSessionOnMachine(view: SessionView): SessionOnMachine {
  return {
    id: view.session_id,
    machineId: view.machine_id,
    dockerSlot: view.docker_slot,
    isReleased: view.metadata?.machine_released === true,
  };
}
