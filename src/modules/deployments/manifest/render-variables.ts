import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { type Finding, toFinding } from '../../templates/finding.js';
import type { ManifestTemplate } from '../../templates/manifest-template.js';
import { TEMPLATE_VARIABLE } from '../../templates/template-text.js';
import { VARIABLE_ALIASES } from '../../templates/template-variables.js';
import type { CompleteInputs } from './init-inputs.js';
import { isObject } from './merge.js';

export type Variables = ReadonlyMap<string, unknown>;

/** What `environment`, `env.region` … stand for inside a block of one environment. */
export interface EnvironmentFacts {
  readonly environment: EnvironmentName;
  readonly region: string;
  readonly account: string;
}

const FACT_ALIASES: Readonly<Record<string, keyof EnvironmentFacts>> = {
  environment: 'environment',
  'env.name': 'environment',
  region: 'region',
  'env.region': 'region',
  account_id: 'account',
  'env.account_id': 'account',
};

export const UNKNOWN_VARIABLE = {
  id: 'TPL-010',
  code: 'UNKNOWN_VARIABLE',
  severity: 'HIGH',
  remediation: 'Give the variable in `variables`, or declare it with a default in the template.',
} as const;

/** All variables that have a value (deployments.md 2.3): global ones, the template's defaults, the caller's. */
export function variablesOf(
  inputs: CompleteInputs,
  template: ManifestTemplate,
  context: { readonly deploymentId: string; readonly now: Date; readonly userEmail: string },
): Variables {
  const declared = Object.entries(template.variables).flatMap(([name, variable]): [string, unknown][] =>
    variable.default === undefined ? [] : [[name, variable.default]],
  );
  return new Map<string, unknown>([
    ...declared,
    ...Object.entries(inputs.variables),
    ['DEPLOYMENT_ID', context.deploymentId],
    ['TIMESTAMP', context.now.toISOString()],
    ['USER_EMAIL', context.userEmail],
    ['ORGANIZATION', inputs.organization],
    ['PROJECT_NAME', inputs.project],
    ['DOMAIN', inputs.domain],
    ['PULUMI_ORG', inputs.pulumiOrg],
    ['PRIMARY_REGION', inputs.region],
    ['SECONDARY_REGION', inputs.regionSecondary],
    ['TEAM', inputs.team],
    ['COST_CENTER', inputs.costCenter],
    ['DESCRIPTION', inputs.description],
    ...ENVIRONMENTS.map((name): [string, unknown] => [`AWS_ACCOUNT_${name.toUpperCase()}`, inputs.accounts[name]]),
  ]);
}

/**
 * Replaces template variables in the string values of `value`, once: what a variable brings in is not read again. A text that is
 * exactly one variable takes the variable's type. Unknown variables are reported as TPL-010 and stay.
 */
export function renderVariables<T>(
  value: T,
  variables: Variables,
  location: string,
  findings: Finding[],
  facts?: EnvironmentFacts,
): T {
  if (typeof value === 'string') return renderText(value, variables, location, findings, facts) as T;
  if (Array.isArray(value)) {
    return value.map((member, index) =>
      renderVariables(member, variables, `${location}[${index}]`, findings, facts),
    ) as T;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      renderVariables(member, variables, location === '' ? key : `${location}.${key}`, findings, facts),
    ]),
  ) as T;
}

function renderText(
  text: string,
  variables: Variables,
  location: string,
  findings: Finding[],
  facts: EnvironmentFacts | undefined,
): unknown {
  const matches = [...text.matchAll(TEMPLATE_VARIABLE)];
  if (matches.length === 0) return text;
  const look = (name: string): unknown => {
    const fact = FACT_ALIASES[name];
    if (fact && facts) return facts[fact];
    const found = variables.get(VARIABLE_ALIASES[name] ?? name);
    // a dotted name that is no alias is an old runtime placeholder, {{network.vpcId}}
    if (found === undefined && !name.includes('.')) findings.push(unknownVariable(name, location));
    return found;
  };
  const [first] = matches;
  if (matches.length === 1 && first?.[0] === text.trim()) return look(first[1] ?? '') ?? text;
  return text.replace(TEMPLATE_VARIABLE, (whole: string, name: string) => {
    const found = look(name);
    if (found === undefined) return whole;
    return typeof found === 'string' ? found : JSON.stringify(found);
  });
}

export function unknownVariable(name: string, location: string): Finding {
  return toFinding(UNKNOWN_VARIABLE, {
    message: `template variable ${name} is unknown or has no value`,
    location,
    details: { missing: [name] },
  });
}
