import { toCursor } from '../../../shared/events/cursor.js';
import { EVENTS, type EventName, type StoredEvent } from '../../../shared/events/events.js';
import { type Channel, LIFECYCLE_EVENTS } from '../channel.js';
import type { SharedFrame } from '../event-frame.js';
import type { TailListener } from './organization-tail.js';
import { followsLog, isOnChannel, isSelected, type Selection } from './selection.js';

/** Latest of a coalesced event at most this often, for each stack or operation; api.md 4.5. */
const COALESCE_MS = 1000;
const LOGS_PER_SECOND = 50;
/** `dropped` frames of one subscription come at most this often. */
const REPORT_MS = 1000;
const LIFECYCLE: ReadonlySet<EventName> = new Set(LIFECYCLE_EVENTS);

export type DropReason = 'coalesced' | 'log_rate' | 'backpressure';

/** Tells of frames that a subscription did not send; `since` resumes before the first of them. */
export interface Dropped {
  readonly channel: string;
  readonly count: number;
  readonly since: string;
  readonly reason: DropReason;
}

/** The connection as a subscription sees it. */
export interface Outlet {
  /** Now, in ms. */
  now(): number;
  /** True while so much is buffered that log, resource_* and stack_progress frames are shed. */
  isCongested(): boolean;
  deliver(frame: SharedFrame, channel: string): void;
  tellDropped(dropped: Dropped): void;
}

export interface SubscriptionOptions {
  readonly channel: Channel;
  readonly organization: string;
  readonly selection: Selection;
  /** Asked with `since`: every stored frame arrives, nothing is coalesced or limited (only shed under backpressure). */
  readonly gapFree: boolean;
  /** May the caller read this event? */
  readonly mayRead: (event: StoredEvent) => boolean;
}

/**
 * One channel of one connection. Live events pass:
 * 1. channel, selection and rights; for somebody who follows the log, as lines;
 * 2. congestion: what can be read again later is shed and counted;
 * 3. the log limit (50/s);
 * 4. coalescing: the first of a key leaves at once, the following wait for `tick`, the latest wins. A frame never overtakes:
 *    what still waits when a newer frame leaves is dropped, so order on the channel is always the order of the store.
 */
export class Subscription implements TailListener {
  /** Every event up to here was handed over. */
  position = 0;
  isClosed = false;
  readonly #waiting = new Map<string, SharedFrame>();
  readonly #lastSent = new Map<string, number>();
  readonly #dropped = new Map<DropReason, { count: number; first: number }>();
  #reportedAt = 0;
  #logWindow = { startedAt: 0, count: 0 };

  constructor(
    readonly options: SubscriptionOptions,
    private readonly outlet: Outlet,
  ) {}

  get channel(): string {
    return this.options.channel.name;
  }

  accept(raw: SharedFrame): void {
    const frame = this.told(raw);
    if (this.isClosed || !frame) return;
    const { event } = frame;
    if (isSheddable(event.type) && this.outlet.isCongested()) return this.drop('backpressure', frame);
    if (this.options.gapFree) return this.send(frame);
    if (event.type === 'log' && !this.takeLogSlot()) return this.drop('log_rate', frame);
    const key = coalescingKey(event);
    if (key === null) return this.send(frame);
    const last = this.#lastSent.get(key);
    if (last !== undefined && this.outlet.now() - last < COALESCE_MS) {
      const older = this.#waiting.get(key);
      if (older) this.drop('coalesced', older);
      this.#waiting.set(key, frame);
      return;
    }
    this.#lastSent.set(key, this.outlet.now());
    this.send(frame);
  }

  /** A stored frame of a replay: neither coalesced nor limited. @returns whether it is wanted */
  replay(raw: SharedFrame): boolean {
    const frame = this.told(raw);
    if (frame && !this.isClosed) this.send(frame);
    return frame !== null;
  }

  /** Sends what has waited long enough and reports what was dropped; called a few times a second. */
  tick(): void {
    const now = this.outlet.now();
    const due = [...this.#waiting]
      .filter(([key]) => now - (this.#lastSent.get(key) ?? 0) >= COALESCE_MS)
      .sort(([, a], [, b]) => a.event.position - b.event.position);
    for (const [key, frame] of due) {
      this.#lastSent.set(key, now);
      this.send(frame);
    }
    for (const [key, at] of this.#lastSent) if (now - at >= COALESCE_MS) this.#lastSent.delete(key);
    if (this.#dropped.size > 0 && now - this.#reportedAt >= REPORT_MS && !this.outlet.isCongested()) {
      this.#reportedAt = now;
      this.reportDropped();
    }
  }

  /** The frame as it is sent here; null = it is not wanted. */
  private told(raw: SharedFrame): SharedFrame | null {
    const frame = followsLog(this.options.selection) ? raw.line : raw;
    return frame && this.wants(frame.event) ? frame : null;
  }

  private wants(event: StoredEvent): boolean {
    const { channel, selection, mayRead } = this.options;
    return isOnChannel(event, channel, LIFECYCLE) && isSelected(event, selection) && mayRead(event);
  }

  private send(frame: SharedFrame): void {
    for (const [key, waiting] of this.#waiting) {
      if (waiting.event.position > frame.event.position) continue;
      this.#waiting.delete(key);
      if (waiting !== frame) this.drop('coalesced', waiting);
    }
    this.outlet.deliver(frame, this.channel);
  }

  private takeLogSlot(): boolean {
    const now = this.outlet.now();
    if (now - this.#logWindow.startedAt >= 1000) this.#logWindow = { startedAt: now, count: 0 };
    this.#logWindow.count += 1;
    return this.#logWindow.count <= LOGS_PER_SECOND;
  }

  private drop(reason: DropReason, frame: SharedFrame): void {
    const { position } = frame.event;
    const known = this.#dropped.get(reason);
    this.#dropped.set(reason, {
      count: (known?.count ?? 0) + 1,
      first: Math.min(known?.first ?? position, position),
    });
  }

  private reportDropped(): void {
    for (const [reason, { count, first }] of this.#dropped) {
      const since = toCursor(this.options.organization, first - 1);
      this.outlet.tellDropped({ channel: this.channel, count, since, reason });
    }
    this.#dropped.clear();
  }
}

/** Frames with the same key replace each other; null = never coalesced. */
function coalescingKey(event: StoredEvent): string | null {
  if (!EVENTS[event.type].coalesced) return null;
  return `${event.type} ${event.scope.operationId ?? ''} ${event.stack ?? ''}`;
}

function isSheddable(type: EventName): boolean {
  return type === 'log' || type === 'stack_progress' || type.startsWith('resource_');
}
