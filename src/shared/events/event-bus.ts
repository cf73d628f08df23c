import { Injectable } from '@nestjs/common';
import { createLog } from '../kernel/log.js';
import type { EventName, StoredEvent } from './events.js';

type Handler = (event: StoredEvent) => void | Promise<void>;
const log = createLog('events');

/** Tells listeners in this process about committed events: in order, each caught and logged alone. */
@Injectable()
export class EventBus {
  readonly #handlers: { readonly names: ReadonlySet<EventName> | null; readonly handler: Handler }[] = [];

  /** `names` null = every event. */
  on(names: readonly EventName[] | null, handler: Handler): void {
    this.#handlers.push({ names: names ? new Set(names) : null, handler });
  }

  async emit(events: readonly StoredEvent[]): Promise<void> {
    for (const event of events) {
      for (const { names, handler } of this.#handlers) {
        if (names && !names.has(event.type)) continue;
        try {
          await handler(event);
        } catch (error) {
          log.error('event listener failed', { error, type: event.type });
        }
      }
    }
  }
}
