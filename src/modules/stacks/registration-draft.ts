import { invalidField } from '../../shared/errors/field-problems.js';
import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import { isObject, mergeDeep } from '../../shared/kernel/deep-merge.js';
import type { ParameterType } from '../templates/parameter.js';
import type { StackDocument, StackResource } from '../templates/stack-registration.js';
import type { CommonParameters } from '../templates/stack-template.document.js';
import type { CodeParameters } from './code-parameters.js';

/**
 * Documents of registered stacks (deployments.md 12.1): how one is made from a request and the program's source, and how it is
 * changed. Values of an input: what the source says, over it `defaults`, over it the declaration. Nothing is checked here.
 */

type Values = Readonly<Record<string, unknown>>;

export interface RegistrationFields {
  readonly displayName?: string;
  readonly description?: string;
  readonly category?: string;
  readonly layer?: number | null;
  readonly critical?: boolean;
  readonly priority?: number;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
  /** Declarations of inputs. */
  readonly configuration?: Values;
  /** Declarations of outputs. */
  readonly outputs?: Values;
  readonly resources?: readonly StackResource[];
  readonly estimatedDuration?: number;
  readonly estimatedResources?: number;
  readonly estimatedMonthlyCost?: number;
  /** A whole stack template; the other fields may repeat it, not contradict it. */
  readonly stackDefinition?: Values;
  /** Input → tier-1 value; of an input that is not declared, a value of `config`. */
  readonly defaults?: Values;
}

export interface RegistrationEdits extends RegistrationFields {
  readonly addParams?: readonly { readonly name: string; readonly type?: string; readonly default?: unknown }[];
  /** Inputs. */
  readonly removeParams?: readonly string[];
}

const PLAIN_FIELDS = [
  'displayName',
  'description',
  'category',
  'layer',
  'critical',
  'priority',
  'dependencies',
  'optionalDependencies',
  'estimatedDuration',
  'estimatedResources',
  'estimatedMonthlyCost',
] as const;

/** @throws 400 where a field contradicts the definition */
export function newRegistration(
  name: string,
  fields: RegistrationFields,
  code: CodeParameters | null,
  common: CommonParameters,
): StackDocument {
  const definition = definitionOf(fields, name);
  const base = { dependencies: [], ...definition, ...plainFields(fields), name };
  const declared = declarationsOf(base);
  const extracted = code ? extractedFrom(code, common) : { inputs: {}, outputs: {} };
  const explicit = {
    inputs: mergeDeep(declared.inputs, fields.configuration ?? {}),
    outputs: mergeDeep(declared.outputs, fields.outputs ?? {}),
  };
  const withDefaults = applyDefaults({ ...base, parameters: extracted }, fields.defaults, explicit.inputs);
  return {
    ...withDefaults,
    parameters: {
      inputs: mergeDeep(declarationsOf(withDefaults).inputs, explicit.inputs),
      outputs: mergeDeep(extracted.outputs, explicit.outputs),
    },
  };
}

/** Lists replace, declarations merge deeply, null removes one. @throws 400 for parameters that are not there */
export function editedRegistration(document: StackDocument, edits: RegistrationEdits): StackDocument {
  const name = String(document['name']);
  const definition = definitionOf(edits, name);
  const base: Values = edits.stackDefinition
    ? { dependencies: [], ...definition, ...plainFields(edits), name }
    : { ...document, ...plainFields(edits) };
  const before = declarationsOf(base);
  const missing = (edits.removeParams ?? []).filter((key) => !(key in before.inputs));
  if (missing.length > 0) {
    throw invalidField('removeParams', 'format', `${name} has no input of its own named ${missing.join(', ')}`);
  }
  const present = (edits.addParams ?? []).filter((parameter) => parameter.name in before.inputs);
  if (present.length > 0) {
    const names = present.map((parameter) => parameter.name).join(', ');
    throw invalidField('addParams', 'format', `${name} has ${names} already; change it through configuration`);
  }
  const added = Object.fromEntries(
    (edits.addParams ?? []).map(({ name: key, ...declaration }) => [key, { type: 'string', ...declaration }]),
  );
  const removed = Object.fromEntries((edits.removeParams ?? []).map((key) => [key, null]));
  const inputs = [added, removed, edits.configuration ?? {}].reduce<Values>(mergeDeep, before.inputs);
  const outputs = mergeDeep(before.outputs, edits.outputs ?? {});
  const { layer, ...rest } = { ...base, parameters: { inputs, outputs } } as Values;
  return applyDefaults(layer === null || layer === undefined ? rest : { ...rest, layer }, edits.defaults, {});
}

/** `defaults` where the declaration does not say it itself. */
function applyDefaults(document: Values, defaults: Values | undefined, explicit: Values): Values {
  if (!defaults) return document;
  const { inputs, outputs } = declarationsOf(document);
  const declared = Object.fromEntries(
    Object.entries(defaults)
      .filter(([key]) => key in inputs || key in explicit)
      .map(([key, value]) => [key, { default: value }]),
  );
  const undeclared = Object.entries(defaults).filter(([key]) => !(key in declared));
  const config = { ...(document['config'] as Values | undefined), ...Object.fromEntries(undeclared) };
  return {
    ...document,
    ...(Object.keys(config).length > 0 ? { config } : {}),
    parameters: { inputs: mergeDeep(inputs, declared), outputs },
  };
}

function definitionOf(fields: RegistrationFields, name: string): Values {
  const definition = fields.stackDefinition ?? {};
  const declared = declarationsOf(definition);
  const given: [string, unknown, unknown][] = [
    ['name', name, definition['name']],
    ...PLAIN_FIELDS.map((field): [string, unknown, unknown] => [field, fields[field], definition[field]]),
    ...Object.entries(fields.configuration ?? {}).map(([key, value]): [string, unknown, unknown] => [
      `configuration.${key}`,
      value,
      declared.inputs[key],
    ]),
    ...Object.entries(fields.outputs ?? {}).map(([key, value]): [string, unknown, unknown] => [
      `outputs.${key}`,
      value,
      declared.outputs[key],
    ]),
  ];
  for (const [field, said, defined] of given) {
    if (said === undefined || defined === undefined || canonicalJson(said) === canonicalJson(defined)) continue;
    throw invalidField(field, 'format', `${field} contradicts stackDefinition`);
  }
  return definition;
}

function plainFields(fields: RegistrationFields): Values {
  return Object.fromEntries(
    PLAIN_FIELDS.flatMap((field) => (fields[field] === undefined ? [] : [[field, fields[field]]])),
  );
}

interface Declarations {
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

function declarationsOf(document: Values): Declarations {
  const parameters = isObject(document['parameters']) ? document['parameters'] : {};
  return {
    inputs: isObject(parameters['inputs']) ? parameters['inputs'] : {},
    outputs: isObject(parameters['outputs']) ? parameters['outputs'] : {},
  };
}

/** What the source says, without the parameters that every stack has. */
function extractedFrom(code: CodeParameters, common: CommonParameters): Declarations {
  const inputs = code.inputs
    .filter(({ name }) => !(name in common.inputs))
    .map(({ name, ...declaration }) => [name, declaration] as const);
  const outputs = code.outputs
    .filter(({ name }) => !(name in common.outputs))
    .map(({ name, type, secret }) => [name, { type: type ?? ('string' satisfies ParameterType), secret }] as const);
  return { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
}
