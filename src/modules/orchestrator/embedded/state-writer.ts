import type { StackRef, StackStateStore } from '../engine.port.js';
import { RunStopped } from './run-context.js';
import type { Snapshot } from './snapshot.js';
import type { SecretVault } from './secret-vault.js';
import { writeState } from './stack-state.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Saves the snapshot, one save at a time. A commit that arrives while a save is under way shares the next one with all
 * others that wait, so the number of saves does not grow with the number of parallel steps. What a commit was called
 * for is always part of the save that resolves it. After a save has failed every further commit fails alike: the state
 * belongs to somebody else, or cannot be kept.
 */
export class StateWriter {
  #waiting: Waiter[] = [];
  #running = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly target: {
      readonly stack: StackRef;
      readonly fence: number;
      readonly store: StackStateStore;
      readonly vault: SecretVault;
      readonly now: () => Date;
      /** Serial of the state before the run; 0 = never saved. */
      serial: number;
    },
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get serial(): number {
    return this.target.serial;
  }

  commit(snapshot: Snapshot): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // steps that end in the same turn of the event loop share the save
      setImmediate(() => void this.#saveAll(snapshot));
    });
  }

  /** The run is over: what a step that was given up still wants to say must not overwrite the next run's state. */
  close(): void {
    this.#failure ??= { error: new RunStopped() };
  }

  async #saveAll(snapshot: Snapshot): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        if (this.#failure) throw this.#failure.error;
        const { stack, fence, store, vault, now } = this.target;
        this.target.serial = await store.save(stack, writeState(snapshot.contents(), vault, now()), fence);
        for (const waiter of batch) waiter.resolve();
      } catch (error) {
        if (!this.#failure) {
          this.#failure = { error };
          this.onFailure(error);
        }
        for (const waiter of batch) waiter.reject(error);
      }
    }
    this.#running = false;
  }
}
