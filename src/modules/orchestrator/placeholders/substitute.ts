import { childPath, parseText, wholePlaceholder, type Placeholder, type PlaceholderProblem } from './parse.js';
import { UnresolvablePlaceholder } from './placeholder.errors.js';

/**
 * Substitution and typing (deployments.md 5.4).
 * 1. `toTemplate` reads a value into a tree; `ENV` keys are replaced at once by their own trees, since only they are read
 *    again for placeholders (5.5: at most 5 levels; a key inside itself is PH-006).
 * 2. `placeholdersOf` lists what has to be looked up.
 * 3. `fill` puts values in: a value that is one placeholder keeps the type, inside a text everything becomes text.
 */

export type Template =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Template[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Template])[] }
  | { readonly kind: 'text'; readonly path: string; readonly isWhole: boolean; readonly parts: readonly Part[] };

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'lookup'; readonly placeholder: Placeholder }
  | { readonly kind: 'expanded'; readonly placeholder: Placeholder; readonly template: Template }
  | { readonly kind: 'broken'; readonly text: string; readonly problem: UnresolvablePlaceholder };

export interface Lookup {
  readonly path: string;
  readonly placeholder: Placeholder;
}

export type Resolution =
  { readonly value: unknown; readonly secret: boolean } | { readonly problem: UnresolvablePlaceholder };

export interface Filled {
  /** An unresolved placeholder stands as `<unresolved: …>`. */
  readonly value: unknown;
  readonly secret: boolean;
}

export interface FillListener {
  /** Called for every placeholder without value. */
  unresolved(path: string, text: string, problem: UnresolvablePlaceholder): void;
  /** Called with the final value of every `ENV` key. */
  expanded(placeholder: Placeholder, filled: Filled): void;
}

/** Levels of `ENV` keys inside `ENV` keys. */
const MAX_DEPTH = 5;

/** Step 1. `environment` is what `ENV` keys are read from; dots walk objects. */
export function toTemplate(value: unknown, path: string, environment: Readonly<Record<string, unknown>>): Template {
  return read(value, path, environment, []);
}

/** Step 2, in order of appearance. */
export function placeholdersOf(template: Template): Lookup[] {
  switch (template.kind) {
    case 'value':
      return [];
    case 'list':
      return template.items.flatMap(placeholdersOf);
    case 'map':
      return template.entries.flatMap(([, member]) => placeholdersOf(member));
    case 'text':
      return template.parts.flatMap((part) => {
        if (part.kind === 'lookup') return [{ path: template.path, placeholder: part.placeholder }];
        return part.kind === 'expanded' ? placeholdersOf(part.template) : [];
      });
  }
}

/** Step 3. */
export function fill(template: Template, lookup: (item: Lookup) => Resolution, listener: FillListener): Filled {
  switch (template.kind) {
    case 'value':
      return { value: template.value, secret: false };
    case 'list': {
      const items = template.items.map((item) => fill(item, lookup, listener));
      return { value: items.map((item) => item.value), secret: items.some((item) => item.secret) };
    }
    case 'map': {
      const entries = template.entries.map(([key, member]) => [key, fill(member, lookup, listener)] as const);
      return {
        value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
        secret: entries.some(([, item]) => item.secret),
      };
    }
    case 'text': {
      const parts = template.parts.map((part) => fillPart(template.path, part, lookup, listener));
      const secret = parts.some((part) => part.secret);
      if (template.isWhole) {
        const index = template.parts.findIndex((part) => part.kind !== 'literal');
        return { value: parts[index]?.value, secret };
      }
      return { value: parts.map((part) => asText(part.value)).join(''), secret };
    }
  }
}

function fillPart(path: string, part: Part, lookup: (item: Lookup) => Resolution, listener: FillListener): Filled {
  switch (part.kind) {
    case 'literal':
      return { value: part.text, secret: false };
    case 'expanded': {
      const filled = fill(part.template, lookup, listener);
      listener.expanded(part.placeholder, filled);
      return filled;
    }
    case 'broken':
      listener.unresolved(path, part.text, part.problem);
      return { value: unresolvedText(part.text), secret: false };
    case 'lookup': {
      const found = lookup({ path, placeholder: part.placeholder });
      if (!('problem' in found)) return found;
      listener.unresolved(path, part.placeholder.text, found.problem);
      return { value: unresolvedText(part.placeholder.canonical), secret: false };
    }
  }
}

function unresolvedText(canonical: string): string {
  return `<unresolved: ${canonical}>`;
}

function asText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function read(
  value: unknown,
  path: string,
  environment: Readonly<Record<string, unknown>>,
  trail: readonly string[],
): Template {
  if (typeof value === 'string') return readText(value, path, environment, trail);
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item, index) => read(item, childPath(path, index), environment, trail)) };
  }
  if (value === null || typeof value !== 'object') return { kind: 'value', value };
  return {
    kind: 'map',
    entries: Object.entries(value).map(([key, member]) => [
      key,
      read(member, childPath(path, key), environment, trail),
    ]),
  };
}

function readText(
  text: string,
  path: string,
  environment: Readonly<Record<string, unknown>>,
  trail: readonly string[],
): Template {
  if (!text.includes('{')) return { kind: 'value', value: text };
  const { segments, problems } = parseText(text);
  const broken = problems.filter((problem) => problem.ruleId !== 'PH-W01').map(brokenPart);
  const parts = segments.map((segment): Part => {
    if ('literal' in segment) return { kind: 'literal', text: segment.literal };
    const { query } = segment.placeholder;
    if (query.kind !== 'environmentKey') return { kind: 'lookup', placeholder: segment.placeholder };
    return expand(segment.placeholder, query.key, path, environment, trail);
  });
  if (broken.length > 0) return { kind: 'text', path, isWhole: false, parts: [...parts, ...broken] };
  if (parts.every((part) => part.kind === 'literal')) {
    return { kind: 'value', value: parts.map((part) => part.text).join('') };
  }
  return { kind: 'text', path, isWhole: wholePlaceholder(segments) !== null, parts };
}

function brokenPart(problem: PlaceholderProblem): Part {
  return {
    kind: 'broken',
    text: problem.text,
    problem: new UnresolvablePlaceholder(problem.ruleId === 'PH-001' ? 'PH-001' : 'PH-002', problem.message),
  };
}

function expand(
  placeholder: Placeholder,
  key: string,
  path: string,
  environment: Readonly<Record<string, unknown>>,
  trail: readonly string[],
): Part {
  const refuse = (rule: 'PH-006' | 'PH-007', message: string, details: Readonly<Record<string, unknown>>): Part => ({
    kind: 'broken',
    text: placeholder.text,
    problem: new UnresolvablePlaceholder(rule, message, { details }),
  });
  const loop = [...trail.slice(Math.max(0, trail.indexOf(key))), key];
  if (trail.includes(key)) return refuse('PH-006', `Placeholder loop: ${loop.join(' → ')}`, { loop });
  if (trail.length >= MAX_DEPTH) {
    const deep = [...trail, key];
    return refuse('PH-006', `ENV keys lead through more than ${MAX_DEPTH} levels: ${deep.join(' → ')}`, { loop: deep });
  }
  const value = member(environment, key);
  if (value === undefined || value === null) {
    return refuse('PH-007', `The environment's config has no key "${key}"`, { key });
  }
  return { kind: 'expanded', placeholder, template: read(value, path, environment, [...trail, key]) };
}

/** The literal key first, then dots and indexes walk objects and arrays. */
export function member(source: unknown, key: string): unknown {
  if (source === null || typeof source !== 'object') return undefined;
  if (Object.hasOwn(source, key)) return (source as Record<string, unknown>)[key];
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
    const head = key.slice(0, dot);
    if (Object.hasOwn(source, head)) return member((source as Record<string, unknown>)[head], key.slice(dot + 1));
  }
  return undefined;
}
