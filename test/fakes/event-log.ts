import type { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { EventBus } from '../../src/shared/events/event-bus.js';
import { EventLog } from '../../src/shared/events/event-log.js';
import type { EventsRepository } from '../../src/shared/events/events.repository.js';
import type { Clock } from '../../src/shared/kernel/clock.js';
import { FakeEvents } from './fake-events.js';

/** The real event log on events in memory. Its unit of work has no rollback: for use cases on fakes that do not fail half-way. */
export function eventLogInMemory(clock: Clock): { readonly log: EventLog; readonly events: FakeEvents } {
  const events = new FakeEvents(clock);
  const unitOfWork = { run: (work: () => Promise<unknown>) => work() } as unknown as UnitOfWork;
  const log = new EventLog(unitOfWork, events as unknown as EventsRepository, events.relay, new EventBus(), clock);
  return { log, events };
}
