import type { StackTemplates } from '../../templates/stack-template.js';
import { findCycles, StackGraph } from '../../orchestrator/graph.js';
import { declaredEnvironments, type Manifest } from './manifest.js';
import { stackNodes } from './manifest-context.js';

/** A stack as the manifest has it, for lists. */
export interface ManifestStackRow {
  readonly name: string;
  readonly enabled: boolean;
  /** In the first environment that has it, from 1; −1 for a disabled stack. */
  readonly layer: number;
  /** All edges in that environment: hard, optional, manifest and implicit; of a disabled stack the manifest's list. */
  readonly dependencies: readonly string[];
}

/** Every stack of the manifest in its order. */
export function manifestStacks(manifest: Manifest, stackTemplates: StackTemplates): ManifestStackRow[] {
  const graphs = declaredEnvironments(manifest)
    .map((environment) => stackNodes(manifest, stackTemplates, environment))
    .filter((nodes) => findCycles(nodes).length === 0)
    .map((nodes) => new StackGraph(nodes));
  return Object.entries(manifest.spec.stacks).map(([name, block]) => {
    const graph = graphs.find((each) => each.layerOf(name) > 0);
    return {
      name,
      enabled: block.enabled,
      layer: graph?.layerOf(name) ?? -1,
      dependencies: graph ? [...graph.dependenciesOf(name)] : block.dependencies,
    };
  });
}
