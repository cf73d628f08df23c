/** Wakes subscribers after a commit; carries no event, the store is the only source. */
export abstract class EventRelay {
  abstract publish(organization: string): void;
  /** @returns a function that ends the subscription */
  abstract subscribe(listener: (organization: string) => void): () => void;
}

/** For one process. */
export class InProcessEventRelay extends EventRelay {
  readonly #listeners = new Set<(organization: string) => void>();

  publish(organization: string): void {
    for (const listener of this.#listeners) listener(organization);
  }

  subscribe(listener: (organization: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
