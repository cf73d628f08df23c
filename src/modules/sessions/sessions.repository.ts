import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, PipelineStage, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import { mergeMetadata } from '../../shared/database/metadata-merge.js';
import { findPlainly, modifyPlainly } from '../../shared/database/plain-command.js';
import type { Slice } from '../../shared/http/paging.js';
import { LIVE, type Session, type SessionProgress, type SessionStatus, STORED_METADATA_BYTES } from './session.js';
import { activeKeyOf, SESSIONS, type SessionRecord, slotKeyOf } from './session.schema.js';

export interface SessionKey {
  readonly organization: string;
  readonly id: string;
}

/** A session about to be stored: active, its times are the database's. */
export interface NewSession extends SessionKey {
  readonly projectId: string;
  readonly machineId: string;
  readonly dockerSlot: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stallThresholdMs: number | null;
  readonly createdBy: string;
  /** Of a recovery; default 1, null, 0. */
  readonly epoch?: number;
  readonly recoveredFrom?: string | null;
  readonly recoveryAttempts?: number;
}

/** What a conditional write sets; missing stays as it is. */
export interface SessionChange {
  /**
   * A live state that the session is not in. `active` also counts the epoch up and is a sign of life; `stalled` counts the
   * stall. Terminal states: `close`.
   */
  readonly status?: 'active' | 'paused' | 'stalled';
  readonly currentTaskId?: string | null;
  readonly dockerSlot?: number | null;
  readonly machineId?: string;
  /** Merged per key; `null` removes one. Not limited here: ask `fitsStore` of the result. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a heartbeat carries; missing stays as it is. */
export interface Beat {
  readonly currentTaskId?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly progress?: SessionProgress;
  /** Of the sender; an older one than the session's matches nothing. */
  readonly epoch?: number;
}

/** Which sessions may be removed. */
export interface Removable {
  readonly from: readonly SessionStatus[];
  /** Only one that ended before and is not archived. */
  readonly endedBefore?: Date;
  /** Only one that was archived before. */
  readonly archivedBefore?: Date;
}

export interface SessionFilter {
  readonly projectId?: string;
  readonly machineId?: string;
  readonly status?: SessionStatus;
  /** Changed at or after. */
  readonly updatedSince?: Date;
  readonly withArchived?: boolean;
}

export interface SessionPage {
  readonly items: readonly Session[];
  readonly total: number;
  /** Position of the last row when there are more. */
  readonly next: { readonly createdAt: Date; readonly id: string } | null;
}

type Stage = Extract<PipelineStage, { $set: unknown } | { $unset: unknown }>;
type Stored = SessionRecord & { readonly _id: { toHexString(): string } };

/** Mongoose's own timestamps would be this process's clock. */
const AFTER = { returnDocument: 'after', updatePipeline: true, timestamps: false } as const;
const NUL = '\u0000';
/** One active session a pair of project and machine; one live session a slot. The same rule as activeKeyOf and slotKeyOf. */
const KEYS: Stage = {
  $set: {
    active_key: {
      $cond: [
        { $eq: ['$status', 'active'] },
        { $concat: ['$organization', NUL, '$project_id', NUL, '$machine_id'] },
        '$$REMOVE',
      ],
    },
    slot_key: {
      $cond: [
        { $and: [{ $in: ['$status', [...LIVE]] }, { $ne: [{ $ifNull: ['$docker_slot', null] }, null] }] },
        { $concat: ['$organization', NUL, '$machine_id', NUL, { $toString: '$docker_slot' }] },
        '$$REMOVE',
      ],
    },
  },
};

const SIGN_OF_LIFE = {
  last_heartbeat: { $max: ['$last_heartbeat', '$$NOW'] },
  updated_at: '$$NOW',
};
const COUNTED = { heartbeat_count: { $add: ['$heartbeat_count', 1] } };
/** The update of a heartbeat that carries nothing. */
const PLAIN_BEAT: Stage[] = [{ $set: { ...SIGN_OF_LIFE, ...COUNTED } }];
const REACTIVATED = { status: 'active', stalled_at: null, recovery_lock_until: null };
/** Notes about the stall, gone when it ends. */
const STALL_NOTES = { machine_released: null, stalled_reason: null };
const BEATING: SessionStatus[] = ['active', 'paused'];

/** The collection `sessions`. Every method takes the organization; conditional writes answer null when nothing matched. */
@Injectable()
export class SessionsRepository extends BaseRepository<SessionRecord> {
  constructor(@InjectModel(SESSIONS) model: Model<SessionRecord>) {
    super(model);
  }

  /**
   * The hot path of a heartbeat: one command, on the driver itself (no casting, no unit of work). Matches an active or paused
   * session whose epoch is not newer than the sender's and whose current task is the given one already.
   */
  async recordHeartbeat({ organization, id }: SessionKey, beat: Beat): Promise<Session | null> {
    const filter: Record<string, unknown> = { session_id: id, organization, status: { $in: BEATING } };
    if (beat.epoch !== undefined) filter['epoch'] = { $lte: beat.epoch };
    if (beat.currentTaskId !== undefined) filter['current_task_id'] = beat.currentTaskId;
    const record = await modifyPlainly(this.model, filter, beatStages(beat));
    return record ? toSession(record) : null;
  }

  /**
   * The rare heartbeat, inside a unit of work: from a stalled session (active again), or with another current task. `now` is
   * the database's; a session locked for recovery beyond it matches nothing.
   */
  async recordLateHeartbeat({ organization, id }: SessionKey, beat: Beat, now: Date): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        {
          session_id: id,
          organization,
          ...(beat.epoch === undefined ? {} : { epoch: { $lte: beat.epoch } }),
          $or: [{ status: { $in: BEATING } }, { status: 'stalled', ...unlocked(now) }],
        },
        [
          ...beatStages(beat),
          ...(beat.currentTaskId === undefined
            ? []
            : [{ $set: { current_task_id: { $literal: beat.currentTaskId } } } as Stage]),
          ...onlyWhenStalled(),
          KEYS,
        ],
        AFTER,
      )
      .lean<Stored>();
    return record ? toSession(record) : null;
  }

  async find({ organization, id }: SessionKey): Promise<Session | null> {
    const record = await this.model.findOne({ session_id: id, organization }).lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** As `find`, for the GET that clients poll with: never inside a unit of work. */
  async read({ organization, id }: SessionKey): Promise<Session | null> {
    const record = await findPlainly(this.model, { session_id: id });
    return record?.organization === organization ? toSession(record) : null;
  }

  /** The active session of a pair. */
  async findActive(pair: { organization: string; projectId: string; machineId: string }): Promise<Session | null> {
    const record = await this.model.findOne({ active_key: asIndexed(activeKeyOf(pair)) }).lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** The live session that holds a slot. */
  async findSlotHolder(machine: { organization: string; machineId: string }, slot: number): Promise<Session | null> {
    const record = await this.model.findOne({ slot_key: asIndexed(slotKeyOf(machine, slot)) }).lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** Newest first. */
  async list(organization: string, filter: SessionFilter, slice: Slice): Promise<SessionPage> {
    const query = queryOf(organization, filter);
    const records = await this.model
      .find(slice.after ? { $and: [query, after(slice.after)] } : query)
      .sort({ created_at: -1, _id: -1 })
      .skip(slice.offset)
      .limit(slice.limit + 1)
      .lean<Stored[]>();
    const total = await this.model.countDocuments(query);
    const items = records.slice(0, slice.limit);
    const last = items.at(-1);
    return {
      items: items.map(toSession),
      total,
      next: records.length > items.length && last ? { createdAt: last.created_at, id: last._id.toHexString() } : null,
    };
  }

  /**
   * Stores a session, as an upsert on its fresh id, so that its times are the database's.
   * @throws duplicate-key error: `duplicateOf` tells which rule
   */
  async insert(session: NewSession): Promise<Session> {
    const record = await this.model
      .findOneAndUpdate(
        { session_id: session.id },
        [
          {
            $set: {
              organization: { $literal: session.organization },
              project_id: { $literal: session.projectId },
              machine_id: { $literal: session.machineId },
              docker_slot: { $literal: session.dockerSlot },
              status: 'active',
              last_heartbeat: '$$NOW',
              current_task_id: null,
              started_at: '$$NOW',
              completed_at: null,
              metadata: { $literal: session.metadata },
              archived: false,
              archived_at: null,
              stalled_at: null,
              stall_count: 0,
              heartbeat_count: 0,
              stall_threshold_ms: session.stallThresholdMs,
              recovered_from: session.recoveredFrom ?? null,
              recovered_to: null,
              recovery_attempts: session.recoveryAttempts ?? 0,
              recovery_lock_until: null,
              epoch: session.epoch ?? 1,
              progress: null,
              created_by: { $literal: session.createdBy },
              created_at: '$$NOW',
              updated_at: '$$NOW',
            },
          },
          KEYS,
        ] as Stage[],
        { ...AFTER, upsert: true },
      )
      .lean<Stored>();
    return toSession(record as Stored);
  }

  /**
   * One conditional write: `change` where the session is in one of `from`. `unlockedAt` (the database's now) also asks that no
   * recovery was prepared for a later time.
   * @throws duplicate-key error when the pair or the slot is held by another session
   */
  async change(
    { organization, id }: SessionKey,
    from: readonly SessionStatus[],
    change: SessionChange,
    unlockedAt?: Date,
  ): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        { session_id: id, organization, status: { $in: [...from] }, ...(unlockedAt ? unlocked(unlockedAt) : {}) },
        changeStages(change),
        AFTER,
      )
      .lean<Stored>();
    return record ? toSession(record) : null;
  }

  /**
   * The end of a session: terminal state, `completed_at` (kept when it had one), no current task (`metadata.last_task_id` keeps
   * it), pair and slot free. `failure` goes into the metadata; its context also at top level as far as 64 KiB allow.
   */
  async close(
    { organization, id }: SessionKey,
    to: 'completed' | 'failed',
    from: readonly SessionStatus[],
    failure: { readonly message: string; readonly context: Readonly<Record<string, unknown>> } | null,
  ): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate({ session_id: id, organization, status: { $in: [...from] } }, closingStages(to, failure), AFTER)
      .lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** Removes it where it is one that may go, and returns what it was. */
  async remove({ organization, id }: SessionKey, which: Removable): Promise<Session | null> {
    const record = await this.model
      .findOneAndDelete({
        session_id: id,
        organization,
        status: { $in: [...which.from] },
        ...(which.endedBefore ? { archived: false, completed_at: { $lt: which.endedBefore } } : {}),
        ...(which.archivedBefore ? { archived: true, archived_at: { $lt: which.archivedBefore } } : {}),
      })
      .lean<Stored>();
    return record ? toSession(record) : null;
  }

  /** A task ended or is gone: the session has no current one. Null when it had another. */
  async clearCurrentTask({ organization, id }: SessionKey, taskId: string): Promise<Session | null> {
    const record = await this.model
      .findOneAndUpdate(
        { session_id: id, organization, current_task_id: taskId },
        [{ $set: { current_task_id: null, updated_at: '$$NOW' } }],
        AFTER,
      )
      .lean<Stored>();
    return record ? toSession(record) : null;
  }
}

/** Which unique rule a duplicate-key error broke; null: another error, or another rule. */
export function duplicateOf(error: unknown): 'pair' | 'slot' | 'recovery' | null {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 11000 || typeof message !== 'string') return null;
  if (message.includes('active_key_1')) return 'pair';
  if (message.includes('slot_key_1')) return 'slot';
  return message.includes('recovered_from_1') ? 'recovery' : null;
}

export function toSession(record: SessionRecord): Session {
  return {
    id: record.session_id,
    organization: record.organization,
    projectId: record.project_id,
    machineId: record.machine_id,
    dockerSlot: record.docker_slot,
    status: record.status,
    lastHeartbeatAt: record.last_heartbeat,
    currentTaskId: record.current_task_id,
    startedAt: record.started_at,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    completedAt: record.completed_at,
    metadata: record.metadata,
    isArchived: record.archived,
    archivedAt: record.archived_at,
    stalledAt: record.stalled_at,
    stallCount: record.stall_count,
    heartbeatCount: record.heartbeat_count,
    stallThresholdMs: record.stall_threshold_ms,
    recoveredFrom: record.recovered_from,
    recoveredTo: record.recovered_to,
    recoveryAttempts: record.recovery_attempts,
    recoveryLockUntil: record.recovery_lock_until,
    epoch: record.epoch,
    progress: record.progress,
    createdBy: record.created_by,
  };
}

function queryOf(organization: string, filter: SessionFilter): QueryFilter<SessionRecord> {
  return {
    organization,
    ...(filter.projectId === undefined ? {} : { project_id: filter.projectId }),
    ...(filter.machineId === undefined ? {} : { machine_id: filter.machineId }),
    ...(filter.status ? { status: filter.status } : {}),
    ...(filter.updatedSince ? { updated_at: { $gte: filter.updatedSince } } : {}),
    ...(filter.withArchived ? {} : { archived: false }),
  };
}

function after(position: { readonly createdAt: Date; readonly id: string }): QueryFilter<SessionRecord> {
  return {
    $or: [
      { created_at: { $lt: position.createdAt } },
      { created_at: position.createdAt, _id: { $lt: position.id } as never },
    ],
  };
}

/** The condition of the partial indexes on the keys stands in the query as well: without it they are not used. */
function asIndexed(key: string): { readonly $eq: string; readonly $type: 'string' } {
  return { $eq: key, $type: 'string' };
}

function unlocked(now: Date): QueryFilter<SessionRecord> {
  return { $or: [{ recovery_lock_until: null }, { recovery_lock_until: { $lte: now } }] };
}

function beatStages({ metadata, progress }: Beat): Stage[] {
  if (!metadata && !progress) return PLAIN_BEAT;
  return [
    ...PLAIN_BEAT,
    ...(progress ? [{ $set: { progress: { $literal: progress } } } as Stage] : []),
    ...(metadata ? mergeMetadata(metadata, STORED_METADATA_BYTES) : []),
  ];
}

/** What ends a stall, and changes nothing where there is none. */
function onlyWhenStalled(): Stage[] {
  const ends = { $eq: ['$status', 'stalled'] };
  const notes = Object.keys(STALL_NOTES);
  return [
    {
      $set: {
        status: { $cond: [ends, 'active', '$status'] },
        stalled_at: null,
        recovery_lock_until: null,
        metadata: {
          $cond: [
            ends,
            {
              $arrayToObject: {
                $filter: {
                  input: { $objectToArray: '$metadata' },
                  cond: { $not: [{ $in: ['$$this.k', notes] }] },
                },
              },
            },
            '$metadata',
          ],
        },
      },
    },
  ];
}

function changeStages(change: SessionChange): Stage[] {
  const fields: Record<string, unknown> = { updated_at: '$$NOW' };
  if (change.currentTaskId !== undefined) fields['current_task_id'] = { $literal: change.currentTaskId };
  if (change.dockerSlot !== undefined) fields['docker_slot'] = { $literal: change.dockerSlot };
  if (change.machineId !== undefined) fields['machine_id'] = { $literal: change.machineId };
  if (change.status === 'active') {
    Object.assign(fields, SIGN_OF_LIFE, REACTIVATED, { epoch: { $add: ['$epoch', 1] } });
  } else if (change.status === 'stalled') {
    Object.assign(fields, {
      status: 'stalled',
      stalled_at: '$$NOW',
      stall_count: { $add: ['$stall_count', 1] },
    });
  } else if (change.status) fields['status'] = change.status;
  const metadata = { ...change.metadata, ...(change.status === 'active' ? STALL_NOTES : {}) };
  return [
    { $set: fields } as Stage,
    ...(Object.keys(metadata).length > 0 ? mergeMetadata(metadata, Number.MAX_SAFE_INTEGER) : []),
    KEYS,
  ];
}

function closingStages(
  to: 'completed' | 'failed',
  failure: { readonly message: string; readonly context: Readonly<Record<string, unknown>> } | null,
): Stage[] {
  const hasContext = failure !== null && Object.keys(failure.context).length > 0;
  const notes = {
    $mergeObjects: [
      { $cond: [{ $ne: [{ $ifNull: ['$current_task_id', null] }, null] }, { last_task_id: '$current_task_id' }, {}] },
      ...(failure ? [{ error_message: { $literal: failure.message }, failed_at: '$$NOW' }] : []),
      ...(hasContext ? [{ error_context: { $literal: failure.context } }] : []),
    ],
  };
  const context = {
    $literal: Object.fromEntries(Object.entries(failure?.context ?? {}).filter(([, v]) => v !== null)),
  };
  const whole = { $mergeObjects: ['$metadata', context, '$closing_notes'] };
  return [
    { $set: { closing_notes: notes } } as Stage,
    {
      $set: {
        status: to,
        completed_at: { $ifNull: ['$completed_at', '$$NOW'] },
        current_task_id: null,
        stalled_at: null,
        recovery_lock_until: null,
        updated_at: '$$NOW',
        metadata: hasContext
          ? {
              $cond: [
                { $lte: [{ $bsonSize: whole }, STORED_METADATA_BYTES] },
                whole,
                { $mergeObjects: ['$metadata', '$closing_notes'] },
              ],
            }
          : whole,
      },
    } as Stage,
    { $unset: ['closing_notes'] } as Stage,
    KEYS,
  ];
}
