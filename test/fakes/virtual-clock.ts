import { Clock } from '../../src/shared/kernel/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * Time that moves only when nothing else does: as soon as the event loop has nothing left to do, it jumps to the next sleeper.
 * Sleepers of one moment wake in the order in which they went to sleep.
 */
export class VirtualClock extends Clock {
  #now: number;
  #order = 0;
  #timers: Timer[] = [];
  #isPumping = false;

  constructor(start = '2030-01-01T00:00:00.000Z') {
    super();
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = (): void => {
        this.#timers = this.#timers.filter((each) => each !== timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire: wake };
      this.#timers.push(timer);
      signal?.addEventListener('abort', wake, { once: true });
      this.pump();
    });
  }

  /** @param rounds turns of the event loop in which nobody else may have anything left to do */
  private pump(rounds = 4): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (rounds > 1) return this.pump(rounds - 1);
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order);
      if (!next) return;
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      this.pump();
    });
  }
}
