import type { EventDraft, EventName } from '../../src/shared/events/events.js';
import { type InstanceChange, type JournalEntry, RunJournal } from '../../src/modules/orchestrator/run-journal.port.js';
import type { RunReport, RunState } from '../../src/modules/orchestrator/run-request.js';

/** The process "dies" while it writes an entry. */
export class Died extends Error {}

/** The journal in memory. It keeps what a real one would store, so that a successor can be started from it. */
export class RecordingJournal extends RunJournal {
  readonly entries: JournalEntry[] = [];
  readonly instances = new Map<string, InstanceChange>();
  readonly sticky = new Map<string, Record<string, string>>();
  report: RunReport | null = null;
  #state: RunState | null = null;

  /**
   * @param diesAt number of the entry, from 1, at which it throws; 0 = never
   * @param isStored whether that entry still reaches the store
   * @param error what it throws
   */
  constructor(
    private diesAt = 0,
    private readonly isStored = false,
    private readonly error: Error = new Died('killed'),
    private readonly delay: () => Promise<void> = async () => undefined,
  ) {
    super();
  }

  /** Lives again, for the successor. */
  revive(): void {
    this.diesAt = 0;
  }

  async record(entry: JournalEntry): Promise<void> {
    await this.delay();
    const dies = this.entries.length + 1 === this.diesAt;
    if (!dies || this.isStored) this.store(entry);
    if (dies) throw this.error;
  }

  /** What a successor reads. */
  get state(): RunState | undefined {
    return this.#state ?? undefined;
  }

  get events(): readonly EventDraft[] {
    return this.entries.flatMap((entry) => entry.events);
  }

  /** Events as short lines, e.g. `stack_deployed network`; without progress. */
  lines(without: readonly EventName[] = ['deployment_progress', 'stack_progress', 'log']): string[] {
    return this.events.filter((event) => !without.includes(event.type)).map(lineOf);
  }

  private store(entry: JournalEntry): void {
    this.entries.push(entry);
    const before = this.#state ?? { phase: 'initializing', stacks: {}, totalLayers: 0, startedAt: new Date(0) };
    const changed = Object.fromEntries((entry.stacks ?? []).map((record) => [record.name, record]));
    this.#state = {
      ...before,
      phase: entry.phase ?? before.phase,
      stacks: { ...before.stacks, ...changed },
      totalLayers: entry.totalLayers ?? before.totalLayers,
      ...(entry.rollback ? { rollback: entry.rollback } : {}),
    };
    for (const [stack, change] of Object.entries(entry.instances ?? {})) this.instances.set(stack, change);
    for (const [stack, values] of Object.entries(entry.sticky ?? {})) {
      this.sticky.set(stack, { ...this.sticky.get(stack), ...values });
    }
    if (entry.report) this.report = entry.report;
  }
}

function lineOf(event: EventDraft): string {
  const data = event.data as { readonly stack?: string | null; readonly layer?: number; readonly reason?: string };
  const layer = event.type.startsWith('layer_') ? ` ${data.layer}` : '';
  const reason = event.type === 'stack_skipped' ? ` ${data.reason}` : '';
  return `${event.type}${layer}${data.stack ? ` ${data.stack}` : ''}${reason}`;
}
