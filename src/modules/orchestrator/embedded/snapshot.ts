import type { PendingOperation, ResourceRecord, StackContents } from './stack-state.js';

/**
 * The state while a run changes it, in the order in which Pulumi keeps it:
 * 1. what this run has registered, in the order in which the steps ended (a resource therefore stands after what it
 *    depends on);
 * 2. what is left of the state before the run;
 * 3. beside them, the operations under way.
 */
export class Snapshot {
  readonly #base: ResourceRecord[];
  #news: ResourceRecord[] = [];
  readonly #done = new Set<ResourceRecord>();
  readonly #pending = new Map<string, PendingOperation>();
  /** Amended record → what it has become, so that a step that holds an older one finds it. */
  readonly #successors = new WeakMap<ResourceRecord, ResourceRecord>();

  constructor(contents: StackContents) {
    this.#base = [...contents.resources];
    for (const operation of contents.pending) this.#pending.set(operation.token, operation);
  }

  contents(): StackContents {
    return { resources: [...this.#news, ...this.left()], pending: [...this.#pending.values()] };
  }

  /** Records of the state before the run that nothing has taken over or removed yet. */
  left(): ResourceRecord[] {
    return this.#base.filter((record) => !this.#done.has(record));
  }

  /** The live record of a URN before the run: not one that only waits for its deletion. */
  previous(urn: string): ResourceRecord | undefined {
    return this.#base.find((record) => record.urn === urn && !record.delete && !this.#done.has(record));
  }

  begin(operation: PendingOperation): void {
    this.#pending.set(operation.token, operation);
  }

  settle(token: string): void {
    this.#pending.delete(token);
  }

  add(record: ResourceRecord): void {
    this.#news.push(record);
  }

  /** A record that a killed run should have left: it belongs to the state before this run. */
  insert(record: ResourceRecord): void {
    this.#base.push(record);
  }

  /** Changes fields of a record, old or new, in its place. @returns the record as it is now */
  amend(record: ResourceRecord, fields: Partial<ResourceRecord>): ResourceRecord {
    const before = this.#current(record);
    const after = { ...before, ...fields };
    const list = this.#news.includes(before) ? this.#news : this.#base;
    list[list.indexOf(before)] = after;
    this.#successors.set(before, after);
    return after;
  }

  /** The record has been taken over by a new one, or is gone. */
  drop(record: ResourceRecord): void {
    const before = this.#current(record);
    this.#done.add(before);
    this.#news = this.#news.filter((other) => other !== before);
  }

  /** Takes a URN out of what all others depend on, after its resource has vanished. */
  forget(urn: string): void {
    for (const record of [...this.left(), ...this.#news]) {
      if (mentions(record, urn)) this.amend(record, withoutDependency(record, urn));
    }
  }

  /** A resource was found under an alias: what depended on its old name depends on the new one. */
  rename(before: string, after: string): void {
    const change = (urn: string): string => (urn === before ? after : urn);
    for (const record of this.left()) {
      if (!mentions(record, before)) continue;
      this.amend(record, {
        parent: change(record.parent),
        provider: record.provider.startsWith(`${before}::`)
          ? after + record.provider.slice(before.length)
          : record.provider,
        deletedWith: change(record.deletedWith),
        dependencies: record.dependencies.map(change),
        propertyDependencies: Object.fromEntries(
          Object.entries(record.propertyDependencies).map(([key, urns]) => [key, urns.map(change)]),
        ),
      });
    }
  }

  #current(record: ResourceRecord): ResourceRecord {
    let current = record;
    for (let next = this.#successors.get(current); next; next = this.#successors.get(current)) current = next;
    return current;
  }
}

function mentions(record: ResourceRecord, urn: string): boolean {
  return (
    record.parent === urn ||
    record.deletedWith === urn ||
    record.provider.startsWith(`${urn}::`) ||
    record.dependencies.includes(urn) ||
    Object.values(record.propertyDependencies).some((urns) => urns.includes(urn))
  );
}

function withoutDependency(record: ResourceRecord, urn: string): Partial<ResourceRecord> {
  return {
    parent: record.parent === urn ? '' : record.parent,
    deletedWith: record.deletedWith === urn ? '' : record.deletedWith,
    dependencies: record.dependencies.filter((other) => other !== urn),
    propertyDependencies: Object.fromEntries(
      Object.entries(record.propertyDependencies).map(([key, urns]) => [key, urns.filter((other) => other !== urn)]),
    ),
  };
}
