import { isObject, mergeDeep } from '../../shared/kernel/deep-merge.js';
import { compareNames } from '../orchestrator/graph.js';
import { changedPaths } from './changed-paths.js';
import type { TemplateDocument } from './custom-template.js';
import type { ManifestTemplate } from './manifest-template.js';
import { DEFAULT_ENVIRONMENTS, templateMaps } from './manifest-template.document.js';
import type { StackTemplates } from './stack-template.js';

/**
 * Documents of custom templates (deployments.md 2.5): how one is made and how it is changed. Nothing is checked here; the
 * rules of 8.2 look at the result.
 */

type Values = Readonly<Record<string, unknown>>;

/** A name, or a block with its name: `{name, enabled, required, config, …}`. */
export type StackEntry = string | (Values & { readonly name: string });

/** Parts of a template as a request gives them; what is missing comes from the source, or from the defaults. */
export interface TemplateParts {
  readonly displayName?: string;
  readonly description?: string;
  readonly metadata?: Values;
  readonly variables?: Values;
  /** Merged deeply into those of the source. */
  readonly environments?: Values;
  /** Stack → values, merged deeply into its configuration. */
  readonly defaultConfig?: Values;
}

export interface NewTemplate extends TemplateParts {
  readonly name: string;
  /** All stacks of the template; of a copy, those that stay. */
  readonly stacks?: readonly StackEntry[];
}

export interface TemplateEdits extends TemplateParts {
  /** A list replaces all stacks, a map is merged deeply. */
  readonly stacks?: readonly StackEntry[] | Values;
  readonly enableStacks?: readonly string[];
  readonly disableStacks?: readonly string[];
}

/** Version of a new template. */
const FIRST_VERSION = '1.0.0';

export function newDocument(parts: NewTemplate, stackTemplates: StackTemplates): TemplateDocument {
  const empty = { environments: DEFAULT_ENVIRONMENTS, stacks: {} };
  return copyDocument(empty, parts, stackTemplates);
}

/** `source` under a new name; `parts.stacks` says which stacks stay, their entries are merged over the source's. */
export function copyDocument(
  source: TemplateDocument,
  parts: NewTemplate,
  stackTemplates: StackTemplates,
): TemplateDocument {
  const blocks = stacksOf(source);
  const wanted = parts.stacks && listed(parts.stacks);
  const stacks = wanted
    ? Object.fromEntries(Object.entries(wanted).map(([name, block]) => [name, mergeDeep(blocks[name] ?? {}, block)]))
    : blocks;
  const { displayName: _title, description: _text, ...rest } = source;
  const document = { ...rest, ...texts(parts), name: parts.name, version: FIRST_VERSION, stacks };
  return completed(withParts(document, parts), stackTemplates);
}

/** A template of any origin as a document to copy from. */
export function documentOf(template: ManifestTemplate): TemplateDocument {
  const { metadata, variables, environments, stacks } = template;
  return { metadata, variables, environments, stacks };
}

export function editedDocument(
  document: TemplateDocument,
  edits: TemplateEdits,
  stackTemplates: StackTemplates,
): TemplateDocument {
  const given = edits.stacks;
  const before = stacksOf(document);
  const stacks: Record<string, unknown> =
    given === undefined ? { ...before } : isList(given) ? listed(given) : mergeDeep(before, given);
  for (const name of edits.enableStacks ?? []) stacks[name] = mergeDeep(asObject(stacks[name]), { enabled: true });
  for (const name of edits.disableStacks ?? []) stacks[name] = mergeDeep(asObject(stacks[name]), { enabled: false });
  return completed(withParts({ ...document, ...texts(edits), stacks }, edits), stackTemplates);
}

/** What differs, in words: `description updated`, `stacks: added storage`, `stacks.network.config.azCount updated`. */
export function describeChanges(before: TemplateDocument, after: TemplateDocument): string[] {
  const [old, now] = [stacksOf(before), stacksOf(after)];
  const list = (what: string, names: readonly string[]): string[] =>
    names.length > 0 ? [`stacks: ${what} ${[...names].sort(compareNames).join(', ')}`] : [];
  const kept = Object.keys(now).filter((name) => name in old);
  const isOn = (blocks: Values, name: string): boolean => asObject(blocks[name])['enabled'] === true;
  const plain = (document: TemplateDocument, blocks: Values): Values => ({
    ...document,
    version: undefined,
    estimatedResources: undefined,
    estimatedMonthlyCost: undefined,
    stacks: Object.fromEntries(kept.map((name) => [name, { ...asObject(blocks[name]), enabled: undefined }])),
  });
  return [
    ...list(
      'added',
      Object.keys(now).filter((name) => !(name in old)),
    ),
    ...list(
      'removed',
      Object.keys(old).filter((name) => !(name in now)),
    ),
    ...list(
      'enabled',
      kept.filter((name) => isOn(now, name) && !isOn(old, name)),
    ),
    ...list(
      'disabled',
      kept.filter((name) => !isOn(now, name) && isOn(old, name)),
    ),
    ...changedPaths(plain(before, old), plain(after, now)).map((path) => `${path} updated`),
  ];
}

function withParts(document: Values, parts: TemplateParts): Values {
  const stacks = { ...stacksOf(document) };
  for (const [name, values] of Object.entries(parts.defaultConfig ?? {})) {
    if (isObject(values)) stacks[name] = mergeDeep(asObject(stacks[name]), { config: values });
  }
  const merged = (key: 'metadata' | 'variables' | 'environments'): Values | undefined =>
    parts[key] ? mergeDeep(asObject(document[key]), parts[key]) : (document[key] as Values | undefined);
  return {
    ...document,
    ...without({ metadata: merged('metadata'), variables: merged('variables'), environments: merged('environments') }),
    stacks,
  };
}

/** Every stack has its dependencies, copied from its stack template; sums of the stacks that are on. */
function completed(document: Values, stackTemplates: StackTemplates): TemplateDocument {
  const stacks = Object.fromEntries(
    Object.entries(stacksOf(document)).map(([name, block]) => [
      name,
      isObject(block)
        ? {
            ...block,
            enabled: block['enabled'] ?? true,
            dependencies: block['dependencies'] ?? stackTemplates.get(name)?.dependencies ?? [],
          }
        : block,
    ]),
  );
  const on = Object.entries(stacks).flatMap(([name, block]) => {
    const template = isObject(block) && block['enabled'] === true ? stackTemplates.get(name) : undefined;
    return template ? [template] : [];
  });
  return {
    ...document,
    stacks,
    estimatedResources: on.reduce((sum, template) => sum + template.estimatedResources, 0),
    estimatedMonthlyCost: on.reduce((sum, template) => sum + template.estimatedMonthlyCost, 0),
  };
}

function listed(entries: readonly StackEntry[]): Record<string, Values> {
  return templateMaps({ stacks: entries }, '')['stacks'] as Record<string, Values>;
}

function isList(given: readonly StackEntry[] | Values): given is readonly StackEntry[] {
  return Array.isArray(given);
}

function stacksOf(document: TemplateDocument): Record<string, Values> {
  return asObject(document['stacks']) as Record<string, Values>;
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function texts(parts: TemplateParts): Values {
  return without({ displayName: parts.displayName, description: parts.description });
}

function without(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
