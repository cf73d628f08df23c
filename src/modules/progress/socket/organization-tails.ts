import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EventRelay } from '../../../shared/events/event-relay.port.js';
import { EventsRepository } from '../../../shared/events/events.repository.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { OrganizationTail, type TailListener } from './organization-tail.js';

/** One tail for each organization somebody listens to; opened by the first, closed after the last. */
@Injectable()
export class OrganizationTails implements OnModuleInit, OnApplicationShutdown {
  readonly #tails = new Map<string, { readonly tail: Promise<OrganizationTail>; users: number }>();
  #unsubscribe: () => void = () => undefined;

  constructor(
    private readonly events: EventsRepository,
    private readonly relay: EventRelay,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.#unsubscribe = this.relay.subscribe((organization) => {
      void this.#tails.get(organization)?.tail.then((tail) => tail.wake());
    });
  }

  onApplicationShutdown(): void {
    this.#unsubscribe();
    for (const { tail } of this.#tails.values()) void tail.then((open) => open.close());
    this.#tails.clear();
  }

  /** The tail of an organization; each `use` wants one `release`. */
  async use(organization: string): Promise<OrganizationTail> {
    let entry = this.#tails.get(organization);
    if (!entry) {
      entry = { tail: OrganizationTail.open(organization, this.events, this.clock), users: 0 };
      this.#tails.set(organization, entry);
    }
    entry.users += 1;
    try {
      return await entry.tail;
    } catch (error) {
      if (this.#tails.get(organization) === entry) this.#tails.delete(organization);
      throw error;
    }
  }

  release(tail: OrganizationTail, listener?: TailListener): void {
    if (listener) tail.detach(listener);
    const entry = this.#tails.get(tail.organization);
    if (!entry) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#tails.delete(tail.organization);
    tail.close();
  }
}
