import type { SecretBox, StackRun } from '../engine.port.js';
import { isObject, mapValues, type PropertyMap, Secret, SIGNATURE } from './property-value.js';

/** Shorter secrets are not looked for in messages: they would blank out ordinary words. */
const SHORTEST_REDACTED = 4;
/** Shorter ones are not looked for in properties: too many values would become secret by chance. */
const SHORTEST_MARKED = 8;
const REDACTED = '***';

/**
 * The secrets of one run: seals and opens them for the state, and keeps them out of every text that leaves the engine.
 * An unchanged secret keeps its cipher text, so that saving the same state twice gives the same bytes.
 */
export class SecretVault {
  readonly #sealed = new Map<string, string>();
  readonly #texts = new Set<string>();
  /** Out of the configuration. */
  readonly #given = new Set<string>();

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

  /** Watches the secrets of a stack's configuration, where lists and objects are JSON, and lets `mark` look for them. */
  watchConfig({ config, secretKeys }: Pick<StackRun, 'config' | 'secretKeys'>): void {
    for (const text of secretKeys.flatMap((key) => config[key] ?? [])) {
      for (const each of [text, ...textsOf(parsed(text))]) {
        this.watch(each);
        if (each.length >= SHORTEST_MARKED) this.#given.add(each);
      }
    }
  }

  /**
   * A program may read a secret of its configuration as plain text, whose mark is then lost (the SDK only warns). Every value
   * that holds such a text gets it back, also where a provider copies it to (`tagsAll`).
   */
  mark(properties: PropertyMap): PropertyMap {
    return this.#given.size === 0 ? properties : mapValues(properties, (value) => this.#marked(value));
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

  #marked(value: unknown): unknown {
    if (typeof value === 'string') return this.#holds(value) ? new Secret(value) : value;
    if (Array.isArray(value)) return value.map((item) => this.#marked(item));
    if (!isObject(value)) return value;
    // assets are values of their own
    if (SIGNATURE in value) return textsOf(value).some((text) => this.#holds(text)) ? new Secret(value) : value;
    return mapValues(value, (item) => this.#marked(item));
  }

  #holds(text: string): boolean {
    return [...this.#given].some((secret) => text.includes(secret));
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a text like any other
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
