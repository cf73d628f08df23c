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

const REGISTRY = '111111111111.dkr.ecr.us-east-1.amazonaws.com/web-shop/dev/dt3vca0';

/**
 * What producers would have handed over, where the stub of the type would not do: `<stack>:<output>` → value, by environment
 * where it differs. Names and keys follow the defaults of the producer.
 */
const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'network:privateSubnetIds': {
    dev: ['subnet-0a', 'subnet-0b'],
    stage: ['subnet-0a', 'subnet-0b'],
    prod: ['subnet-0a', 'subnet-0b', 'subnet-0c'],
  },
  'network:natGatewayIds': { dev: ['nat-0a'], stage: ['nat-0a'], prod: ['nat-0a', 'nat-0b', 'nat-0c'] },
  'containers-apps:serviceNames': { every: { frontend: 'shop-frontend', backend: 'shop-backend' } },
  'containers-apps:targetGroupArnSuffixes': {
    every: { frontend: 'targetgroup/frontend/0a', backend: 'targetgroup/backend/0b' },
  },
  'containers-apps:logGroupNames': { every: { frontend: '/cloud/apps/frontend', backend: '/cloud/apps/backend' } },
  'services-ecs:serviceNames': { every: { api: 'shop-api', worker: 'shop-worker' } },
  'services-ecs:logGroupNames': { every: { api: '/cloud/services/api', worker: '/cloud/services/worker' } },
  'compute-ec2:asgNames': { every: { web: 'web-asg', worker: 'worker-asg' } },
  'compute-lambda:functionNames': {
    every: { 'data-processor': 'data-fn', 'file-processor': 'file-fn', scheduler: 'scheduler-fn' },
  },
  'database-rds:replicaInstanceId': { dev: '', stage: '', prod: 'shop-replica' },
  'dns:primaryHealthCheckId': { dev: '', stage: 'hc-primary', prod: 'hc-primary' },
  'dns:apiHealthCheckId': { dev: '', stage: 'hc-api', prod: 'hc-api' },
  'storage:lakeBucketArn': { every: '' },
  'dns:domainName': { every: 'dev.shop.example.com' },
  'security:webPort': { every: 3000 },
  'aws:latestAmiId:amazonLinux2023': { every: 'ami-0123456789abcdef0' },
  'security:apiPort': { every: 8080 },
  'containers-images:repositoryUrls': {
    every: { frontend: `${REGISTRY}/frontend`, backend: `${REGISTRY}/backend` },
  },
  'services-ecr:repositoryUrls': { every: { api: `${REGISTRY}/services/api`, worker: `${REGISTRY}/services/worker` } },
};

/** Variables of the manifest template. */
const VARIABLES: Readonly<Record<string, string>> = { '{{USER_EMAIL}}': 'ops@example.com' };

/** What stands behind `<producer>:<output>` for an input of that type; undefined: the producer is not there. */
export type LookUp = (output: string, type: InputSpec['type'], environment: string) => unknown;

const PLACEHOLDER = /^\{\{RUNTIME:(.+)\}\}$/;

/** Samples, else the stub of the type. */
export const sampleOf: LookUp = (output, type, environment) => {
  const sample = SAMPLES[output];
  return sample ? (sample[environment] ?? sample['every']) : STUBS[type];
};

/** The value behind a placeholder, also inside arrays and objects; a text that is none stays as it is. */
function resolved(value: unknown, type: InputSpec['type'], environment: string, lookUp: LookUp): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(item, 'string', environment, lookUp));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, resolved(member, 'string', environment, lookUp)]),
    );
  }
  if (typeof value !== 'string') return value;
  const [, output] = PLACEHOLDER.exec(value) ?? [];
  return output === undefined ? (VARIABLES[value] ?? value) : lookUp(output, type, environment);
}

/** Input → stack whose output is its default. */
export function producersOf(stack: string): Record<string, string> {
  const inputs = Object.entries(stackTemplate(stack).parameters.inputs);
  return Object.fromEntries(
    inputs.flatMap(([key, spec]) => {
      const [, output] = PLACEHOLDER.exec(String(spec.default)) ?? [];
      const [producer = ''] = output?.split(':') ?? [];
      return STACK_NAMES.includes(producer) ? [[key, producer]] : [];
    }),
  );
}

/**
 * Configuration of one stack run: template defaults of the environment, facts, stubs for placeholders, then `overrides`
 * (null leaves the key out).
 */
export function templateConfig(
  stack: string,
  environment: string,
  overrides: Readonly<Record<string, unknown>> = {},
  lookUp: LookUp = sampleOf,
): Record<string, string> {
  const inputs = { ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs };
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(inputs)) {
    const value = spec.environmentDefaults?.[environment] ?? spec.default;
    values[key] = resolved(value, spec.type, environment, lookUp);
  }
  Object.assign(values, FACTS, { environment }, overrides);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [`${stack}:${key}`, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
