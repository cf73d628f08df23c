import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter } from 'mongoose';
import { BaseRepository } from '../database/base.repository.js';
import type { EnvironmentName } from '../http/principal.js';
import { Ids } from '../kernel/ids.js';
import { type CounterRecord, DEPLOYMENT_EVENTS, EVENT_COUNTERS, type EventRecord } from './event.schema.js';
import type { EventDraft, EventName, StoredEvent } from './events.js';

/** Which events of an organization; every given part must match. */
export interface EventFilter {
  readonly organization: string;
  readonly deploymentId?: string;
  readonly environment?: string;
  readonly operationId?: string;
  readonly stack?: string;
  readonly sessionId?: string;
  readonly sessionProjectId?: string;
  readonly machineId?: string;
  readonly workspaceId?: string;
  readonly types?: readonly EventName[];
  readonly from?: Date;
  readonly to?: Date;
}

/** Append-only store of events. */
@Injectable()
export class EventsRepository extends BaseRepository<EventRecord> {
  constructor(
    @InjectModel(DEPLOYMENT_EVENTS) model: Model<EventRecord>,
    @InjectModel(EVENT_COUNTERS) private readonly counters: Model<CounterRecord>,
    private readonly ids: Ids,
  ) {
    super(model);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    await this.counters.createCollection();
  }

  /** Numbers and inserts; runs inside the transaction of the state it tells about. Order of `drafts` is kept. */
  async store(organization: string, drafts: readonly EventDraft[], timestamp: Date): Promise<readonly StoredEvent[]> {
    const streams = new Map<string, EventDraft[]>();
    for (const draft of drafts) {
      const stream = streamOf(draft);
      streams.set(stream, [...(streams.get(stream) ?? []), draft]);
    }
    const seqs = new Map<EventDraft, { stream: string; seq: number }>();
    const lasts = await this.takeAll([...streams].map(([stream, list]) => [`seq/${stream}`, list.length]));
    for (const [stream, list] of streams) {
      const last = lasts.get(`seq/${stream}`) ?? list.length;
      list.forEach((draft, i) => seqs.set(draft, { stream, seq: last - list.length + 1 + i }));
    }
    const lastPosition = await this.take(`position/${organization}`, drafts.length);
    const records = drafts.map((draft, i): EventRecord => {
      const data = draft.data as Record<string, unknown>;
      return {
        _id: this.ids.uuid(),
        type: draft.type,
        timestamp,
        organization,
        project: draft.scope.project ?? null,
        position: lastPosition - drafts.length + 1 + i,
        stream: seqs.get(draft)?.stream ?? '',
        seq: seqs.get(draft)?.seq ?? 0,
        deploymentId: draft.scope.deploymentId ?? null,
        environment: draft.scope.environment ?? null,
        operationId: draft.scope.operationId ?? null,
        operationType: draft.scope.operationType ?? null,
        correlationId: draft.scope.correlationId ?? null,
        stack: typeof data['stack'] === 'string' ? data['stack'] : null,
        sessionId: draft.scope.sessionId ?? null,
        sessionProjectId: draft.scope.sessionProjectId ?? null,
        machineId: draft.scope.machineId ?? null,
        taskId: draft.scope.taskId ?? null,
        workspaceId: draft.scope.workspaceId ?? null,
        data,
      };
    });
    await this.model.insertMany(records, { lean: true }); // made here, field by field: nothing to cast
    return records.map(toStoredEvent);
  }

  /** Events after `position` (exclusive), ascending by position, at most `limit`. */
  async readAfter(filter: EventFilter, position: number, limit: number): Promise<readonly StoredEvent[]> {
    const records = await this.model
      .find({ ...queryOf(filter), position: { $gt: position } })
      .sort({ position: 1 })
      .limit(limit)
      .lean<EventRecord[]>();
    return records.map(toStoredEvent);
  }

  /** The newest `limit` events before `position` (exclusive), newest first. */
  async readBefore(filter: EventFilter, position: number, limit: number): Promise<readonly StoredEvent[]> {
    const records = await this.model
      .find({ ...queryOf(filter), position: { $lt: position } })
      .sort({ position: -1 })
      .limit(limit)
      .lean<EventRecord[]>();
    return records.map(toStoredEvent);
  }

  count(filter: EventFilter): Promise<number> {
    return this.model.countDocuments(queryOf(filter));
  }

  /** Position of the event `seq` of a stream; null when it is not stored (any more). */
  async positionOfSeq(stream: string, seq: number): Promise<number | null> {
    const record = await this.model.findOne({ stream, seq }, { position: 1 }).lean<Pick<EventRecord, 'position'>>();
    return record?.position ?? null;
  }

  /** Last position of the organization, 0 when it has no event. */
  async lastPosition(organization: string): Promise<number> {
    const record = await this.counters.findOne({ _id: `position/${organization}` }).lean<CounterRecord>();
    return record?.value ?? 0;
  }

  /** Last seq of a stream, 0 when it has no event. */
  async lastSeq(stream: string): Promise<number> {
    const record = await this.counters.findOne({ _id: `seq/${stream}` }).lean<CounterRecord>();
    return record?.value ?? 0;
  }

  /** Oldest position still stored for the organization; null when none is. */
  async oldestPosition(organization: string): Promise<number | null> {
    const record = await this.model
      .findOne({ organization }, { position: 1 })
      .sort({ position: 1 })
      .lean<Pick<EventRecord, 'position'>>();
    return record?.position ?? null;
  }

  /** Many counters in few commands; in a transaction nobody else can move them between the two. */
  private async takeAll(wanted: readonly (readonly [string, number])[]): Promise<ReadonlyMap<string, number>> {
    const [only] = wanted;
    if (wanted.length === 1 && only) return new Map([[only[0], await this.take(only[0], only[1])]]);
    if (wanted.length === 0) return new Map();
    for (const [count, counters] of byCount(wanted)) {
      await this.counters.updateMany({ _id: { $in: counters } }, { $inc: { value: count } });
    }
    const lasts = await this.valuesOf(wanted.map(([counter]) => counter));
    const missing = wanted.filter(([counter]) => !lasts.has(counter));
    if (missing.length === 0) return lasts;
    await this.counters.bulkWrite(
      missing.map(([counter, count]) => ({
        updateOne: { filter: { _id: counter }, update: { $inc: { value: count } }, upsert: true },
      })),
      { ordered: false },
    );
    return new Map([...lasts, ...(await this.valuesOf(missing.map(([counter]) => counter)))]);
  }

  private async valuesOf(counters: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const records = await this.counters.find({ _id: { $in: [...counters] } }).lean<CounterRecord[]>();
    return new Map(records.map((record) => [record._id, record.value]));
  }

  private async take(counter: string, count: number): Promise<number> {
    const record = await this.counters
      .findOneAndUpdate({ _id: counter }, { $inc: { value: count } }, { upsert: true, returnDocument: 'after' })
      .lean<CounterRecord>();
    return record?.value ?? count;
  }
}

/** Count → counters that take that many. */
function byCount(wanted: readonly (readonly [string, number])[]): ReadonlyMap<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const [counter, count] of wanted) {
    const group = groups.get(count);
    if (group) group.push(counter);
    else groups.set(count, [counter]);
  }
  return groups;
}

export function streamOf(draft: EventDraft): string {
  if (draft.scope.operationId) return `operation/${draft.scope.operationId}`;
  if (draft.scope.deploymentId) return `deployment/${draft.scope.deploymentId}`;
  if (draft.scope.sessionId) return `session/${draft.scope.sessionId}`;
  if (draft.scope.machineId) return `machine/${draft.scope.organization}/${draft.scope.machineId}`;
  if (draft.scope.workspaceId) return `workspace/${draft.scope.organization}/${draft.scope.workspaceId}`;
  return `organization/${draft.scope.organization}`;
}

function queryOf(filter: EventFilter): QueryFilter<EventRecord> {
  return {
    organization: filter.organization,
    ...(filter.deploymentId ? { deploymentId: filter.deploymentId } : {}),
    ...(filter.environment ? { environment: filter.environment } : {}),
    ...(filter.operationId ? { operationId: filter.operationId } : {}),
    ...(filter.stack ? { stack: filter.stack } : {}),
    ...(filter.sessionId ? { sessionId: filter.sessionId } : {}),
    ...(filter.sessionProjectId ? { sessionProjectId: filter.sessionProjectId } : {}),
    ...(filter.machineId ? { machineId: filter.machineId } : {}),
    ...(filter.workspaceId ? { workspaceId: filter.workspaceId } : {}),
    ...(filter.types ? { type: { $in: [...filter.types] } } : {}),
    ...(filter.from || filter.to
      ? { timestamp: { ...(filter.from ? { $gte: filter.from } : {}), ...(filter.to ? { $lte: filter.to } : {}) } }
      : {}),
  };
}

function toStoredEvent(record: EventRecord): StoredEvent {
  return {
    id: record._id,
    type: record.type as EventName,
    timestamp: record.timestamp,
    position: record.position,
    seq: record.seq,
    stream: record.stream,
    scope: {
      organization: record.organization,
      ...(record.project ? { project: record.project } : {}),
      ...(record.deploymentId ? { deploymentId: record.deploymentId } : {}),
      ...(record.environment ? { environment: record.environment as EnvironmentName } : {}),
      ...(record.operationId ? { operationId: record.operationId } : {}),
      ...(record.operationType ? { operationType: record.operationType } : {}),
      ...(record.correlationId ? { correlationId: record.correlationId } : {}),
      ...(record.sessionId ? { sessionId: record.sessionId } : {}),
      ...(record.sessionProjectId ? { sessionProjectId: record.sessionProjectId } : {}),
      ...(record.machineId ? { machineId: record.machineId } : {}),
      ...(record.taskId ? { taskId: record.taskId } : {}),
      ...(record.workspaceId ? { workspaceId: record.workspaceId } : {}),
    },
    stack: record.stack,
    data: record.data,
  };
}
