import { invalidField } from '../errors/field-problems.js';

/** `"3"` → 3; no header: undefined (last write wins, api.md 1.7). @throws 400 for anything else */
export function revisionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined;
  const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim());
  if (!match) throw invalidField('If-Match', 'format', 'If-Match must be the ETag of the resource, e.g. "3"');
  return Number(match[1]);
}
