/** Opaque position on the wire: base64url of `<organization>:<position>`, valid on any channel of that organization. */
export function toCursor(organization: string, position: number): string {
  return Buffer.from(`${organization}:${position}`, 'utf8').toString('base64url');
}

/** null when the text is no cursor. */
export function fromCursor(cursor: string): { readonly organization: string; readonly position: number } | null {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const match = /^(.+):(\d{1,15})$/s.exec(text);
  if (!match?.[1] || !match[2]) return null;
  return toCursor(match[1], Number(match[2])) === cursor
    ? { organization: match[1], position: Number(match[2]) }
    : null;
}
