import type { InputReader } from './state.js';
import {
  type Context,
  SECURITY_TIERS,
  SERVICE_ACCESS,
  type SecurityTier,
  type ServiceAccess,
  type ServiceSettings,
  type ServiceSpec,
} from './types.js';
import { assertFargateSize, assertOneOf, assertRange, assertThat, type ConfigKey, InvalidInput } from './validate.js';

/** What a stack says about the services it takes. */
export interface ServiceRules {
  /** Key of the list: `apps`, `services`. */
  readonly key: string;
  /** Tier → the port that `security` admits to it (APP-1). Only these tiers can be used. */
  readonly ports: Readonly<Partial<Record<SecurityTier, number>>>;
  readonly repositories: readonly string[];
  /** Whether one service is the default of the listener: exactly one, or none at all. */
  readonly hasDefault: boolean;
  /** There is a namespace in which services can be found. */
  readonly hasNamespace: boolean;
}

type Entry = Readonly<Record<string, unknown>>;

/** What an entry may leave to the stack's own parameters. */
interface Sizes {
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly minCapacity: number | undefined;
  readonly maxCapacity: number | undefined;
}

const FIELDS = [
  'name',
  'repository',
  'securityTier',
  'port',
  'pathPatterns',
  'priority',
  'default',
  'healthCheckPath',
  'cpu',
  'memory',
  'minCapacity',
  'maxCapacity',
  'discovery',
  'access',
];

/** Target groups are auto-named `<name>-tg-<7 hex>` within 32 characters. */
const LONGEST_NAME = 20;
/** Source: "Quotas for your Application Load Balancers", condition values per rule. */
const PATTERNS_PER_RULE = 5;
const MOST_TASKS = 100;

/**
 * Reads the parameters of `fargateService` (stacks.md 3.1, 10.9).
 * @throws InvalidInput naming the stack's key; for an entry of the list, that list with the entry
 */
export function readServiceSettings(
  ctx: Context,
  read: InputReader,
  entries: readonly Entry[] | undefined,
  rules: ServiceRules,
): ServiceSettings {
  const at = (key: string): ConfigKey => `${ctx.stack}:${key}`;
  const inRange = (key: string, value: number | undefined, from: number, to: number): number | undefined =>
    value === undefined ? undefined : assertRange(at(key), value, from, to);

  const sizes: Sizes = {
    cpu: read.optNumber('cpu'),
    memory: read.optNumber('memory'),
    minCapacity: inRange('minCapacity', read.optNumber('minCapacity'), 0, MOST_TASKS),
    maxCapacity: inRange('maxCapacity', read.optNumber('maxCapacity'), 0, MOST_TASKS),
  };
  if (sizes.cpu !== undefined && sizes.memory !== undefined) assertFargateSize(at('memory'), sizes.cpu, sizes.memory);
  if (sizes.minCapacity !== undefined && sizes.maxCapacity !== undefined) {
    const rule = 'must not be less than minCapacity';
    assertThat(at('maxCapacity'), sizes.maxCapacity, sizes.minCapacity <= sizes.maxCapacity, rule);
  }
  const enableExecuteCommand = read.optBool('enableExecuteCommand');
  if (ctx.environment === 'prod') {
    assertThat(at('enableExecuteCommand'), enableExecuteCommand, !enableExecuteCommand, 'must be false in prod');
  }

  return {
    services: readServices(at, entries ?? [], sizes, rules),
    imageTag: imageTag(at('imageTag'), read.optString('imageTag')),
    targetCpuUtilization: assertRange(at('targetCpuUtilization'), read.requireNumber('targetCpuUtilization'), 10, 90),
    scaleInCooldown: inRange('scaleInCooldown', read.optNumber('scaleInCooldown'), 0, 3600),
    scaleOutCooldown: inRange('scaleOutCooldown', read.optNumber('scaleOutCooldown'), 0, 3600),
    fargateSpotWeight: inRange('fargateSpotWeight', read.optNumber('fargateSpotWeight'), 0, 10) ?? 0,
    enableContainerInsights: read.optBool('enableContainerInsights'),
    enableExecuteCommand,
  };
}

function imageTag(where: ConfigKey, tag: string | undefined): string | undefined {
  const isTag = tag === undefined || /^\w[\w.-]{0,127}$/.test(tag);
  return assertThat(where, tag, isTag, 'expected an image tag: 1 to 128 of A–Z, a–z, 0–9, _ . -');
}

function readServices(
  at: (key: string) => ConfigKey,
  entries: readonly Entry[],
  sizes: Sizes,
  rules: ServiceRules,
): ServiceSpec[] {
  const where = at(rules.key);
  const services = entries.map((entry) => readService(at, entry, sizes, rules));
  const unique = (values: readonly unknown[], what: string): void => {
    assertThat(where, values, new Set(values).size === values.length, `each ${what} once`);
  };
  unique(
    services.map(({ name }) => name),
    'name',
  );
  unique(
    services.flatMap(({ priority }) => priority ?? []),
    'priority',
  );
  const defaults = services.filter((service) => service.default).map(({ name }) => name);
  if (rules.hasDefault) assertThat(where, defaults, defaults.length === 1, 'expected exactly one with default: true');
  else assertThat(where, defaults, defaults.length === 0, 'the listener of this stack has no default service');
  return services;
}

function readService(
  at: (key: string) => ConfigKey,
  entry: Entry,
  sizes: Sizes,
  { key, ports, repositories, hasNamespace }: ServiceRules,
): ServiceSpec {
  const where = at(key);
  /** Refuses the entry unless `holds`. */
  const need = (holds: boolean, rule: string): void => void assertThat(where, entry, holds, rule);
  const ofType = <T>(field: string, type: 'string' | 'number' | 'boolean'): T | undefined => {
    const value = entry[field] ?? undefined;
    need(value === undefined || typeof value === type, `${field}: expected a ${type}`);
    return value as T | undefined;
  };
  const texts = (field: string): readonly string[] => {
    const value = entry[field] ?? [];
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
    need(isList, `${field}: expected an array of strings`);
    return value as string[];
  };
  const size = (field: keyof Sizes): number => {
    const value = ofType<number>(field, 'number') ?? sizes[field];
    if (value === undefined) throw new InvalidInput(at(field), undefined, 'expected a number');
    return value;
  };

  const unknown = Object.keys(entry).filter((field) => !FIELDS.includes(field));
  need(unknown.length === 0, `unknown: ${unknown.join(', ')}`);
  const name = ofType<string>('name', 'string') ?? '';
  const isName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= LONGEST_NAME;
  need(isName, `name: expected kebab-case of 1 to ${LONGEST_NAME} characters`);
  const repository = ofType<string>('repository', 'string') ?? '';
  need(repositories.includes(repository), `repository: expected one of ${repositories.join(', ')}`);
  const tiers = SECURITY_TIERS.filter((tier) => ports[tier] !== undefined);
  const securityTier = assertOneOf(where, ofType<string>('securityTier', 'string') ?? '', tiers);

  const port = portOf(entry['port']);
  const admitted = ports[securityTier];
  need(port === undefined || port === admitted, `port: security admits ${admitted} to the tier ${securityTier}`);
  const isDefault = ofType<boolean>('default', 'boolean') ?? false;
  const pathPatterns = texts('pathPatterns');
  const priority = ofType<number>('priority', 'number');
  const healthCheckPath = ofType<string>('healthCheckPath', 'string');
  const isRouted = port !== undefined && !isDefault;
  need(port !== undefined || !isDefault, 'default: needs a port');
  need(
    isRouted || (pathPatterns.length === 0 && priority === undefined),
    'pathPatterns, priority: not reached by a rule',
  );
  need(
    !isRouted || (pathPatterns.length >= 1 && pathPatterns.length <= PATTERNS_PER_RULE),
    `pathPatterns: expected 1 to ${PATTERNS_PER_RULE}`,
  );
  need(
    pathPatterns.every((pattern) => /^\/\S{0,127}$/.test(pattern)),
    'pathPatterns: expected paths that begin with /',
  );
  const isPriority = Number.isInteger(priority) && priority! >= 1 && priority! <= 50_000;
  need(!isRouted || isPriority, 'priority: expected a whole number from 1 to 50000');
  need(healthCheckPath === undefined || port !== undefined, 'healthCheckPath: needs a port');
  need(healthCheckPath === undefined || healthCheckPath.startsWith('/'), 'healthCheckPath: expected a path');
  const discovery = ofType<boolean>('discovery', 'boolean') ?? false;
  need(!discovery || hasNamespace, 'discovery: this stack has no namespace');
  const access = texts('access');
  const isAccess = (one: string): one is ServiceAccess => (SERVICE_ACCESS as readonly string[]).includes(one);
  need(access.every(isAccess), `access: expected ${SERVICE_ACCESS.join(', ')}`);

  const spec: ServiceSpec = {
    name,
    repository,
    securityTier,
    port,
    pathPatterns,
    priority,
    default: isDefault,
    healthCheckPath,
    cpu: size('cpu'),
    memory: size('memory'),
    minCapacity: size('minCapacity'),
    maxCapacity: size('maxCapacity'),
    discovery,
    access: [...new Set(access.filter(isAccess))],
  };
  assertFargateSize(at('memory'), spec.cpu, spec.memory);
  const capacities = [0, spec.minCapacity, spec.maxCapacity, MOST_TASKS];
  const ascend = capacities.every((value, i) => Number.isInteger(value) && value >= (capacities[i - 1] ?? 0));
  need(ascend, `minCapacity, maxCapacity: expected 0 ≤ min ≤ max ≤ ${MOST_TASKS}`);
  return spec;
}

/** A port may come as text: a placeholder inside an entry is resolved as text. */
function portOf(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : Number(value);
}
