import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';

export type Overrides = Readonly<Record<string, unknown>>;
/** Leaves the key out. */
export const EMPTY = null;

interface Input {
  readonly default?: unknown;
  readonly environmentDefaults?: Readonly<Record<string, unknown>>;
}
interface Template {
  readonly parameters: { readonly inputs: Readonly<Record<string, Input>> };
}
interface Manifest {
  readonly stacks: Readonly<Record<string, { readonly config?: Overrides }>>;
}

const load = <T>(...path: string[]): T => parse(readFileSync(join(PROJECT_ROOT, 'templates', ...path), 'utf8')) as T;

const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
const LOOK_UPS: Overrides = {
  'RUNTIME:aws:availabilityZones': ZONES,
  'RUNTIME:aws:latestAmiId:amazonLinux2023': 'ami-0123456789abcdef0',
  USER_EMAIL: 'ops@example.com',
};

export const PLACE = { account: '111111111111', region: 'us-east-1', deploymentId: 'DT3VCA0' };

/** Stack → its outputs, of those that are deployed. */
export type Produced = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Configuration of one run as the `default` template makes it: defaults of the environment, facts of the deployment, outputs
 * of what is deployed before, then the overrides.
 */
export function stackConfig(
  stack: string,
  environment: string,
  produced: Produced,
  overrides: Overrides,
): Record<string, string> {
  const common = load<Template>('config', '_common.yaml').parameters.inputs;
  const own = load<Template>('config', `${stack}.yaml`).parameters.inputs;
  const values: Record<string, unknown> = {};
  for (const [key, input] of Object.entries({ ...common, ...own })) {
    values[key] = filled(input.environmentDefaults?.[environment] ?? input.default, produced);
  }
  Object.assign(
    values,
    filled(load<Manifest>('default', 'default.yaml').stacks[stack]?.config ?? {}, produced),
    {
      ...{ deploymentId: PLACE.deploymentId, organization: 'Northwind Labs', project: 'Web Shop', environment },
      ...{ region: PLACE.region, accountId: PLACE.account, domain: 'shop.example.com' },
    },
    overrides,
  );
  const texts = Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => [`${stack}:${key}`, typeof value === 'string' ? value : JSON.stringify(value)]);
  return { 'aws:region': PLACE.region, ...Object.fromEntries(texts) };
}

/** The value behind a placeholder, also inside lists and objects; one of a stack that is not there is left out. */
function filled(value: unknown, produced: Produced): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(item, produced)).filter((item) => item !== undefined);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, member]) => [key, filled(member, produced)])
        .filter(([, member]) => member !== undefined),
    );
  }
  const [, placeholder] = typeof value === 'string' ? (/^\{\{(.+)\}\}$/.exec(value) ?? []) : [];
  if (placeholder === undefined) return value;
  if (placeholder in LOOK_UPS) return LOOK_UPS[placeholder];
  const [, stack = '', output = ''] = placeholder.split(':');
  return produced[stack]?.[output];
}
