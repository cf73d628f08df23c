import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';

/** A YAML text in which places can be found by their path. */
export class SourceLines {
  readonly #document: Document;
  readonly #counter = new LineCounter();

  /** @param name how readers call the document: `Deployment_Manifest.yaml` */
  constructor(
    readonly name: string,
    text: string,
  ) {
    this.#document = parseDocument(text, { lineCounter: this.#counter, keepSourceTokens: true });
  }

  /**
   * Line of the key, from 1; null when the path leads nowhere.
   * @param path dotted; the longest key that fits is taken at every step, so keys may hold dots
   */
  lineOf(path: string): number | null {
    const steps = path.split('.');
    let node: unknown = this.#document.contents;
    let line: number | null = null;
    while (steps.length > 0) {
      if (!isMap(node)) return null;
      const found = longestKey(steps, (key) =>
        node instanceof Object && isMap(node)
          ? node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key)
          : undefined,
      );
      if (!found) return null;
      const { key, value } = found.item;
      if (isNode(key) && key.range) line = this.#counter.linePos(key.range[0]).line;
      node = value;
      steps.splice(0, found.length);
    }
    return line;
  }
}

function longestKey<T>(
  steps: readonly string[],
  find: (key: string) => T | undefined,
): { readonly item: T; readonly length: number } | null {
  for (let length = steps.length; length > 0; length--) {
    const item = find(steps.slice(0, length).join('.'));
    if (item !== undefined) return { item, length };
  }
  return null;
}
