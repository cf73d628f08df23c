import { cyclePath, findCycles, uniteEdges, type UnitedNode } from '../orchestrator/graph.js';
import { ENVIRONMENTS } from '../../shared/http/principal.js';
import type { Rule, Violation } from './finding.js';
import type { ManifestTemplate } from './manifest-template.js';
import { typeOf } from './parameter.js';
import type { StackTemplates } from './stack-template.js';
import { variablesIn, holdsPlaceholder, textsOf } from './template-text.js';
import { GLOBAL_VARIABLES } from './template-variables.js';

export interface TemplateContext {
  readonly template: ManifestTemplate;
  readonly stackTemplates: StackTemplates;
}

/** Rules of deployments.md 8.2 that need the registered stacks. */
export const TEMPLATE_RULES: readonly Rule<TemplateContext>[] = [
  {
    id: 'TPL-007',
    code: 'UNKNOWN_STACK',
    severity: 'HIGH',
    remediation: 'Register the stack or remove it from the template.',
    check: ({ template, stackTemplates }) =>
      Object.keys(template.stacks)
        .filter((name) => !stackTemplates.has(name))
        .map((name) => ({
          message: `stack ${name} is not registered`,
          location: `stacks.${name}`,
          stack: name,
          details: { known: [...stackTemplates.keys()] },
        })),
  },
  {
    id: 'TPL-008',
    code: 'TEMPLATE_DEPENDENCIES_INVALID',
    severity: 'HIGH',
    remediation: 'Add and enable the missing stack, or break the cycle.',
    check: (context) => [...openDependencies(context), ...cycles(context)],
  },
  {
    id: 'TPL-010',
    code: 'UNKNOWN_VARIABLE',
    severity: 'HIGH',
    remediation: 'Declare the variable under `variables` or use one of the global ones.',
    check: ({ template }) => {
      const known = new Set([...GLOBAL_VARIABLES, ...Object.keys(template.variables)]);
      return textsOf({
        environments: template.environments,
        stacks: template.stacks,
        metadata: template.metadata,
      }).flatMap(([location, text]) =>
        variablesIn(text)
          .filter((name) => !known.has(name))
          .map((name) => ({ message: `variable ${name} is unknown`, location, details: { missing: [name] } })),
      );
    },
  },
  {
    id: 'TPL-011',
    code: 'TEMPLATE_CONFIG_TYPE',
    severity: 'MEDIUM',
    remediation: 'Change the value or the declaration of the input.',
    check: wrongTypes,
  },
  {
    id: 'TPL-W01',
    code: 'TEMPLATE_STACKS_UNUSED',
    severity: 'LOW',
    remediation: 'Enable at least one stack.',
    check: ({ template }) => {
      const stacks = Object.entries(template.stacks);
      if (stacks.length === 0) return [{ message: 'the template has no stacks', location: 'stacks' }];
      return stacks
        .filter(([, block]) => !block.enabled)
        .map(([name]) => ({
          message: `stack ${name} is disabled everywhere`,
          location: `stacks.${name}`,
          stack: name,
        }));
    },
  },
];

/** Enabled stacks of a template with the edges between them: hard, optional and the template's own. */
export function templateGraph({ template, stackTemplates }: TemplateContext): UnitedNode[] {
  return uniteEdges(
    Object.entries(template.stacks)
      .filter(([, block]) => block.enabled)
      .map(([name, block]) => ({
        name,
        priority: block.priority ?? stackTemplates.get(name)?.priority ?? 100, // 100: default of deployments.md 2.2
        hard: stackTemplates.get(name)?.dependencies ?? [],
        optional: stackTemplates.get(name)?.optionalDependencies ?? [],
        manifest: block.dependencies ?? [],
        implicit: [],
      })),
  );
}

function openDependencies({ template, stackTemplates }: TemplateContext): Violation[] {
  return Object.entries(template.stacks)
    .filter(([, block]) => block.enabled)
    .flatMap(([name, block]) => {
      const needed = new Set([...(stackTemplates.get(name)?.dependencies ?? []), ...(block.dependencies ?? [])]);
      return [...needed]
        .filter((dependency) => dependency !== '*' && dependency !== 'ALL' && !template.stacks[dependency]?.enabled)
        .map((dependency) => ({
          message: `${name} needs ${dependency}, which ${template.stacks[dependency] ? 'is disabled' : 'is not in the template'}`,
          location: `stacks.${name}.dependencies`,
          stack: name,
          details: { missing: dependency, rule: template.stacks[dependency] ? 'DEP-002' : 'DEP-001' },
        }));
    });
}

function cycles(context: TemplateContext): Violation[] {
  return findCycles(templateGraph(context)).map((cycle) => ({
    message: `dependency cycle ${cyclePath(cycle)}`,
    location: `stacks.${cycle[0]}.dependencies`,
    details: { cycle, rule: 'DEP-004' },
  }));
}

function wrongTypes({ template, stackTemplates }: TemplateContext): Violation[] {
  return Object.entries(template.stacks).flatMap(([name, block]) => {
    const inputs = stackTemplates.get(name)?.inputs ?? {};
    const blocks: [string, Readonly<Record<string, unknown>> | undefined][] = [
      [`stacks.${name}.config`, block.config],
      ...ENVIRONMENTS.map((environment): [string, Readonly<Record<string, unknown>> | undefined] => [
        `stacks.${name}.environments.${environment}.config`,
        block.environments?.[environment]?.config,
      ]),
    ];
    return blocks.flatMap(([place, config]) =>
      Object.entries(config ?? {})
        .filter(
          ([key, value]) =>
            value !== null && !holdsPlaceholder(value) && key in inputs && typeOf(value) !== inputs[key]?.type,
        )
        .map(([key, value]) => ({
          message: `${key} is a ${typeOf(value)}, expected ${inputs[key]?.type}`,
          location: `${place}.${key}`,
          stack: name,
        })),
    );
  });
}
