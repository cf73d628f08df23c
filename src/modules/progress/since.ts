import { AppError } from '../../shared/errors/app-error.js';
import { fromCursor, toCursor } from '../../shared/events/cursor.js';
import type { EventFilter, EventsRepository } from '../../shared/events/events.repository.js';

/** Where a client wants to go on: everything after this (exclusive). */
export type Since =
  | { readonly kind: 'cursor'; readonly organization: string; readonly position: number }
  | { readonly kind: 'seq'; readonly seq: number }
  | { readonly kind: 'time'; readonly time: Date };

/** The same question in its accepted spellings (api.md 4.2). */
export interface SinceFields {
  readonly since?: string | number;
  readonly sinceSeq?: number;
  readonly since_seq?: number;
  /** ISO 8601. */
  readonly sinceTime?: string;
}

export type SinceReader = Pick<EventsRepository, 'positionOfSeq' | 'lastSeq' | 'oldestPosition' | 'readAfter'>;

/** @returns null when none of the fields is given, `'malformed'` when `since` is neither a cursor nor a number */
export function parseSince(fields: SinceFields): Since | 'malformed' | null {
  const { since, sinceTime } = fields;
  const seq = fields.sinceSeq ?? fields.since_seq;
  if (since !== undefined) {
    if (typeof since === 'number') return { kind: 'seq', seq: since };
    const cursor = fromCursor(since);
    if (cursor) return { kind: 'cursor', ...cursor };
    return /^\d{1,15}$/.test(since) ? { kind: 'seq', seq: Number(since) } : 'malformed';
  }
  if (seq !== undefined) return { kind: 'seq', seq };
  return sinceTime === undefined ? null : { kind: 'time', time: new Date(sinceTime) };
}

export interface SinceContext {
  readonly filter: EventFilter;
  /** A position at which the asker knows the organization to be; nothing before it is still unwritten. */
  readonly knownPosition: number;
  /** Events older than this may be gone. */
  readonly retainedFrom: Date;
}

/**
 * The position after which to read:
 * 1. a cursor is its position, when it belongs to the organization of the channel;
 * 2. a seq is the position just before seq + 1 of the operation; when that is not written yet, the known position (what comes
 *    later has a higher one). 0 is the beginning of what is stored, on any channel;
 * 3. a time is the position just before the first event after it.
 * @throws AppError `WS_REPLAY_GAP` with the oldest cursor when events after it are no longer stored; `WS_BAD_FRAME` when it
 *   does not fit the channel
 */
export async function positionOf(since: Since, context: SinceContext, events: SinceReader): Promise<number> {
  const { filter, knownPosition } = context;
  if (since.kind === 'cursor') {
    if (since.organization !== filter.organization) throw badSince('since is a cursor of another organization');
    if (since.position > knownPosition) throw await replayGap(context, events);
    return afterGapCheck(since.position, context, events);
  }
  if (since.kind === 'time') {
    const [first] = await events.readAfter({ ...filter, from: new Date(since.time.getTime() + 1) }, 0, 1);
    const oldest = (await events.oldestPosition(filter.organization)) ?? knownPosition + 1;
    if (since.time < context.retainedFrom && oldest > 1) throw await replayGap(context, events);
    return first ? Math.min(first.position - 1, knownPosition) : knownPosition;
  }
  const stream = streamOf(filter);
  if (since.seq === 0 && !stream) return ((await events.oldestPosition(filter.organization)) ?? 1) - 1;
  if (!stream) throw badSince('since as a seq needs the channel of one operation or session; use a cursor here');
  const next = await events.positionOfSeq(stream, since.seq + 1);
  if (next !== null) return next - 1;
  if ((await events.lastSeq(stream)) <= since.seq) return knownPosition;
  const late = await events.positionOfSeq(stream, since.seq + 1); // written between the two questions?
  if (late !== null) return late - 1;
  throw await replayGap(context, events);
}

/** The stream that `seq` counts in; null on channels of several. */
function streamOf(filter: EventFilter): string | null {
  if (filter.operationId) return `operation/${filter.operationId}`;
  return filter.sessionId ? `session/${filter.sessionId}` : null;
}

async function afterGapCheck(position: number, context: SinceContext, events: SinceReader): Promise<number> {
  const oldest = await events.oldestPosition(context.filter.organization);
  const missing = oldest === null ? context.knownPosition > position : oldest > position + 1;
  if (missing) throw await replayGap(context, events);
  return position;
}

/** Its `details.cursor`, given to `since`, replays all that is stored. */
async function replayGap(context: SinceContext, events: SinceReader): Promise<AppError> {
  const { organization } = context.filter;
  const oldest = (await events.oldestPosition(organization)) ?? context.knownPosition + 1;
  const cursor = toCursor(organization, oldest - 1);
  return new AppError(
    'WS_REPLAY_GAP',
    410,
    'Events after this point are no longer stored; go on from the oldest cursor',
    {
      details: { cursor, oldestCursor: cursor },
    },
  );
}

function badSince(message: string): AppError {
  return new AppError('WS_BAD_FRAME', 400, message);
}
