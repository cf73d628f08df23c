import * as pulumi from '@pulumi/pulumi';
import { type CommonOutputs, type Context, ENVIRONMENTS, type EnvName } from './types.js';
import { COMMON_TAG_KEYS } from './utils.js';
import { assertFqdn, assertMatches, assertOneOf, assertThat, type ConfigKey, InvalidInput } from './validate.js';

/** Typed readers of one stack's configuration. Values from other stacks are already resolved in it (stacks.md C5). */
export interface InputReader {
  /** Present and not empty. `producer` (`<stack>:<output>`) is named when the value is empty (rule G8). */
  requireString(key: string, producer?: ConfigKey): string;
  /** Output of another stack; must be present, `""` while that stack has the feature off. */
  requireOutput(key: string): string;
  /** `""` counts as absent. */
  optString(key: string): string | undefined;
  /** As it was given: `""` is a value, for the caller to judge. */
  optText(key: string): string | undefined;
  requireNumber(key: string): number;
  optNumber(key: string): number | undefined;
  /** Absent means false: the feature is off. */
  optBool(key: string): boolean;
  requireArray(key: string): readonly string[];
  optArray(key: string): readonly string[] | undefined;
  optObjects(key: string): readonly Readonly<Record<string, unknown>>[] | undefined;
  requireMap(key: string): Readonly<Record<string, string>>;
  optMap(key: string): Readonly<Record<string, string>> | undefined;
}

/** Readers over `config`; each failure is an InvalidInput naming stack, key and expected type. There are no defaults here. */
export function input(config: pulumi.Config): InputReader {
  const where = (key: string): ConfigKey => `${config.name}:${key}`;

  const present = <T>(key: string, value: T | undefined, expected: string): T => {
    if (value === undefined) throw new InvalidInput(where(key), undefined, `expected ${expected}`);
    return value;
  };

  const json = (key: string): unknown => {
    try {
      return config.getObject(key);
    } catch {
      throw new InvalidInput(where(key), config.get(key), 'expected JSON');
    }
  };

  const isText = (value: unknown): value is string => typeof value === 'string';
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

  const reader: InputReader = {
    requireString(key, producer) {
      const value = present(key, config.get(key), 'a string');
      const [stack, output] = producer?.split(':') ?? [];
      return assertThat(
        where(key),
        value,
        value !== '',
        producer ? `stack ${stack} has switched off ${output}, which ${config.name} needs` : 'expected text',
      );
    },
    requireOutput: (key) => present(key, config.get(key), 'a string'),
    optString: (key) => config.get(key) || undefined,
    optText: (key) => config.get(key),
    requireNumber: (key) => present(key, reader.optNumber(key), 'a number'),
    optNumber(key) {
      const text = config.get(key);
      if (text === undefined) return undefined;
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidInput(where(key), text, 'expected a number');
      return value;
    },
    optBool(key) {
      const text = config.get(key);
      return text !== undefined && assertOneOf(where(key), text, ['true', 'false']) === 'true';
    },
    requireArray: (key) => present(key, reader.optArray(key), 'an array of strings'),
    optArray(key) {
      const value = json(key);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || !value.every(isText)) {
        throw new InvalidInput(where(key), value, 'expected an array of strings');
      }
      return value;
    },
    optObjects(key) {
      const value = json(key);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || !value.every(isObject)) {
        throw new InvalidInput(where(key), value, 'expected an array of objects');
      }
      return value;
    },
    requireMap: (key) => present(key, reader.optMap(key), 'an object of strings'),
    optMap(key) {
      const value = json(key);
      if (value === undefined) return undefined;
      if (!isObject(value) || !Object.values(value).every(isText)) {
        throw new InvalidInput(where(key), value, 'expected an object of strings');
      }
      return value as Record<string, string>;
    },
  };
  return reader;
}

/** What CloudWatch Logs accepts, in days. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const REGION = /^[a-z]{2}(-[a-z]+)+-[0-9]$/;

/** Lower case, everything else one dash, none at the ends. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** The domain of one environment: prod has the bare one. */
export const envDomainOf = (environment: EnvName, domain: string): string =>
  environment === 'prod' ? domain : `${environment}.${domain}`;

/**
 * Reads and validates the common keys of stacks.md 1.1 in the namespace `stack`.
 * @throws InvalidInput on the first key that is missing or refused
 */
export function loadContext(stack: string): Context {
  const read = input(new pulumi.Config(stack));
  const at = (key: string): ConfigKey => `${stack}:${key}`;
  const shortText = (key: string, value: string, limit: number): string =>
    assertThat(at(key), value, value.length <= limit, `at most ${limit} characters`);

  const deploymentId = assertMatches(
    at('deploymentId'),
    read.requireString('deploymentId'),
    /^D[A-Z0-9]{5,9}$/,
    'expected D and 5 to 9 of A–Z, 0–9',
  );
  const organization = shortText('organization', read.requireString('organization'), 100);
  const rawProject = shortText('project', read.requireString('project'), 100);
  const project = slug(rawProject);
  assertThat(at('project'), rawProject, project !== '', 'needs at least one letter a–z or digit');
  const environment = assertOneOf(at('environment'), read.requireString('environment'), ENVIRONMENTS);
  const regionRule = 'expected an AWS region, like us-east-1';
  const region = assertMatches(at('region'), read.requireString('region'), REGION, regionRule);
  const secondaryRegion = read.optString('secondaryRegion');
  if (secondaryRegion !== undefined) {
    assertMatches(at('secondaryRegion'), secondaryRegion, REGION, regionRule);
    assertThat(at('secondaryRegion'), secondaryRegion, secondaryRegion !== region, 'must differ from region');
  }
  const accountId = assertMatches(
    at('accountId'),
    read.requireString('accountId'),
    /^[0-9]{12}$/,
    'expected the 12 digits of an AWS account',
  );
  const givenDomain = read.optString('domain');
  const domain = givenDomain === undefined ? undefined : assertFqdn(at('domain'), givenDomain);
  const team = read.optString('team');
  if (team !== undefined) shortText('team', team, 64);
  const costCenter = read.optString('costCenter');
  if (costCenter !== undefined) shortText('costCenter', costCenter, 64);
  const logRetentionDays = read.optNumber('logRetentionDays');
  if (logRetentionDays !== undefined) assertOneOf(at('logRetentionDays'), logRetentionDays, RETENTION_DAYS);
  const extraTags = read.optMap('extraTags') ?? {};
  assertThat(at('extraTags'), extraTags, Object.keys(extraTags).length <= 20, 'at most 20 tags');
  for (const key of Object.keys(extraTags)) {
    assertThat(
      at('extraTags'),
      extraTags,
      // IAM compares tag keys without case, so `name` would collide with `Name` there.
      !COMMON_TAG_KEYS.some((common) => common.toLowerCase() === key.toLowerCase()),
      `${key} is a tag of every resource and cannot be overridden`,
    );
  }

  return {
    stack,
    deploymentId,
    depId: deploymentId.toLowerCase(),
    organization,
    project,
    environment,
    region,
    secondaryRegion,
    accountId,
    domain,
    envDomain: domain === undefined ? undefined : envDomainOf(environment, domain),
    team,
    costCenter,
    protectStateful: read.optBool('protectStateful'),
    logRetentionDays,
    extraTags,
  };
}

/** The outputs of stacks.md 1.2. */
export function commonOutputs(ctx: Context, version: string): CommonOutputs {
  return {
    stackName: ctx.stack,
    stackEnvironment: ctx.environment,
    stackDeploymentId: ctx.deploymentId,
    stackVersion: version,
    __exists: true,
  };
}
