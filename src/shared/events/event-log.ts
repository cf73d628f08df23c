import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Clock } from '../kernel/clock.js';
import { createLog } from '../kernel/log.js';
import { EventBus } from './event-bus.js';
import { EventRelay } from './event-relay.port.js';
import { EventsRepository } from './events.repository.js';
import type { EventDraft, EventName, StoredEvent } from './events.js';

const log = createLog('events');

/** Adds an event to the running unit of work. */
export type Append = (draft: EventDraft) => void;

interface InsideListener {
  readonly names: readonly EventName[];
  readonly listener: (event: EventDraft, append: Append) => Promise<void>;
}

type StoredListener = (events: readonly StoredEvent[]) => Promise<void>;

/**
 * The one way to change state and tell about it:
 * 1. `work` changes state and appends events, in one transaction;
 * 2. as its last step the transaction numbers and stores the events (position per organization, seq per stream), and what is
 *    kept of them elsewhere (`withStored`);
 * 3. after the commit the relay wakes subscribers and the bus tells listeners in this process.
 * Writers of one organization go one after another: inside a process by the queue here, between processes because both
 * must increment the same counter document (a write conflict, which the driver retries). That is why positions appear in
 * commit order and a reader at position n has missed nothing.
 */
@Injectable()
export class EventLog {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #inside: InsideListener[] = [];
  readonly #stored: StoredListener[] = [];

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: EventsRepository,
    private readonly relay: EventRelay,
    private readonly bus: EventBus,
    private readonly clock: Clock,
  ) {}

  /**
   * `listener` runs inside the transaction, for every event of these names, in the order they were appended: what it writes is
   * committed with the change it hears of, and what it throws undoes both. For what must hold together across modules
   * (a task starts → its session's current task); all other news is heard on the bus, after the commit.
   */
  within<N extends EventName>(
    names: readonly N[],
    listener: (event: EventDraft<N>, append: Append) => Promise<void>,
  ): void {
    this.#inside.push({ names, listener: listener as InsideListener['listener'] });
  }

  /** `listener` runs inside the transaction, once for all its events, when they have their numbers: it keeps a copy of its own. */
  withStored(listener: StoredListener): void {
    this.#stored.push(listener);
  }

  /** `work` may run more than once (write conflicts): no effect outside the database. */
  async write<T>(organization: string, work: (append: Append) => Promise<T>): Promise<T> {
    const { result, stored } = await this.queued(organization, () => this.commit(organization, work));
    if (stored.length > 0) {
      this.relay.publish(organization);
      await this.bus.emit(stored);
    }
    return result;
  }

  private async commit<T>(
    organization: string,
    work: (append: Append) => Promise<T>,
  ): Promise<{ result: T; stored: readonly StoredEvent[] }> {
    return this.unitOfWork.run(async () => {
      const drafts: EventDraft[] = [];
      const append: Append = (draft) => drafts.push(draft);
      const result = await work(append);
      for (let i = 0; i < drafts.length; i += 1) await this.tellInside(drafts[i] as EventDraft, append);
      const stored = drafts.length > 0 ? await this.events.store(organization, drafts, this.clock.now()) : [];
      if (stored.length > 0) for (const listener of this.#stored) await listener(stored);
      return { result, stored };
    });
  }

  private async tellInside(event: EventDraft, append: Append): Promise<void> {
    for (const { names, listener } of this.#inside) if (names.includes(event.type)) await listener(event, append);
  }

  private queued<T>(organization: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(organization) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#tails.get(organization) === tail) this.#tails.delete(organization);
      });
    this.#tails.set(organization, tail);
    mine.catch((error: unknown) => log.debug('write failed', { organization, error }));
    return mine;
  }
}
