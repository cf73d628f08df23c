import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import type { TemplateDocument } from '../../templates/custom-template.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Manifest } from './manifest.js';
import { isObject, type Values } from './merge.js';

/** What initialisation writes into `metadata` of every manifest. */
const GENERATED = ['generatedFromTemplate', 'generatorVersion', 'templateHash'];

/**
 * A manifest as a template for other deployments (deployments.md 2.5):
 * 1. stacks with their switches, priorities and values, without secret inputs; environments with dev on and the others off;
 * 2. what makes the deployment this one (ids, names, domain, accounts, contact) is left out;
 * 3. strings equal to one of these become the template variable that brings them back. Runtime placeholders stay.
 * @param people addresses of those who made the deployment or answer for it: USER_EMAIL of the next one
 */
export function templateOfManifest(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  people: readonly string[],
): TemplateDocument {
  const variables = variablesFor(manifest, people);
  const generic = (value: unknown): unknown => {
    if (typeof value === 'string') return variables.get(value) ?? value;
    if (Array.isArray(value)) return value.map(generic);
    return isObject(value) ? mapValues(value, generic) : value;
  };
  const open = (config: Values | undefined, isSecret: (key: string) => boolean): Values | undefined =>
    config &&
    (generic(Object.fromEntries(Object.entries(config).filter(([key]) => !isSecret(key)))) as Record<string, unknown>);
  const secretOf = (stack: string) => (key: string) => stackTemplates.get(stack)?.inputs[key]?.secret === true;
  const secretOfAny = (key: string): boolean => Object.keys(manifest.spec.stacks).some((stack) => secretOf(stack)(key));

  const environments = environmentsWith(manifest.spec.environments, (name, block) => ({
    enabled: name === 'dev',
    account: `{{AWS_ACCOUNT_${name.toUpperCase()}}}`,
    region: generic(block.region),
    ...given('tags', block.tags && (generic(block.tags) as Values)),
    ...given('config', open(block.config, secretOfAny)),
  }));
  const stacks = Object.fromEntries(
    Object.entries(manifest.spec.stacks).map(([name, block]) => [
      name,
      {
        enabled: block.enabled,
        dependencies: block.dependencies,
        ...given('priority', block.priority),
        ...given('layer', block.layer),
        ...given('config', open(block.config, secretOf(name))),
        ...given(
          'environments',
          block.environments &&
            environmentsWith(block.environments, (_environment, part) => ({
              ...given('enabled', part.enabled),
              ...given('config', open(part.config, secretOf(name))),
            })),
        ),
      },
    ]),
  );
  const metadata = Object.fromEntries(Object.entries(manifest.metadata).filter(([key]) => !GENERATED.includes(key)));
  return { metadata: generic(metadata), environments, stacks };
}

/** Literal → `{{VARIABLE}}`; of several that hold the same text, the first. */
function variablesFor({ deployment, spec }: Manifest, people: readonly string[]): ReadonlyMap<string, string> {
  const regionOf = (name: EnvironmentName): string | undefined => spec.environments[name]?.region;
  const pairs: [string | undefined, string][] = [
    [deployment.id, 'DEPLOYMENT_ID'],
    [deployment.domain, 'DOMAIN'],
    [deployment.org, 'ORGANIZATION'],
    [deployment.project, 'PROJECT_NAME'],
    [deployment.pulumiOrg, 'PULUMI_ORG'],
    [regionOf('dev'), 'PRIMARY_REGION'],
    [regionOf('prod'), 'SECONDARY_REGION'],
    ...ENVIRONMENTS.map((name): [string | undefined, string] => [
      spec.environments[name]?.account,
      `AWS_ACCOUNT_${name.toUpperCase()}`,
    ]),
    ...people.map((address): [string, string] => [address, 'USER_EMAIL']),
  ];
  return new Map(
    pairs
      .reverse() // of equal keys a Map keeps the last
      .flatMap(([text, name]) => (text ? [[text, `{{${name}}}`] as const] : [])),
  );
}

function environmentsWith<T>(
  blocks: Readonly<Partial<Record<EnvironmentName, T>>>,
  change: (name: EnvironmentName, block: T) => Values,
): Values {
  return Object.fromEntries(
    ENVIRONMENTS.flatMap((name) => {
      const block = blocks[name];
      return block === undefined ? [] : [[name, change(name, block)]];
    }),
  );
}

function mapValues(values: Values, change: (value: unknown) => unknown): Values {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function given(key: string, value: unknown): Values {
  return value === undefined ? {} : { [key]: value };
}
