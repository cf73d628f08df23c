import { parse } from 'yaml';
import { ENVIRONMENTS } from '../../shared/http/principal.js';
import { applyRules, type Finding, type Rule, type Violation } from '../templates/finding.js';
import { defaultFor, type ParameterInput } from '../templates/parameter.js';
import type { StackTemplate } from '../templates/stack-template.js';
import type { CodeInput, CodeParameters } from './code-parameters.js';
import type { StackFiles } from './program-source.js';

/** What the rules of deployments.md 8.3 look at: one stack, its template and its source. */
export interface CodeContext {
  readonly stack: string;
  /** null: not registered. */
  readonly template: StackTemplate | null;
  readonly files: StackFiles;
  /** null: there is no main file. */
  readonly code: CodeParameters | null;
}

/** A rule whose finding blocks always, in strict mode only, or never. */
interface CodeRule extends Omit<Rule<CodeContext>, 'severity'> {
  readonly blocks: 'always' | 'strict' | 'never';
}

/** Keys that a program's Pulumi.yaml may have; everything else belongs to a deployment (COD-003). */
const PULUMI_KEYS = new Set(['name', 'runtime', 'description']);

const RULES: readonly CodeRule[] = [
  {
    id: 'COD-001',
    code: 'STACK_CODE_NOT_FOUND',
    blocks: 'always',
    remediation: 'Put the program at <stack>/src/index.ts below STACKS_ROOT.',
    check: ({ stack, files }) =>
      files.program
        ? []
        : [at(stack, stack, files.hasFolder ? `${stack} has no main TypeScript file` : `folder ${stack} is not there`)],
  },
  {
    id: 'COD-002',
    code: 'PULUMI_YAML_INVALID',
    blocks: 'always',
    remediation: 'Write name (that of the folder), runtime: nodejs and description into Pulumi.yaml.',
    check: ({ stack, files }) => {
      if (!files.hasFolder) return [];
      const { document, problem } = pulumiYaml(files.pulumiYaml);
      if (!document) return [at(stack, 'Pulumi.yaml', problem)];
      const runtime: unknown = document['runtime'];
      const runtimeName = isMap(runtime) ? runtime['name'] : runtime;
      return [
        ...(document['name'] === stack ? [] : [at(stack, 'Pulumi.yaml:name', `name must be ${stack}`)]),
        ...(runtimeName === 'nodejs' ? [] : [at(stack, 'Pulumi.yaml:runtime', 'runtime must be nodejs')]),
        ...(typeof document['description'] === 'string' && document['description'] !== ''
          ? []
          : [at(stack, 'Pulumi.yaml:description', 'description is missing')]),
      ];
    },
  },
  {
    id: 'COD-003',
    code: 'PULUMI_YAML_NOT_GENERIC',
    blocks: 'strict',
    remediation: 'Leave config, main and values of a deployment out of Pulumi.yaml; the orchestrator adds them.',
    check: ({ stack, files }) =>
      Object.keys(pulumiYaml(files.pulumiYaml).document ?? {})
        .filter((key) => !PULUMI_KEYS.has(key))
        .map((key) => at(stack, `Pulumi.yaml:${key}`, `Pulumi.yaml has ${key}`)),
  },
  {
    id: 'COD-004',
    code: 'STACK_FILES_MISSING',
    blocks: 'strict',
    remediation: 'Add package.json and tsconfig.json beside the program.',
    check: ({ stack, files }) =>
      !files.hasFolder
        ? []
        : [
            ...(files.hasPackageJson ? [] : [at(stack, 'package.json', 'package.json is missing')]),
            ...(files.hasTsconfig ? [] : [at(stack, 'tsconfig.json', 'tsconfig.json is missing')]),
          ],
  },
  {
    id: 'COD-R1',
    code: 'INPUT_NOT_DECLARED',
    blocks: 'always',
    remediation: 'Declare the input in the stack template.',
    check: (context) =>
      (context.code?.inputs ?? [])
        .filter(
          ({ name }) => context.template && !(name in context.template.inputs) && !(name in context.template.config),
        )
        .map(({ name }) => at(context.stack, `input:${name}`, `the program reads ${name}, which is not declared`)),
  },
  {
    id: 'COD-R2',
    code: 'INPUT_NOT_USED',
    blocks: 'strict',
    remediation: 'Read the input in the program, or remove it from the stack template.',
    check: ({ stack, template, code }) =>
      Object.keys((code && template?.inputs) ?? {})
        .filter((name) => !code?.inputs.some((input) => input.name === name))
        .map((name) => at(stack, `input:${name}`, `${name} is declared, the program does not read it`)),
  },
  {
    id: 'COD-R3',
    code: 'OUTPUT_NOT_EXPORTED',
    blocks: 'always',
    remediation: 'Export the output in the program, or remove it from the stack template.',
    check: ({ stack, template, code }) =>
      Object.keys((code && template?.outputs) ?? {})
        .filter((name) => !code?.outputs.some((output) => output.name === name))
        .map((name) =>
          at(stack, `output:${name}`, `${name} is declared, the program does not export it`, {
            unclear: code?.unclear,
          }),
        ),
  },
  {
    id: 'COD-R4',
    code: 'OUTPUT_NOT_DECLARED',
    blocks: 'strict',
    remediation: 'Declare the output in the stack template.',
    check: ({ stack, template, code }) =>
      (code?.outputs ?? [])
        .filter(({ name }) => template && !(name in template.outputs))
        .map(({ name }) => at(stack, `output:${name}`, `the program exports ${name}, which is not declared`)),
  },
  {
    id: 'COD-R5',
    code: 'TYPE_DIFFERS',
    blocks: 'never',
    remediation: 'Declare the type that the program uses.',
    check: ({ stack, template, code }) => typeMismatches(template, code).map((mismatch) => differs(stack, mismatch)),
  },
  {
    id: 'COD-R6',
    code: 'REQUIRED_DIFFERS',
    blocks: 'never',
    remediation: 'Declare the input as required, give it a default, or let the program do without it.',
    check: (context) =>
      sharedInputs(context)
        .filter(([used, declared]) => used.required && !declared.required && !hasDefault(declared))
        .map(([{ name }]) =>
          at(context.stack, `input:${name}`, `${name} is optional without a default, the program requires it`),
        ),
  },
  {
    id: 'COD-R7',
    code: 'SECRET_DIFFERS',
    blocks: 'never',
    remediation: 'Declare secret values as secret, and read or export them as secrets.',
    check: (context) => [
      ...sharedInputs(context)
        .filter(([used, declared]) => used.secret !== declared.secret)
        .map(([{ name, secret }]) =>
          at(context.stack, `input:${name}`, `${name} is ${secret ? '' : 'not '}secret in the program only`),
        ),
      ...(context.code?.outputs ?? [])
        .filter(({ name, secret }) => (context.template?.outputs[name]?.secret ?? secret) !== secret)
        .map(({ name, secret }) =>
          at(context.stack, `output:${name}`, `${name} is ${secret ? '' : 'not '}secret in the program only`),
        ),
    ],
  },
  {
    id: 'COD-R8',
    code: 'STACK_NOT_REGISTERED',
    blocks: 'always',
    remediation: 'Register the stack: POST /api/v1/stacks.',
    check: ({ stack, template }) => (template ? [] : [at(stack, stack, `${stack} is not registered`)]),
  },
];

/** The rules of deployments.md 8.3; in strict mode warnings that may block do. */
export function codeRules(strict: boolean): readonly Rule<CodeContext>[] {
  return RULES.map(({ blocks, ...rule }) => ({
    ...rule,
    severity: blocks === 'always' || (blocks === 'strict' && strict) ? 'HIGH' : 'LOW',
  }));
}

export function codeFindings(context: CodeContext, strict: boolean): Finding[] {
  return applyRules(codeRules(strict), context);
}

export interface TypeMismatch {
  /** `input:azCount`. */
  readonly location: string;
  readonly code: string;
  readonly template: string;
}

/** How a template and its program relate (deployments.md 12.1). */
export interface CodeComparison {
  /** `input:<name>`, `output:<name>`: only the program knows it. */
  readonly missingInTemplate: readonly string[];
  /** Only the template knows it. */
  readonly missingInCode: readonly string[];
  readonly typeMismatches: readonly TypeMismatch[];
  readonly matches: readonly string[];
  readonly synchronized: boolean;
}

export function compareCode(template: StackTemplate, code: CodeParameters): CodeComparison {
  const inCode = placesOf(
    code.inputs.map(({ name }) => name),
    code.outputs.map(({ name }) => name),
  );
  const inTemplate = placesOf(Object.keys(template.inputs), Object.keys(template.outputs));
  const missingInTemplate = inCode.filter((place) => !inTemplate.includes(place));
  const missingInCode = inTemplate.filter((place) => !inCode.includes(place));
  const mismatches = typeMismatches(template, code);
  return {
    missingInTemplate,
    missingInCode,
    typeMismatches: mismatches,
    matches: inCode.filter(
      (place) => inTemplate.includes(place) && !mismatches.some(({ location }) => location === place),
    ),
    synchronized: missingInTemplate.length + missingInCode.length + mismatches.length === 0,
  };
}

function placesOf(inputs: readonly string[], outputs: readonly string[]): string[] {
  return [...inputs.map((name) => `input:${name}`), ...outputs.map((name) => `output:${name}`)];
}

function typeMismatches(template: StackTemplate | null, code: CodeParameters | null): TypeMismatch[] {
  if (!template || !code) return [];
  const compare = (
    kind: 'input' | 'output',
    used: { readonly name: string; readonly type: string | null },
    declared: { readonly type: string } | undefined,
  ): TypeMismatch[] =>
    declared && used.type !== null && used.type !== declared.type
      ? [{ location: `${kind}:${used.name}`, code: used.type, template: declared.type }]
      : [];
  return [
    ...code.inputs.flatMap((input) => compare('input', input, template.inputs[input.name])),
    ...code.outputs.flatMap((output) => compare('output', output, template.outputs[output.name])),
  ];
}

function differs(stack: string, { location, code, template }: TypeMismatch): Violation {
  const name = location.slice(location.indexOf(':') + 1);
  return at(stack, location, `${name} is a ${code} in the program, a ${template} in the template`, { code, template });
}

function sharedInputs({ template, code }: CodeContext): [CodeInput, ParameterInput][] {
  return (code?.inputs ?? []).flatMap((input): [CodeInput, ParameterInput][] => {
    const declared = template?.inputs[input.name];
    return declared ? [[input, declared]] : [];
  });
}

/** In every environment: then the program always gets a value. */
function hasDefault(input: ParameterInput): boolean {
  return ENVIRONMENTS.every((name) => defaultFor(input, name) !== undefined);
}

function pulumiYaml(text: string | null): { readonly document?: Record<string, unknown>; readonly problem: string } {
  if (text === null) return { problem: 'Pulumi.yaml is missing' };
  try {
    const document: unknown = parse(text);
    return isMap(document) ? { document, problem: '' } : { problem: 'Pulumi.yaml is not a map' };
  } catch {
    return { problem: 'Pulumi.yaml cannot be parsed' };
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function at(stack: string, location: string, message: string, details?: Record<string, unknown>): Violation {
  return { stack, location, message, ...(details ? { details } : {}) };
}
