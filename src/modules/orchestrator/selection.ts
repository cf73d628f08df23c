import { compareNames, StackGraph, type StackNode } from './graph.js';
import {
  DependencyNotDeployed,
  HasDependents,
  NoStackMatched,
  NothingToDeploy,
  UnsafeSkip,
} from './orchestrator.errors.js';
import type { InstanceFacts, Plan } from './run-request.js';

/** Which stacks a run is about (deployments.md 7.3, 7.4, 7.10). */

export interface SelectableStack extends StackNode {
  readonly instance: Pick<InstanceFacts, 'status'>;
}

export interface DeploySelection {
  /** Names or `*`/`?` globs; empty = all. */
  readonly filter: readonly string[];
  /** Adds dependencies that are not deployed. */
  readonly includeDependencies: boolean;
  /** Single stack only: dependencies need not be deployed. */
  readonly skipDependencies: boolean;
  readonly environment: string;
}

/**
 * Names of the selected stacks, sorted.
 * @throws NothingToDeploy, NoStackMatched, DependencyNotDeployed
 */
export function selectStacks(stacks: readonly SelectableStack[], selection: DeploySelection): string[] {
  if (stacks.length === 0) throw new NothingToDeploy(selection.environment);
  const graph = new StackGraph(stacks);
  const selected = new Set(matching(stacks, selection.filter));
  const isDeployed = new Set(stacks.filter((stack) => stack.instance.status === 'deployed').map(({ name }) => name));
  if (selection.includeDependencies) {
    for (const name of [...selected]) {
      for (const each of graph.allDependenciesOf(name)) if (!isDeployed.has(each)) selected.add(each);
    }
  }
  if (!selection.skipDependencies) {
    const missing = Object.fromEntries(
      [...selected]
        .sort(compareNames)
        .map((name): [string, string[]] => [
          name,
          [...graph.dependenciesOf(name)].filter((each) => !selected.has(each) && !isDeployed.has(each)),
        ])
        .filter(([, names]) => names.length > 0),
    );
    if (Object.keys(missing).length > 0) throw new DependencyNotDeployed(missing);
  }
  return [...selected].sort(compareNames);
}

/**
 * Names of the stacks to destroy, sorted: those of the filter that are there.
 * @param stacks with the dependencies of their last deployment
 * @throws NoStackMatched; HasDependents unless `force`
 */
export function selectForDestroy(
  stacks: readonly SelectableStack[],
  selection: { readonly filter: readonly string[]; readonly force: boolean },
): string[] {
  const there = stacks.filter((stack) => !['not_deployed', 'destroyed'].includes(stack.instance.status));
  const selected = new Set(matching(stacks, selection.filter));
  const graph = new StackGraph(there);
  const dependents = Object.fromEntries(
    there
      .filter((stack) => selected.has(stack.name))
      .map((stack): [string, string[]] => [
        stack.name,
        [...graph.dependentsOf(stack.name)].filter((name) => !selected.has(name)).sort(compareNames),
      ])
      .filter(([, names]) => names.length > 0),
  );
  if (!selection.force && Object.keys(dependents).length > 0) throw new HasDependents(dependents);
  return there
    .map(({ name }) => name)
    .filter((name) => selected.has(name))
    .sort(compareNames);
}

/**
 * A manual skip leaves a stack as it is, so it must be there, and nothing that runs may count on its pending changes.
 * @param unskipped the plan of the same request without manual skips
 * @throws UnsafeSkip; pending changes may be skipped with `force`
 */
export function checkManualSkips(
  stacks: readonly SelectableStack[],
  skipStacks: readonly string[],
  unskipped: Pick<Plan, 'layers'>,
  force: boolean,
): void {
  const graph = new StackGraph(stacks);
  const planned = new Map(unskipped.layers.flatMap((layer) => layer.stacks).map((stack) => [stack.name, stack]));
  const runs = (name: string): boolean =>
    (planned.get(name)?.action ?? 'skip') !== 'skip' && !skipStacks.includes(name);
  for (const name of skipStacks) {
    const stack = stacks.find((each) => each.name === name);
    if (!stack) throw new NoStackMatched(name, stacks.map((each) => each.name).sort(compareNames));
    const dependents = [...graph.dependentsOf(name)].filter(runs).sort(compareNames);
    if (stack.instance.status !== 'deployed') {
      const needed = dependents.length > 0 ? ` and ${dependents.join(', ')} need it` : '';
      throw new UnsafeSkip(name, `it is not deployed${needed}`);
    }
    if (!force && planned.get(name)?.action === 'deploy' && dependents.length > 0) {
      throw new UnsafeSkip(name, `it has pending changes and ${dependents.join(', ')} will be deployed`);
    }
  }
}

function matching(stacks: readonly SelectableStack[], filter: readonly string[]): string[] {
  const names = stacks.map((stack) => stack.name).sort(compareNames);
  if (filter.length === 0) return names;
  return filter.flatMap((pattern) => {
    const glob = new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
    const found = names.filter((name) => glob.test(name));
    if (found.length === 0) throw new NoStackMatched(pattern, names);
    return found;
  });
}
