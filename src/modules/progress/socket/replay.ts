import type { EventFilter, EventsRepository } from '../../../shared/events/events.repository.js';
import { SharedFrame } from '../event-frame.js';
import type { OrganizationTail } from './organization-tail.js';
import type { Subscription } from './subscription.js';

const PAGE = 200;

export interface ReplayResult {
  /** seq of the first and last replayed frame; null when there was none. */
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  /** Position up to which everything was replayed. */
  readonly position: number;
  /** True when retention removed events while they were being replayed. */
  readonly gap: boolean;
}

export interface ReplaySource {
  readonly events: Pick<EventsRepository, 'readAfter' | 'oldestPosition'>;
  readonly filter: EventFilter;
  readonly tail: OrganizationTail;
  /** Resolves when the client has taken enough of what was sent. */
  readonly drained: () => Promise<void>;
}

/**
 * Stored frames after the subscription's position, in pages, each page only when the client took the one before:
 * 1. read a page of the channel;
 * 2. a full page: go on behind its last event;
 * 3. else the store had nothing more when the tail stood at `target`: go on behind both;
 * 4. done as soon as the rest is in the tail's memory (`isNear`): the caller then attaches in the same tick.
 * Ends early when the subscription was closed.
 */
export async function replay(subscription: Subscription, source: ReplaySource): Promise<ReplayResult> {
  const { events, filter, tail, drained } = source;
  let position = subscription.position;
  let fromSeq: number | null = null;
  let toSeq: number | null = null;
  let gap = false;
  while (!subscription.isClosed) {
    const target = tail.position;
    const page = await events.readAfter(filter, position, PAGE);
    for (const event of page) {
      if (subscription.replay(new SharedFrame(event))) {
        fromSeq ??= event.seq;
        toSeq = event.seq;
      }
      position = event.position;
      await drained();
      if (subscription.isClosed) break;
    }
    if (page.length < PAGE) {
      position = Math.max(position, target);
      subscription.position = position;
      if (tail.isNear(position)) break;
    } else {
      const oldest = await events.oldestPosition(filter.organization);
      if (oldest !== null && oldest > position + 1) gap = true;
    }
    subscription.position = position;
  }
  return { fromSeq, toSeq, position, gap };
}
