import { InProcessEventRelay } from '../../src/shared/events/event-relay.port.js';
import type { EventDraft, StoredEvent } from '../../src/shared/events/events.js';
import { type EventFilter, type EventsRepository, streamOf } from '../../src/shared/events/events.repository.js';
import { Clock } from '../../src/shared/kernel/clock.js';
import type { Surface } from '../../src/shared/kernel/surface.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';

/** The event store in memory; `write` numbers, stores and wakes as EventLog does. */
export class FakeEvents implements Surface<EventsRepository> {
  readonly relay = new InProcessEventRelay();
  readonly rows: StoredEvent[] = [];
  /** Reads so far. */
  reads = 0;
  readonly #ids = new RandomIds();
  readonly #last = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  async prepare(): Promise<void> {}

  write(...drafts: readonly EventDraft[]): readonly StoredEvent[] {
    const organization = drafts[0]?.scope.organization ?? '';
    const stored = this.number(organization, drafts, this.clock.now());
    this.relay.publish(organization);
    return stored;
  }

  async store(organization: string, drafts: readonly EventDraft[], timestamp: Date): Promise<readonly StoredEvent[]> {
    return this.number(organization, drafts, timestamp);
  }

  async readAfter(filter: EventFilter, position: number, limit: number): Promise<readonly StoredEvent[]> {
    this.reads += 1;
    await new Promise((resolve) => setImmediate(resolve)); // as slow as a database: others get a turn
    return this.rows.filter((row) => matches(row, filter) && row.position > position).slice(0, limit);
  }

  async readBefore(filter: EventFilter, position: number, limit: number): Promise<readonly StoredEvent[]> {
    const rows = this.rows.filter((row) => matches(row, filter) && row.position < position);
    return rows.reverse().slice(0, limit);
  }

  async count(filter: EventFilter): Promise<number> {
    return this.rows.filter((row) => matches(row, filter)).length;
  }

  async positionOfSeq(stream: string, seq: number): Promise<number | null> {
    return this.rows.find((row) => row.stream === stream && row.seq === seq)?.position ?? null;
  }

  async lastPosition(organization: string): Promise<number> {
    return this.#last.get(`position/${organization}`) ?? 0;
  }

  async lastSeq(stream: string): Promise<number> {
    return this.#last.get(`seq/${stream}`) ?? 0;
  }

  async oldestPosition(organization: string): Promise<number | null> {
    return this.rows.find((row) => row.scope.organization === organization)?.position ?? null;
  }

  /** As retention does: everything up to this position is gone. */
  forgetUpTo(position: number): void {
    this.rows.splice(0, this.rows.length, ...this.rows.filter((row) => row.position > position));
  }

  private number(organization: string, drafts: readonly EventDraft[], timestamp: Date): readonly StoredEvent[] {
    const stored = drafts.map((draft): StoredEvent => {
      const stream = streamOf(draft);
      const data = draft.data as Record<string, unknown>;
      return {
        id: this.#ids.uuid(),
        type: draft.type,
        timestamp,
        position: this.next(`position/${organization}`),
        seq: this.next(`seq/${stream}`),
        stream,
        scope: draft.scope,
        stack: typeof data['stack'] === 'string' ? data['stack'] : null,
        data,
      };
    });
    this.rows.push(...stored);
    return stored;
  }

  private next(counter: string): number {
    const value = (this.#last.get(counter) ?? 0) + 1;
    this.#last.set(counter, value);
    return value;
  }
}

function matches(row: StoredEvent, filter: EventFilter): boolean {
  const { scope } = row;
  return (
    scope.organization === filter.organization &&
    (!filter.deploymentId || scope.deploymentId === filter.deploymentId) &&
    (!filter.environment || scope.environment === filter.environment) &&
    (!filter.operationId || scope.operationId === filter.operationId) &&
    (!filter.stack || row.stack === filter.stack) &&
    (!filter.sessionId || scope.sessionId === filter.sessionId) &&
    (!filter.sessionProjectId || scope.sessionProjectId === filter.sessionProjectId) &&
    (!filter.machineId || scope.machineId === filter.machineId) &&
    (!filter.workspaceId || scope.workspaceId === filter.workspaceId) &&
    (!filter.types || filter.types.includes(row.type)) &&
    (!filter.from || row.timestamp >= filter.from) &&
    (!filter.to || row.timestamp <= filter.to)
  );
}
