import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const TEMPLATES = join(__dirname, '..', '..', 'templates');

export interface InputSpec {
  readonly type: 'string' | 'number' | 'boolean' | 'array' | 'object';
  readonly required: boolean;
  readonly default?: unknown;
  readonly environmentDefaults?: Readonly<Record<string, unknown>>;
  readonly allowedValues?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Stack template of deployments.md 2.2, as far as the tests of programs read it. */
export interface StackTemplate {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly category: string;
  readonly priority: number;
  readonly dependencies: readonly string[];
  readonly optionalDependencies: readonly string[];
  readonly estimatedDuration: number;
  readonly estimatedResources: number;
  readonly parameters: {
    readonly inputs: Readonly<Record<string, InputSpec>>;
    readonly outputs: Readonly<Record<string, { readonly type: InputSpec['type'] }>>;
  };
}

/** Manifest template of deployments.md 2.1. */
export interface ManifestTemplate {
  readonly environments: Readonly<Record<string, { readonly enabled: boolean }>>;
  readonly estimatedResources: number;
  readonly stacks: Readonly<
    Record<
      string,
      {
        readonly enabled: boolean;
        readonly dependencies: readonly string[];
        readonly priority: number;
        readonly config?: Readonly<Record<string, unknown>>;
      }
    >
  >;
}

const load = <T>(...path: string[]): T => parse(readFileSync(join(TEMPLATES, ...path), 'utf8')) as T;

export const STACK_NAMES = readdirSync(join(TEMPLATES, 'config'))
  .map((file) => file.replace(/\.yaml$/, ''))
  .filter((name) => !name.startsWith('_'))
  .sort();

export const commonTemplate = (): Pick<StackTemplate, 'parameters'> => load('config', '_common.yaml');
export const stackTemplate = (stack: string): StackTemplate => load('config', `${stack}.yaml`);
export const manifestTemplate = (name: string): ManifestTemplate => load('default', `${name}.yaml`);

/** What the orchestrator knows about the deployment. */
const FACTS = {
  deploymentId: 'DT3VCA0',
  organization: 'Northwind Labs',
  project: 'Web Shop',
  region: 'us-east-1',
  accountId: '111111111111',
  domain: 'shop.example.com',
};

const STUBS: Record<InputSpec['type'], unknown> = {
  string: 'stub',
  number: 1,
  boolean: true,
  array: ['us-east-1c', 'us-east-1a', 'us-east-1b'],
  object: {},
};

/**
 * Configuration of one stack run: template defaults of the environment, facts, stubs for placeholders, then `overrides`
 * (null leaves the key out).
 */
export function templateConfig(
  stack: string,
  environment: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const inputs = { ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs };
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(inputs)) {
    const value = spec.environmentDefaults?.[environment] ?? spec.default;
    values[key] = typeof value === 'string' && value.startsWith('{{RUNTIME:') ? STUBS[spec.type] : value;
  }
  Object.assign(values, FACTS, { environment }, overrides);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [`${stack}:${key}`, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
