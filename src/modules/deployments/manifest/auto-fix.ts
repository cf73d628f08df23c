import { canonicalJson } from '../../../shared/kernel/canonical-json.js';
import { findPlaceholders } from '../../orchestrator/placeholders/parse.js';
import { isWildcard } from '../../orchestrator/graph.js';
import type { ParameterType } from '../../templates/parameter.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import { isObject } from './merge.js';
import { normalizeManifest } from './normalize-manifest.js';
import { MASK } from './secrets.js';
import { slugOf } from './slug.js';

/**
 * What can be repaired in a manifest without asking its author (deployments.md 8.7).
 * 1. `staging` becomes `stage`, where there is no `stage` yet.
 * 2. Older shapes become the canonical one.
 * 3. The repairs of the table, in its order; each looks at what the ones before it left.
 * Cycles, permissions and whatever has two readings stay as they are: validation tells them.
 */
export interface Fix {
  /** Rule that would have complained. */
  readonly ruleId: string;
  /** Without `spec.`. */
  readonly location: string;
  /** `stacks.app.priority: "20" → 20`; secrets as `***`. */
  readonly message: string;
}

type Json = Record<string, unknown>;

/** @returns a new document, equal to the given one when there was nothing to do */
export function autoFix(
  given: unknown,
  stackTemplates: StackTemplates,
): { readonly document: unknown; readonly fixes: readonly Fix[] } {
  if (!isObject(given)) return { document: given, fixes: [] };
  const before = new Draft(structuredClone(given), stackTemplates);
  renameStaging(before);
  const normal = normalizeManifest(before.document);
  const fixes = [...before.fixes];
  if (canonicalJson(normal) !== canonicalJson(before.document)) {
    fixes.push({ ruleId: 'SCH-004', location: '', message: 'the document was brought into the canonical shape' });
  }
  const draft = new Draft(structuredClone(normal) as Json, stackTemplates);
  for (const repair of Object.values(REPAIRS)) repair(draft);
  return { document: draft.document, fixes: [...fixes, ...draft.fixes] };
}

/** A document being repaired; every change is told. */
class Draft {
  readonly fixes: Fix[] = [];

  constructor(
    readonly document: Json,
    readonly stackTemplates: StackTemplates,
  ) {}

  get spec(): Json {
    return isObject(this.document['spec']) ? this.document['spec'] : this.document;
  }

  blocks(section: 'environments' | 'stacks'): [string, Json][] {
    const blocks = this.spec[section];
    return isObject(blocks)
      ? Object.entries(blocks).filter((entry): entry is [string, Json] => isObject(entry[1]))
      : [];
  }

  set(ruleId: string, owner: Json, key: string, to: unknown, location: string, isSecret = false): void {
    const shown = (value: unknown): string => {
      if (value === undefined) return '(none)';
      return isSecret ? MASK : canonicalJson(value);
    };
    this.fixes.push({ ruleId, location, message: `${location}: ${shown(owner[key])} → ${shown(to)}` });
    owner[key] = to;
  }
}

/** Step 3: rule → repair. */
const REPAIRS: Readonly<Record<string, (draft: Draft) => void>> = {
  'SCH-001': fillDefaults,
  'SCH-011': readSwitchesAndNumbers,
  'DEP-005': addTemplateDependencies,
  'CFG-002': readParameters,
  'PH-W01': writeCanonically,
};

function renameStaging(draft: Draft): void {
  const rename = (blocks: unknown, place: string): void => {
    if (!isObject(blocks) || !('staging' in blocks) || 'stage' in blocks) return;
    blocks['stage'] = blocks['staging'];
    delete blocks['staging'];
    const location = `${place}.staging`;
    draft.fixes.push({ ruleId: 'SCH-009', location, message: `${location} → ${place}.stage` });
  };
  rename(draft.spec['environments'], 'environments');
  for (const [name, block] of draft.blocks('stacks')) rename(block['environments'], `stacks.${name}.environments`);
}

function fillDefaults(draft: Draft): void {
  const { document } = draft;
  const fill = (owner: Json, key: string, value: unknown, location: string): void => {
    if (owner[key] === undefined) draft.set('SCH-001', owner, key, value, location);
  };
  fill(document, 'version', '3.1', 'version');
  fill(document, 'metadata', {}, 'metadata');
  const deployment = document['deployment'];
  if (isObject(deployment)) {
    fill(deployment, 'template', 'custom', 'deployment.template');
    const slug = typeof deployment['org'] === 'string' ? slugOf(deployment['org']) : '';
    if (slug !== '') fill(deployment, 'pulumiOrg', slug, 'deployment.pulumiOrg');
  }
  for (const [name, block] of draft.blocks('environments')) {
    fill(block, 'enabled', name === 'dev', `environments.${name}.enabled`);
  }
  for (const [name, block] of draft.blocks('stacks')) {
    const template = draft.stackTemplates.get(name);
    if (template) fill(block, 'dependencies', [...template.dependencies], `stacks.${name}.dependencies`);
  }
}

function readSwitchesAndNumbers(draft: Draft): void {
  const read = (owner: Json, key: string, type: ParameterType, ruleId: string, place: string): void => {
    const value = readAs(owner[key], type);
    if (value !== undefined) draft.set(ruleId, owner, key, value, `${place}.${key}`);
  };
  for (const [name, block] of draft.blocks('environments'))
    read(block, 'enabled', 'boolean', 'SCH-004', `environments.${name}`);
  for (const [name, block] of draft.blocks('stacks')) {
    read(block, 'enabled', 'boolean', 'SCH-004', `stacks.${name}`);
    read(block, 'priority', 'number', 'SCH-011', `stacks.${name}`);
    read(block, 'layer', 'number', 'SCH-012', `stacks.${name}`);
    for (const [environment, part] of Object.entries(isObject(block['environments']) ? block['environments'] : {})) {
      if (isObject(part)) read(part, 'enabled', 'boolean', 'SCH-004', `stacks.${name}.environments.${environment}`);
    }
  }
}

function addTemplateDependencies(draft: Draft): void {
  for (const [name, block] of draft.blocks('stacks')) {
    const { dependencies: given } = block;
    const template = draft.stackTemplates.get(name);
    if (!template || block['enabled'] === false || !Array.isArray(given)) continue;
    const missing = template.dependencies.filter((each) => !given.includes(each));
    if (missing.length === 0 || [...given, ...missing].some((each) => isWildcard(String(each)))) continue;
    draft.set('DEP-005', block, 'dependencies', [...given, ...missing], `stacks.${name}.dependencies`);
  }
}

/** A configuration and what is known of its keys. */
interface Place {
  readonly config: Json;
  readonly location: string;
  /** null = no stack declares it, or several do and disagree. */
  readonly typeOf: (key: string) => ParameterType | null;
  readonly isSecret: (key: string) => boolean;
}

function places(draft: Draft): Place[] {
  const found: Place[] = [];
  const add = (owner: unknown, location: string, stacks: readonly string[]): void => {
    if (!isObject(owner) || !isObject(owner['config'])) return;
    const inputs = (key: string) => stacks.flatMap((name) => draft.stackTemplates.get(name)?.inputs[key] ?? []);
    found.push({
      config: owner['config'],
      location: `${location}.config`,
      typeOf: (key) => {
        const [type, ...others] = new Set(inputs(key).map((input) => input.type));
        return type === undefined || others.length > 0 ? null : type;
      },
      isSecret: (key) => inputs(key).some((input) => input.secret),
    });
  };
  const stacks = draft.blocks('stacks');
  for (const [name, block] of draft.blocks('environments')) {
    add(
      block,
      `environments.${name}`,
      stacks.map(([stack]) => stack),
    );
  }
  for (const [name, block] of stacks) {
    add(block, `stacks.${name}`, [name]);
    for (const [environment, part] of Object.entries(isObject(block['environments']) ? block['environments'] : {})) {
      add(part, `stacks.${name}.environments.${environment}`, [name]);
    }
  }
  return found;
}

function readParameters(draft: Draft): void {
  for (const { config, location, typeOf, isSecret } of places(draft)) {
    for (const [key, value] of Object.entries(config)) {
      const type = typeOf(key);
      const read = type === null ? undefined : readAs(value, type);
      if (read !== undefined) draft.set('CFG-002', config, key, read, `${location}.${key}`, isSecret(key));
    }
  }
}

function writeCanonically(draft: Draft): void {
  for (const { config, location, isSecret } of places(draft)) {
    for (const [key, value] of Object.entries(config)) {
      const written = canonical(value);
      if (written === value) continue;
      draft.set('PH-W01', config, key, written, `${location}.${key}`, isSecret(key) && typeof value !== 'string');
    }
  }
}

/** The same value when no text in it has an old placeholder. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string') {
    return findPlaceholders(value)
      .filter(({ item }) => item.deprecated)
      .reduce((text, { item }) => text.replaceAll(unescaped(item.text), () => item.canonical), value);
  }
  if (Array.isArray(value)) {
    const members = value.map(canonical);
    return members.every((member, index) => member === value[index]) ? value : members;
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, canonical(member)] as const);
  return members.every(([key, member]) => member === value[key]) ? value : Object.fromEntries(members);
}

/** The text where no backslash makes it a literal. */
function unescaped(text: string): RegExp {
  return new RegExp(`(?<!\\\\)${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'g');
}

/** Text that reads cleanly as the type; undefined for everything else, also for what is of the type already. */
function readAs(value: unknown, type: ParameterType): number | boolean | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (type === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return undefined;
}
