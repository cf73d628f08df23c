import { findCycles, cyclePath, uniteEdges } from '../orchestrator/graph.js';
import { findPlaceholders } from '../orchestrator/placeholders/parse.js';
import { ENVIRONMENTS } from '../../shared/http/principal.js';
import type { Rule, Violation } from './finding.js';
import type { StackTemplate, StackTemplates } from './stack-template.js';

/** Rules over all stack templates together (deployments.md 8.2, stacks.md G4). */
export const REGISTRY_RULES: readonly Rule<StackTemplates>[] = [
  {
    id: 'STK-010',
    code: 'STACK_REFERENCE_INVALID',
    severity: 'HIGH',
    remediation: 'Register the stack, declare the dependency, or name an output it has.',
    check: (templates) =>
      [...templates.values()].flatMap((template) => [
        ...unknownDependencies(template, templates),
        ...strayPlaceholders(template, templates),
      ]),
  },
  {
    id: 'STK-011',
    code: 'CIRCULAR_DEPENDENCY',
    severity: 'HIGH',
    remediation: 'Remove one of the dependencies of the cycle.',
    check: (templates) =>
      findCycles(unionGraph(templates)).map((cycle) => ({
        message: `dependency cycle ${cyclePath(cycle)}`,
        location: `${cycle[0]}.dependencies`,
        details: { cycle },
      })),
  },
];

/** Hard and optional dependencies of all registered stacks as one graph. */
export function unionGraph(templates: StackTemplates): ReturnType<typeof uniteEdges> {
  return uniteEdges(
    [...templates.values()].map((template) => ({
      name: template.name,
      priority: template.priority,
      hard: template.dependencies,
      optional: template.optionalDependencies,
      manifest: [],
      implicit: [],
    })),
  );
}

/** Tier-1 values of a stack by place: `inputs.vpcId.default` → value. */
export function defaultValues(template: StackTemplate): [string, unknown][] {
  return [
    ...Object.entries(template.inputs).flatMap(([key, input]): [string, unknown][] => [
      [`parameters.inputs.${key}.default`, input.default],
      ...ENVIRONMENTS.map((name): [string, unknown] => [
        `parameters.inputs.${key}.environmentDefaults.${name}`,
        input.environmentDefaults?.[name],
      ]),
    ]),
    ['config', template.config],
    ...ENVIRONMENTS.map((name): [string, unknown] => [
      `environments.${name}.config`,
      template.environments[name]?.config,
    ]),
  ];
}

function unknownDependencies(template: StackTemplate, templates: StackTemplates): Violation[] {
  return (['dependencies', 'optionalDependencies'] as const).flatMap((list) =>
    template[list]
      .filter((name) => name !== '*' && !templates.has(name))
      .map((name) => ({
        message: `stack ${name} is not registered`,
        location: `${template.name}.${list}`,
        stack: template.name,
        details: { missing: name },
      })),
  );
}

function strayPlaceholders(template: StackTemplate, templates: StackTemplates): Violation[] {
  const allowed = new Set([...template.dependencies, ...template.optionalDependencies]);
  return defaultValues(template).flatMap(([place, value]) =>
    findPlaceholders(value, place).flatMap(({ path, item }) => {
      if (item.query.kind !== 'output') return [];
      const { stack, output } = item.query;
      const outputs = templates.get(stack)?.outputs;
      const why =
        !allowed.has(stack) && !allowed.has('*')
          ? `reads ${stack}, which is no dependency of ${template.name}`
          : outputs && !hasOutput(outputs, output)
            ? `reads ${output}, which ${stack} does not declare`
            : null;
      if (!why) return [];
      return [{ message: `${item.text} ${why}`, location: `${template.name}.${path}`, stack: template.name }];
    }),
  );
}

/** The output itself, or the output a path like `.key` or `.0` leads into (deployments.md 5.2). */
export function hasOutput(outputs: Readonly<Record<string, unknown>>, name: string): boolean {
  return name in outputs || (name.split('.')[0] ?? '') in outputs;
}
