import { cyclePath, findCycles, isWildcard, StackGraph } from '../../orchestrator/graph.js';
import type { Rule, Violation } from '../../templates/finding.js';
import { isStackOn } from './manifest.js';
import type { ManifestContext } from './manifest-context.js';
import { originOf } from './resolve-config.js';

/** Rules of level `dependencies` (deployments.md 6.2 to 6.4, 8.4). Disabled stacks are not looked at. */
export const DEPENDENCY_RULES: readonly Rule<ManifestContext>[] = [
  {
    id: 'DEP-001',
    code: 'MISSING_DEPENDENCY',
    severity: 'CRITICAL',
    remediation: 'Add the stack to the manifest or remove the dependency.',
    check: (context) =>
      neededBy(context).flatMap(({ stack, needs }) =>
        needs
          .filter((name) => !context.manifest.spec.stacks[name])
          .map((name) => ({
            message: `${stack} needs unknown stack ${name}`,
            location: `stacks.${stack}.dependencies`,
            stack,
            details: { missing: name, known: Object.keys(context.manifest.spec.stacks) },
          })),
      ),
  },
  {
    id: 'DEP-002',
    code: 'DISABLED_DEPENDENCY',
    severity: 'CRITICAL',
    remediation: 'Enable the stack it needs, or disable this one too.',
    check: (context) =>
      neededBy(context).flatMap(({ stack, needs }) =>
        needs
          .filter((name) => context.manifest.spec.stacks[name]?.enabled === false)
          .map((name) => ({
            message: `${stack} needs ${name}, which is disabled`,
            location: `stacks.${stack}.dependencies`,
            stack,
            details: { missing: name },
          })),
      ),
  },
  {
    id: 'DEP-003',
    code: 'DEPENDENCY_DISABLED_IN_ENV',
    severity: 'CRITICAL',
    remediation: 'Enable the stack it needs in this environment, or disable this one there too.',
    check: (context) =>
      context.environments.flatMap((environment) =>
        neededBy(context)
          .filter(({ stack }) => isStackOn(context.manifest, stack, environment))
          .flatMap(({ stack, needs }) =>
            needs
              .filter(
                (name) =>
                  context.manifest.spec.stacks[name]?.enabled && !isStackOn(context.manifest, name, environment),
              )
              .map((name) => ({
                message: `${stack} needs ${name}, which is disabled in ${environment}`,
                location: `stacks.${stack}.dependencies`,
                stack,
                environment,
                details: { missing: name },
              })),
          ),
      ),
  },
  {
    id: 'DEP-004',
    code: 'CIRCULAR_DEPENDENCY',
    severity: 'CRITICAL',
    remediation: 'Remove one of the dependencies of the cycle.',
    check: cycles,
  },
  {
    id: 'DEP-005',
    code: 'TEMPLATE_DEPENDENCY_MISMATCH',
    severity: 'HIGH',
    remediation: 'Add the dependency; a manifest may add to the list of the stack template, not drop from it.',
    check: ({ manifest, surroundings: { stackTemplates } }) =>
      Object.entries(manifest.spec.stacks)
        .filter(([, block]) => block.enabled)
        .flatMap(([stack, block]) =>
          (stackTemplates.get(stack)?.dependencies ?? [])
            .filter(
              (name) =>
                !block.dependencies.includes(name) && !(isWildcard(name) && block.dependencies.some(isWildcard)),
            )
            .map((name) => ({
              message: `${stack} lacks dependency ${name} of its stack template`,
              location: `stacks.${stack}.dependencies`,
              stack,
              details: { missing: name, fixable: true },
            })),
        ),
  },
  {
    id: 'DEP-007',
    code: 'LAYER_TOO_LOW',
    severity: 'HIGH',
    remediation: 'Raise the layer or leave it out: layers are calculated.',
    check: tooLowLayers,
  },
  {
    id: 'DEP-012',
    code: 'INVALID_WILDCARD',
    severity: 'HIGH',
    remediation: 'Write * alone, or names alone.',
    check: ({ manifest }) =>
      Object.entries(manifest.spec.stacks)
        .filter(([, block]) => block.enabled && block.dependencies.length > 1 && block.dependencies.some(isWildcard))
        .map(([stack]) => ({
          message: `${stack} mixes * with names`,
          location: `stacks.${stack}.dependencies`,
          stack,
        })),
  },
  {
    id: 'DEP-W01',
    code: 'IMPLICIT_DEPENDENCY',
    severity: 'LOW',
    remediation: 'Declare the dependency.',
    check: implicitEdges,
  },
  {
    id: 'DEP-W02',
    code: 'EXTRA_DEPENDENCY',
    severity: 'LOW',
    remediation: 'Nothing to do when it is meant.',
    check: ({ manifest, surroundings: { stackTemplates } }) =>
      Object.entries(manifest.spec.stacks)
        .filter(([stack, block]) => block.enabled && stackTemplates.has(stack))
        .flatMap(([stack, block]) => {
          const template = stackTemplates.get(stack);
          const usual = [...(template?.dependencies ?? []), ...(template?.optionalDependencies ?? [])];
          return block.dependencies
            .filter((name) => !usual.includes(name))
            .map((name) => ({
              message: `${stack} depends on ${name} in this manifest only`,
              location: `stacks.${stack}.dependencies`,
              stack,
              details: { dependency: name },
            }));
        }),
  },
  {
    id: 'DEP-W03',
    code: 'ISOLATED_STACK',
    severity: 'LOW',
    remediation: 'Check whether it belongs to this deployment.',
    check: isolated,
  },
];

/** Enabled stacks and what they need by name: stack template and manifest. */
function neededBy({
  manifest,
  surroundings,
}: ManifestContext): { readonly stack: string; readonly needs: readonly string[] }[] {
  return Object.entries(manifest.spec.stacks)
    .filter(([, block]) => block.enabled)
    .map(([stack, block]) => ({
      stack,
      needs: [
        ...new Set([...(surroundings.stackTemplates.get(stack)?.dependencies ?? []), ...block.dependencies]),
      ].filter((name) => !isWildcard(name)),
    }));
}

/** One finding per distinct cycle over the environments; the first is the primary message. */
function cycles(context: ManifestContext): Violation[] {
  const seen = new Set<string>();
  return context.environments.flatMap((environment) => {
    const nodes = context.nodesOf(environment);
    return findCycles(nodes).flatMap((cycle) => {
      const path = cyclePath(cycle);
      if (seen.has(path)) return [];
      seen.add(path);
      const implicitEdges = cycle.slice(0, -1).flatMap((from, index) => {
        const to = cycle[index + 1] ?? '';
        return nodes.find((node) => node.name === from)?.implicit.includes(to) ? [{ from, to }] : [];
      });
      return [
        {
          message: `dependency cycle ${path}`,
          location: `stacks.${cycle[0]}.dependencies`,
          stack: cycle[0] ?? '',
          environment,
          details: { cycle, affectedStacks: [...new Set(cycle)].sort(), implicitEdges },
        },
      ];
    });
  });
}

/** A graph without cycles per environment; with one, DEP-004 speaks. */
function graphsOf(
  context: ManifestContext,
): { environment: ManifestContext['environments'][number]; graph: StackGraph }[] {
  return context.environments
    .filter((environment) => findCycles(context.nodesOf(environment)).length === 0)
    .map((environment) => ({ environment, graph: new StackGraph(context.nodesOf(environment)) }));
}

function tooLowLayers(context: ManifestContext): Violation[] {
  const seen = new Set<string>();
  return graphsOf(context).flatMap(({ environment, graph }) =>
    graph.nodes.flatMap(({ name }) => {
      const declared = context.manifest.spec.stacks[name]?.layer;
      const required = graph.layerOf(name);
      if (declared === undefined || declared >= required || seen.has(name)) return [];
      seen.add(name);
      return [
        {
          message: `${name} declares layer ${declared}, its dependencies put it in layer ${required}`,
          location: `stacks.${name}.layer`,
          stack: name,
          environment,
          details: { declared, required },
        },
      ];
    }),
  );
}

function implicitEdges(context: ManifestContext): Violation[] {
  const seen = new Set<string>();
  return context.environments.flatMap((environment) =>
    context.nodesOf(environment).flatMap(({ name, implicit }) =>
      implicit.flatMap((to) => {
        const found = context.placeholders.find(
          ({ merged, item }) =>
            merged.environment === environment &&
            merged.stack === name &&
            item.query.kind === 'output' &&
            item.query.stack === to,
        );
        if (!found || seen.has(`${name} ${to}`)) return [];
        seen.add(`${name} ${to}`);
        return [
          {
            message: `${name} reads ${found.item.text} and does not declare ${to}; the edge is added`,
            location: originOf(found.merged, found.path).location,
            stack: name,
            environment,
            details: { from: name, to, placeholder: found.item.text },
          },
        ];
      }),
    ),
  );
}

/** Stacks that usually stand alone. */
const ROOTS = ['dns', 'network'];

function isolated(context: ManifestContext): Violation[] {
  const seen = new Set<string>();
  return graphsOf(context).flatMap(({ environment, graph }) =>
    graph.nodes
      .filter(({ name }) => graph.dependenciesOf(name).size === 0 && graph.dependentsOf(name).size === 0)
      .filter(({ name }) => !ROOTS.includes(name) && !seen.has(name))
      .map(({ name }) => {
        seen.add(name);
        return {
          message: `${name} has no dependencies and no dependents`,
          location: `stacks.${name}`,
          stack: name,
          environment,
        };
      }),
  );
}
