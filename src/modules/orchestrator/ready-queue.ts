import { StackGraph, type StackNode } from './graph.js';

/**
 * Which stack may start next (deployments.md 7.5). A node's `dependencies` are what has to have ended well before it starts;
 * a destroy gives turned edges. Among the startable the first of `nodes` comes first.
 * `layer` mode: a layer starts when all nodes of the layers before it have ended.
 */
export class ReadyQueue {
  readonly #graph: StackGraph;
  readonly #waiting: Map<string, StackNode>;
  readonly #well = new Set<string>();
  readonly #ended = new Set<string>();

  /**
   * @param nodes in the order in which equals start
   * @param barriers layers in run order; null = ready mode
   */
  constructor(
    nodes: readonly StackNode[],
    private readonly barriers: readonly (readonly string[])[] | null,
  ) {
    this.#graph = new StackGraph(nodes);
    this.#waiting = new Map(nodes.map((node) => [node.name, node]));
  }

  /** Is there a startable node? */
  hasReady(): boolean {
    return this.next() !== null;
  }

  /** Takes the next startable node out of the queue. */
  take(): string | null {
    const name = this.next();
    if (name !== null) this.#waiting.delete(name);
    return name;
  }

  private next(): string | null {
    const open = this.openLayer();
    for (const node of this.#waiting.values()) {
      if (open && !open.includes(node.name)) continue;
      if (![...this.#graph.dependenciesOf(node.name)].every((name) => this.#well.has(name))) continue;
      return node.name;
    }
    return null;
  }

  /** It has started already (in the run that was interrupted). */
  claim(name: string): void {
    this.#waiting.delete(name);
  }

  endedWell(name: string): void {
    this.#waiting.delete(name);
    this.#well.add(name);
    this.#ended.add(name);
  }

  /** @returns the waiting nodes that can never start now, direct and transitive; they count as ended */
  endedBadly(name: string): string[] {
    this.#waiting.delete(name);
    this.#ended.add(name);
    const dependents = this.#graph.allDependentsOf(name);
    const blocked = [...this.#waiting.keys()].filter((each) => dependents.has(each));
    for (const each of blocked) {
      this.#waiting.delete(each);
      this.#ended.add(each);
    }
    return blocked;
  }

  /** Everything that has not started; it will not any more. */
  drain(): string[] {
    const rest = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const name of rest) this.#ended.add(name);
    return rest;
  }

  private openLayer(): readonly string[] | null {
    return this.barriers?.find((layer) => layer.some((name) => !this.#ended.has(name))) ?? null;
  }
}
