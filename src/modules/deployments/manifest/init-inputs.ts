import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { invalidFields, type RuleKind, type Violation } from '../../../shared/errors/field-problems.js';
import { typeOf, type ParameterType } from '../../templates/parameter.js';
import { isObject, type Values } from './merge.js';
import { ACCOUNT_ID, DOMAIN, PULUMI_ORG } from './names.js';
import { isKnownRegion } from './regions.js';
import { nameProblem, slugOf } from './slug.js';

/** What a caller gives to initialise a deployment (deployments.md 3.1, api.md 3.3), before defaults. */
export interface InitInputs {
  readonly organization: string;
  readonly project: string;
  readonly domain: string;
  readonly template?: string;
  readonly region?: string;
  readonly regionSecondary?: string;
  readonly regions?: Readonly<Partial<Record<EnvironmentName, string>>>;
  readonly accounts: Readonly<Partial<Record<EnvironmentName, string>>>;
  readonly pulumiOrg?: string;
  readonly description?: string;
  readonly team?: string;
  readonly costCenter?: string;
  readonly contact?: { readonly email?: string; readonly team?: string };
  readonly tags?: Readonly<Record<string, string>>;
  readonly stacksEnabled?: readonly string[];
  readonly stacksDisabled?: readonly string[];
  /** Template variables by upper-case name. */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly overrides?: {
    readonly stacks?: Readonly<Record<string, unknown>>;
    readonly environments?: Readonly<Record<string, unknown>>;
  } & Values;
}

/** Inputs with every default filled in. */
export interface CompleteInputs extends InitInputs {
  readonly template: string;
  readonly region: string;
  readonly regionSecondary: string;
  readonly regions: Readonly<Partial<Record<EnvironmentName, string>>>;
  readonly accounts: Readonly<Record<EnvironmentName, string>>;
  readonly pulumiOrg: string;
  readonly description: string;
  readonly team: string;
  readonly costCenter: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly overrides: Values;
}

export const DEFAULT_TEMPLATE = 'default';

/** Variables that belong to the deployment itself: they follow from the inputs and cannot be given. */
const RESERVED_VARIABLES: readonly string[] = [
  'DEPLOYMENT_ID',
  'TIMESTAMP',
  'USER_EMAIL',
  'ORGANIZATION',
  'PROJECT_NAME',
  'DOMAIN',
];
/** Template variables that stand for an input of their own; the input wins. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  region: 'PRIMARY_REGION',
  regionSecondary: 'SECONDARY_REGION',
  pulumiOrg: 'PULUMI_ORG',
  description: 'DESCRIPTION',
  team: 'TEAM',
  costCenter: 'COST_CENTER',
  'accounts.dev': 'AWS_ACCOUNT_DEV',
  'accounts.stage': 'AWS_ACCOUNT_STAGE',
  'accounts.prod': 'AWS_ACCOUNT_PROD',
};
const VARIABLE_NAME = /^[A-Z][A-Z0-9_]*$/;
/** Types of the variables that write configuration (deployments.md 2.3). */
const WRITING_TYPES: Readonly<Record<string, ParameterType>> = {
  VPC_CIDR: 'string',
  AZ_COUNT: 'number',
  INSTANCE_CLASS: 'string',
};

/**
 * Defaults of deployments.md 3.1 and 2.3, after every field has been checked.
 * @throws Invalid (400) naming every wrong field
 */
export function completeInputs(given: InitInputs): CompleteInputs {
  const violations = violationsOf(given);
  if (violations.length > 0) throw invalidFields(violations);
  const pick = (field: keyof InitInputs & string, fallback: string): string =>
    (given[field] as string | undefined) ?? variable(given, field) ?? fallback;
  const template = given.template ?? DEFAULT_TEMPLATE;
  const account = (name: EnvironmentName): string | undefined =>
    given.accounts?.[name] ?? variable(given, `accounts.${name}`);
  const dev = account('dev') ?? '';
  return {
    ...given,
    template,
    region: pick('region', 'us-east-1'),
    regionSecondary: pick('regionSecondary', 'us-west-2'),
    regions: given.regions ?? {},
    accounts: { dev, stage: account('stage') ?? dev, prod: account('prod') ?? dev },
    pulumiOrg: pick('pulumiOrg', slugOf(given.organization)),
    description: pick('description', `${given.organization} ${given.project} (${template})`),
    team: pick('team', 'infrastructure'),
    costCenter: pick('costCenter', 'engineering'),
    tags: given.tags ?? {},
    variables: given.variables ?? {},
    overrides: given.overrides ?? {},
  };
}

function variable(given: InitInputs, field: string): string | undefined {
  const name = VARIABLE_OF[field];
  return name === undefined ? undefined : (given.variables?.[name] as string | undefined);
}

function violationsOf(given: InitInputs): Violation[] {
  const found: Violation[] = [];
  const say = (field: string, kind: RuleKind, text: string, code?: string): void => {
    found.push({ field, kind, message: `${field} ${text}`, ...(code ? { code } : {}) });
  };
  const text = (
    field: string,
    value: unknown,
    test: (value: string) => boolean,
    expected: string,
    code?: string,
  ): void => {
    if (value === undefined || value === null) return;
    if (typeof value !== 'string') say(field, 'type', 'must be a string');
    else if (!test(value)) say(field, 'format', expected, code);
  };
  const input = (field: string, own: unknown): [string, unknown] => {
    const name = VARIABLE_OF[field];
    return own === undefined && name && given.variables?.[name] !== undefined
      ? [`variables.${name}`, given.variables[name]]
      : [field, own];
  };

  for (const field of ['organization', 'project'] as const) {
    const value: unknown = given[field];
    if (value === undefined || value === null) say(field, 'required', 'is required');
    else if (typeof value !== 'string') say(field, 'type', 'must be a string');
    else {
      const problem = nameProblem(value);
      if (problem) say(field, problem.kind, problem.message, problem.code);
    }
  }
  if (given.domain === undefined || given.domain === null) say('domain', 'required', 'is required');
  text('domain', given.domain, (value) => DOMAIN.test(value), 'must be a domain with at least two labels');
  const devAccount = input('accounts.dev', given.accounts?.dev);
  if (devAccount[1] === undefined || devAccount[1] === null) say('accounts.dev', 'required', 'is required');
  for (const name of ENVIRONMENTS) {
    const [field, value] = input(`accounts.${name}`, given.accounts?.[name]);
    text(field, value, (account) => ACCOUNT_ID.test(account), 'must be 12 digits', 'INVALID_ACCOUNT_ID');
    text(`regions.${name}`, given.regions?.[name], isKnownRegion, 'must be a known AWS region', 'INVALID_REGION');
  }
  for (const field of ['accounts', 'regions'] as const) {
    for (const name of Object.keys(given[field] ?? {})) {
      if (!ENVIRONMENTS.includes(name as EnvironmentName))
        say(`${field}.${name}`, 'unknown', 'is not dev, stage or prod');
    }
  }
  for (const field of ['region', 'regionSecondary'] as const) {
    const [place, value] = input(field, given[field]);
    text(place, value, isKnownRegion, 'must be a known AWS region', 'INVALID_REGION');
  }
  const [orgField, pulumiOrg] = input('pulumiOrg', given.pulumiOrg);
  text(orgField, pulumiOrg, (value) => PULUMI_ORG.test(value), 'must be 1 to 39 letters, digits, _ or -');
  for (const [field, limit] of [
    ['description', 1000],
    ['team', 64],
    ['costCenter', 64],
  ] as const) {
    const [place, value] = input(field, given[field]);
    text(place, value, (item) => item.length <= limit, `must have at most ${limit} characters`);
  }
  checkTags(given.tags, say);
  checkVariables(given.variables, say);
  checkLists(given, say);
  checkOverrides(given.overrides, say);
  return found;
}

type Say = (field: string, kind: RuleKind, text: string, code?: string) => void;

function checkTags(tags: unknown, say: Say): void {
  if (tags === undefined) return;
  if (!isObject(tags)) return say('tags', 'type', 'must be an object of strings');
  if (Object.keys(tags).length > 50) say('tags', 'range', 'may have at most 50 entries');
  for (const [key, value] of Object.entries(tags)) {
    if (typeof value !== 'string') say(`tags.${key}`, 'type', 'must be a string');
    else if (key.length > 128 || value.length > 256)
      say(`tags.${key}`, 'range', 'may have 128 characters of key and 256 of value');
  }
}

function checkVariables(variables: unknown, say: Say): void {
  if (variables === undefined) return;
  if (!isObject(variables)) return say('variables', 'type', 'must be an object');
  for (const [name, value] of Object.entries(variables)) {
    const field = `variables.${name}`;
    if (!VARIABLE_NAME.test(name)) say(field, 'format', 'must be named in upper case letters, digits and _');
    else if (RESERVED_VARIABLES.includes(name))
      say(field, 'format', 'follows from the other fields and cannot be given');
    const type = WRITING_TYPES[name.replace(/_(DEV|STAGE|PROD)$/, '')];
    if (type && /_(DEV|STAGE|PROD)$/.test(name) && typeOf(value) !== type) say(field, 'type', `must be a ${type}`);
  }
}

function checkLists(given: InitInputs, say: Say): void {
  for (const field of ['stacksEnabled', 'stacksDisabled'] as const) {
    const list: unknown = given[field];
    if (list !== undefined && !(Array.isArray(list) && list.every((name) => typeof name === 'string'))) {
      return say(field, 'type', 'must be a list of stack names');
    }
  }
  const both = (given.stacksEnabled ?? []).filter((name) => given.stacksDisabled?.includes(name));
  if (both.length > 0) say('stacksDisabled', 'format', `names ${both.join(', ')}, which stacksEnabled names too`);
}

function checkOverrides(overrides: unknown, say: Say): void {
  if (overrides === undefined) return;
  if (!isObject(overrides)) return say('overrides', 'type', 'must be an object');
  for (const part of ['stacks', 'environments'] as const) {
    const blocks = overrides[part];
    if (blocks === undefined) continue;
    if (!isObject(blocks)) {
      say(`overrides.${part}`, 'type', 'must be an object');
      continue;
    }
    for (const [name, block] of Object.entries(blocks)) {
      if (!isObject(block)) say(`overrides.${part}.${name}`, 'type', 'must be an object');
    }
  }
}
