import type { EnvironmentName } from '../../../shared/http/principal.js';
import { type UnitedNode, StackGraph, uniteEdges } from '../../orchestrator/graph.js';
import { findPlaceholders, type Located, type Placeholder } from '../../orchestrator/placeholders/parse.js';
import type { Rule } from '../../templates/finding.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import { declaredEnvironments, enabledEnvironments, isStackOn, type Manifest } from './manifest.js';
import { type MergedConfig, mergeAll } from './resolve-config.js';
import { type SchemaIssue } from './manifest-schema.js';

/** What the outside knows and the manifest does not say. */
export interface ManifestSurroundings {
  readonly stackTemplates: StackTemplates;
  /** The stack's program is on this host (deployments.md 1.5). Missing = not checked. */
  readonly isProgramPresent?: (stack: string) => boolean;
  /** Existing or historical manifest template. Missing = not checked. */
  readonly isKnownTemplate?: (template: string) => boolean;
  /** Id of the record the manifest belongs to; it must carry the same. */
  readonly deploymentId?: string;
  /** Names `RUNTIME:env` placeholders may read (`Config.runtimeEnv`). Missing = not checked. */
  readonly processVariables?: ReadonlySet<string>;
  /** Stacks per deployment. Missing = unlimited. */
  readonly maxStacks?: number;
  /** Rules POL besides the built-in ones (`Policies`). Missing = none. */
  readonly policies?: readonly Rule<ManifestContext>[];
}

/** Where a placeholder stands, in which merged configuration. */
export interface PlacedPlaceholder extends Located<Placeholder> {
  readonly merged: MergedConfig;
}

/** A manifest whose shape is right, and what its rules ask of it; everything is worked out once. */
export class ManifestContext {
  readonly environments: readonly EnvironmentName[];
  #configs: MergedConfig[] | undefined;
  #placeholders: PlacedPlaceholder[] | undefined;
  readonly #nodes = new Map<EnvironmentName, UnitedNode[]>();

  /** @param only one environment instead of all enabled ones */
  constructor(
    readonly manifest: Manifest,
    readonly surroundings: ManifestSurroundings,
    only?: EnvironmentName,
  ) {
    const enabled = enabledEnvironments(manifest);
    this.environments = only ? enabled.filter((name) => name === only) : enabled;
  }

  /** Of all stacks that are on, in every declared environment. */
  get allConfigs(): readonly MergedConfig[] {
    this.#configs ??= mergeAll(this.manifest, this.surroundings.stackTemplates, declaredEnvironments(this.manifest));
    return this.#configs;
  }

  /** Of the environments under validation. */
  get configs(): readonly MergedConfig[] {
    return this.allConfigs.filter((config) => this.environments.includes(config.environment));
  }

  /** Every placeholder of `configs`. */
  get placeholders(): readonly PlacedPlaceholder[] {
    this.#placeholders ??= this.configs.flatMap((merged) =>
      findPlaceholders(merged.values).map((located) => ({ ...located, merged })),
    );
    return this.#placeholders;
  }

  /** Stacks that are on in the environment, with all their edges (deployments.md 6.1). */
  nodesOf(environment: EnvironmentName): readonly UnitedNode[] {
    const known = this.#nodes.get(environment);
    if (known) return known;
    const configs = this.allConfigs.filter((config) => config.environment === environment);
    const nodes = stackNodes(this.manifest, this.surroundings.stackTemplates, environment, configs);
    this.#nodes.set(environment, nodes);
    return nodes;
  }
}

/** The raw document and what the schema says of it; rules SYN and SCH-001 to SCH-012. */
export interface DocumentContext {
  readonly document: unknown;
  readonly issues: readonly SchemaIssue[];
}

/** Nodes of one environment: hard, optional, manifest and implicit edges united. The environment's own switch does not count. */
export function stackNodes(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  environment: EnvironmentName,
  configs: readonly MergedConfig[] = mergeAll(manifest, stackTemplates, [environment]),
): UnitedNode[] {
  const reads = new Map(configs.map((config) => [config.stack, stacksReadBy(config)]));
  return uniteEdges(
    Object.entries(manifest.spec.stacks)
      .filter(([name]) => isStackOn(manifest, name, environment))
      .map(([name, block]) => {
        const template = stackTemplates.get(name);
        return {
          name,
          priority: block.priority ?? template?.priority ?? 100, // 100: default of deployments.md 2.2
          hard: template?.dependencies ?? [],
          optional: template?.optionalDependencies ?? [],
          manifest: block.dependencies,
          implicit: (reads.get(name) ?? []).filter((stack) => stack !== name), // itself: PH-005
        };
      }),
  );
}

/** The graph of one environment: layers, dependents, closures. */
export function stackGraph(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  environment: EnvironmentName,
): StackGraph {
  return new StackGraph(stackNodes(manifest, stackTemplates, environment));
}

function stacksReadBy(config: MergedConfig): string[] {
  const names = findPlaceholders(config.values).flatMap(({ item }) =>
    item.query.kind === 'output' ? [item.query.stack] : [],
  );
  return [...new Set(names)];
}
