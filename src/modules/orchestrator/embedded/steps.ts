import { randomUUID } from 'node:crypto';
import type { ResourceAction } from '../engine.port.js';
import type { ProgramFault } from '../engine.errors.js';
import type { ProviderBridge } from './provider-bridge.js';
import { RunStopped, type RunContext } from './run-context.js';
import type { PendingKind, ResourceRecord } from './stack-state.js';

/** Half of the shortest lease: whoever saved within that still has it. */
const STOOD_STILL_MS = 1_000;

/**
 * The operations on resources. Each one, in this order:
 * 1. saves what it is about to do, with a token of its own;
 * 2. lets the cloud do it;
 * 3. takes the pending operation out, puts the result in, and saves both at once.
 * A process killed anywhere leaves either a pending operation that tells what to look for, or the finished step.
 * A process that stood still while it saved (frozen, swapped out) saves again before it asks the cloud: somebody else may have
 * taken the stack over, and then the second save is refused.
 * A failed operation is taken out again, unless nobody waited for the cloud's answer: then it stays pending, because the
 * cloud may have done it.
 */
export class Steps {
  constructor(
    private readonly context: RunContext,
    /** Aborted when running calls of the cloud are given up. */
    private readonly given: AbortSignal,
  ) {}

  /** @param settle puts the created record into the snapshot, beside or in place of an old one */
  async create(
    bridge: ProviderBridge,
    record: ResourceRecord,
    settle: (created: ResourceRecord) => void,
  ): Promise<ResourceRecord> {
    const { context } = this;
    return this.#operate('create', 'creating', record, async (token) => {
      const { id, outputs } = await bridge.create(record, context.preview, token);
      const now = context.now();
      const created = { ...record, id: context.preview ? '' : id, outputs, created: now, modified: now };
      settle(created);
      return created;
    });
  }

  async update(
    bridge: ProviderBridge,
    old: ResourceRecord,
    record: ResourceRecord,
    settle: () => void,
  ): Promise<ResourceRecord> {
    const { context } = this;
    return this.#operate('update', 'updating', record, async () => {
      const outputs = await bridge.update(old, record, context.preview);
      const updated = { ...record, outputs, modified: context.now() };
      settle();
      context.snapshot.drop(old);
      context.snapshot.add(updated);
      return updated;
    });
  }

  /**
   * @param bridge absent = the cloud is not asked (retained, or gone with another resource)
   * @param settle takes the record out of the snapshot, or marks it
   */
  async delete(bridge: ProviderBridge | undefined, record: ResourceRecord, settle: () => void): Promise<void> {
    await this.#operate('delete', 'deleting', record, async () => {
      if (bridge && !this.context.preview) await bridge.delete(record);
      settle();
      return record;
    });
  }

  /** Reads what the program asks for by id; nothing is pending, as nothing changes. */
  async read(
    bridge: ProviderBridge,
    record: ResourceRecord,
    settle: (read: ResourceRecord) => void,
    missing: () => ProgramFault,
  ): Promise<ResourceRecord> {
    const step = { urn: record.urn, type: record.type, action: 'read' as const };
    const result = await this.context.step(step, async () => {
      const found = await bridge.read(record);
      if (!found) throw missing();
      const now = this.context.now();
      const read = { ...record, ...found, created: record.created ?? now, modified: now };
      settle(read);
      await this.context.commit();
      return read;
    });
    return result ?? record;
  }

  async #operate(
    action: ResourceAction,
    kind: PendingKind,
    record: ResourceRecord,
    work: (token: string) => Promise<ResourceRecord>,
  ): Promise<ResourceRecord> {
    const { context } = this;
    const result = await context.step({ urn: record.urn, type: record.type, action }, async () => {
      const token = randomUUID();
      context.snapshot.begin({ kind, token, resource: record });
      const savedAt = context.nowMs();
      await context.commit();
      if (context.nowMs() - savedAt > STOOD_STILL_MS) await context.commit();
      // the save may have taken long enough for a cancel or a lost lease
      if (context.fatal) throw new RunStopped();
      let done: ResourceRecord;
      try {
        done = await work(token);
      } catch (error) {
        if (!this.given.aborted) {
          context.snapshot.settle(token);
          await context.commit();
        }
        throw error;
      }
      context.snapshot.settle(token);
      await context.commit();
      return done;
    });
    return result ?? record;
  }
}
