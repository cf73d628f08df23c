import { Unavailable } from '../../shared/errors/app-error.js';
import { isStaleLease } from './stale-lease.js';
import { RunStop } from './run-stop.js';

/** The run was given up in the middle; a successor continues from its journal. */
export class RunAbandoned extends Unavailable {
  constructor(readonly stop: RunStop) {
    super('shutting_down', `The run was given up (${stop.kind}); it continues from its journal`);
  }
}

/**
 * Everything that can stop a run from outside of its stacks:
 * a cancel (stacks stop, the run ends in order), the operation's timeout (likewise), and giving up (nothing more is
 * written: lease lost, process ends, journal broken).
 */
export class RunControl {
  readonly #forward = new AbortController();
  readonly #hard = new AbortController();
  #cancel: RunStop | null = null;
  #timedOut = false;
  #broken: { readonly error: unknown } | null = null;
  readonly #release: () => void;

  constructor(outer: AbortSignal) {
    const listener = (): void => this.hear(outer.reason);
    if (outer.aborted) listener();
    else outer.addEventListener('abort', listener, { once: true });
    this.#release = () => outer.removeEventListener('abort', listener);
  }

  /** Aborted: no new stack starts, running ones stop. */
  get forward(): AbortSignal {
    return this.#forward.signal;
  }

  /** Aborted: everything stops, also a rollback, and nothing more is written. */
  get hard(): AbortSignal {
    return this.#hard.signal;
  }

  /** Set when somebody asked for it. */
  get cancel(): RunStop | null {
    return this.#cancel;
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** The operation has used up its time. */
  timeOut(): void {
    if (this.#forward.signal.aborted) return;
    this.#timedOut = true;
    this.#forward.abort();
  }

  giveUp(error: unknown): void {
    this.#broken ??= { error };
    this.#hard.abort();
    this.#forward.abort();
  }

  /** @throws what made the run give up */
  throwIfGivenUp(): void {
    if (this.#broken) throw this.#broken.error;
  }

  /** Not waiting for anything: the lease is gone. */
  get mustHurry(): boolean {
    const error = this.#broken?.error;
    return isStaleLease(error) || (error instanceof RunAbandoned && error.stop.kind === 'lease_lost');
  }

  close(): void {
    this.#release();
  }

  private hear(reason: unknown): void {
    if (reason instanceof RunStop && reason.kind !== 'cancelled') return this.giveUp(new RunAbandoned(reason));
    if (isStaleLease(reason)) return this.giveUp(reason);
    this.#cancel = reason instanceof RunStop ? reason : new RunStop('cancelled');
    this.#forward.abort();
  }
}
