import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { Refused } from '../../../shared/errors/app-error.js';
import { invalidFields, type Violation as FieldViolation } from '../../../shared/errors/field-problems.js';
import { compareNames } from '../../orchestrator/graph.js';
import { type Finding, toFinding } from '../../templates/finding.js';
import type { ManifestTemplate, TemplateStack } from '../../templates/manifest-template.js';
import { defaultFor, typeOf } from '../../templates/parameter.js';
import type { StackTemplate, StackTemplates } from '../../templates/stack-template.js';
import { TEMPLATE_VARIABLE } from '../../templates/template-text.js';
import type { CompleteInputs } from './init-inputs.js';
import type { Manifest, ManifestEnvironment, ManifestStack } from './manifest.js';
import { isObject, mergeDeep, type Values } from './merge.js';
import { type EnvironmentFacts, renderVariables, type Variables, variablesOf } from './render-variables.js';
import { slugOf } from './slug.js';

/**
 * A template and the inputs become a manifest (deployments.md 3.2, steps 3 to 6). Same template and inputs: same manifest, byte for byte.
 * 1. The names in `stacksEnabled` and `stacksDisabled` must be in the template.
 * 2. Template variables are rendered, once; those in defaults of stack templates too, into the manifest.
 * 3. Dependencies and priorities come from the stack templates; a template may add dependencies.
 * 4. `VPC_CIDR_<ENV>`, `AZ_COUNT_<ENV>`, `INSTANCE_CLASS_<ENV>` write one value of one environment.
 * 5. `overrides` are merged over it; identity stays.
 */
export interface BuildContext {
  readonly template: ManifestTemplate;
  readonly stackTemplates: StackTemplates;
  readonly deploymentId: string;
  readonly now: Date;
  /** E-mail of the caller, `unknown@localhost` without one. */
  readonly userEmail: string;
}

export interface BuiltManifest {
  readonly manifest: Manifest;
  /** INIT-W01, INIT-W02 and the sanitising notes. */
  readonly warnings: readonly Finding[];
  /** TPL-010: variables without a value; anything here refuses the manifest. */
  readonly findings: readonly Finding[];
}

/** Format of generated manifests (deployments.md 3.3). */
const FORMAT_VERSION = '3.1';
/** Changes when the same inputs begin to give another manifest. */
const GENERATOR_VERSION = '1.0.0';
/** Variable prefix → stack and key it writes (deployments.md 2.3, spec README 60). */
const WRITING_VARIABLES = [
  ['VPC_CIDR', 'network', 'vpcCidr'],
  ['AZ_COUNT', 'network', 'azCount'],
  ['INSTANCE_CLASS', 'database-rds', 'instanceClass'],
] as const;
/** Parts of `deployment` that overrides may not touch: they never change after creation (deployments.md 1.2). */
const IMMUTABLE = ['id', 'org', 'project', 'template', 'templateVersion', 'createdAt'] as const;

/**
 * @throws Refused `VALIDATION_INVALID_TEMPLATE` for a stack the template does not have; Invalid for a variable of wrong type
 */
export function buildManifest(inputs: CompleteInputs, context: BuildContext): BuiltManifest {
  const { template, stackTemplates } = context;
  requireKnownStacks(inputs, template);
  requireVariables(inputs, template);
  const variables = variablesOf(inputs, template, context);
  const findings: Finding[] = [];
  const warnings: Finding[] = slugWarnings(inputs);

  const environments = environmentsOf(inputs, template, variables, findings);
  const factsFor = (name: EnvironmentName): EnvironmentFacts | undefined => {
    const block = environments[name];
    return block && { environment: name, region: block.region, account: block.account };
  };
  const names = Object.keys(template.stacks);
  const stacks: Record<string, ManifestStack> = {};
  for (const name of names.sort(byStartOrder(template, stackTemplates))) {
    stacks[name] = stackOf(name, inputs, context, variables, factsFor, findings);
  }
  const base = {
    version: FORMAT_VERSION,
    deployment: deploymentOf(inputs, context),
    spec: { environments: withSecondaryRegions(environments, inputs, stackTemplates, names), stacks },
    metadata: {
      ...renderVariables(template.metadata, variables, 'metadata', findings),
      generatedFromTemplate: template.name,
      generatorVersion: GENERATOR_VERSION,
      templateHash: template.contentHash,
    },
  };
  const written = writeVariables(base, inputs, template, warnings);
  return { manifest: withOverrides(written, inputs.overrides, template, warnings), warnings, findings };
}

function requireKnownStacks(inputs: CompleteInputs, template: ManifestTemplate): void {
  const named = [
    ...(inputs.stacksEnabled ?? []).map((name) => [name, 'stacksEnabled'] as const),
    ...(inputs.stacksDisabled ?? []).map((name) => [name, 'stacksDisabled'] as const),
    ...Object.keys(inputs.overrides['stacks'] ?? {}).map((name) => [name, `overrides.stacks.${name}`] as const),
  ];
  const unknown = named.filter(([name]) => template.stacks[name] === undefined);
  if (unknown.length === 0) return;
  const known = Object.keys(template.stacks);
  const errors = unknown.map(([name, location]) =>
    toFinding(
      {
        id: 'TPL-007',
        code: 'UNKNOWN_STACK',
        severity: 'HIGH',
        remediation: `Use the stacks of template ${template.name}: ${known.join(', ')}.`,
      },
      { message: `template ${template.name} has no stack ${name}`, location, stack: name, details: { known } },
    ),
  );
  throw new Refused('VALIDATION_INVALID_TEMPLATE', errors.map((error) => error.message).join('; '), {
    details: { template: template.name, stacks: unknown.map(([name]) => name), errors },
  });
}

/** Variables the template declares: required ones are there, all have their type. */
function requireVariables(inputs: CompleteInputs, template: ManifestTemplate): void {
  const violations = Object.entries(template.variables).flatMap(([name, variable]): FieldViolation[] => {
    const field = `variables.${name}`;
    const value = inputs.variables[name];
    if (value === undefined) {
      const missing = variable.required && variable.default === undefined;
      return missing ? [{ field, kind: 'required', message: `${field} is required by the template` }] : [];
    }
    return typeOf(value) === variable.type
      ? []
      : [{ field, kind: 'type', message: `${field} must be of type ${variable.type}` }];
  });
  if (violations.length > 0) throw invalidFields(violations);
}

function slugWarnings(inputs: CompleteInputs): Finding[] {
  return (['organization', 'project'] as const)
    .filter((field) => slugOf(inputs[field]) !== inputs[field])
    .map((field) =>
      warning(
        'INIT-W02',
        'NAME_SANITIZED',
        `${field} "${inputs[field]}" becomes "${slugOf(inputs[field])}" in directories and Pulumi names`,
        field,
        { raw: inputs[field], slug: slugOf(inputs[field]) },
      ),
    );
}

function deploymentOf(inputs: CompleteInputs, context: BuildContext): Manifest['deployment'] {
  return {
    id: context.deploymentId,
    org: inputs.organization,
    project: inputs.project,
    domain: inputs.domain,
    pulumiOrg: inputs.pulumiOrg,
    template: context.template.name,
    templateVersion: context.template.version,
    createdAt: context.now.toISOString(),
    description: inputs.description,
    tags: inputs.tags,
    ...(inputs.contact ? { contact: inputs.contact } : {}),
    team: inputs.team,
    costCenter: inputs.costCenter,
  };
}

function environmentsOf(
  inputs: CompleteInputs,
  template: ManifestTemplate,
  variables: Variables,
  findings: Finding[],
): Partial<Record<EnvironmentName, ManifestEnvironment>> {
  const blocks: Partial<Record<EnvironmentName, ManifestEnvironment>> = {};
  for (const name of ENVIRONMENTS) {
    const written = template.environments[name];
    if (!written) continue;
    const place = `environments.${name}`;
    const usual = name === 'prod' ? inputs.regionSecondary : inputs.region; // deployments.md 2.4
    const region =
      inputs.regions[name] ?? renderVariables(written.region, variables, `${place}.region`, findings) ?? usual;
    const account = renderVariables(written.account, variables, `${place}.account`, findings) ?? inputs.accounts[name];
    const facts = { environment: name, region, account };
    blocks[name] = {
      enabled: written.enabled,
      account,
      region,
      ...(written.tags ? { tags: renderVariables(written.tags, variables, `${place}.tags`, findings, facts) } : {}),
      ...(written.config
        ? { config: renderVariables(written.config, variables, `${place}.config`, findings, facts) }
        : {}),
    };
  }
  return blocks;
}

/** Every environment gets a `secondaryRegion` other than its own region; written only where the templates say otherwise. */
function withSecondaryRegions(
  environments: Partial<Record<EnvironmentName, ManifestEnvironment>>,
  inputs: CompleteInputs,
  stackTemplates: StackTemplates,
  stacks: readonly string[],
): Partial<Record<EnvironmentName, ManifestEnvironment>> {
  const declared = stacks.map((name) => stackTemplates.get(name)?.inputs['secondaryRegion']).find(Boolean);
  if (!declared) return environments;
  return Object.fromEntries(
    Object.entries(environments).map(([name, block]) => {
      const second = [inputs.regionSecondary, inputs.region].find((region) => region !== block.region) ?? null;
      const given = block.config && 'secondaryRegion' in block.config;
      if (given || second === defaultFor(declared, name as EnvironmentName)) return [name, block];
      return [name, { ...block, config: { ...block.config, secondaryRegion: second } }];
    }),
  );
}

function stackOf(
  name: string,
  inputs: CompleteInputs,
  { template, stackTemplates }: BuildContext,
  variables: Variables,
  factsFor: (name: EnvironmentName) => EnvironmentFacts | undefined,
  findings: Finding[],
): ManifestStack {
  const written = template.stacks[name] as TemplateStack;
  const registered = stackTemplates.get(name);
  const dependencies = [...new Set([...(registered?.dependencies ?? []), ...(written.dependencies ?? [])])];
  const config = {
    ...renderedDefaults(registered, variables, findings, written.config),
    ...renderVariables(written.config ?? {}, variables, `stacks.${name}.config`, findings),
  };
  const environments = Object.fromEntries(
    Object.entries(written.environments ?? {}).flatMap(([key, block]) => {
      const environment = key as EnvironmentName;
      const place = `stacks.${name}.environments.${key}`;
      return block ? [[key, renderVariables(block, variables, place, findings, factsFor(environment))]] : [];
    }),
  );
  return {
    enabled: isSelected(name, written, inputs),
    dependencies,
    priority: written.priority ?? registered?.priority ?? 100, // 100: default of deployments.md 2.2
    ...(written.layer === undefined ? {} : { layer: written.layer }),
    ...(Object.keys(config).length > 0 ? { config } : {}),
    ...(Object.keys(environments).length > 0 ? { environments } : {}),
  };
}

/** Defaults of the stack template that hold template variables; they have no other moment to be rendered. */
function renderedDefaults(
  registered: StackTemplate | undefined,
  variables: Variables,
  findings: Finding[],
  own: Values | undefined,
): Values {
  const held = Object.entries(registered?.inputs ?? {}).filter(
    ([key, input]) =>
      typeof input.default === 'string' && input.default.search(TEMPLATE_VARIABLE) >= 0 && !(key in (own ?? {})),
  );
  return Object.fromEntries(
    held.map(([key, input]) => [
      key,
      renderVariables(
        input.default,
        variables,
        `stackTemplates.${registered?.name}.parameters.inputs.${key}`,
        findings,
      ),
    ]),
  );
}

function isSelected(name: string, written: TemplateStack, inputs: CompleteInputs): boolean {
  if (inputs.stacksDisabled?.includes(name)) return false;
  return inputs.stacksEnabled ? inputs.stacksEnabled.includes(name) : written.enabled;
}

function byStartOrder(template: ManifestTemplate, stackTemplates: StackTemplates): (a: string, b: string) => number {
  const priority = (name: string): number =>
    template.stacks[name]?.priority ?? stackTemplates.get(name)?.priority ?? 100;
  return (a, b) => priority(a) - priority(b) || compareNames(a, b);
}

function writeVariables(
  manifest: Manifest,
  inputs: CompleteInputs,
  template: ManifestTemplate,
  warnings: Finding[],
): Manifest {
  let written: Values = manifest as unknown as Values;
  for (const [prefix, stack, key] of WRITING_VARIABLES) {
    for (const environment of ENVIRONMENTS) {
      const name = `${prefix}_${environment.toUpperCase()}`;
      const value = inputs.variables[name];
      if (value === undefined) continue;
      const lacks = !template.environments[environment]
        ? `environment ${environment}`
        : !template.stacks[stack]
          ? `stack ${stack}`
          : null;
      if (lacks) {
        warnings.push(
          ignored(`variables.${name}`, `variable ${name} is ignored: template ${template.name} has no ${lacks}`),
        );
        continue;
      }
      const own = { environments: { [environment]: { config: { [key]: value } } } };
      written = mergeDeep(written, { spec: { stacks: { [stack]: own } } });
    }
  }
  return written as unknown as Manifest;
}

function withOverrides(
  manifest: Manifest,
  overrides: Values,
  template: ManifestTemplate,
  warnings: Finding[],
): Manifest {
  const { stacks, environments, spec: _spec, ...others } = overrides;
  const deployment = others['deployment'];
  const touched = isObject(deployment) ? IMMUTABLE.filter((key) => key in deployment) : [];
  const fixed = [
    ...touched.map((key) => `overrides.deployment.${key}`),
    ...['spec', 'version'].filter((key) => key in overrides).map((key) => `overrides.${key}`),
  ];
  if (fixed.length > 0) {
    throw invalidFields(fixed.map((field) => ({ field, kind: 'unknown', message: `${field} cannot be overridden` })));
  }
  const known = Object.entries((environments as Values | undefined) ?? {}).filter(([name]) => {
    const has = template.environments[name as EnvironmentName] !== undefined;
    if (!has) {
      const location = `overrides.environments.${name}`;
      warnings.push(ignored(location, `environment ${name} is ignored: template ${template.name} does not have it`));
    }
    return has;
  });
  return mergeDeep(manifest as unknown as Values, {
    ...others,
    spec: { stacks: stacks ?? {}, environments: Object.fromEntries(known) },
  }) as unknown as Manifest;
}

function ignored(location: string, message: string): Finding {
  return warning('INIT-W01', 'OVERRIDE_IGNORED', message, location, {});
}

function warning(id: string, code: string, message: string, location: string, details: Values): Finding {
  return toFinding({ id, code, severity: 'LOW', remediation: '' }, { message, location, details });
}
