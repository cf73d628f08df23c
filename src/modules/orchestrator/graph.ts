import { Refused } from '../../shared/errors/app-error.js';

/**
 * The dependency graph of an environment (deployments.md 6).
 * 1. `uniteEdges`: hard, optional, manifest and implicit dependencies become one list per stack, restricted to stacks that
 *    are there; `*` becomes all stacks it may stand for.
 * 2. `findCycles`: depth first by ascending names; every back edge gives a closed path.
 * 3. `toLayers`: a stack stands one layer after the last stack it needs, inside a layer by priority, then name.
 * Names compare byte by byte, never by locale, so that two runs of one plan read the same everywhere.
 */

/** A stack as the graph sees it. */
export interface StackNode {
  readonly name: string;
  /** 1–999, lower comes first among equals. */
  readonly priority: number;
  readonly dependencies: readonly string[];
}

/** What a stack says it needs, by source. */
export interface EdgeSources {
  readonly name: string;
  readonly priority: number;
  /** Of the stack template; `*` or `ALL` stands for every other stack. */
  readonly hard: readonly string[];
  /** Of the stack template; count only where the target is in the graph. */
  readonly optional: readonly string[];
  /** Of the manifest. */
  readonly manifest: readonly string[];
  /** Stacks whose outputs the merged configuration reads (`referencedStacks` of placeholders/parse.ts). */
  readonly implicit: readonly string[];
}

export interface UnitedNode extends StackNode {
  /** Those of `dependencies` that only a placeholder causes. */
  readonly implicit: readonly string[];
}

export interface GraphStatistics {
  readonly totalStacks: number;
  readonly totalLayers: number;
  readonly layerSizes: readonly number[];
  readonly largestLayer: number;
  readonly smallestLayer: number;
  readonly averageLayer: number;
}

/** A dependency cycle; `details.cycle` is the closed path, `details.cycles` has all of them (6.3). */
export class DependencyCycle extends Refused {
  constructor(readonly cycles: readonly (readonly string[])[]) {
    const cycle = cycles[0] ?? [];
    super('VALIDATION_CIRCULAR_DEPENDENCY', `Dependency cycle: ${cyclePath(cycle)}`, {
      details: { cycle, cycles, affectedStacks: [...new Set(cycles.flat())].sort(compareNames) },
      suggestion: 'Remove one of the dependencies of the cycle.',
    });
  }
}

/** `a → b → a`. */
export function cyclePath(cycle: readonly string[]): string {
  return cycle.join(' → ');
}

/** Byte order. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Priority ascending, then name. */
export function byPriority(a: StackNode, b: StackNode): number {
  return a.priority - b.priority || compareNames(a.name, b.name);
}

export function isWildcard(name: string): boolean {
  return name === '*' || name === 'ALL';
}

/** Step 1. Dependencies that are not in the list are left out: finding them is validation's work (DEP-001 to 003). */
export function uniteEdges(sources: readonly EdgeSources[]): UnitedNode[] {
  const present = new Set(sources.map((source) => source.name));
  const declared = new Map<string, Set<string>>();
  const wild = new Set<string>();
  for (const source of sources) {
    const named = [...source.hard, ...source.manifest];
    if (named.some(isWildcard)) wild.add(source.name);
    const known = [...named, ...source.optional].filter((name) => present.has(name));
    declared.set(source.name, new Set(known));
  }
  const plain = sources.map((source) => ({
    name: source.name,
    priority: source.priority,
    dependencies: union(
      declared.get(source.name),
      source.implicit.filter((name) => present.has(name)),
    ),
  }));
  const graph = new StackGraph(plain);
  return plain.map((node, index) => {
    const own = declared.get(node.name) ?? new Set();
    const dependents = graph.allDependentsOf(node.name);
    const standsFor = wild.has(node.name)
      ? [...present].filter((name) => name !== node.name && !wild.has(name) && !dependents.has(name))
      : [];
    const implicit = (sources[index]?.implicit ?? []).filter(
      (name) => present.has(name) && !own.has(name) && !standsFor.includes(name),
    );
    return {
      name: node.name,
      priority: node.priority,
      dependencies: union(node.dependencies, standsFor),
      implicit: union(implicit),
    };
  });
}

/** Step 2. Closed paths along "depends on", e.g. `[a, b, c, a]`; a self-dependency is `[a, a]`. */
export function findCycles(nodes: readonly Pick<StackNode, 'name' | 'dependencies'>[]): string[][] {
  const needs = new Map(nodes.map((node) => [node.name, [...new Set(node.dependencies)].sort(compareNames)]));
  const done = new Set<string>();
  const path: string[] = [];
  const cycles: string[][] = [];
  const visit = (name: string): void => {
    const at = path.indexOf(name);
    if (at >= 0) cycles.push([...path.slice(at), name]);
    if (at >= 0 || done.has(name)) return;
    path.push(name);
    for (const dependency of needs.get(name) ?? []) if (needs.has(dependency)) visit(dependency);
    path.pop();
    done.add(name);
  };
  for (const name of [...needs.keys()].sort(compareNames)) visit(name);
  return cycles;
}

/**
 * Step 3. Dependencies outside the list do not count.
 * @throws DependencyCycle carrying the closed paths
 */
export function toLayers<T extends StackNode>(nodes: readonly T[]): T[][] {
  const present = new Set(nodes.map((node) => node.name));
  const layers: T[][] = [];
  const placed = new Set<string>();
  let left = [...nodes].sort(byPriority);
  while (left.length > 0) {
    const layer = left.filter((node) => node.dependencies.every((name) => placed.has(name) || !present.has(name)));
    if (layer.length === 0) throw new DependencyCycle(findCycles(left));
    layers.push(layer);
    for (const node of layer) placed.add(node.name);
    left = left.filter((node) => !placed.has(node.name));
  }
  return layers;
}

/**
 * The graph of a selection: an order that leads over stacks left out is kept as a direct edge, so "a before c" still holds
 * when only a and c of a → b → c are selected (7.3: a selection restricts what runs, not the graph).
 */
export function restrict<T extends StackNode>(nodes: readonly T[], selected: ReadonlySet<string>): T[] {
  const needs = new Map(nodes.map((node) => [node.name, node.dependencies]));
  const reach = (name: string, seen: Set<string>): string[] =>
    (needs.get(name) ?? []).flatMap((dependency) => {
      if (selected.has(dependency)) return [dependency];
      if (seen.has(dependency)) return [];
      seen.add(dependency);
      return reach(dependency, seen);
    });
  return nodes
    .filter((node) => selected.has(node.name))
    .map((node) => ({ ...node, dependencies: union(reach(node.name, new Set())) }));
}

/** Questions about one graph; both directions are kept. Names that are not in it have no edges. */
export class StackGraph {
  readonly #needs = new Map<string, ReadonlySet<string>>();
  readonly #neededBy = new Map<string, Set<string>>();
  #layers: readonly (readonly string[])[] | undefined;

  constructor(readonly nodes: readonly StackNode[]) {
    for (const node of nodes) this.#neededBy.set(node.name, new Set());
    for (const node of nodes) {
      const known = node.dependencies.filter((name) => this.#neededBy.has(name));
      this.#needs.set(node.name, new Set(known));
      for (const name of known) this.#neededBy.get(name)?.add(node.name);
    }
  }

  /** Names by layer; the first is layer 1. @throws DependencyCycle */
  get layers(): readonly (readonly string[])[] {
    this.#layers ??= toLayers(this.nodes).map((layer) => layer.map((node) => node.name));
    return this.#layers;
  }

  /** From 1; −1 for an unknown stack. */
  layerOf(name: string): number {
    const index = this.layers.findIndex((layer) => layer.includes(name));
    return index < 0 ? -1 : index + 1;
  }

  dependenciesOf(name: string): ReadonlySet<string> {
    return this.#needs.get(name) ?? new Set();
  }

  dependentsOf(name: string): ReadonlySet<string> {
    return this.#neededBy.get(name) ?? new Set();
  }

  /** Direct and transitive. */
  allDependenciesOf(name: string): ReadonlySet<string> {
    return closure(name, (each) => this.dependenciesOf(each));
  }

  /** Direct and transitive. */
  allDependentsOf(name: string): ReadonlySet<string> {
    return closure(name, (each) => this.dependentsOf(each));
  }

  /** All dependencies are in `given`; false for an unknown stack. */
  isDeployable(name: string, given: ReadonlySet<string>): boolean {
    return this.#needs.has(name) && [...this.dependenciesOf(name)].every((dependency) => given.has(dependency));
  }

  statistics(): GraphStatistics {
    const sizes = this.layers.map((layer) => layer.length);
    return {
      totalStacks: this.nodes.length,
      totalLayers: sizes.length,
      layerSizes: sizes,
      largestLayer: Math.max(0, ...sizes),
      smallestLayer: sizes.length === 0 ? 0 : Math.min(...sizes),
      averageLayer: sizes.length === 0 ? 0 : this.nodes.length / sizes.length,
    };
  }
}

function closure(start: string, next: (name: string) => ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...next(start)];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...next(name));
  }
  found.delete(start); // inside a cycle
  return found;
}

function union(...lists: readonly (Iterable<string> | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => [...(list ?? [])]))].sort(compareNames);
}
