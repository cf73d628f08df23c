/** Lower case, every run of other characters one dash, none at the ends; no transliteration, no cut (deployments.md 1.3). */
export function slugOf(raw: string): string {
  return raw
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Longest organization or project name, in characters. */
export const NAME_LENGTH = 100;
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const REFUSED = /[<>\u0000-\u001f\u007f-\u009f]/;

export interface NameProblem {
  readonly kind: 'range' | 'format';
  readonly message: string;
  readonly code?: 'NAME_EMPTY_AFTER_SANITIZE';
}

/** Why a raw organization or project name is refused, or null. */
export function nameProblem(raw: string): NameProblem | null {
  if (raw.length > NAME_LENGTH) return { kind: 'range', message: `must have 1 to ${NAME_LENGTH} characters` };
  if (REFUSED.test(raw)) return { kind: 'format', message: 'must not contain <, > or control characters' };
  if (slugOf(raw) === '') {
    return { kind: 'format', message: 'must contain a letter a–z or a digit', code: 'NAME_EMPTY_AFTER_SANITIZE' };
  }
  return null;
}
