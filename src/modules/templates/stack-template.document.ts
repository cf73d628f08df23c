import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ENVIRONMENTS } from '../../shared/http/principal.js';
import { applyRules, type Finding, type Rule, type Violation } from './finding.js';
import {
  brokenConstraint,
  CHANGE_RULES,
  PARAMETER_TYPES,
  typeOf,
  type ParameterInput,
  type ParameterOutput,
} from './parameter.js';
import {
  RESERVED_STACK_NAMES,
  STACK_CATEGORIES,
  STACK_NAME,
  STACK_NAME_LENGTH,
  templateHashOf,
  type StackTemplate,
} from './stack-template.js';
import { holdsPlaceholder } from './template-text.js';

/**
 * A stack template as it is written (YAML, or the body of a registration) and how it becomes a StackTemplate.
 * 1. zod reads the shape; every issue is assigned to its rule STK-001 to STK-009 by where it stands.
 * 2. STK-008 checks the defaults against type and constraints.
 * 3. The common inputs and outputs (`_common.yaml`) are put under the stack's own ones.
 * STK-010 and STK-011 need the other stacks: see registry-rules.ts.
 */

const names = z.array(z.string().min(1));
const perEnvironment = <T extends z.ZodType>(value: T) =>
  z.partialRecord(z.enum(ENVIRONMENTS as ['dev', 'stage', 'prod']), value);

const INPUT = z.strictObject({
  type: z.enum(PARAMETER_TYPES).default('string'),
  required: z.boolean().default(false),
  secret: z.boolean().default(false),
  default: z.unknown().optional(),
  environmentDefaults: perEnvironment(z.unknown()).optional(),
  description: z.string().optional(),
  allowedValues: z.array(z.unknown()).min(1).optional(),
  pattern: z.string().refine(isExpression, 'is not a regular expression').optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  changes: z.enum(CHANGE_RULES).optional(),
});
const OUTPUT = z
  .strictObject({
    type: z.enum(PARAMETER_TYPES).default('string'),
    secret: z.boolean().default(false),
    endpoint: z.boolean().optional(),
    description: z.string().optional(),
  })
  .refine(({ endpoint = false, secret, type }) => !endpoint || (!secret && type === 'string'), {
    path: ['endpoint'],
    message: 'is for outputs that are a string and not secret',
  });
const PARAMETERS = z.strictObject({
  inputs: z.record(z.string(), INPUT).default({}),
  outputs: z.record(z.string(), OUTPUT).default({}),
});

const STACK_TEMPLATE = z.strictObject({
  name: z
    .string()
    .max(STACK_NAME_LENGTH)
    .regex(STACK_NAME, 'must be lower case letters, digits and single dashes, starting with a letter')
    .refine((name) => !RESERVED_STACK_NAMES.includes(name), 'is a reserved name'),
  displayName: z.string().max(100).optional(),
  description: z.string().max(1000).default(''),
  version: z.string().default('1.0'),
  category: z.enum(STACK_CATEGORIES).default('devops'),
  dependencies: names,
  optionalDependencies: names.default([]),
  priority: z.int().min(1).max(999).default(100),
  layer: z.int().min(1).max(10).optional(),
  critical: z.boolean().default(true),
  parameters: PARAMETERS.default({ inputs: {}, outputs: {} }),
  config: z.record(z.string(), z.unknown()).default({}),
  environments: perEnvironment(z.strictObject({ config: z.record(z.string(), z.unknown()).default({}) })).default({}),
  estimatedDuration: z.number().min(0).default(180),
  estimatedResources: z.int().min(0).default(0),
  estimatedMonthlyCost: z.number().min(0).default(0),
});
const COMMON = z.strictObject({ parameters: PARAMETERS });

export type CommonParameters = Pick<StackTemplate, 'inputs' | 'outputs'>;
type Written = z.output<typeof STACK_TEMPLATE>;

/** What the rules of one document look at. */
interface DocumentContext {
  readonly raw: unknown;
  readonly issues: readonly z.core.$ZodIssue[];
  readonly written: Written | undefined;
}

const issuesAt =
  (belongs: (path: string, issue: z.core.$ZodIssue) => boolean) =>
  ({ issues }: DocumentContext): Violation[] =>
    issues
      .filter((issue) => belongs(pathOf(issue), issue))
      .map((issue) => ({ message: messageOf(issue), location: pathOf(issue) }));

const isName = (path: string): boolean => path === 'name';
const isDependency = (path: string): boolean => /^(optionalD|d)ependencies\b/.test(path);
const isPriority = (path: string): boolean => path === 'priority';
const isType = (path: string): boolean => /^parameters\.(inputs|outputs)\.[^.]+\.type$/.test(path);
const isFlag = (path: string): boolean =>
  /^parameters\.(inputs|outputs)\.[^.]+\.(required|secret|endpoint)$/.test(path);
const isConstraint = (path: string): boolean =>
  /^parameters\.inputs\.[^.]+\.(allowedValues|pattern|minimum|maximum|changes)/.test(path);
const hasOwnRule = (path: string): boolean =>
  [isName, isDependency, isPriority, isType, isFlag, isConstraint].some((test) => test(path));

/** Rules of deployments.md 8.2 that one document can break by itself. */
export const STACK_DOCUMENT_RULES: readonly Rule<DocumentContext>[] = [
  {
    id: 'STK-001',
    code: 'STACK_NAME_MISSING',
    severity: 'CRITICAL',
    remediation: 'Give the stack template a name.',
    check: ({ raw }) =>
      nameOf(raw) === undefined ? [{ message: 'the stack template has no name', location: 'name' }] : [],
  },
  {
    id: 'STK-002',
    code: 'STACK_DEPENDENCIES_INVALID',
    severity: 'HIGH',
    remediation: 'Write dependencies as a list of other stacks, or as the single element *.',
    check: (context) => [...issuesAt(isDependency)(context), ...dependencyMistakes(context)],
  },
  {
    id: 'STK-003',
    code: 'INVALID_PRIORITY',
    severity: 'HIGH',
    remediation: 'Use a whole number from 1 to 999; lower starts first.',
    check: issuesAt(isPriority),
  },
  {
    id: 'STK-004',
    code: 'STACK_SHAPE_INVALID',
    severity: 'HIGH',
    remediation: 'Follow the schema of stack templates.',
    check: issuesAt((path) => !hasOwnRule(path)),
  },
  {
    id: 'STK-005',
    code: 'PARAMETER_TYPE_UNKNOWN',
    severity: 'HIGH',
    remediation: `Use one of ${PARAMETER_TYPES.join(', ')}.`,
    check: issuesAt(isType),
  },
  {
    id: 'STK-006',
    code: 'PARAMETER_FLAG_INVALID',
    severity: 'HIGH',
    remediation: 'Use true or false; an endpoint is a string that is not secret.',
    check: issuesAt(isFlag),
  },
  {
    id: 'STK-008',
    code: 'PARAMETER_DEFAULT_INVALID',
    severity: 'HIGH',
    remediation: 'Change the default or the declaration.',
    check: (context) => [...issuesAt(isConstraint)(context), ...wrongDefaults(context)],
  },
  {
    id: 'STK-009',
    code: 'STACK_NAME_INVALID',
    severity: 'HIGH',
    remediation: `Use lower case letters, digits and single dashes, at most ${STACK_NAME_LENGTH} characters; not ${RESERVED_STACK_NAMES.join(', ')}.`,
    check: (context) => (nameOf(context.raw) === undefined ? [] : issuesAt(isName)(context)),
  },
];

/** STK-007 holds in strict mode: built-in templates and registrations with `strict`. */
export const STRICT_STACK_RULE: Rule<DocumentContext> = {
  id: 'STK-007',
  code: 'PARAMETER_DECLARATION_INCOMPLETE',
  severity: 'HIGH',
  remediation: 'Declare type and required of every input and the type of every output.',
  check: ({ raw }) => [...undeclared(raw, 'inputs', ['type', 'required']), ...undeclared(raw, 'outputs', ['type'])],
};

/** Reads one stack template; `template` is there when nothing blocks. */
export function readStackTemplate(
  raw: unknown,
  common: CommonParameters,
  strict: boolean,
): { readonly template?: StackTemplate; readonly findings: readonly Finding[] } {
  const parsed = STACK_TEMPLATE.safeParse(raw);
  const context: DocumentContext = { raw, issues: parsed.error?.issues ?? [], written: parsed.data };
  const findings = applyRules(strict ? [...STACK_DOCUMENT_RULES, STRICT_STACK_RULE] : STACK_DOCUMENT_RULES, context);
  if (!parsed.data || findings.length > 0) return { findings };
  return { template: toStackTemplate(parsed.data, common), findings };
}

/** Reads `_common.yaml`. */
export function readCommonParameters(raw: unknown): { readonly common: CommonParameters; readonly problems: string[] } {
  const parsed = COMMON.safeParse(raw);
  if (parsed.data) return { common: declarationsOf(parsed.data.parameters), problems: [] };
  return {
    common: { inputs: {}, outputs: {} },
    problems: parsed.error?.issues.map((issue) => `${pathOf(issue)}: ${messageOf(issue)}`) ?? [],
  };
}

function toStackTemplate(written: Written, common: CommonParameters): StackTemplate {
  const own = declarationsOf(written.parameters);
  const { parameters: _parameters, layer, ...rest } = written;
  const environments = Object.fromEntries(
    Object.entries(written.environments).flatMap(([name, block]) => (block ? [[name, { config: block.config }]] : [])),
  );
  const template = {
    ...rest,
    displayName: written.displayName ?? titleOf(written.name),
    dependencies: [...new Set(written.dependencies.map((name) => (name === 'ALL' ? '*' : name)))],
    optionalDependencies: [...new Set(written.optionalDependencies)],
    ...(layer === undefined ? {} : { layer }),
    inputs: { ...common.inputs, ...own.inputs },
    outputs: { ...common.outputs, ...own.outputs },
    environments,
  };
  return { ...template, templateHash: templateHashOf(template) };
}

/** The document a stack template could have been read from: without the common parameters. */
export function writtenOf(template: StackTemplate, common: CommonParameters): Record<string, unknown> {
  const { inputs, outputs, templateHash: _hash, ...rest } = template;
  const own = <T>(all: Readonly<Record<string, T>>, shared: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([name, entry]) => !isDeepStrictEqual(entry, shared[name])));
  return { ...rest, parameters: { inputs: own(inputs, common.inputs), outputs: own(outputs, common.outputs) } };
}

/** `compute-ec2` → `Compute Ec2`. */
export function titleOf(name: string): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

function declarationsOf(parameters: z.output<typeof PARAMETERS>): CommonParameters {
  return {
    inputs: parameters.inputs as Record<string, ParameterInput>,
    outputs: parameters.outputs as Record<string, ParameterOutput>,
  };
}

function dependencyMistakes({ written }: DocumentContext): Violation[] {
  if (!written) return [];
  const both = written.dependencies.filter((name) => written.optionalDependencies.includes(name));
  const wild = written.dependencies.some((name) => name === '*' || name === 'ALL') && written.dependencies.length > 1;
  return [
    ...(['dependencies', 'optionalDependencies'] as const)
      .filter((list) => written[list].includes(written.name))
      .map((list) => ({ message: `${written.name} depends on itself`, location: list })),
    ...both.map((name) => ({
      message: `${name} is both a dependency and an optional one`,
      location: 'optionalDependencies',
    })),
    ...(wild ? [{ message: '* must be the only dependency', location: 'dependencies' }] : []),
  ];
}

function wrongDefaults({ written }: DocumentContext): Violation[] {
  if (!written) return [];
  return Object.entries(written.parameters.inputs).flatMap(([key, input]) => {
    const declared = input as ParameterInput;
    const values: [string, unknown][] = [
      ['default', declared.default],
      ...ENVIRONMENTS.map((name): [string, unknown] => [
        `environmentDefaults.${name}`,
        declared.environmentDefaults?.[name],
      ]),
    ];
    return values.flatMap(([place, value]) => {
      if (value === undefined || value === null || holdsPlaceholder(value)) return [];
      const wrong =
        typeOf(value) === declared.type
          ? brokenConstraint(declared, value)?.message
          : `is a ${typeOf(value)}, expected ${declared.type}`;
      return wrong ? [{ message: `${place} ${wrong}`, location: `parameters.inputs.${key}.${place}` }] : [];
    });
  });
}

function undeclared(raw: unknown, list: 'inputs' | 'outputs', fields: readonly string[]): Violation[] {
  const entries = (raw as { parameters?: Record<string, unknown> } | null)?.parameters?.[list];
  if (entries === null || typeof entries !== 'object') return [];
  return Object.entries(entries as Record<string, unknown>).flatMap(([key, entry]) =>
    entry === null || typeof entry !== 'object'
      ? []
      : fields
          .filter((field) => !(field in entry))
          .map((field) => ({ message: `${key} does not declare ${field}`, location: `parameters.${list}.${key}` })),
  );
}

function nameOf(raw: unknown): string | undefined {
  const name = raw !== null && typeof raw === 'object' ? (raw as Record<string, unknown>)['name'] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function isExpression(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern));
  } catch {
    return false;
  }
}

function pathOf(issue: z.core.$ZodIssue): string {
  return issue.path.map(String).join('.');
}

function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? `unknown keys: ${issue.keys.join(', ')}` : issue.message;
}
