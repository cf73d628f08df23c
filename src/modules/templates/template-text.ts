import { parseText } from '../orchestrator/placeholders/parse.js';

/** `{{NAME}}`, or the lower-case form `{{name}}`, `{{a.b}}`; a backslash before it makes it literal. */
export const TEMPLATE_VARIABLE = /(?<!\\)\{\{\s*([A-Z][A-Z0-9_]*|[a-z][a-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)*)\s*\}\}/g;

/** The value, or a text inside it, is decided later: by a runtime placeholder or a template variable. */
export function holdsPlaceholder(value: unknown): boolean {
  return textsOf(value).some(
    ([, text]) => variablesIn(text).length > 0 || parseText(text).segments.some((segment) => 'placeholder' in segment),
  );
}

/** Names of upper-case template variables and of lower-case words without a dot: they are never runtime placeholders. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(TEMPLATE_VARIABLE)].map((match) => match[1] ?? '').filter((name) => !name.includes('.'));
}

/** Every string in a value with its path inside it, `buckets[0].name`; '' is the value itself. */
export function textsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((member, index) => textsOf(member, `${path}[${index}]`));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => textsOf(member, path === '' ? key : `${path}.${key}`));
}
