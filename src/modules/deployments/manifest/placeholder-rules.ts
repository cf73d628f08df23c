import {
  findProblems,
  type PlaceholderProblem,
  parseText,
  wholePlaceholder,
} from '../../orchestrator/placeholders/parse.js';
import type { Rule, Violation } from '../../templates/finding.js';
import { hasOutput } from '../../templates/registry-rules.js';
import { isStackOn } from './manifest.js';
import type { ManifestContext, PlacedPlaceholder } from './manifest-context.js';
import { isObject, type Values } from './merge.js';
import { originOf } from './resolve-config.js';

/** Levels `{{ENV:key}}` may lead through (deployments.md 5.5). */
const MAX_ENV_DEPTH = 5;

/** Rules PH of deployments.md 8.4 that hold on save; PH-010 to PH-014 need the cloud or the run. */
export const PLACEHOLDER_RULES: readonly Rule<ManifestContext>[] = [
  {
    id: 'PH-001',
    code: 'PLACEHOLDER_SYNTAX',
    severity: 'HIGH',
    remediation: 'Write {{RUNTIME:<stack>:<output>}}, {{ENV:<key>}} or one of the other forms.',
    check: (context) => problems(context, 'PH-001'),
  },
  {
    id: 'PH-002',
    code: 'PLACEHOLDER_PARAMS',
    severity: 'HIGH',
    remediation: 'Use a known query or calculation with its parameters.',
    check: (context) => problems(context, 'PH-002'),
  },
  {
    id: 'PH-003',
    code: 'PLACEHOLDER_UNKNOWN_STACK',
    severity: 'HIGH',
    remediation: 'Name a stack that is enabled in this environment.',
    check: (context) =>
      outputs(context).flatMap(({ place, stack }) => {
        const { environment } = place.merged;
        if (isStackOn(context.manifest, stack, environment)) return [];
        const known = context.nodesOf(environment).map((node) => node.name);
        const why = context.manifest.spec.stacks[stack] ? `is not enabled in ${environment}` : 'is not in the manifest';
        return [at(place, `${place.item.text}: stack ${stack} ${why}`, { stack, known })];
      }),
  },
  {
    id: 'PH-004',
    code: 'PLACEHOLDER_UNKNOWN_OUTPUT',
    severity: 'HIGH',
    remediation: 'Name an output that the stack declares.',
    check: (context) =>
      outputs(context).flatMap(({ place, stack, output }) => {
        const declared = context.surroundings.stackTemplates.get(stack)?.outputs ?? {};
        if (Object.keys(declared).length === 0 || hasOutput(declared, output)) return [];
        return [
          at(place, `${place.item.text}: ${stack} has no output ${output}`, {
            stack,
            output,
            declared: Object.keys(declared),
          }),
        ];
      }),
  },
  {
    id: 'PH-005',
    code: 'PLACEHOLDER_SELF_REFERENCE',
    severity: 'HIGH',
    remediation: 'A stack cannot read its own outputs.',
    check: (context) =>
      outputs(context)
        .filter(({ place, stack }) => stack === place.merged.stack)
        .map(({ place }) => at(place, `${place.item.text}: ${place.merged.stack} reads itself`, {})),
  },
  {
    id: 'PH-006',
    code: 'PLACEHOLDER_LOOP',
    severity: 'HIGH',
    remediation: `Break the loop; {{ENV:…}} may lead through at most ${MAX_ENV_DEPTH} levels.`,
    check: (context) =>
      context.environments.flatMap((environment) => {
        const config = context.manifest.spec.environments[environment]?.config ?? {};
        return environmentLoops(config).map((loop) => ({
          message: `{{ENV:…}} loops: ${loop.join(' → ')}`,
          location: `environments.${environment}.config.${loop[0]}`,
          environment,
          details: { loop },
        }));
      }),
  },
  {
    id: 'PH-007',
    code: 'PLACEHOLDER_UNKNOWN_ENV_KEY',
    severity: 'HIGH',
    remediation: 'Add the key to the configuration of the environment, or the process variable to RUNTIME_ENV_ALLOW.',
    check: unknownKeys,
  },
  {
    id: 'PH-008',
    code: 'PLACEHOLDER_TYPE',
    severity: 'MEDIUM',
    remediation: 'Read an output of the type the input declares.',
    check: wrongTypes,
  },
  {
    id: 'PH-W01',
    code: 'PLACEHOLDER_DEPRECATED',
    severity: 'LOW',
    remediation: 'Write the canonical form.',
    check: (context) => problems(context, 'PH-W01'),
  },
];

function problems({ configs }: ManifestContext, ruleId: PlaceholderProblem['ruleId']): Violation[] {
  return unique(
    configs.flatMap((merged) =>
      findProblems(merged.values)
        .filter(({ item }) => item.ruleId === ruleId)
        .map(({ path, item }) => ({
          message: item.message,
          location: originOf(merged, path).location,
          stack: merged.stack,
          environment: merged.environment,
          details: { placeholder: item.text, path },
        })),
    ),
  );
}

interface OutputRead {
  readonly place: PlacedPlaceholder;
  readonly stack: string;
  readonly output: string;
}

/** Reads of stack outputs, each place once. */
function outputs({ placeholders }: ManifestContext): OutputRead[] {
  return placeholders.flatMap((place) => {
    const { query } = place.item;
    return query.kind === 'output' ? [{ place, stack: query.stack, output: query.output }] : [];
  });
}

function unknownKeys({ placeholders, manifest, surroundings: { processVariables } }: ManifestContext): Violation[] {
  return unique(
    placeholders.flatMap((place) => {
      const { query, text } = place.item;
      const { environment } = place.merged;
      if (query.kind === 'environmentKey') {
        const config = manifest.spec.environments[environment]?.config ?? {};
        return valueAt(config, query.key) === undefined
          ? [at(place, `${text}: environments.${environment}.config has no ${query.key}`, { key: query.key })]
          : [];
      }
      if (query.kind !== 'processVariable' || !processVariables || processVariables.has(query.name)) return [];
      return [at(place, `${text}: process variable ${query.name} is not set or not allowed`, { key: query.name })];
    }),
  );
}

/** Output type against input type where the whole value is one placeholder. */
function wrongTypes(context: ManifestContext): Violation[] {
  const { stackTemplates } = context.surroundings;
  return unique(
    outputs(context).flatMap(({ place, stack, output }) => {
      const { merged, path, item } = place;
      const input = stackTemplates.get(merged.stack)?.inputs[path];
      const declared = stackTemplates.get(stack)?.outputs[output];
      const text = merged.values[path];
      if (!input || !declared || typeof text !== 'string' || !wholePlaceholder(parseText(text).segments)) return [];
      if (input.type === declared.type) return [];
      return [
        at(place, `${item.text} is a ${declared.type}, ${path} wants a ${input.type}`, {
          expected: input.type,
          actual: declared.type,
        }),
      ];
    }),
  );
}

/** Closed paths of `{{ENV:a}}` → `{{ENV:b}}` inside one environment's configuration, and chains that are too long. */
function environmentLoops(config: Values): string[][] {
  const next = (key: string): string[] => {
    const value = valueAt(config, key);
    if (typeof value !== 'string') return [];
    return parseText(value).segments.flatMap((segment) =>
      'placeholder' in segment && segment.placeholder.query.kind === 'environmentKey'
        ? [segment.placeholder.query.key]
        : [],
    );
  };
  const loops: string[][] = [];
  const known = new Set<string>();
  const walk = (key: string, path: readonly string[]): void => {
    const at = path.indexOf(key);
    if (at >= 0 || path.length > MAX_ENV_DEPTH) {
      const loop = [...path.slice(Math.max(at, 0)), key];
      const name = [...new Set(loop)].sort().join(' ');
      if (!known.has(name)) loops.push(loop);
      known.add(name);
      return;
    }
    for (const target of next(key)) walk(target, [...path, key]);
  };
  for (const key of Object.keys(config).sort()) walk(key, []);
  return loops;
}

/** The key itself, else its dots as steps into objects. */
export function valueAt(config: Values, key: string): unknown {
  if (key in config) return config[key];
  return key.split('.').reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), config);
}

function at(place: PlacedPlaceholder, message: string, details: Values): Violation {
  const { merged, path, item } = place;
  return {
    message,
    location: originOf(merged, path).location,
    stack: merged.stack,
    environment: merged.environment,
    details: { placeholder: item.text, path, ...details },
  };
}

/** One finding per place and message, however many environments share it. */
function unique(violations: readonly Violation[]): Violation[] {
  const seen = new Set<string>();
  return violations.filter(({ location, message }) => {
    const key = `${location} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
