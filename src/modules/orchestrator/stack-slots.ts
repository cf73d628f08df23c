import type { Clock } from '../../shared/kernel/clock.js';

export interface SlotLimits {
  /** Stacks of all runs of this process at once. Source: MAX_CONCURRENT_STACKS. */
  readonly stacks: number;
  /** A further stack starts only while at least this much memory is available, in bytes; the first one always does. */
  readonly freeBytes: number;
  /** Memory that is available now, in bytes. */
  readonly available: () => number;
}

/** How often waiting runs look whether there is memory again, in ms. */
const MEMORY_LOOK_MS = 500;

const UNLIMITED: SlotLimits = {
  stacks: Number.POSITIVE_INFINITY,
  freeBytes: 0,
  available: () => Number.POSITIVE_INFINITY,
};

/**
 * Room for stacks in this process, shared by all of its runs:
 * 1. no more than `stacks` at once, and none beyond the first while memory is short;
 * 2. fair: a run that got a slot goes behind the runs that wait, so that a large deployment does not hold up a small one.
 */
export class StackSlots {
  #taken = 0;
  /** Runs that asked in vain, who waits longest first. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(
    private readonly clock: Clock | null = null,
    private readonly limits: SlotLimits = UNLIMITED,
  ) {}

  get taken(): number {
    return this.#taken;
  }

  /** @returns what gives the slot back; null when there is none for this run now: `room` tells when to ask again */
  take(run: string): (() => void) | null {
    const [first] = this.#waiting.keys();
    const isTurn = first === undefined || first === run || this.#free() > [...this.#waiting.keys()].indexOf(run);
    if (this.#free() <= 0 || (first !== undefined && !this.#waiting.has(run)) || !isTurn) {
      if (!this.#waiting.has(run)) this.#waiting.set(run, new Set());
      return null;
    }
    this.#waiting.delete(run);
    this.#taken += 1;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.#taken -= 1;
      this.#wake();
    };
  }

  /** Resolves when asking again makes sense, or when `signal` aborts. Only after `take` answered null. */
  async room(run: string, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const called = new Promise<void>((resolve) => {
      this.#waiting.get(run)?.add(resolve);
      if (!this.#waiting.has(run)) resolve();
    });
    const stop = AbortSignal.any([signal, over.signal]);
    const memory = this.clock?.sleep(MEMORY_LOOK_MS, stop) ?? new Promise<void>((resolve) => onAbort(signal, resolve));
    await Promise.race([called, memory]);
    over.abort();
  }

  /** The run wants no slot any more. */
  leave(run: string): void {
    this.#waiting.delete(run);
    this.#wake();
  }

  #free(): number {
    if (this.#taken > 0 && this.limits.available() < this.limits.freeBytes) return 0;
    return this.limits.stacks - this.#taken;
  }

  #wake(): void {
    for (const called of this.#waiting.values()) {
      for (const resolve of called) resolve();
      called.clear();
    }
  }
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) return then();
  signal.addEventListener('abort', then, { once: true });
}
