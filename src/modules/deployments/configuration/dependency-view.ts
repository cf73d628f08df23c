import type { EnvironmentName } from '../../../shared/http/principal.js';
import { findCycles, type GraphStatistics, StackGraph } from '../../orchestrator/graph.js';
import { applyRules, type Finding } from '../../templates/finding.js';
import { DEPENDENCY_RULES } from '../manifest/dependency-rules.js';
import type { Manifest } from '../manifest/manifest.js';
import { ManifestContext, type ManifestSurroundings } from '../manifest/manifest-context.js';

/** The graph of one environment as it is shown (api.md 3.3, deployments.md 6 and 8.6). Also of a manifest that is not valid. */
export interface DependencyView {
  readonly environment: EnvironmentName;
  /** Stack → what it needs: hard, optional, manifest and implicit dependencies among the enabled stacks. */
  readonly graph: Readonly<Record<string, readonly string[]>>;
  /** Layer 1 first; empty while there is a cycle. */
  readonly layers: readonly (readonly string[])[];
  /** Edges that only a placeholder causes. */
  readonly implicit: readonly { readonly from: string; readonly to: string; readonly placeholder: string }[];
  /** Closed paths. */
  readonly cycles: readonly (readonly string[])[];
  /** Needed and not in the manifest. */
  readonly missing: readonly { readonly stack: string; readonly dependency: string }[];
  /** Needed and switched off, everywhere or here. */
  readonly disabled: readonly { readonly stack: string; readonly dependency: string }[];
  /** null while there is a cycle. */
  readonly statistics: GraphStatistics | null;
  /** One line per stack, then one per layer; for people. */
  readonly text: string;
}

/** The environment's own switch does not count: the graph tells what would run. */
export function dependencyView(
  manifest: Manifest,
  surroundings: ManifestSurroundings,
  environment: EnvironmentName,
): DependencyView {
  const context = new ManifestContext(switchedOn(manifest, environment), surroundings, environment);
  const nodes = context.nodesOf(environment);
  const cycles = findCycles(nodes);
  const whole = cycles.length === 0 ? new StackGraph(nodes) : null;
  const findings = applyRules(DEPENDENCY_RULES, context);
  const graph = Object.fromEntries(nodes.map(({ name, dependencies }) => [name, dependencies]));
  const layers = whole?.layers ?? [];
  return {
    environment,
    graph,
    layers,
    implicit: findings
      .filter(({ ruleId }) => ruleId === 'DEP-W01')
      .map(({ details }) => details as { from: string; to: string; placeholder: string }),
    cycles,
    missing: edgesOf(findings, ['DEP-001']),
    disabled: edgesOf(findings, ['DEP-002', 'DEP-003']),
    statistics: whole?.statistics() ?? null,
    text: textOf(graph, layers),
  };
}

function switchedOn(manifest: Manifest, environment: EnvironmentName): Manifest {
  const block = manifest.spec.environments[environment];
  if (!block || block.enabled) return manifest;
  const environments = { ...manifest.spec.environments, [environment]: { ...block, enabled: true } };
  return { ...manifest, spec: { ...manifest.spec, environments } };
}

function edgesOf(findings: readonly Finding[], rules: readonly string[]): { stack: string; dependency: string }[] {
  return findings
    .filter(({ ruleId }) => rules.includes(ruleId))
    .map(({ stack = '', details }) => ({ stack, dependency: String(details['missing']) }));
}

function textOf(graph: Readonly<Record<string, readonly string[]>>, layers: readonly (readonly string[])[]): string {
  return [
    ...Object.entries(graph).map(([stack, needs]) => `${stack} → ${needs.length > 0 ? needs.join(', ') : '(none)'}`),
    ...layers.map((stacks, index) => `Layer ${index + 1}: ${stacks.join(', ')}`),
  ].join('\n');
}
