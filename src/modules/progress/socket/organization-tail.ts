import type { EventsRepository } from '../../../shared/events/events.repository.js';
import type { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { SharedFrame } from '../event-frame.js';

/** Events read at once. */
const PAGE = 200;
/** Kept in memory, so that a replay meets the live stream in one tick even while events keep coming. */
const RECENT = 500;
/** A lost wake-up delays events by this at most (sessions.md 16: fallback 1 s poll). */
const POLL_MS = 1000;

const log = createLog('progress');

export interface TailListener {
  /** Last position handed over; the tail never goes back behind it. */
  position: number;
  accept(frame: SharedFrame): void;
}

/**
 * The one reader of an organization's events in this process:
 * 1. a wake-up (or the poll) reads the store from `position` in pages, one read at a time;
 * 2. each event becomes one SharedFrame and goes to all listeners in the same tick, in order of position;
 * 3. a replay that has come close joins with `attach`: what it lacks is in `recent`, handed over in the same tick as it
 *    becomes a listener. No event is missed or doubled across the seam.
 */
export class OrganizationTail {
  readonly #listeners = new Set<TailListener>();
  readonly #recent: SharedFrame[] = [];
  readonly #stop = new AbortController();
  #reading: Promise<void> | null = null;
  #again = false;

  private constructor(
    readonly organization: string,
    private readonly events: Pick<EventsRepository, 'readAfter' | 'lastPosition'>,
    private readonly clock: Clock,
    private lastRead: number,
  ) {}

  /** Starts at the organization's last committed event. */
  static async open(
    organization: string,
    events: Pick<EventsRepository, 'readAfter' | 'lastPosition'>,
    clock: Clock,
  ): Promise<OrganizationTail> {
    const tail = new OrganizationTail(organization, events, clock, await events.lastPosition(organization));
    void tail.poll();
    return tail;
  }

  /** Every event up to here was handed to the listeners. */
  get position(): number {
    return this.lastRead;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Reads what is new. Resolves when everything committed before the call was handed over, also when the read failed. */
  wake(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    this.#again = true;
    this.#reading ??= this.readAll();
    return this.#reading;
  }

  /** True when all events after `position` are in memory: `attach` will miss nothing. */
  isNear(position: number): boolean {
    return position + 1 >= (this.#recent[0]?.event.position ?? this.lastRead + 1);
  }

  /** Makes it a listener and hands over what it lacks, in this tick. @returns false when it is too far behind */
  attach(listener: TailListener): boolean {
    if (!this.isNear(listener.position)) return false;
    this.#listeners.add(listener);
    for (const frame of this.#recent) hand(listener, frame);
    return true;
  }

  detach(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop.abort();
    this.#listeners.clear();
  }

  private async readAll(): Promise<void> {
    try {
      while (this.#again && !this.#stop.signal.aborted) {
        this.#again = false;
        const page = await this.events.readAfter({ organization: this.organization }, this.lastRead, PAGE);
        if (page.length === PAGE) this.#again = true;
        for (const event of page) this.deliver(new SharedFrame(event));
      }
    } catch (error) {
      log.warn('reading events failed, the poll tries again', { organization: this.organization, error });
    } finally {
      this.#reading = null; // in the tick that saw no further wake-up, so that none is lost
    }
  }

  private deliver(frame: SharedFrame): void {
    this.lastRead = frame.event.position;
    this.#recent.push(frame);
    if (this.#recent.length > RECENT) this.#recent.shift();
    for (const listener of [...this.#listeners]) hand(listener, frame);
  }

  private async poll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.clock.sleep(POLL_MS, this.#stop.signal);
      await this.wake();
    }
  }
}

function hand(listener: TailListener, frame: SharedFrame): void {
  if (frame.event.position <= listener.position) return;
  listener.position = frame.event.position;
  listener.accept(frame);
}
