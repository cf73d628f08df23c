import type { SecretBox } from '../engine.port.js';
import { Secret } from './property-value.js';

/** Shorter secrets are not looked for in messages: they would blank out ordinary words. */
const SHORTEST_REDACTED = 4;
const REDACTED = '[secret]';

/**
 * The secrets of one run: seals and opens them for the state, and keeps them out of every text that leaves the engine.
 * An unchanged secret keeps its cipher text, so that saving the same state twice gives the same bytes.
 */
export class SecretVault {
  readonly #sealed = new Map<string, string>();
  readonly #texts = new Set<string>();

  constructor(private readonly box: SecretBox) {}

  seal(value: unknown): string {
    const plain = JSON.stringify(value ?? null);
    this.watch(value);
    const known = this.#sealed.get(plain);
    if (known !== undefined) return known;
    const sealed = this.box.seal(plain);
    this.#sealed.set(plain, sealed);
    return sealed;
  }

  open(sealed: string): unknown {
    const plain = this.box.open(sealed);
    this.#sealed.set(plain, sealed);
    const value: unknown = JSON.parse(plain);
    this.watch(value);
    return value;
  }

  /** From now on every text inside `value` is blanked out by `redact`. */
  watch(value: unknown): void {
    if (typeof value === 'string') {
      for (const form of [value, JSON.stringify(value).slice(1, -1)]) {
        if (form.length >= SHORTEST_REDACTED) this.#texts.add(form);
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) this.watch(inner);
    }
  }

  /** Watches every secret inside the properties. */
  watchSecretsOf(value: unknown): void {
    if (value instanceof Secret) this.watch(value.value);
    else if (typeof value === 'object' && value !== null)
      Object.values(value).forEach((inner) => this.watchSecretsOf(inner));
  }

  redact(text: string): string {
    let result = text;
    // longest first: a secret may be part of another one
    for (const secret of [...this.#texts].sort((a, b) => b.length - a.length)) {
      if (result.includes(secret)) result = result.replaceAll(secret, REDACTED);
    }
    return result;
  }
}
