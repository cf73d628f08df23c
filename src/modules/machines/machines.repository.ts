import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, PipelineStage, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import { mergeMetadata } from '../../shared/database/metadata-merge.js';
import type { RowPosition, Slice } from '../../shared/http/paging.js';
import { type MachineRecord, MACHINES } from './machine.schema.js';
import type { Machine, MachineChange, MachineStatus, SlotInfo } from './machine.js';

/** Every given part must match. */
export interface MachineFilter {
  readonly status?: MachineStatus;
  readonly hostname?: string;
}

export type NewMachine = Pick<Machine, 'id' | 'organization' | 'hostname' | 'dockerSlots' | 'slotInfo' | 'metadata'>;

export interface MachinePage {
  readonly machines: readonly Machine[];
  /** Number of all that match. */
  readonly total: number;
  /** Where the next page goes on; null after the last one. */
  readonly next: RowPosition | null;
}

export interface MachineCount {
  readonly status: MachineStatus;
  readonly machines: number;
  readonly slots: number;
}

export interface MachineKey {
  readonly organization: string;
  readonly id: string;
}

type StoredMachine = MachineRecord & { readonly _id: { toHexString(): string } };
type Stages = Extract<PipelineStage, { $set: unknown } | { $unset: unknown }>[];

const AFTER = { updatePipeline: true, timestamps: false, returnDocument: 'after' } as const;
const NO_LIMIT = Number.MAX_SAFE_INTEGER; // the service weighs what came out and undoes it

@Injectable()
export class MachinesRepository extends BaseRepository<MachineRecord> {
  constructor(@InjectModel(MACHINES) model: Model<MachineRecord>) {
    super(model);
  }

  /** Within a unit of work: two writes, the second one puts the database's time on it. @throws the duplicate-key error */
  async insert(machine: NewMachine): Promise<Machine> {
    await this.model.insertMany([toRecord(machine)], { timestamps: false, lean: true });
    const stages: Stages = [{ $set: { created_at: '$$NOW', updated_at: '$$NOW', last_heartbeat: '$$NOW' } }];
    const record = await this.model.findOneAndUpdate(byKey(machine), stages, AFTER).lean<MachineRecord>();
    return toMachine(record as MachineRecord);
  }

  async find(organization: string, id: string): Promise<Machine | null> {
    const record = await this.model.findOne(byKey({ organization, id })).lean<MachineRecord>();
    return record && toMachine(record);
  }

  /** Newest first. */
  async list(organization: string, filter: MachineFilter, slice: Slice): Promise<MachinePage> {
    const query = {
      organization,
      ...(filter.status ? { status: filter.status } : {}),
      ...(filter.hostname !== undefined ? { hostname: filter.hostname } : {}),
    };
    const records = await this.model
      .find(slice.after ? { $and: [query, olderThan(slice.after)] } : query)
      .sort({ created_at: -1, _id: -1 })
      .skip(slice.offset)
      .limit(slice.limit + 1)
      .lean<StoredMachine[]>();
    const page = records.slice(0, slice.limit);
    const last = records.length > slice.limit ? page.at(-1) : undefined;
    return {
      machines: page.map(toMachine),
      total: await this.model.countDocuments(query),
      next: last ? { createdAt: last.created_at, id: last._id.toHexString() } : null,
    };
  }

  /** At most `limit`, newest first. */
  async listOnline(organization: string, limit: number): Promise<readonly Machine[]> {
    const records = await this.model
      .find({ organization, status: 'online' })
      .sort({ created_at: -1, _id: -1 })
      .limit(limit)
      .lean<MachineRecord[]>();
    return records.map(toMachine);
  }

  /** Those of the ids that are registered, in no order. */
  async findMany(organization: string, ids: readonly string[]): Promise<readonly Machine[]> {
    const records = await this.model.find({ organization, machine_id: { $in: [...ids] } }).lean<MachineRecord[]>();
    return records.map(toMachine);
  }

  /** Machines and their slots by status; a status without machines may be missing. */
  async countByStatus(organization: string): Promise<readonly MachineCount[]> {
    return this.model.aggregate<MachineCount>([
      { $match: { organization } },
      { $group: { _id: '$status', machines: { $sum: 1 }, slots: { $sum: { $size: '$docker_slots' } } } },
      { $project: { _id: 0, status: '$_id', machines: 1, slots: 1 } },
    ]);
  }

  /** Does not touch the heartbeat. */
  async change(organization: string, id: string, change: MachineChange): Promise<Machine | null> {
    const { metadata, status, hostname, dockerSlots, slotInfo } = change;
    const set = {
      ...(status ? { status } : {}),
      ...(hostname !== undefined ? { hostname: { $literal: hostname } } : {}),
      ...(dockerSlots ? { docker_slots: { $literal: [...dockerSlots] } } : {}),
      ...(slotInfo ? { slot_info: { $literal: toStoredInfo(slotInfo) } } : {}),
      updated_at: '$$NOW',
    };
    const stages: Stages = [...(metadata ? mergeMetadata(metadata, NO_LIMIT) : []), { $set: set }];
    const record = await this.model.findOneAndUpdate(byKey({ organization, id }), stages, AFTER).lean<MachineRecord>();
    return record && toMachine(record);
  }

  /**
   * A sign of life: the time never moves backwards, offline becomes online, maintenance stays.
   * @param from only in one of these states; else null
   * @param maxBytes of stored metadata; beyond it the old metadata stays
   */
  async beat(
    organization: string,
    id: string,
    from: readonly MachineStatus[],
    metadata: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<Machine | null> {
    const stages: Stages = [
      ...(Object.keys(metadata).length > 0 ? mergeMetadata(metadata, maxBytes) : []),
      {
        $set: {
          last_heartbeat: { $max: ['$last_heartbeat', '$$NOW'] },
          status: { $cond: [{ $eq: ['$status', 'offline'] }, 'online', '$status'] },
          updated_at: '$$NOW',
        },
      },
    ];
    const filter = { ...byKey({ organization, id }), status: { $in: [...from] } };
    const record = await this.model.findOneAndUpdate(filter, stages, AFTER).lean<MachineRecord>();
    return record && toMachine(record);
  }

  async setActiveSessions(organization: string, id: string, sessionIds: readonly string[]): Promise<Machine | null> {
    const stages: Stages = [{ $set: { active_sessions: { $literal: [...sessionIds] }, updated_at: '$$NOW' } }];
    const record = await this.model.findOneAndUpdate(byKey({ organization, id }), stages, AFTER).lean<MachineRecord>();
    return record && toMachine(record);
  }

  /** Always a write, so that whoever adds to one machine at the same time goes one after the other. */
  async addSession(organization: string, id: string, sessionId: string): Promise<void> {
    const others = withoutSession(sessionId);
    const stages: Stages = [
      { $set: { active_sessions: { $concatArrays: [others, [{ $literal: sessionId }]] }, updated_at: '$$NOW' } },
    ];
    await this.model.updateOne(byKey({ organization, id }), stages, { updatePipeline: true, timestamps: false });
  }

  async pullSession(organization: string, id: string, sessionId: string): Promise<void> {
    const stages: Stages = [{ $set: { active_sessions: withoutSession(sessionId), updated_at: '$$NOW' } }];
    await this.model.updateOne({ ...byKey({ organization, id }), active_sessions: sessionId }, stages, {
      updatePipeline: true,
      timestamps: false,
    });
  }

  async remove(organization: string, id: string): Promise<Machine | null> {
    const record = await this.model.findOneAndDelete(byKey({ organization, id })).lean<MachineRecord>();
    return record && toMachine(record);
  }

  /** Online and not heard of since `cutoff`, of all organizations; the longest silent first. */
  async findSilent(cutoff: Date, skip: number, limit: number): Promise<readonly MachineKey[]> {
    const records = await this.model
      .find({ status: 'online', last_heartbeat: { $lt: cutoff } }, { _id: 0, organization: 1, machine_id: 1 })
      .sort({ last_heartbeat: 1, machine_id: 1 })
      .skip(skip)
      .limit(limit)
      .lean<Pick<MachineRecord, 'organization' | 'machine_id'>[]>();
    return records.map((record) => ({ organization: record.organization, id: record.machine_id }));
  }

  /** @returns null when it is not online any more or was heard of meanwhile */
  async markOffline(organization: string, id: string, cutoff: Date): Promise<Machine | null> {
    const record = await this.model
      .findOneAndUpdate(
        { ...byKey({ organization, id }), status: 'online', last_heartbeat: { $lt: cutoff } },
        [{ $set: { status: 'offline', updated_at: '$$NOW' } }],
        AFTER,
      )
      .lean<MachineRecord>();
    return record && toMachine(record);
  }

  /** All machines of all organizations in pages, for the consistency job. @param after of the page before; null = the first */
  async page(after: MachineKey | null, limit: number): Promise<readonly Machine[]> {
    const query: QueryFilter<MachineRecord> = after
      ? {
          $or: [
            { organization: { $gt: after.organization } },
            { organization: after.organization, machine_id: { $gt: after.id } },
          ],
        }
      : {};
    const records = await this.model
      .find(query)
      .sort({ organization: 1, machine_id: 1 })
      .limit(limit)
      .lean<MachineRecord[]>();
    return records.map(toMachine);
  }
}

function byKey({ organization, id }: MachineKey): { organization: string; machine_id: string } {
  return { organization, machine_id: id };
}

function withoutSession(sessionId: string): Record<string, unknown> {
  return { $filter: { input: '$active_sessions', cond: { $ne: ['$$this', { $literal: sessionId }] } } };
}

function olderThan({ createdAt, id }: RowPosition): QueryFilter<MachineRecord> {
  return { $or: [{ created_at: { $lt: createdAt } }, { created_at: createdAt, _id: { $lt: id } }] };
}

function toRecord(machine: NewMachine): MachineRecord {
  const unset = new Date(0);
  return {
    machine_id: machine.id,
    organization: machine.organization,
    hostname: machine.hostname,
    docker_slots: [...machine.dockerSlots],
    active_sessions: [],
    status: 'online',
    last_heartbeat: unset,
    slot_info: toStoredInfo(machine.slotInfo),
    metadata: machine.metadata,
    created_at: unset,
    updated_at: unset,
  };
}

function toMachine(record: MachineRecord): Machine {
  return {
    id: record.machine_id,
    organization: record.organization,
    hostname: record.hostname,
    dockerSlots: record.docker_slots,
    activeSessions: record.active_sessions,
    status: record.status,
    lastHeartbeatAt: record.last_heartbeat,
    slotInfo: Object.fromEntries(
      Object.entries(record.slot_info).map(([slot, info]) => [
        slot,
        { cpuLimit: info.cpu_limit ?? null, memoryLimitMb: info.memory_limit_mb ?? null, note: info.note ?? null },
      ]),
    ),
    metadata: record.metadata,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
  };
}

function toStoredInfo(slotInfo: Readonly<Record<string, SlotInfo>>): MachineRecord['slot_info'] {
  return Object.fromEntries(
    Object.entries(slotInfo).map(([slot, { cpuLimit, memoryLimitMb, note }]) => [
      slot,
      {
        ...(cpuLimit === null ? {} : { cpu_limit: cpuLimit }),
        ...(memoryLimitMb === null ? {} : { memory_limit_mb: memoryLimitMb }),
        ...(note === null ? {} : { note }),
      },
    ]),
  );
}
