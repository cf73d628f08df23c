const FRAMES_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** So many frames over the limit within STRIKE_WINDOW_MS close the connection. */
const STRIKES = 3;
const STRIKE_WINDOW_MS = 5 * 60_000;

/** Frames a client may send (api.md 4.5): a fixed window of a minute from its first frame. */
export class InboundLimit {
  #window = { startedAt: 0, frames: 0 };
  #strikes: number[] = [];

  /** @param now ms */
  take(now: number): 'ok' | 'limited' | 'close' {
    if (now - this.#window.startedAt >= MINUTE_MS) this.#window = { startedAt: now, frames: 0 };
    this.#window.frames += 1;
    if (this.#window.frames <= FRAMES_PER_MINUTE) return 'ok';
    this.#strikes = [...this.#strikes.filter((at) => now - at < STRIKE_WINDOW_MS), now];
    return this.#strikes.length >= STRIKES ? 'close' : 'limited';
  }
}
