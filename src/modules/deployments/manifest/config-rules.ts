import type { Rule, Violation } from '../../templates/finding.js';
import { brokenConstraint, type ParameterInput, typeOf } from '../../templates/parameter.js';
import type { StackTemplate } from '../../templates/stack-template.js';
import { holdsPlaceholder, textsOf, variablesIn } from '../../templates/template-text.js';
import type { ManifestContext } from './manifest-context.js';
import { UNKNOWN_VARIABLE } from './render-variables.js';
import { IDENTITY_KEYS, type MergedConfig, originOf } from './resolve-config.js';
import type { Values } from './merge.js';

/** Rules of level `config` on merged values (deployments.md 4.3, 8.4). */
export const CONFIG_RULES: readonly Rule<ManifestContext>[] = [
  {
    ...UNKNOWN_VARIABLE,
    remediation: 'Template variables are replaced once, at initialization: write the value, or a runtime placeholder.',
    check: ({ manifest }) => {
      const blocks = textsOf({
        environments: Object.fromEntries(
          Object.entries(manifest.spec.environments).map(([name, { config }]) => [name, { config }]),
        ),
        stacks: manifest.spec.stacks,
      });
      return blocks.flatMap(([location, text]) =>
        variablesIn(text).map((name) => ({
          message: `template variable ${name} is left`,
          location,
          details: { missing: [name] },
        })),
      );
    },
  },
  {
    id: 'CFG-001',
    code: 'REQUIRED_PARAMETER',
    severity: 'HIGH',
    remediation: 'Give the value in the configuration of the stack or of the environment.',
    check: eachConfig(missingInputs),
  },
  {
    id: 'CFG-002',
    code: 'PARAMETER_TYPE',
    severity: 'HIGH',
    remediation: 'Give a value of the declared type.',
    check: eachConfig(wrongTypes),
  },
  {
    id: 'CFG-003',
    code: 'PARAMETER_CONSTRAINT',
    severity: 'HIGH',
    remediation: 'Give a value within the constraint.',
    check: (context) => [...eachConfig(brokenConstraints)(context), ...setIdentity(context)],
  },
  {
    id: 'CFG-004',
    code: 'CIDR_INVALID',
    severity: 'HIGH',
    remediation: 'Write a network address and its prefix, like 10.0.0.0/16.',
    check: eachConfig((merged) =>
      Object.entries(merged.values)
        .filter(
          ([key, value]) =>
            key.endsWith('Cidr') && typeof value === 'string' && !holdsPlaceholder(value) && !isCidr(value),
        )
        .map(([key, value]) => at(merged, key, `${key} "${String(value)}" is not a CIDR block`, { value })),
    ),
  },
  {
    id: 'CFG-W01',
    code: 'UNDECLARED_PARAMETER',
    severity: 'LOW',
    remediation: 'Check the spelling, or declare the input in the stack template.',
    check: eachConfig((merged, template) =>
      Object.keys(merged.values)
        .filter(
          (key) => !(key in template.inputs) && !(key in template.config) && originOf(merged, key).tier !== 'facts',
        )
        .map((key) => at(merged, key, `${merged.stack} does not declare ${key}`, { key })),
    ),
  },
  {
    id: 'CFG-W02',
    code: 'DEFAULT_USED',
    severity: 'LOW',
    remediation: 'Nothing to do when the default is meant.',
    check: eachConfig((merged, template) =>
      Object.entries(template.inputs)
        .filter(([key, input]) => input.required && key in merged.values && originOf(merged, key).tier === '1')
        .filter(([key]) => !holdsPlaceholder(merged.values[key]))
        .map(([key]) => at(merged, key, `required ${key} has its default`, { key, value: merged.values[key] })),
    ),
  },
  {
    id: 'CFG-W03',
    code: 'LITERAL_SECRET',
    severity: 'LOW',
    remediation: 'Refer to a secret: {{RUNTIME:aws:secret:<id>}}.',
    check: eachConfig((merged) =>
      merged.secretKeys
        .filter((key) => !holdsPlaceholder(merged.values[key]))
        .map((key) => at(merged, key, `secret ${key} stands in the configuration as text`, { key })),
    ),
  },
  {
    id: 'CFG-W04',
    code: 'CIDR_OVERLAP',
    severity: 'LOW',
    remediation: 'Give every environment a block of its own.',
    check: sharedCidrs,
  },
];

type ConfigCheck = (merged: MergedConfig, template: StackTemplate) => readonly Violation[];

/** The check on every configuration under validation; one finding per place, however many environments share it. */
function eachConfig(check: ConfigCheck): (context: ManifestContext) => Violation[] {
  return ({ configs, surroundings }) => {
    const seen = new Set<string>();
    return configs.flatMap((merged) => {
      const template = surroundings.stackTemplates.get(merged.stack);
      if (!template) return [];
      return check(merged, template).filter(({ location, message }) => {
        const key = `${location} ${message}`;
        return !seen.has(key) && seen.add(key);
      });
    });
  };
}

function missingInputs(merged: MergedConfig, template: StackTemplate): Violation[] {
  return Object.entries(template.inputs)
    .filter(([key, input]) => input.required && merged.values[key] === undefined)
    .map(([key]) => ({
      message: `${merged.stack} needs ${key} in ${merged.environment}`,
      location: `stacks.${merged.stack}.config.${key}`,
      stack: merged.stack,
      environment: merged.environment,
      details: { key, type: template.inputs[key]?.type },
    }));
}

/** Declared values that are there and not decided later. */
function decided(merged: MergedConfig, template: StackTemplate): [string, ParameterInput, unknown][] {
  return Object.entries(template.inputs).flatMap(([key, input]): [string, ParameterInput, unknown][] => {
    const value = merged.values[key];
    return value === undefined || holdsPlaceholder(value) ? [] : [[key, input, value]];
  });
}

function wrongTypes(merged: MergedConfig, template: StackTemplate): Violation[] {
  return decided(merged, template)
    .filter(([, input, value]) => typeOf(value) !== input.type)
    .map(([key, input, value]) =>
      at(merged, key, `${key} is a ${typeOf(value)}, expected ${input.type}`, {
        expected: input.type,
        actual: typeOf(value),
      }),
    );
}

function brokenConstraints(merged: MergedConfig, template: StackTemplate): Violation[] {
  return decided(merged, template).flatMap(([key, input, value]) => {
    const broken = typeOf(value) === input.type ? brokenConstraint(input, value) : null;
    if (!broken) return [];
    const shown = input.secret ? '***' : value;
    return [
      at(merged, key, `${key} ${broken.message}`, {
        constraint: broken.constraint,
        expected: broken.expected,
        value: shown,
      }),
    ];
  });
}

/** Keys that say whom a stack belongs to are written by the orchestrator alone. */
function setIdentity({ manifest }: ManifestContext): Violation[] {
  const blocks = Object.entries(manifest.spec.stacks).flatMap(
    ([stack, block]): [string, string, Values | undefined][] => [
      [stack, `stacks.${stack}.config`, block.config],
      ...Object.entries(block.environments ?? {}).map(([name, own]): [string, string, Values | undefined] => [
        stack,
        `stacks.${stack}.environments.${name}.config`,
        own?.config,
      ]),
    ],
  );
  return blocks.flatMap(([stack, place, config]) =>
    IDENTITY_KEYS.filter((key) => config && key in config).map((key) => ({
      message: `${key} is a fact of the deployment and cannot be configured`,
      location: `${place}.${key}`,
      stack,
      details: { constraint: 'reserved', value: config?.[key] },
    })),
  );
}

function sharedCidrs({ allConfigs }: ManifestContext): Violation[] {
  const first = new Map<string, MergedConfig>();
  return allConfigs.flatMap((merged) => {
    const cidr = merged.values['vpcCidr'];
    if (typeof cidr !== 'string' || holdsPlaceholder(cidr)) return [];
    const key = `${merged.stack} ${cidr}`;
    const other = first.get(key);
    if (!other) {
      first.set(key, merged);
      return [];
    }
    const environments = [other.environment, merged.environment];
    return [
      at(merged, 'vpcCidr', `${environments.join(' and ')} share vpcCidr ${cidr}`, { vpcCidr: cidr, environments }),
    ];
  });
}

function at(merged: MergedConfig, key: string, message: string, details: Values): Violation {
  return {
    message,
    location: originOf(merged, key).location,
    stack: merged.stack,
    environment: merged.environment,
    details,
  };
}

/** An IPv4 block: four octets and a prefix. */
export function isCidr(text: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return false;
  const [prefix, ...octets] = [match[5], ...match.slice(1, 5)].map(Number);
  return prefix !== undefined && prefix <= 32 && octets.every((octet) => octet <= 255);
}
