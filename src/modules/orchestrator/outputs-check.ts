import type { StackOutputs } from './engine.port.js';
import { COMMON_OUTPUTS } from './placeholders/resolve.js';
import type { DeclaredOutput } from './run-request.js';

/** Checks after a stack has run (deployments.md 8.5, RUN-002 to RUN-004). */

export interface OutputFindings {
  /** RUN-002: declared, but absent or null. */
  readonly missing: readonly string[];
  /** RUN-002 (undeclared), RUN-003 (type), RUN-004 (shape of AWS ids). */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

/** Endings of output names and how their values begin. */
const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/[vV]pcId$/, 'vpc-'],
  [/[sS]ubnetIds?$/, 'subnet-'],
  [/[sS]ecurityGroupIds?$/, 'sg-'],
  [/Arns?$/, 'arn:'],
];

export function checkOutputs(
  outputs: StackOutputs,
  declared: Readonly<Record<string, DeclaredOutput>>,
): OutputFindings {
  const names = Object.keys(declared);
  const isMissing = (name: string): boolean => outputs[name]?.value === undefined || outputs[name].value === null;
  const undeclared = Object.keys(outputs).filter((name) => !names.includes(name) && !COMMON_OUTPUTS.includes(name));
  return {
    missing: names.filter(isMissing),
    warnings: [
      ...(names.length === 0 ? [] : undeclared).map((name) => warning('RUN-002', `Output ${name} is not declared`)),
      ...names
        .filter((name) => !isMissing(name))
        .flatMap((name) => checkOne(name, outputs[name]?.value, declared[name])),
    ],
  };
}

/** What may be told: values that are neither secret nor declared secret. */
export function openOutputs(
  outputs: StackOutputs,
  declared: Readonly<Record<string, DeclaredOutput>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name, output]) => !output.secret && !declared[name]?.secret)
      .map(([name, output]) => [name, output.value]),
  );
}

function checkOne(name: string, value: unknown, declared: DeclaredOutput | undefined): OutputFindings['warnings'] {
  const actual = Array.isArray(value) ? 'array' : typeof value;
  if (declared && actual !== declared.type) {
    return [warning('RUN-003', `Output ${name} is declared as ${declared.type} and is ${actual}`)];
  }
  const prefix = PREFIXES.find(([pattern]) => pattern.test(name))?.[1];
  const texts = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string' && each !== '');
  return prefix !== undefined && !texts.every((each) => String(each).startsWith(prefix))
    ? [warning('RUN-004', `Output ${name} does not begin with ${prefix}`)]
    : [];
}

function warning(code: string, message: string): { readonly code: string; readonly message: string } {
  return { code, message };
}
