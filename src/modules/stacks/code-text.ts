/**
 * Just enough of TypeScript's surface to find functions, calls and object literals in a text. `blank` hides what is no code, at
 * the same positions; everything else then counts brackets.
 */

const REGEX_BEFORE = /(^|[([{=,;:!&|?+\-*%<>~^]|\breturn|\bcase|=>)\s*$/;
const OPENING = '([{';
const CLOSING = ')]}';

/** The text with comments, strings, templates and regular expressions blanked out; lengths and lines stay. */
export function blank(text: string): string {
  const out = [...text];
  const hide = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i += 1) if (out[i] !== '\n') out[i] = ' ';
  };
  let i = 0;
  while (i < text.length) {
    const end = endOfHidden(text, i, out);
    if (end === null) i += 1;
    else {
      const isQuoted = /['"`]/.test(text[i] ?? '');
      hide(isQuoted ? i + 1 : i, isQuoted ? end - 1 : end); // quotes stay: an argument that is a text is not nothing
      i = end;
    }
  }
  return out.join('');
}

/** End (exclusive) of the comment or literal that starts at `i`; null when code stands there. */
function endOfHidden(text: string, i: number, before: readonly string[]): number | null {
  const char = text[i];
  if (text.startsWith('//', i)) return indexOr(text.indexOf('\n', i), text.length);
  if (text.startsWith('/*', i)) return indexOr(text.indexOf('*/', i + 2) + 2, text.length, 1);
  if (char === "'" || char === '"' || char === '`') return endOfQuoted(text, i);
  if (char === '/' && REGEX_BEFORE.test(before.slice(Math.max(0, i - 40), i).join(''))) return endOfRegex(text, i);
  return null;
}

function indexOr(found: number, otherwise: number, lowest = 0): number {
  return found > lowest || (found === 0 && lowest === 0) ? found : otherwise;
}

function endOfQuoted(text: string, start: number): number {
  const quote = text[start];
  for (let i = start + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === quote) return i + 1;
    else if (quote === '`' && text.startsWith('${', i)) i = endOfInterpolation(text, i + 2) - 1;
  }
  return text.length;
}

/** @param start after the opening brace @returns after the closing one */
function endOfInterpolation(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i += 1) {
    const char = text[i];
    if (char === "'" || char === '"' || char === '`') i = endOfQuoted(text, i) - 1;
    else if (char === '{') depth += 1;
    else if (char === '}' && --depth === 0) return i + 1;
  }
  return text.length;
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < text.length && text[i] !== '\n'; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return start + 1; // a division after all
}

/** Position after the bracket that closes the one at `open`; the end of the text when it stays open. */
export function afterBracket(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i += 1) {
    if (OPENING.includes(code[i] ?? ' ')) depth += 1;
    else if (CLOSING.includes(code[i] ?? ' ') && --depth === 0) return i + 1;
  }
  return code.length;
}

/** Ranges between the separators `,` at the top level of what stands between the brackets. */
export function parts(code: string, open: number): { readonly from: number; readonly to: number }[] {
  const end = afterBracket(code, open) - 1;
  const found: { from: number; to: number }[] = [];
  let from = open + 1;
  for (let i = from; i <= end; i += 1) {
    if (i < end && OPENING.includes(code[i] ?? ' ')) i = afterBracket(code, i) - 1;
    else if (i === end || code[i] === ',') {
      if (code.slice(from, i).trim() !== '') found.push({ from, to: i });
      from = i + 1;
    }
  }
  return found;
}

/** How many brackets opened from `start` on are open at `at`. */
export function depthAt(code: string, start: number, at: number): number {
  let depth = 0;
  for (let i = start; i < at; i += 1) {
    if (OPENING.includes(code[i] ?? ' ')) depth += 1;
    else if (CLOSING.includes(code[i] ?? ' ')) depth -= 1;
  }
  return depth;
}
