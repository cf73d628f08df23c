import { Defect } from '../../shared/errors/app-error.js';
import { draft, type EventDraft, type EventName, type Payload } from '../../shared/events/events.js';
import type { Clock } from '../../shared/kernel/clock.js';
import type { DriftFinding, InstanceChange, JournalEntry, RunJournal } from './run-journal.port.js';
import { isRunning, isTerminal, progressOf } from './progress.js';
import { isDestroy, type RunNodes } from './run-nodes.js';
import type { RollbackState, RunPhase, RunReport, RunRequest, RunState, StackRunRecord } from './run-request.js';
import type { RunSettings } from './run-settings.js';

/**
 * The one that writes the journal of a run.
 * 1. A change is applied to the state in memory at once and goes with the next entry.
 * 2. While an entry is being written, everything that happens gathers in the next one: one transaction at a time, in order.
 * 3. Resource and log events (`tell`) wait a moment for company, also after an entry: a transaction for each would take time
 *    from the engine. State changes are written at once, with all that waits.
 * 4. `commit` resolves when its change is stored: nothing is done before it is stored as begun.
 * 5. A write that fails breaks the reporter: everybody who waits gets the error, nothing more is written.
 */

export interface Change {
  readonly phase?: RunPhase;
  readonly records?: readonly StackRunRecord[];
  readonly instances?: Readonly<Record<string, InstanceChange>>;
  readonly drift?: Readonly<Record<string, DriftFinding>>;
  readonly sticky?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly rollback?: RollbackState;
  readonly totalLayers?: number;
  readonly report?: RunReport;
  readonly events?: readonly EventDraft[];
}

interface Pending {
  phase?: RunPhase;
  totalLayers?: number;
  rollback?: RollbackState;
  report?: RunReport;
  /** Holds more than what `tell` and `tick` bring. */
  isUrgent: boolean;
  readonly dirty: Set<string>;
  readonly told: Set<string>;
  readonly instances: Record<string, InstanceChange>;
  readonly drift: Record<string, DriftFinding>;
  readonly sticky: Record<string, Readonly<Record<string, string>>>;
  readonly events: EventDraft[];
  readonly waiters: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[];
}

export interface ReporterParts {
  readonly request: RunRequest;
  readonly graph: RunNodes;
  readonly journal: RunJournal;
  readonly clock: Clock;
  readonly settings: RunSettings;
  /** Called once, when a write has failed. */
  readonly onBroken: (error: unknown) => void;
}

export class Reporter {
  #state: RunState;
  #pending: Pending = nothing();
  #isWriting = false;
  #isWaiting = false;
  #broken: { readonly error: unknown } | null = null;

  constructor(
    private readonly parts: ReporterParts,
    state: RunState,
  ) {
    this.#state = state;
  }

  get state(): RunState {
    return this.#state;
  }

  now(): Date {
    return this.parts.clock.now();
  }

  record(name: string): StackRunRecord {
    const record = this.#state.stacks[name];
    if (!record) throw new Defect(`No stack ${name} in this run`);
    return record;
  }

  records(): readonly StackRunRecord[] {
    return Object.values(this.#state.stacks);
  }

  event<N extends EventName>(type: N, data: Payload<N>): EventDraft {
    return draft(type, this.parts.request.scope, data) as EventDraft;
  }

  /**
   * Stacks move: surrounds their events with the start and end of their layers and adds the new progress.
   * Previews and rollbacks tell nothing of layers.
   */
  move(change: Change & { readonly records: readonly StackRunRecord[] }): void {
    const layers = [...new Set(change.records.map((record) => record.layer))];
    const before = layers.filter((layer) => this.inLayer(layer).every((record) => record.status === 'pending'));
    const open = layers.filter((layer) => !this.inLayer(layer).every(isTerminal));
    this.merge({ records: change.records });
    const ended = open.filter((layer) => this.inLayer(layer).every(isTerminal));
    const isQuiet = this.parts.request.options.preview || this.#state.phase === 'rolling_back';
    const around = (list: readonly number[], tell: (layer: number) => EventDraft): EventDraft[] =>
      isQuiet ? [] : list.map(tell);
    this.apply({
      ...change,
      events: [
        ...around(before, (layer) => this.layerStarted(layer)),
        ...(change.events ?? []),
        ...around(ended, (layer) => this.layerComplete(layer)),
        this.progress(),
      ],
    });
  }

  progress(): EventDraft {
    const { request, graph } = this.parts;
    return this.event('deployment_progress', progressOf(request, graph, this.#state, this.now()));
  }

  /** Goes with the next entry, which is written at once. */
  apply(change: Change): void {
    this.merge(change);
    this.#pending.isUrgent = true;
    this.write();
  }

  /** Like `apply`; resolves when it is stored. @throws what the journal threw */
  commit(change: Change = {}): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken.error);
    const stored = new Promise<void>((resolve, reject) => this.#pending.waiters.push({ resolve, reject }));
    this.apply(change);
    return stored;
  }

  /** Events of a running stack that can wait for company; `record` is its new tally. */
  tell(record: StackRunRecord, events: readonly EventDraft[]): void {
    if (this.#broken) return;
    this.merge({ records: [record], events });
    this.#pending.told.add(record.name);
    this.writeSoon();
  }

  /** `deployment_progress` alone. */
  tick(): void {
    if (this.#broken) return;
    this.merge({ events: [this.progress()] });
    this.writeSoon();
  }

  private inLayer(layer: number): StackRunRecord[] {
    return this.records().filter((record) => record.layer === layer);
  }

  private layerStarted(layer: number): EventDraft {
    return this.event('layer_started', {
      layer,
      totalLayers: this.#state.totalLayers,
      stacks: this.inLayer(layer).map((record) => record.name),
    });
  }

  private layerComplete(layer: number): EventDraft {
    const records = this.inLayer(layer);
    const count = (...wanted: readonly StackRunRecord['status'][]): number =>
      records.filter((record) => wanted.includes(record.status)).length;
    const starts = records.flatMap((record) => (record.startedAt ? [record.startedAt.getTime()] : []));
    const now = this.now().getTime();
    return this.event('layer_complete', {
      layer,
      totalLayers: this.#state.totalLayers,
      deployedStacks: count(isDestroy(this.parts.request.type) ? 'destroyed' : 'deployed'),
      failedStacks: count('failed'),
      skippedStacks: count('skipped'),
      durationSeconds: Math.round((now - Math.min(now, ...starts)) / 1000),
    });
  }

  private merge(change: Change): void {
    const pending = this.#pending;
    const stacks = { ...this.#state.stacks };
    for (const record of change.records ?? []) {
      stacks[record.name] = record;
      pending.dirty.add(record.name);
    }
    this.#state = {
      ...this.#state,
      stacks,
      ...(change.phase ? { phase: change.phase } : {}),
      ...(change.totalLayers === undefined ? {} : { totalLayers: change.totalLayers }),
      ...(change.rollback ? { rollback: change.rollback } : {}),
    };
    if (change.phase) pending.phase = change.phase;
    if (change.totalLayers !== undefined) pending.totalLayers = change.totalLayers;
    if (change.rollback) pending.rollback = change.rollback;
    if (change.report) pending.report = change.report;
    Object.assign(pending.instances, change.instances);
    Object.assign(pending.drift, change.drift);
    Object.assign(pending.sticky, change.sticky);
    pending.events.push(...(change.events ?? []));
  }

  private writeSoon(): void {
    if (this.#isWriting || this.#isWaiting) return;
    this.#isWaiting = true;
    void this.parts.clock.sleep(this.parts.settings.eventWindowMs).then(() => {
      this.#isWaiting = false;
      this.write();
    });
  }

  private write(): void {
    if (this.#isWriting || this.#broken || isEmpty(this.#pending)) return;
    this.#isWriting = true;
    void this.writeAll();
  }

  private async writeAll(): Promise<void> {
    do {
      await turn(); // one stack's end and the start of those that waited for it share an entry
      const pending = this.#pending;
      this.#pending = nothing();
      try {
        await this.parts.journal.record(this.entryOf(pending));
        for (const waiter of pending.waiters) waiter.resolve();
      } catch (error) {
        this.breakWith(error, pending);
      }
    } while (!this.#broken && this.#pending.isUrgent);
    this.#isWriting = false;
    if (!this.#broken && !isEmpty(this.#pending)) this.writeSoon();
  }

  private breakWith(error: unknown, pending: Pending): void {
    this.#broken = { error };
    for (const waiter of [...pending.waiters, ...this.#pending.waiters]) waiter.reject(error);
    this.#pending = nothing();
    this.parts.onBroken(error);
  }

  private entryOf(pending: Pending): JournalEntry {
    const lastProgress = pending.events.findLast((event) => event.type === 'deployment_progress');
    const events = pending.events.filter((event) => event.type !== 'deployment_progress' || event === lastProgress);
    const told = [...pending.told].map((name) => this.record(name)).filter(isRunning);
    return {
      ...(pending.phase ? { phase: pending.phase } : {}),
      ...(pending.dirty.size > 0 ? { stacks: [...pending.dirty].map((name) => this.record(name)) } : {}),
      ...(pending.totalLayers === undefined ? {} : { totalLayers: pending.totalLayers }),
      ...(pending.rollback ? { rollback: pending.rollback } : {}),
      ...(Object.keys(pending.instances).length > 0 ? { instances: pending.instances } : {}),
      ...(Object.keys(pending.drift).length > 0 ? { drift: pending.drift } : {}),
      ...(Object.keys(pending.sticky).length > 0 ? { sticky: pending.sticky } : {}),
      ...(pending.report ? { report: pending.report } : {}),
      events: [...events, ...told.map((record) => this.stackProgress(record))],
    };
  }

  private stackProgress(record: StackRunRecord): EventDraft {
    const { resources } = record;
    const [type = null, name = ''] = resources.current ? splitCurrent(resources.current) : [];
    const of = resources.total > 0 ? ` of ${resources.total}` : '';
    return this.event('stack_progress', {
      stack: record.name,
      stackName: record.name,
      progressPercent: record.progressPercent,
      currentResource: type,
      message: `${resources.processed}${of} resources`,
      resourcesProcessed: resources.processed,
      resourcesTotal: resources.total,
      resource: type === null ? null : { type, name, action: actionOf(record) },
    });
  }
}

/** `type (name)`. */
function splitCurrent(current: string): [string, string] {
  const at = current.indexOf(' (');
  return [current.slice(0, at), current.slice(at + 2, -1)];
}

function actionOf(record: StackRunRecord): string {
  return record.status === 'deploying' ? 'deploy' : record.status === 'destroying' ? 'destroy' : 'rollback';
}

/** Resolves in the next turn of the event loop, when everything that could go on at once has done so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function nothing(): Pending {
  return {
    isUrgent: false,
    dirty: new Set(),
    told: new Set(),
    instances: {},
    drift: {},
    sticky: {},
    events: [],
    waiters: [],
  };
}

function isEmpty({ isUrgent, events, dirty }: Pending): boolean {
  return !isUrgent && events.length === 0 && dirty.size === 0;
}
