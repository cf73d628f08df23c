import { compareNames, restrict, toLayers, type StackNode } from './graph.js';
import { isGone } from './skip.js';
import type { RunRequest, RunStack, RunType } from './run-request.js';

/** The selected stacks of a run with the edges that order them, and their layers. */
export interface RunNodes {
  /** Edges point at what has to exist first, also in a destroy run. */
  readonly nodes: readonly StackNode[];
  /** From layer 1; a destroy walks them backwards and keeps the numbers. */
  readonly layers: readonly (readonly string[])[];
}

/** @throws DependencyCycle */
export function runNodes(request: Pick<RunRequest, 'type' | 'stacks' | 'rollbackTo'>): RunNodes {
  const selected = new Set(request.stacks.filter((stack) => stack.selected).map((stack) => stack.name));
  const all = request.stacks.map((stack) => ({
    name: stack.name,
    priority: stack.priority,
    dependencies: edgesOf(stack, request),
  }));
  const nodes = restrict(all, selected);
  return { nodes, layers: toLayers(nodes).map((layer) => layer.map((node) => node.name)) };
}

/** As equals start: by priority, then name. */
export function inStartOrder(nodes: readonly StackNode[]): StackNode[] {
  return [...nodes].sort((a, b) => a.priority - b.priority || compareNames(a.name, b.name));
}

/** For removal: each waits for those that need it, and equals start in the opposite order. */
export function turned(nodes: readonly StackNode[]): StackNode[] {
  return inStartOrder(nodes)
    .reverse()
    .map((node) => ({
      ...node,
      dependencies: nodes.filter((each) => each.dependencies.includes(node.name)).map((each) => each.name),
    }));
}

export function isDestroy(type: RunType): boolean {
  return type === 'destroy' || type === 'destroy-stack';
}

/** Types that look after what is deployed, instead of deploying, destroying or rolling back (deployments.md 10). */
export function isUpkeep(type: RunType): boolean {
  return type === 'refresh' || type === 'drift-detect' || type === 'drift-fix' || type === 'state-import';
}

/** Destroy follows what was deployed last (deployments.md 7.10), rollback the target's lists (7.9). */
function edgesOf(stack: RunStack, request: Pick<RunRequest, 'type' | 'rollbackTo'>): readonly string[] {
  if (request.type === 'drift-detect') return []; // looking changes nothing that others would see
  if (request.type === 'rollback') return request.rollbackTo?.facts?.[stack.name]?.dependencies ?? stack.dependencies;
  const wasDeployed = stack.instance.fingerprint !== null && !isGone(stack);
  return isDestroy(request.type) && wasDeployed ? stack.instance.dependencies : stack.dependencies;
}
