import { toCursor } from '../../shared/events/cursor.js';
import { lineOf } from '../../shared/events/event-line.js';
import { EVENTS, type EventName, type StoredEvent } from '../../shared/events/events.js';

export type EventNaming = 'underscore' | 'dotted';

/** The event frame of api.md 4.4, the same on the socket and in event lists. */
export interface EventFrame {
  readonly type: string;
  /** The other spelling of `type`. */
  readonly event: string;
  /** ISO 8601, ms. */
  readonly timestamp: string;
  readonly channel: string;
  readonly id: string;
  /** In the operation, else in the deployment. */
  readonly seq: number;
  readonly cursor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A frame on the socket is at most this long; api.md 1.2. */
export const MAX_FRAME_BYTES = 256 * 1024;

/** Pulumi marks a secret value with this key in its wire and state format. */
const SECRET_MARK = '4dabf18193072939515e22adb298388d';
const MASK = '***';

export function toFrame(event: StoredEvent, channel: string, naming: EventNaming = 'underscore'): EventFrame {
  return { ...head(event, naming), channel, ...tail(event), data: dataOf(event) };
}

/**
 * An event on its way to many sockets: the payload becomes JSON once, and the whole text once for each pair of channel name
 * and naming, whatever the number of subscribers.
 */
export class SharedFrame {
  readonly #texts = new Map<string, Buffer>();
  #data: string | undefined;
  #line: SharedFrame | null | undefined;

  constructor(readonly event: StoredEvent) {}

  /** The event as a `log` event, with its own id and place; null when the log has no line for it. A `log` event is its own. */
  get line(): SharedFrame | null {
    if (this.#line === undefined) this.#line = this.event.type === 'log' ? this : asLog(this.event);
    return this.#line;
  }

  text(channel: string, naming: EventNaming): Buffer {
    const key = `${naming} ${channel}`;
    let text = this.#texts.get(key);
    if (!text) {
      text = this.assembled(channel, naming);
      this.#texts.set(key, text);
    }
    return text;
  }

  private assembled(channel: string, naming: EventNaming): Buffer {
    this.#data ??= limited(dataOf(this.event));
    const start = JSON.stringify({ ...head(this.event, naming), channel, ...tail(this.event) });
    return Buffer.from(`${start.slice(0, -1)},"data":${this.#data}}`, 'utf8');
  }
}

function asLog(event: StoredEvent): SharedFrame | null {
  const line = lineOf(event);
  if (!line) return null;
  const { level, component, message, metadata } = line;
  const context = { component, ...metadata };
  const data = { stack: event.stack, stackName: event.stack, level, message, context };
  return new SharedFrame({ ...event, type: 'log', data });
}

/** Both spellings of event names → names; null for an unknown one. A dotted name may stand for several. */
export function eventNames(spelling: string): readonly EventName[] | null {
  const names = (Object.keys(EVENTS) as EventName[]).filter(
    (name) => name === spelling || EVENTS[name].dotted === spelling,
  );
  return names.length > 0 ? names : null;
}

function head(event: StoredEvent, naming: EventNaming): Pick<EventFrame, 'type' | 'event' | 'timestamp'> {
  const dotted = EVENTS[event.type]?.dotted ?? event.type;
  return {
    type: naming === 'dotted' ? dotted : event.type,
    event: naming === 'dotted' ? event.type : dotted,
    timestamp: event.timestamp.toISOString(),
  };
}

function tail(event: StoredEvent): Pick<EventFrame, 'id' | 'seq' | 'cursor'> {
  return { id: event.id, seq: event.seq, cursor: toCursor(event.scope.organization, event.position) };
}

function dataOf({ type, scope, data }: StoredEvent): Record<string, unknown> {
  if (EVENTS[type]?.half === 'sessions') return data;
  return {
    deploymentId: scope.deploymentId ?? null,
    environment: scope.environment ?? null,
    operationId: scope.operationId ?? null,
    operationType: scope.operationType ?? null,
    correlationId: scope.correlationId ?? null,
    ...data,
    ...('outputs' in data ? { outputs: masked(data['outputs']) } : {}),
  };
}

/** Outputs come without secret values; one that carries the engine's mark all the same never leaves the server. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (value === null || typeof value !== 'object') return value;
  if (SECRET_MARK in value) return MASK;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}

/** JSON of the payload; too big: outputs go first, then everything but the common fields. */
function limited(data: Record<string, unknown>): string {
  const room = MAX_FRAME_BYTES - 1024; // head, channel (up to 200), id and cursor
  const variants = [
    () => data,
    () => ('outputs' in data ? { ...data, outputs: { truncated: true } } : data),
    () => ({
      ...Object.fromEntries(Object.entries(data).filter(([, v]) => JSON.stringify(v)?.length < 256)),
      truncated: true,
    }),
  ];
  for (const variant of variants) {
    const text = JSON.stringify(variant());
    if (Buffer.byteLength(text) <= room) return text;
  }
  return '{"truncated":true}';
}
